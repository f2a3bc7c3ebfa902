"""Every argument of CloudSqlPostgres, alone and in pairs, against the simulated Google: by the provider's protocol."""

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.cloud_sql.args import CloudSqlPostgresArgs
from docs.reference import schema
from tests.unit.cloud_sql.cases import EMAIL, NETWORK, PODS, TEAM

from .cloud_sql_mocks import registered, simulated_cloud_sql
from .protocol import Deployment, RefusedError
from .simulated_cloud_sql import SimulatedCloudSql

KEY = "projects/keys-1/locations/europe-west1/keyRings/ring/cryptoKeys/key"
SHARED = "projects/host-1/global/networks/shared"

# Factor: its levels, each a set of arguments that goes together. Between them they have every argument.
FACTORS: dict[str, list[dict[str, Any]]] = {
    "network": [
        {},
        {"ip_address_type": "PUBLIC", "private_network": NETWORK, "public_ip": True},
        {"ip_address_type": "PRIVATE", "private_network": NETWORK},
        {"ip_address_type": "PRIVATE", "private_network": NETWORK, "public_ip": True, "allocated_ip_range": "range-1"},
        {"ip_address_type": "PSC", "psc_consumer_projects": ["consumer-1", "123456789012"]},
        {"ip_address_type": "PSC", "psc_consumer_network": NETWORK},
        {"ip_address_type": "PSC", "psc_consumer_network": SHARED, "psc_service_project": "service-1"},
        {"ip_address_type": "PSC", "psc_consumer_network": SHARED, "psc_connection_policy": False},
    ],
    "machine": [
        {},
        {"tier": "db-f1-micro", "edition": "ENTERPRISE"},
        {"tier": "db-custom-4-15360"},
        {"tier": "db-custom-N4-2-4096"},
        {"tier": "db-perf-optimized-N-2", "edition": "ENTERPRISE_PLUS"},
        {"tier": "db-memory-optimized-N-4"},
        {"tier": "db-c4a-highmem-2"},
    ],
    "backups": [
        {},
        {"backup_retention": 0},
        {"backup_retention": 1, "backup_start_time": "03:30"},
        {"backup_retention": 30, "log_retention_days": 7, "backup_location": "eu"},
    ],
    "after deletion": [{}, {"retain_backups": False}, {"final_backup_days": 0}, {"final_backup_days": 365}],
    "standby": [
        {},
        {"high_availability": True},
        {"high_availability": True, "zone": "europe-west1-b", "secondary_zone": "europe-west1-c"},
        {"zone": "europe-west1-d"},
    ],
    "disk": [{}, {"disk_size_gb": 20}, {"disk_size_gb": 100, "disk_size_limit_gb": 200}, {"disk_size_limit_gb": 50}],
    "version": [{}, {"version": "14"}, {"version": 18}],
    "window": [{}, {"maintenance_day": 7, "maintenance_hour": 0}],
    "freeze": [
        {},
        {"deny_maintenance_start": "12-01", "deny_maintenance_end": "01-15"},
        {"deny_maintenance_start": "2026-12-01", "deny_maintenance_end": "2027-01-15"},
    ],
    "key": [{}, {"encryption_key_name": KEY}],
    "insights": [{}, {"query_insights": False}],
    "connector": [{}, {"require_connector": False}],
    "flags": [{}, {"database_flags": {"max_connections": 200, "autovacuum": "off"}}],
    "labels": [{}, {"labels": {"team": "platform"}}],
    "user": [{}, {"user": EMAIL}, {"user": "jo.backstage@example.com", "role": "backstage"}],
    "others": [{}, TEAM, {**TEAM, "additional_user_roles": {"jo": "cloudsqlsuperuser"}}],
    "roles": [{}, {"grant_iam_roles": False}],
    "pods": [{}, PODS, {**PODS, "workload_identity_pool": "clusters-1.svc.id.goog"}],
    "database": [{}, {"database_name": "portal", "plugin_division_mode": "database"}],
    "protection": [{}, {"deletion_protection": False}],
    "pools": [
        {},
        {"replicas": 1, "plugin_count": 4, "database_flags": {"max_connections": 200}},
        {"database_options": {"knexConfig": {"pool": {"max": 3}}}},
    ],
    "place": [{}, {"project": "portal-123", "region": "europe-west1"}, {"project": "example.com:portal"}],
}


