"""What a program under mocks creates, held against the simulated Google Cloud without an engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.testing import Registration
from tests.unit.cloud_sql.cases import EMAIL, NETWORK, PROJECT, create

from .simulated_cloud_sql import SimulatedCloudSql


def registered(args: Mapping[str, Any]) -> Sequence[Registration]:
    """Returns what CloudSqlPostgres creates with these arguments."""
    return create(**{"instance_name": "portal-db", **args}).resources


def simulated_cloud_sql() -> SimulatedCloudSql:
    """Returns a simulated Google Cloud with what is there before: an account, a network and a pool of a cluster."""
    simulated = SimulatedCloudSql(instance_seconds=0, child_seconds=0, iam_seconds=0)
    simulated.known_accounts.add(EMAIL)
    simulated.connected_networks.add(NETWORK)
    simulated.pools.add(f"{PROJECT}.svc.id.goog")
    simulated._config = {"project": PROJECT, "region": "europe-west1"}
    return simulated
