"""Arguments of CloudSqlPostgres that several tests use, and functions that create the component under mocks."""

import functools
from typing import Any

import pulumi

from components import CloudSqlPostgres
from components.testing import LOGINS, Mocks, Run, run
from tests.unit.inputs import materialize, outputs, unknowns

# The arguments without a default.
LEAST: dict[str, Any] = {}
# Arguments without which something random is generated.
FIXED: dict[str, Any] = {"instance_name": "db-1"}

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
    """Counts how often it was asked who the provider is logged in as."""

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


# Arguments that go together. Each argument is in at least one set.
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

# The arguments that cannot be Outputs.
PLAIN = {"plugin_division_mode", "ip_address_type", "public_ip", "grant_iam_roles", "deletion_protection"}
later = functools.partial(outputs, plain=PLAIN, single_value={"database_options"})
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value={"database_options"})

# Wrong arguments, and what the message says.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"user": "backstage"}, "\"user\" is 'backstage', but it must be the e-mail address of a person or a service"),
    ({"user": "group:team@example.com"}, "must not be a group: its members log in under their own names"),
    ({"user": "principal://iam.googleapis.com/x"}, "principal://… and allUsers have no address, so they cannot log in"),
    ({"user": "allUsers"}, "must be the e-mail address of a person or a service account"),
    ({"user": "domain:example.com"}, "must be the e-mail address of a person or a service account"),
    ({"user": "jo@example.com\n"}, "must be the e-mail address"),
    ({"user": f"backstage@{PROJECT}.iam"}, f"must be the service account's full e-mail address: {EMAIL}."),
    ({"user": f"user:{EMAIL}"}, "must have the prefix serviceAccount: exactly when the address ends in"),
    ({"user": "serviceAccount:jo@example.com"}, "must have the prefix serviceAccount: exactly when"),
    ({"user": f"{'x' * 52}@example.com"}, "PostgreSQL allows 63 bytes for a name."),
    (
        {"additional_users": {"jo": "jo"}},
        'argument "additional_users", key "jo", is \'jo\', but it must be the e-mail address',
    ),
    ({"additional_users": {"jo@example.com": "jo@example.com"}}, "\"additional_users\" has the key 'jo@example.com'"),
    ({"role": "pg_read_all_data"}, "not with pg_, which PostgreSQL reserves."),
    ({"role": 'a"b'}, "must be 1 to 63 of A-Z"),
    ({"project": "123456"}, "\"project\" is '123456', but it must be a project's id, such as my-project"),
    ({"region": "europe-west1-b"}, "must name a Google Cloud region, such as europe-west1; not a zone."),
    ({"instance_name": "Db"}, "\"instance_name\" is 'Db', but it must be 1 to 67 of a-z, 0-9 and hyphens"),
    ({"instance_name": "db-"}, "not end with a hyphen"),
    ({"instance_name": "1db"}, "start with a letter"),
    ({"instance_name": "d" * 68}, "must be 1 to 67"),
    ({"instance_name": "d" * 89, "project": "portal-123"}, "must be 1 to 87"),
    ({"database_name": "postgres"}, "not be one that exists already: postgres, template0, template1, cloudsqladmin."),
    ({"database_name": "x" * 64}, "must be 1 to 63"),
    ({"version": "13"}, "\"version\" is '13', but it must be an integer from 14 to 18."),
    ({"version": "17.2"}, "must be an integer from 14 to 18."),
    ({"version": "POSTGRES_17"}, "must be an integer from 14 to 18."),
    ({"tier": "db-custom-3-7680"}, "must have 1 or an even number of processors up to 96"),
    ({"tier": "db-custom-98-638976"}, "must have 1 or an even number of processors up to 96"),
    ({"tier": "db-custom-2-3841"}, "a multiple of 256, at least 3840, and 921.6 to 6656 for each processor"),
    ({"tier": "db-custom-1-3328"}, "at least 3840"),
    ({"tier": "db-custom-1-6912"}, "921.6 to 6656 for each processor"),
    ({"tier": "db-custom-8-4096"}, "921.6 to 6656 for each processor"),
    ({"tier": "db-custom-2"}, "must be Google's name of a machine type, such as db-custom-2-7680"),
    ({"tier": "n1-standard-1"}, "must be Google's name of a machine type"),
    ({"edition": "enterprise"}, "must be ENTERPRISE or ENTERPRISE_PLUS."),
    ({"edition": "ENTERPRISE_PLUS"}, "must be ENTERPRISE for the tier db-custom-1-3840."),
    ({"edition": "ENTERPRISE", "tier": "db-perf-optimized-N-2"}, "must be ENTERPRISE_PLUS for the tier"),
    ({"edition": "ENTERPRISE_PLUS", "tier": "db-f1-micro"}, "must be ENTERPRISE for the tier db-f1-micro."),
    ({"high_availability": "yes"}, "must be true or false."),
    ({"high_availability": True, "backup_retention": 0}, "must be false without backups, which a standby needs"),
    ({"disk_size_gb": 9}, "must be an integer from 10 to 65536."),
    ({"backup_retention": 366}, "must be an integer from 0 to 365."),
    ({"backup_start_time": "25:00"}, "must be a time in UTC from 00:00 to 23:59, such as 03:30."),
    ({"disk_size_gb": 19, "tier": "db-c4a-highmem-2"}, "must be an integer from 20 to 65536."),
    ({"disk_size_limit_gb": 9}, "must be 0, which means no limit, or at least the size of the disk, 10."),
    ({"disk_size_gb": 100, "disk_size_limit_gb": 99}, "or at least the size of the disk, 100."),
    ({"log_retention_days": 8, "backup_retention": 30}, "must be an integer from 1 to 7."),
    ({"log_retention_days": 36, "tier": "db-perf-optimized-N-2", "backup_retention": 40}, "from 1 to 35."),
    ({"log_retention_days": 7, "backup_retention": 5}, "must not be more than backup_retention, 5"),
    ({"backup_location": "EU"}, "must be a region such as europe-west1 or a multi-region such as eu, us or asia."),
    ({"final_backup_days": 366}, "must be an integer from 0 to 365."),
    ({"zone": "europe-west1"}, "must be a zone, such as europe-west1-b."),
    ({"zone": "europe-west1-b", "region": "us-central1"}, "must be a zone of us-central1, such as us-central1-b."),
    (
        {"zone": "us-central1-b", "secondary_zone": "us-central1-b", "high_availability": True},
        "must differ from `zone`",
    ),
    ({"encryption_key_name": "my-key"}, "must be the resource name of a Cloud KMS key: projects/…/locations/…"),
    (
        {"encryption_key_name": "projects/k/locations/eu/keyRings/r/cryptoKeys/k", "region": "europe-west1"},
        "must be in the instance's region: locations/europe-west1.",
    ),
    ({"deny_maintenance_start": "2026-02-30", "deny_maintenance_end": "2026-03-01"}, "must be a day: YYYY-MM-DD, or"),
    ({"deny_maintenance_start": "12-01", "deny_maintenance_end": "03-15"}, "must be 0 to 90 days after deny_"),
    ({"deny_maintenance_start": "12-01", "deny_maintenance_end": "2027-01-01"}, "must have the same form as deny_"),
    ({**TEAM, "additional_user_roles": {"jo": 'a"b'}}, "must be the name of a PostgreSQL role"),
    ({**PRIVATE, "allocated_ip_range": "10.0.0.0/8"}, "must be the name of an allocated IP range"),
    ({"backup_start_time": "3:30"}, "must be a time in UTC"),
    ({"maintenance_day": 8, "maintenance_hour": 0}, "must be an integer from 1 to 7."),
    ({"maintenance_day": 1, "maintenance_hour": 24}, "must be an integer from 0 to 23."),
    ({"ip_address_type": "private"}, "must be PUBLIC, PRIVATE or PSC."),
    ({**PRIVATE, "private_network": "default"}, "must be a VPC network's id: projects/…/global/networks/…."),
    ({**PSC, "psc_consumer_projects": []}, "must be a list of project ids or numbers."),
    ({**PSC, "psc_consumer_projects": "consumer-1"}, "must be a list of project ids or numbers."),
    ({**PSC, "psc_consumer_projects": ["123"]}, "must be a project's id or number"),
    ({"ip_address_type": "PSC", "psc_consumer_network": "default"}, "must be a VPC network's id"),
    ({"require_connector": 1}, "must be true or false."),
    ({"database_flags": {"cloudsql.iam_authentication": "off"}}, "it is on, because nobody has a password."),
    ({"database_flags": {"max_connections": ""}}, "must be the parameter's value as a non-empty string"),
    ({"labels": {"Team": "x"}}, "must be 1 to 63 lowercase letters, digits, _ and -, starting with a"),
    ({"labels": {"team": "Platform"}}, "must be at most 63 lowercase letters, digits, _ and -."),
    ({"plugin_division_mode": "databaze"}, "must be schema or database."),
    ({"deletion_protection": "no"}, "must be true or false."),
    ({"grant_iam_roles": "no"}, "must be true or false."),
    ({"kubernetes_service_account": "backstage"}, "\"kubernetes_service_account\" is 'backstage', but it must be name"),
    ({"kubernetes_service_account": "a.b/backstage"}, "must be namespace/name of a Kubernetes service account"),
    ({**PODS, "user": "jo@example.com"}, "Backstage logs in as a person, and pods can only act as a service account."),
    (
        {**PODS, "workload_identity_pool": "principal://iam.googleapis.com/projects/1/locations/global/x/subject/y"},
        "A principal:// or another pool cannot be used: Cloud SQL accepts only user accounts",
    ),
    ({**PODS, "workload_identity_pool": "clusters-1"}, "PROJECT.svc.id.goog"),
    ({**PODS, "workload_identity_pool": "clusters-1.hub.id.goog"}, "PROJECT.svc.id.goog"),
]