def goes_together(args: Mapping[str, Any]) -> bool:
    """What is refused for any machine is left out: a standby without backups, and pods that log in as a person."""
    if args.get("user") == "jo.backstage@example.com" and "kubernetes_service_account" in args:
        return False
    return not (args.get("high_availability") and args.get("backup_retention") == 0)


def combinations(at_least: int) -> Iterator[dict[str, Any]]:
    """Sets of arguments in which each two levels of different factors stand together at least once."""
    dice = random.Random(14)
    names = list(FACTORS)
    missing = {
        frozenset([(one, first), (other, second)])
        for one, other in itertools.combinations(names, 2)
        for first in range(len(FACTORS[one]))
        for second in range(len(FACTORS[other]))
        if goes_together({**FACTORS[one][first], **FACTORS[other][second]})
    }
    made = 0
    while missing or made < at_least:
        fixed = dict(min(missing, key=lambda pair: sorted(pair))) if missing else {}
        chosen = {name: fixed.get(name, dice.randrange(len(FACTORS[name]))) for name in names}
        args = {key: value for name, level in chosen.items() for key, value in FACTORS[name][level].items()}
        if goes_together(args):
            missing -= {frozenset(pair) for pair in itertools.combinations(chosen.items(), 2)}
            made += 1
            yield args


@pytest.fixture
def google() -> SimulatedCloudSql:
    simulated = simulated_cloud_sql()
    simulated.policies.add(SHARED)
    simulated.pools |= {f"{project}.svc.id.goog" for project in ("clusters-1", "example.com:portal")}
    simulated.keys.add(KEY)
    simulated.database_roles.add("backstage")
    return simulated


def test_the_factors_have_every_argument() -> None:
    named = {argument for levels in FACTORS.values() for level in levels for argument in level}
    assert named | {"instance_name"} == set(CloudSqlPostgresArgs.__annotations__)


def test_every_pair_of_arguments_deploys_and_changes_nothing_afterwards(google: SimulatedCloudSql) -> None:
    """At least 300 combinations: create, a second `up`, a refresh and a third `up`."""
    tried = 0
    for args in combinations(at_least=300):
        google.resources.clear()
        deployment, resources = Deployment(google, "gcp"), registered(args)
        done = deployment.up(resources)
        assert all(change.startswith("create ") for change in done), args
        assert deployment.up(resources) == [], args
        assert deployment.refresh() == [], args
        assert deployment.up(resources) == [], args
        tried += 1
    assert tried >= 300
    assert [call.error for call in google.calls if call.error] == []


@pytest.mark.parametrize(
    ("type_", "words"), [("database", "deletion_policy"), ("databaseInstance", "deletion_protection")]
)
def test_the_provider_itself_refuses_to_delete_what_is_protected(
    google: SimulatedCloudSql, type_: str, words: str
) -> None:
    """Pulumi's own `protect` can be ignored by a flag, for instance when an `up` replaces the database."""
    deployment, resources = Deployment(google, "gcp"), registered({})
    deployment.up(resources)
    with pytest.raises(RefusedError, match=words):
        deployment.up([one for one in resources if f"sql/{type_}:" not in one.type])


# --- An argument that is taken away


