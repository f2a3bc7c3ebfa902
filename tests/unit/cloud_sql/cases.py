"""Arguments of CloudSqlPostgres that several tests use, and functions that create the component under mocks."""

import functools
from typing import Any

import pulumi

from components import CloudSqlPostgres
from components.testing import LOGINS, Mocks, Run, run
from tests.unit.inputs import materialize, outputs, unknowns

COMPONENT = "backstage-database:index:CloudSqlPostgres"
STASH = "pulumi:index:Stash"
ACCOUNT = "gcp:serviceaccount/account:Account"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
DATABASE = "gcp:sql/database:Database"
USER = "gcp:sql/user:User"
POD_BINDING = "gcp:serviceaccount/iAMMember:IAMMember"
BINDING = "gcp:projects/iAMMember:IAMMember"

PROJECT = LOGINS["gcp:organizations/getClientConfig:getClientConfig"]["project"]
EMAIL = f"backstage@{PROJECT}.iam.gserviceaccount.com"
NETWORK = f"projects/{PROJECT}/global/networks/default"
TEAM: dict[str, Any] = {"additional_users": {"jo": "jo@example.com", "team": "group:team@example.com"}}
PODS: dict[str, Any] = {"kubernetes_service_account": "portal/backstage"}
PRIVATE: dict[str, Any] = {"ip_address_type": "PRIVATE", "private_network": NETWORK}
PSC: dict[str, Any] = {"ip_address_type": "PSC", "psc_consumer_projects": ["consumer-1"]}


class Google(Mocks):
    """Notes how often it was asked who the provider is logged in as."""

    def __init__(self, **login: str) -> None:
        self.login = {**LOGINS["gcp:organizations/getClientConfig:getClientConfig"], **login}
        self.asked = 0

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        super().call(args)
        self.asked += 1
        return self.login, []


def create(preview: bool = False, mocks: Mocks | None = None, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = CloudSqlPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in CloudSqlPostgres.__annotations__}

    return run(program, mocks=mocks, preview=preview)


def block(**args: Any) -> dict[str, Any]:
    return create(**args)["database_config"].value


def instance(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(INSTANCE).inputs)


def settings(**args: Any) -> dict[str, Any]:
    return instance(**args)["settings"]


SETS: dict[str, dict[str, Any]] = {
    "users": {
        "user": EMAIL,
        **TEAM,
        "additional_user_roles": {"jo": "cloudsqlsuperuser"},
        "grant_iam_roles": False,
        "role": "backstage",
    },
    "place": {
        "project": "another-1",
        "region": "us-central1",
        "instance_name": "db-2",
        "zone": "us-central1-a",
        "secondary_zone": "us-central1-b",
        "high_availability": True,
        "encryption_key_name": "projects/keys-1/locations/us-central1/keyRings/ring/cryptoKeys/key",
    },
    "pods": {**PODS, "workload_identity_pool": "clusters-1.svc.id.goog"},
    "database": {"database_name": "bs", "plugin_division_mode": "database"},
    "instance": {
        "version": "16",
        "tier": "db-perf-optimized-N-2",
        "edition": "ENTERPRISE_PLUS",
        "high_availability": True,
        "disk_size_gb": 100,
        "disk_size_limit_gb": 500,
        "require_connector": False,
        "database_flags": {"max_connections": "200"},
        "labels": {"team": "platform"},
        "query_insights": False,
        "deletion_protection": False,
    },
    "replicas": {"database_options": {"keepalive": True}, "replicas": 1, "plugin_count": 8},
    "backups": {
        "tier": "db-c4a-highmem-2",
        "backup_retention": 30,
        "backup_start_time": "03:30",
        "backup_location": "eu",
        "log_retention_days": 30,
        "retain_backups": False,
        "final_backup_days": 90,
        "maintenance_day": 1,
        "maintenance_hour": 23,
        "deny_maintenance_start": "12-01",
        "deny_maintenance_end": "01-15",
    },
    "private": {**PRIVATE, "public_ip": True, "allocated_ip_range": "google-managed-services-default"},
    "psc": {
        **PSC,
        "psc_consumer_network": NETWORK,
        "psc_service_project": "service-1",
        "psc_connection_policy": False,
    },
}
"""Arguments that go together; between them, all."""

PLAIN = {"plugin_division_mode", "ip_address_type", "public_ip", "grant_iam_roles", "deletion_protection"}
later = functools.partial(outputs, plain=PLAIN, single_value={"database_options"})
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value={"database_options"})
