"""Sets of arguments for CloudSqlPostgres. The fewer there are, the fewer first deployments the tests need."""

from typing import Any

from .simulated_cloud_sql import SimulatedCloudSql

EMAIL = "backstage@portal-123.iam.gserviceaccount.com"
ROLE = "backstage@portal-123.iam"
OTHER_EMAIL = "backstage@another-1.iam.gserviceaccount.com"
NETWORK = "projects/portal-123/global/networks/default"
POOL = "portal-123.svc.id.goog"

TEAM = {"jo": "jo@example.com", "team": "group:team@example.com"}
USERS: dict[str, Any] = {"additionalUsers": TEAM}
PRIVATE = {"ipAddressType": "PRIVATE", "privateNetwork": NETWORK}
PSC = {"ipAddressType": "PSC", "pscConsumerProjects": ["consumer-1"]}
PODS: dict[str, Any] = {"kubernetesServiceAccount": "portal/backstage"}
MEMBER = f"serviceAccount:{POOL}[portal/backstage]"
EVERYTHING: dict[str, Any] = {
    **USERS,
    **PODS,
    "tier": "db-custom-2-7680",
    "highAvailability": True,
    "diskSizeGb": 20,
    "backupRetention": 30,
    "backupStartTime": "03:30",
    "maintenanceDay": 7,
    "maintenanceHour": 2,
    "databaseFlags": {"max_connections": 200, "autovacuum_naptime": "30"},
    "labels": {"team": "platform"},
    "ipAddressType": "PSC",
    "pscConsumerProjects": ["consumer-2", "consumer-1"],
}
"""Something of every kind."""


def add_account(cloud_sql: SimulatedCloudSql) -> dict[str, Any]:
    """Adds an account that pods of another application act as too; returns the argument that names it."""
    cloud_sql.add_pod_binding(OTHER_EMAIL, f"serviceAccount:{POOL}[other/other]")
    return {"user": OTHER_EMAIL}