# Argument: what it is set to, and what stays set when it is taken away.
TAKEN_AWAY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{
        argument: (level, {})
        for levels in FACTORS.values()
        for level in levels
        for argument in level
        if len(level) == 1
    },
    "additional_users": (TEAM, {}),
    "additional_user_roles": ({**TEAM, "additional_user_roles": {"jo": "cloudsqlsuperuser"}}, TEAM),
    "allocated_ip_range": (FACTORS["network"][3], {**FACTORS["network"][2], "public_ip": True}),
    "backup_location": ({"backup_location": "eu"}, {}),
    "backup_retention": ({"backup_retention": 30}, {}),
    "backup_start_time": ({"backup_start_time": "04:30"}, {}),
    "database_flags": ({"database_flags": {"max_connections": 200}}, {}),
    "database_name": ({"database_name": "portal"}, {}),
    "database_options": ({"database_options": {"prefix": "portal_"}, "plugin_division_mode": "database"}, {}),
    "deny_maintenance_end": (FACTORS["freeze"][1], {}),
    "deny_maintenance_start": (FACTORS["freeze"][1], {}),
    "disk_size_limit_gb": ({"disk_size_limit_gb": 50}, {}),
    "edition": ({"tier": "db-perf-optimized-N-2", "edition": "ENTERPRISE_PLUS"}, {"tier": "db-perf-optimized-N-2"}),
    "instance_name": ({"instance_name": "portal-2"}, {"instance_name": "portal-db"}),
    "ip_address_type": (FACTORS["network"][2], {}),
    "labels": ({"labels": {"team": "platform", "cost": "1"}}, {}),
    "log_retention_days": ({"log_retention_days": 3}, {}),
    "maintenance_day": (FACTORS["window"][1], {}),
    "maintenance_hour": (FACTORS["window"][1], {}),
    "plugin_division_mode": ({"plugin_division_mode": "database"}, {}),
    "private_network": (FACTORS["network"][2], {}),
    "plugin_count": ({"replicas": 1, "plugin_count": 4}, {"replicas": 1}),
    "project": ({"project": "another-1"}, {}),
    "psc_connection_policy": (FACTORS["network"][7], {"ip_address_type": "PSC", "psc_consumer_network": SHARED}),
    "psc_consumer_network": (
        {**FACTORS["network"][5], "psc_consumer_projects": ["consumer-1"]},
        {"ip_address_type": "PSC", "psc_consumer_projects": ["consumer-1"]},
    ),
    "psc_consumer_projects": (
        {**FACTORS["network"][5], "psc_consumer_projects": ["consumer-1"]},
        FACTORS["network"][5],
    ),
    "psc_service_project": (FACTORS["network"][6], {"ip_address_type": "PSC", "psc_consumer_network": SHARED}),
    "public_ip": ({**FACTORS["network"][2], "public_ip": True}, FACTORS["network"][2]),
    "region": ({"region": "us-central1"}, {}),
    "replicas": ({"replicas": 1}, {}),
    "role": ({"user": EMAIL, "role": "backstage"}, {"user": EMAIL}),
    "secondary_zone": (FACTORS["standby"][2], {"high_availability": True, "zone": "europe-west1-b"}),
    "tier": ({"tier": "db-custom-4-15360"}, {}),
    "user": ({"user": EMAIL}, {}),
    "version": ({"version": 14}, {"version": 17}),
    "workload_identity_pool": ({**PODS, "workload_identity_pool": "clusters-1.svc.id.goog"}, PODS),
}

# What Google replaces or keeps; the reference says so of each.
REPLACES = {"database_name", "encryption_key_name", "instance_name", "ip_address_type", "private_network", "project"}
REPLACES |= {"region"}
STAYS = {"backup_start_time", "disk_size_gb", "encryption_key_name", "zone"}


@pytest.mark.parametrize("argument", sorted(CloudSqlPostgresArgs.__annotations__))
def test_an_argument_that_is_taken_away_puts_back_what_google_has_without_it(
    google: SimulatedCloudSql, argument: str
) -> None:
    given, left = map(registered, TAKEN_AWAY[argument])
    Deployment(google, "gcp").up(left)
    fresh = google_has(google)
    google.resources.clear()
    deployment = Deployment(google, "gcp")
    deployment.up(given)
    done = deployment.up(left)
    if any(change.startswith("replace ") for change in done):
        assert argument in REPLACES or argument in ("user", "workload_identity_pool"), done
    elif google_has(google) != fresh:
        assert argument in STAYS
    else:
        assert argument not in STAYS
    deletes = ("additional_users", "kubernetes_service_account", "user")
    assert argument in deletes or not any("delete" in change for change in done)


def google_has(google: SimulatedCloudSql) -> dict[str, Any]:
    """Everything that exists, without the number that Google counts changes of settings with."""
    found = {key: {**value} for key, value in google.resources.items()}
    for value in found.values():
        if "settings" in value:
            value["settings"] = {key: item for key, item in value["settings"].items() if key != "version"}
    return found


@pytest.mark.parametrize("argument", sorted(REPLACES | STAYS))
def test_the_reference_says_what_cannot_be_taken_away(argument: str) -> None:
    inputs = schema()["resources"]["backstage-database:index:CloudSqlPostgres"]["inputProperties"]
    camel = "".join(part.title() if number else part for number, part in enumerate(argument.split("_")))
    words = ("would replace", "replaces the instance", "private services connection", "never shrinks", "emoving")
    assert any(word in inputs[camel]["description"] for word in words)
