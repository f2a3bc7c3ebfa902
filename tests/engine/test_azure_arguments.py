"""An argument of AzurePostgres that is taken away, against the simulated Azure: by the provider's protocol."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.azure.args import AzurePostgresArgs
from docs.reference import schema
from tests.unit.azure.cases import (
    CLIENT,
    ENCRYPTION,
    GEO_BACKUP,
    GROUP,
    MAINTENANCE,
    OTHER_ID,
    OWN_IDENTITY,
    PODS,
    PREMIUM_V2,
    PRINCIPAL,
    PRIVATELINK,
    REACHABLE,
    SUBNET,
    TENANT,
    USER,
    VNET,
    WORKSPACE,
)

from .azure_mocks import registered, simulated_azure
from .protocol import Deployment, RefusedError
from .simulated_azure import SimulatedAzure

ENDPOINT: dict[str, Any] = {"private_endpoint_subnet_id": SUBNET}
SCHEMA = {"plugin_division_mode": "schema"}
TENANTS_GROUP = {**GROUP, "tenant_id": TENANT}
SECRET = {**PRINCIPAL, "client_id": CLIENT, "client_secret": "s3cret", "tenant_id": TENANT}


def without(args: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name not in names}


# Argument: what it is set with, and what stays set when it is taken away.
TAKEN_AWAY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **dict.fromkeys(("admin_name", "admin_object_id", "admin_type"), (PRINCIPAL, {})),
    "admin_groups": ({"admin_groups": {"DB Admins": OTHER_ID}}, {}),
    "admin_service_principals": ({"admin_service_principals": {"ci": OTHER_ID}}, {}),
    "admin_users": ({"admin_users": {"jo@example.com": OTHER_ID}}, {}),
    "allow_azure_services": ({"allow_azure_services": True}, {}),
    "availability_zone": ({"availability_zone": "2"}, {}),
    "backup_retention_days": ({"backup_retention_days": 14}, {}),
    "client_id": ({**PRINCIPAL, "client_id": CLIENT}, PRINCIPAL),
    "client_secret": (SECRET, without(SECRET, "client_secret")),
    "create_identity": ({**TENANTS_GROUP, "create_identity": True}, TENANTS_GROUP),
    "database_name": ({**SCHEMA, "database_name": "portal"}, SCHEMA),
    "database_options": ({"database_options": {"keepalive": True}}, {}),
    "delegated_subnet_id": (VNET, {}),
    "delete_lock": ({"delete_lock": True}, {}),
    "deletion_protection": ({"deletion_protection": False}, {}),
    **dict.fromkeys(("encryption_key_uri", "encryption_identity_id"), (ENCRYPTION, {})),
    "firewall_rules": (REACHABLE, {}),
    **dict.fromkeys(
        ("geo_backup_encryption_key_uri", "geo_backup_encryption_identity_id"),
        ({**ENCRYPTION, **GEO_BACKUP}, ENCRYPTION),
    ),
    "geo_redundant_backup": ({"geo_redundant_backup": True}, {}),
    "high_availability": ({"high_availability": "SameZone"}, {}),
    "identity_resource_id": ({**OWN_IDENTITY, **PODS}, without(OWN_IDENTITY, "identity_resource_id")),
    **dict.fromkeys(("kubernetes_service_account", "kubernetes_oidc_issuers"), (PODS, {})),
    "location": ({"location": "northeurope"}, {}),
    "log_analytics_workspace_id": ({"log_analytics_workspace_id": WORKSPACE}, {}),
    **dict.fromkeys(("maintenance_day", "maintenance_hour"), (MAINTENANCE, {})),
    "plugin_count": ({"replicas": 2, "plugin_count": 8}, {"replicas": 2}),
    "plugin_division_mode": (SCHEMA, {}),
    "private_dns_zone_id": ({**ENDPOINT, "private_dns_zone_id": PRIVATELINK}, ENDPOINT),
    "private_endpoint_location": ({**ENDPOINT, "private_endpoint_location": "northeurope"}, ENDPOINT),
    "private_endpoint_resource_group_name": ({**ENDPOINT, "private_endpoint_resource_group_name": "hub"}, ENDPOINT),
    "private_endpoint_subnet_id": (ENDPOINT, {}),
    "replicas": ({"replicas": 2}, {}),
    "server_name": ({"server_name": "another"}, {}),
    "server_parameters": ({"server_parameters": {"work_mem": "8192"}}, {}),
    "sku_name": ({"sku_name": "Standard_E2ds_v5"}, {}),
    "storage_auto_grow": ({"storage_auto_grow": False}, {}),
    "storage_gb": ({"storage_gb": 64}, {}),
    "storage_iops": ({**PREMIUM_V2, "storage_iops": 6000}, PREMIUM_V2),
    "storage_throughput": ({**PREMIUM_V2, "storage_throughput": 300}, PREMIUM_V2),
    "storage_tier": ({"storage_tier": "P20"}, {}),
    "storage_type": (PREMIUM_V2, {}),
    "tags": ({"tags": {"team": "platform"}}, {}),
    "tenant_id": ({**PRINCIPAL, "tenant_id": TENANT}, PRINCIPAL),
    "token_renewal_offset": ({"token_renewal_offset": "4m"}, {}),
    "use_default_credential": ({"use_default_credential": True}, {}),
    **dict.fromkeys(("user", "user_object_id", "user_type"), ({**PRINCIPAL, **USER}, PRINCIPAL)),
    "version": ({"version": "18"}, {}),
}

# What Azure refuses or keeps, and what is replaced; the reference says so of each, of the first argument of a group.
REFUSED = {"delegated_subnet_id", "encryption_key_uri", "storage_gb", "storage_type", "version"}
STAYS = {"availability_zone", "location", "private_endpoint_location"}
REPLACES = {"database_name", "geo_redundant_backup", "private_endpoint_resource_group_name", "server_name"}
# These go only together with one of those.
WITH_ANOTHER = {"encryption_identity_id", "geo_backup_encryption_key_uri", "geo_backup_encryption_identity_id"}
# Another principal is another role, and another admin takes the place of the one before.
PRINCIPALS = {"admin_name", "admin_object_id", "admin_type", "tenant_id"}


@pytest.fixture
def azure() -> SimulatedAzure:
    simulated = simulated_azure()
    simulated.add_group("hub", "northeurope")
    return simulated


def azure_has(azure: SimulatedAzure) -> dict[str, Any]:
    return {id_: dict(found) for id_, found in azure.resources.items()}


def test_every_argument_is_taken_away_once() -> None:
    assert TAKEN_AWAY.keys() | {"resource_group_name"} == set(AzurePostgresArgs.__annotations__)
    assert {name for args, _ in TAKEN_AWAY.values() for name in args} >= TAKEN_AWAY.keys()


@pytest.mark.parametrize("argument", sorted(TAKEN_AWAY))
def test_an_argument_that_is_taken_away_puts_back_what_azure_has_without_it(
    azure: SimulatedAzure, argument: str
) -> None:
    args, rest = TAKEN_AWAY[argument]
    given, left = registered(args), registered(rest)
    groups = azure_has(azure)
    Deployment(azure, "azure-native").up(left)
    fresh = azure_has(azure)
    azure.resources.clear()
    azure.resources.update(groups)

    deployment = Deployment(azure, "azure-native")
    deployment.up(given)
    if argument in MAINTENANCE:
        # Azure takes a maintenance window for an existing server only, with the next change.
        deployment.up(registered({**args, "tags": {"changed": "yes"}}))
        deployment.up(given)
    try:
        done = deployment.up(left)
    except RefusedError:
        assert argument in REFUSED | WITH_ANOTHER
        return
    if any(change.startswith("replace ") for change in done):
        assert argument in REPLACES | WITH_ANOTHER | PRINCIPALS, done
    elif azure_has(azure) == fresh:
        assert argument not in REFUSED | STAYS | REPLACES
    else:
        assert argument in STAYS, done


@pytest.mark.parametrize("argument", sorted(REFUSED | STAYS | REPLACES))
def test_the_reference_says_what_cannot_be_taken_away(argument: str) -> None:
    inputs = schema()["resources"]["backstage-database:index:AzurePostgres"]["inputProperties"]
    camel = "".join(part.title() if number else part for number, part in enumerate(argument.split("_")))
    words = (
        "would replace",
        "replaces the",
        "fixed when the server",
        "never shrinks",
        "effect at creation",
        "cannot move",
    )
    assert any(word in inputs[camel]["description"] for word in (*words, "refuses to lower it"))
