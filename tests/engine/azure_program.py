"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names."""

from components.azure import retry
from tests.engine.mutations import change, drop, run_broken

retry.BUSY_RETRY_DELAY_SECONDS = 0.05  # pyright: ignore[reportAttributeAccessIssue]

POSTGRESQL = "azure-native:dbforpostgresql:"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"


def admin(field: str, value: str) -> None:
    change(f"{POSTGRESQL}AdministratorsMicrosoftEntra", lambda props: props.update({field: value}))


run_broken(
    {
        "": lambda: None,
        "chain": lambda: drop("depends_on", POSTGRESQL),
        "hook": lambda: drop("hooks", POSTGRESQL),
        "database before admin": lambda: drop("depends_on", f"{POSTGRESQL}Database"),
        "zones": lambda: drop("ignore_changes", POSTGRESQL),
        "deleted_with": lambda: drop("deleted_with", POSTGRESQL),
        "chain of credentials": lambda: drop("depends_on", CREDENTIAL),
        "one principal twice": lambda: admin("objectId", "00000000-0000-0000-0000-000000000009"),
    }
)
