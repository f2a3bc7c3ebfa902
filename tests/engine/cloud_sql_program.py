"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names."""

from typing import Any

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
POD_BINDING = "gcp:serviceaccount/iAMMember:IAMMember"


def settings(**values: Any) -> None:
    change(INSTANCE, lambda props: props["settings"].update(values))


def user(**values: Any) -> None:
    change(USER, lambda props: props.update(values))


def pods(**values: Any) -> None:
    change(POD_BINDING, lambda props: props.update(values))


run_broken(
    {
        "": lambda: None,
        "hook": lambda: drop("hooks", "gcp:"),
        "users before the database": lambda: drop("depends_on", USER),
        "guard": lambda: (drop("protect", GUARD), drop("hooks", GUARD)),
        "hook of the guard": lambda: drop("hooks", GUARD),
        "protect": lambda: (drop("protect", INSTANCE, DATABASE, GUARD), drop("hooks", GUARD)),
        "deleted_with": lambda: drop("deleted_with", USER, DATABASE),
        "edition": lambda: change(INSTANCE, lambda props: props["settings"].pop("edition")),
        "IAM flag": lambda: settings(databaseFlags=[]),
        "authorized network": lambda: settings(
            ipConfiguration={"ipv4Enabled": True, "authorizedNetworks": [{"value": "203.0.113.0/24"}]}
        ),
        "no backups": lambda: settings(backupConfiguration={"enabled": False}),
        "no consumers": lambda: settings(ipConfiguration={"ipv4Enabled": False, "pscConfigs": [{"pscEnabled": True}]}),
        "no address": lambda: settings(ipConfiguration={"ipv4Enabled": False}),
        "suffix": lambda: user(name="backstage@portal-123.iam.gserviceaccount.com"),
        "capitals": lambda: user(name="Jo@example.com", type="CLOUD_IAM_USER"),
        "password": lambda: user(password="hunter2"),
        "an unknown role": lambda: user(databaseRoles=["nobody"]),
        "an unknown argument": lambda: settings(backupConfiguration={"retention": 7}),
        "an unknown enforcement": lambda: settings(connectorEnforcement="ALWAYS"),
        "a pod without a namespace": lambda: pods(member="serviceAccount:portal-123.svc.id.goog[backstage]"),
        "an account of another project": lambda: pods(
            serviceAccountId="projects/portal-123/serviceAccounts/backstage@another-1.iam.gserviceaccount.com"
        ),
        "an account's bare address": lambda: pods(serviceAccountId="backstage@another-1.iam.gserviceaccount.com"),
        "no condition": lambda: change(BINDING, lambda props: props.pop("condition")),
    }
)
