"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names."""

from components.cloud_sql import psc, retry
from tests.engine.mutations import change, drop, run_broken

retry.TRANSIENT_RETRY_DELAY_SECONDS = 0.05
psc.ENDPOINT_MAX_RETRIES = 1
psc.ENDPOINT_RETRY_DELAY_SECONDS = 0.05

INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
DATABASE = "gcp:sql/database:Database"
USER = "gcp:sql/user:User"
GUARD = "pulumi:index:Stash"
BINDING = "gcp:projects/iAMMember:IAMMember"

run_broken(
    {
        "": lambda: None,
        "hook": lambda: drop("hooks", "gcp:"),
        "users before the database": lambda: drop("depends_on", USER),
        "guard": lambda: (drop("protect", GUARD), drop("hooks", GUARD)),
        "protect": lambda: (drop("protect", INSTANCE, DATABASE, GUARD), drop("hooks", GUARD)),
        "deleted_with": lambda: drop("deleted_with", USER, DATABASE),
        "no condition": lambda: change(BINDING, lambda props: props.pop("condition")),
    }
)