# Arguments that are wrong together.
WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"ip_address_type": "PRIVATE"}, '"private_network" is missing: ip_address_type PRIVATE needs it.'),
    ({"private_network": NETWORK}, '"private_network" is for ip_address_type PRIVATE: set that too'),
    ({"ip_address_type": "PSC"}, '"psc_consumer_projects" is missing: ip_address_type PSC needs it or psc_consumer'),
    ({"psc_consumer_projects": ["consumer-1"]}, '"psc_consumer_projects" is for ip_address_type PSC'),
    ({"psc_consumer_network": NETWORK}, '"psc_consumer_network" is for ip_address_type PSC'),
    (
        {"tier": "db-n9-highmem-2"},
        "\"edition\" is missing, and the tier is 'db-n9-highmem-2', but it must be of a machine",
    ),
    ({"project": "p" * 30, "instance_name": "i" * 30}, '"user" is missing, and the created service account is'),
    ({"additional_user_roles": {"jo": "x"}}, "has the key 'jo', which is not a key of additional_users: it has none."),
    ({"secondary_zone": "europe-west1-b", "high_availability": True}, '"zone" is missing: secondary_zone needs it.'),
    (
        {"zone": "europe-west1-b", "secondary_zone": "europe-west1-c"},
        '"secondary_zone" is for high_availability: set that too, or leave it out.',
    ),
    ({"deny_maintenance_start": "12-01"}, '"deny_maintenance_end" is missing: deny_maintenance_start needs it.'),
    ({"ip_address_type": "PUBLIC", "public_ip": False}, '"public_ip" is false, but ip_address_type PUBLIC needs'),
    ({**PSC, "public_ip": True}, '"public_ip" must be false: Google refuses a public address with ip_address_type PSC'),
    ({**PSC, "private_network": NETWORK}, '"private_network" is for ip_address_type PRIVATE'),
    ({"allocated_ip_range": "range"}, '"allocated_ip_range" is for private_network: set that too'),
    ({**PSC, "psc_service_project": "service-1"}, '"psc_service_project" is for psc_consumer_network: set that too'),
    ({**PSC, "psc_connection_policy": False}, '"psc_connection_policy" is for psc_consumer_network: set that too'),
    ({"maintenance_day": 1}, '"maintenance_hour" is missing: maintenance_day needs it.'),
    ({"maintenance_hour": 0}, '"maintenance_day" is missing: maintenance_hour needs it.'),
    ({"labels": {f"l{number}": "" for number in range(51)}}, '"labels" has 51 entries, but Google allows 50; its own'),
    (
        {"user": "jo@example.com", "additional_users": {"me": "user:Jo@Example.com"}},
        "\"additional_users\" has 'jo@example.com', which is a user already: ",
    ),
    (
        {"workload_identity_pool": "p-1234.svc.id.goog"},
        '"workload_identity_pool" is for kubernetes_service_account: set',
    ),
    ({"additional_users": {"a": EMAIL, "b": EMAIL}}, f"\"additional_users\" has '{EMAIL}', which is a user already: "),
]
