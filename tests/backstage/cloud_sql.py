"""Runs CloudSqlPostgres under mocks."""

from dataclasses import dataclass
from typing import Any

from components import CloudSqlPostgres
from components.testing import Registration, run

PROJECT = "portal-123"
REGION = "europe-west1"
INSTANCE = "contract"
EMAIL = f"{INSTANCE}@{PROJECT}.iam.gserviceaccount.com"
"""The service account that is created."""

NETWORK = f"projects/{PROJECT}/global/networks/default"
NETWORKS: dict[str, dict[str, Any]] = {
    "PUBLIC": {},
    "PRIVATE": {"ip_address_type": "PRIVATE", "private_network": NETWORK},
    "PSC": {"ip_address_type": "PSC", "psc_consumer_network": NETWORK},
}

BINDING = "gcp:projects/iAMMember:IAMMember"
DATABASE = "gcp:sql/database:Database"
SERVER = "gcp:sql/databaseInstance:DatabaseInstance"
USER = "gcp:sql/user:User"


@dataclass(frozen=True)
class Declared:
    outputs: dict[str, Any]
    """The values of the component's outputs."""
    resources: list[Registration]
    """What it registered."""

    def of_type(self, type_: str) -> list[dict[str, Any]]:
        """Returns the inputs of the registered resources of that type."""
        return [dict(resource.inputs) for resource in self.resources if resource.type == type_]


def declare(**args: Any) -> Declared:
    """Returns what the component with these arguments declares and returns."""

    def program() -> dict[str, Any]:
        arguments: Any = {"project": PROJECT, "region": REGION, "instance_name": INSTANCE, **args}
        database = CloudSqlPostgres("db", arguments)
        return {name: getattr(database, name) for name in CloudSqlPostgres.__annotations__}

    done = run(program)
    return Declared({name: resolved.value for name, resolved in done.outputs.items()}, done.resources)
