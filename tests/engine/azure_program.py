"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names."""

from typing import Any

from components.azure import retry
from tests.engine.mutations import change, drop, run_broken

retry.BUSY_RETRY_DELAY_SECONDS = 0.05  # pyright: ignore[reportAttributeAccessIssue]

POSTGRESQL = "azure-native:dbforpostgresql:"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"


def auth(field: str) -> None:
    change(f"{POSTGRESQL}Server", lambda props: props["authConfig"].pop(field))


def admin(field: str, value: str) -> None:
    change(f"{POSTGRESQL}AdministratorsMicrosoftEntra", lambda props: props.update({field: value}))


def credential(**values: Any) -> None:
    change(CREDENTIAL, lambda props: props.update(values))


run_broken(
    {
        "": lambda: None,
        "chain": lambda: drop("depends_on", POSTGRESQL),
        "hook": lambda: drop("hooks", POSTGRESQL),
        "database before admin": lambda: drop("depends_on", f"{POSTGRESQL}Database"),
        "zones": lambda: drop("ignore_changes", POSTGRESQL),
        "deleted_with": lambda: drop("deleted_with", POSTGRESQL),
        "activeDirectoryAuth": lambda: auth("activeDirectoryAuth"),
        "passwordAuth": lambda: auth("passwordAuth"),
        "tenantId": lambda: auth("tenantId"),
        "the SDK's spelling of a principal": lambda: admin("principalType", "servicePrincipal"),
        "chain of credentials": lambda: drop("depends_on", CREDENTIAL),
        "two audiences": lambda: credential(audiences=["api://AzureADTokenExchange", "another"]),
        "issuer without TLS": lambda: credential(issuer="http://example.com/"),
        "a name with a period": lambda: credential(federatedIdentityCredentialResourceName="a.b"),
        "one principal twice": lambda: admin("objectId", "00000000-0000-0000-0000-000000000009"),
        "another tenant": lambda: admin("tenantId", "99999999-9999-9999-9999-999999999999"),
    }
)
