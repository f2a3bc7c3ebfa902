"""Arguments in every form, wrong ones, and what the outputs are."""

from typing import Any

import pytest

from components import AzurePostgres
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.inputs import of_type, unknown

from .cases import (
    ADMIN,
    CLIENT,
    ENCRYPTION,
    GEO_BACKUP,
    GROUP,
    ISSUER,
    KEY,
    KEY_IDENTITY,
    MAINTENANCE,
    NETWORK,
    OBJECT,
    OTHER_ID,
    OWN_IDENTITY,
    PODS,
    PREMIUM_V2,
    PRINCIPAL,
    REACHABLE,
    SUBNET,
    USER,
    USER_OBJECT,
    VNET,
    ZONE,
    create,
    later,
)

# --- Warnings


@pytest.mark.parametrize(
    ("args", "warning"),
    [
        (
            {"sku_name": "Standard_B1ms"},
            "Standard_B1ms is Burstable, which Microsoft advises for development only. It ",
        ),
        ({"sku_name": "Standard_B1ms"}, "allows 35 connections; Backstage opens up to 10 for each plugin."),
        ({"sku_name": "Standard_B4ms"}, "Standard_B4ms is Burstable"),
        ({"version": "14"}, "PostgreSQL 14 reaches its end of life in November 2026."),
        ({"version": "18"}, "Microsoft Entra logins on PostgreSQL 18 are reported broken"),
        (
            {**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER.rstrip("/")}},
            "kubernetes_oidc_issuers lacks the slash at the end that AKS puts there, for 'blue'.",
        ),
    ],
)
def test_choices_that_work_badly_are_warned_about(
    args: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    create(**args, **REACHABLE)
    assert warning in caplog.text


# --- Wrong arguments

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"resource_group_name": "a/b"}, "\"resource_group_name\" is 'a/b', but it must name a resource group"),
    ({"resource_group_name": "group."}, "must name a resource group"),
    ({"location": ""}, "must name an Azure region"),
    ({"server_name": "Db"}, "\"server_name\" is 'Db', but it must be 3 to 63 of a-z, 0-9 and single hyphens"),
    ({"server_name": "a--b"}, "must be 3 to 63"),
    ({"server_name": "-ab"}, "must be 3 to 63"),
    ({"server_name": "ab-"}, "must be 3 to 63"),
    ({"server_name": "ab"}, "must be 3 to 63"),
    ({"server_name": "a" * 64}, "must be 3 to 63"),
    ({**PRINCIPAL, "admin_name": ""}, "\"admin_name\" is '', but it must be the principal's name, 1 to 63 bytes"),
    ({**PRINCIPAL, "admin_name": "é" * 32}, "1 to 63 bytes"),
    ({**PRINCIPAL, "admin_object_id": "app"}, "\"admin_object_id\" is 'app', but it must be a GUID"),
    ({**PRINCIPAL, "admin_type": "servicePrincipal"}, "must be User, Group or ServicePrincipal."),
    ({**PRINCIPAL, "admin_type": "Unknown"}, "must be User, Group or ServicePrincipal."),
    (
        {"admin_users": {"jo@example.com": "jo"}},
        'argument "admin_users", key "jo@example.com", is \'jo\', but it must be',
    ),
    ({"admin_groups": {"x" * 64: OBJECT}}, 'argument "admin_groups" has the key \'xxx'),
    ({**PRINCIPAL, **USER, "user": "x" * 64}, '"user" is'),
    ({**PRINCIPAL, **USER, "user_object_id": "1"}, "\"user_object_id\" is '1', but it must be a GUID"),
    ({**PRINCIPAL, **USER, "user_type": "Robot"}, "\"user_type\" is 'Robot', but it must be User"),
    ({"tenant_id": "example.com"}, "\"tenant_id\" is 'example.com', but it must be a GUID"),
    ({**PRINCIPAL, "client_id": "x"}, "\"client_id\" is 'x', but it must be a GUID"),
    ({**PRINCIPAL, "client_id": OBJECT}, "must not be the object id too"),
    ({**PRINCIPAL, "client_id": CLIENT, "admin_type": "User"}, "must be left out for a User"),
    ({**PRINCIPAL, **USER, "client_id": USER_OBJECT}, "must not be the object id too"),
    ({**PRINCIPAL, "client_id": CLIENT, "client_secret": ""}, '"client_secret" must be a non-empty string.'),
    (
        {**PRINCIPAL, "client_id": CLIENT, "client_secret": "hunter2 "},
        '"client_secret" must have no whitespace around it',
    ),
    ({"token_renewal_offset": "soon"}, "\"token_renewal_offset\" is 'soon', but it must be a length of time"),
    ({"version": "13"}, "\"version\" is '13', but it must be a major version that Azure supports, 14 to 18."),
    ({"version": "17.2"}, "must be a major version"),
    ({"sku_name": "GP_Standard_D2ds_v5"}, "such as Standard_D2ds_v5. The prefix B_, GP_ or MO_ is Terraform's."),
    ({"sku_name": "D2ds_v5"}, "must be Azure's name of a B, D or E size"),
    ({"storage_gb": 33}, '"storage_gb" is 33, but it must be one of Azure\'s disk sizes in GiB: 32, 64, 128'),
    ({"storage_gb": True}, "must be one of Azure's disk sizes"),
    ({"storage_auto_grow": "yes"}, "\"storage_auto_grow\" is 'yes', but it must be true or false."),
    ({"backup_retention_days": 6}, "must be an integer from 7 to 35."),
    ({"backup_retention_days": 36}, "must be an integer from 7 to 35."),
    ({"geo_redundant_backup": 1}, "must be true or false."),
    ({"high_availability": "zoneRedundant"}, "must be Disabled, SameZone or ZoneRedundant."),
    ({"high_availability": "SameZone", "sku_name": "Standard_B2s"}, "a Burstable SKU has no standby"),
    (
        {"firewall_rules": {"x": "203.0.113.300"}},
        'argument "firewall_rules", key "x", is \'203.0.113.300\', but it must',
    ),
    ({"firewall_rules": {"x": "203.0.113.7/24"}}, "must be an IPv4 address, a range such as"),
    ({"firewall_rules": {"x": "203.0.113.9-203.0.113.1"}}, "must not end before it starts."),
    ({"firewall_rules": {"x": "1.2.3.4-1.2.3.5-1.2.3.6"}}, "must be an IPv4 address"),
    ({"firewall_rules": {"x": "2001:db8::1"}}, "must be an IPv4 address"),
    ({"firewall_rules": {"x": 7}}, "must be an IPv4 address"),
    ({"firewall_rules": {"x": "0.0.0.0"}}, "For the former set allow_azure_services"),
    ({"firewall_rules": {"x": "0.0.0.0/0"}}, "must not start at 0.0.0.0"),
    ({"firewall_rules": {"x": "0.0.0.0-255.255.255.255"}}, "must not start at 0.0.0.0"),
    ({"firewall_rules": {"x-": "203.0.113.7"}}, "\"firewall_rules\" has the key 'x-', but it must be 1 to 80"),
    ({"firewall_rules": {"a b": "203.0.113.7"}}, "must be 1 to 80"),
    ({"firewall_rules": {"a" * 81: "203.0.113.7"}}, "must be 1 to 80"),
    ({"private_endpoint_subnet_id": "subnet"}, "must be the resource id of a subnet"),
    ({**VNET, "delegated_subnet_id": "subnet"}, "must be the resource id of a subnet"),
    ({**VNET, "private_dns_zone_id": "zone"}, "must be the resource id of a private DNS zone"),
    ({**VNET, "private_dns_zone_id": f"{NETWORK}/privateDnsZones/example.com"}, "ends in .postgres.database.azure.com"),
    ({**VNET, "server_name": "backstage"}, "does not start with the server's name"),
    (
        {"private_endpoint_subnet_id": SUBNET, "private_dns_zone_id": ZONE},
        "must be the zone privatelink.postgres.database.azure.com",
    ),
    ({"plugin_division_mode": "databaze"}, "must be database or schema."),
    ({"plugin_division_mode": "schema", "database_name": "postgres"}, "not be one of Azure's own"),
    ({"plugin_division_mode": "schema", "database_name": "-x"}, "start with a letter or _"),
    ({"plugin_division_mode": "schema", "database_name": "x" * 64}, "must be 1 to 63"),
    ({"server_parameters": {"work mem": "1"}}, "must name a PostgreSQL parameter"),
    ({"server_parameters": {"require_secure_transport": "OFF"}}, "stays on because Backstage sends tokens"),
    ({"server_parameters": {"work_mem": ""}}, "must be the parameter's value as a non-empty string"),
    ({"tags": {"a/b": "x"}}, "must be 1 to 512 characters"),
    ({"tags": {"a": "x" * 257}}, "must be a string of at most 256 characters."),
    ({"location": "usgovvirginia"}, "must not be in a sovereign cloud. Backstage asks Microsoft Entra for tokens"),
    ({"location": "China East 2"}, "must not be in a sovereign cloud"),
    ({"private_endpoint_subnet_id": SUBNET, "private_endpoint_location": "x/y"}, "must name an Azure region"),
    ({"storage_tier": "P3"}, "must be P4, P6"),
    ({"storage_tier": "P4", "storage_gb": 128}, "must be P10 to P50 for this storage_gb."),
    ({"storage_tier": "P60", "storage_gb": 128}, "must be P10 to P50 for this storage_gb."),
    ({"storage_tier": "P50", "storage_gb": 8192}, "must be P60 to P80 for this storage_gb."),
    (
        {"storage_iops": 3000},
        "it is for storage_type PremiumV2_LRS. With Premium_LRS the operations come with storage_tier",
    ),
    ({"storage_throughput": 200}, "it is for storage_type PremiumV2_LRS. With Premium_LRS the throughput comes with"),
    ({"storage_gb": 100}, "A new server with storage_type PremiumV2_LRS takes any size."),
    ({"storage_type": "UltraSSD_LRS"}, "must be Premium_LRS or PremiumV2_LRS."),
    ({**PREMIUM_V2, "storage_gb": 31}, "from 32 to 65536"),
    ({**PREMIUM_V2, "storage_iops": 100}, "from 3000 to 80000"),
    ({**PREMIUM_V2, "storage_iops": 16001}, "must be at most 16000 for this storage_gb: 500 for each GiB."),
    ({**PREMIUM_V2, "storage_throughput": 100}, "from 125 to 1200"),
    ({**PREMIUM_V2, "storage_throughput": 751}, "must be at most 750, a quarter of storage_iops."),
    ({**PREMIUM_V2, "storage_tier": "P10"}, "must be left out with storage_type PremiumV2_LRS"),
    ({**PREMIUM_V2, "storage_auto_grow": True}, "must be false with storage_type PremiumV2_LRS"),
    ({**PREMIUM_V2, "sku_name": "Standard_B2s"}, "must be a Standard_D or Standard_E with storage_type PremiumV2_LRS"),
    ({**PREMIUM_V2, **ENCRYPTION}, "cannot be used with storage_type PremiumV2_LRS"),
    ({"availability_zone": "4"}, "must be 1, 2 or 3"),
    ({**MAINTENANCE, "maintenance_day": 0}, "from 1 to 7"),
    ({**MAINTENANCE, "maintenance_hour": 24}, "from 0 to 23"),
    ({**ENCRYPTION, "encryption_key_uri": "https://example.com/keys/k"}, "must be the URI of a key"),
    ({**ENCRYPTION, "encryption_identity_id": "key"}, "must be the resource id of a managed identity"),
    ({"log_analytics_workspace_id": "logs"}, "must be the resource id of a Log Analytics workspace"),
    ({"deletion_protection": "no"}, "must be true or false."),
    ({"use_default_credential": "no"}, "must be true or false."),
    ({**PODS, "kubernetes_service_account": "backstage"}, "\"kubernetes_service_account\" is 'backstage', but it must"),
    (
        {**PODS, "kubernetes_service_account": "portal/Backstage"},
        "must be namespace/name of a Kubernetes service account",
    ),
    ({**PODS, "kubernetes_service_account": "a.b/backstage"}, "must be namespace/name"),
    ({**PODS, "kubernetes_service_account": f"{'n' * 64}/backstage"}, "at most 63 and 253 characters."),
    ({**PODS, "kubernetes_service_account": f"portal/{'n' * 254}"}, "at most 63 and 253 characters."),
    ({**PODS, "kubernetes_service_account": "portal/back.-stage"}, "must be namespace/name"),
    ({**PODS, **OWN_IDENTITY, "admin_type": "Group"}, "Backstage connects as a Group of Microsoft Entra, and pods can"),
    ({**PODS, **OWN_IDENTITY, **USER, "user_type": "Group"}, "Backstage connects as a Group of Microsoft Entra"),
    (
        {**PODS, "kubernetes_oidc_issuers": {"blue": "http://example.com/"}},
        'argument "kubernetes_oidc_issuers", key "blue", is \'http://example.com/\', but it must be the OIDC issuer of',
    ),
    ({**PODS, "kubernetes_oidc_issuers": {"blue": "https://example.com/?a=b"}}, "https://… without ? and #"),
    ({**PODS, "kubernetes_oidc_issuers": {"blue": "https://example.com/#a"}}, "https://… without ? and #"),
    ({**PODS, "kubernetes_oidc_issuers": {"blue": f"https://example.com/{'a' * 581}"}}, "at most 600 characters"),
    ({**PODS, "kubernetes_oidc_issuers": {"blue": "https://example.com/a b"}}, "must be the OIDC issuer"),
    ({**PODS, "kubernetes_oidc_issuers": {"blue": "https://sts.windows.net/t/"}}, "does not exchange its own tokens."),
    (
        {**PODS, "kubernetes_oidc_issuers": {"a b": ISSUER}},
        "\"kubernetes_oidc_issuers\" has the key 'a b', but it must",
    ),
    ({**PODS, "kubernetes_oidc_issuers": {"c" * 56: ISSUER}}, "must be 1 to 55 of A-Z"),
    (
        {**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER, "green": ISSUER}},
        "has one issuer for 'blue' and 'green', but each cluster has its own.",
    ),
    ({**PODS, **OWN_IDENTITY, "identity_resource_id": "portal"}, "must be the resource id of a managed identity"),
]

WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"resource_group_name": None}, '"resource_group_name" is missing, and it has no default.'),
    ({"admin_name": "x"}, '"admin_object_id" is missing: admin_name, admin_object_id and admin_type describe one'),
    ({"admin_object_id": OBJECT, "admin_type": "User"}, '"admin_name" is missing'),
    (
        {**PRINCIPAL, "user": "x", "user_object_id": OBJECT},
        '"user_type" is missing: user, user_object_id and user_type',
    ),
    (USER, '"user" needs admin_name, admin_object_id and admin_type: an admin of yours must run bootstrap_sql.'),
    ({"client_id": CLIENT}, '"client_id" belongs to a principal of yours, so name it by admin_name'),
    ({**PRINCIPAL, "client_secret": "hunter2"}, '"client_secret" needs client_id'),
    (
        {**PRINCIPAL, "client_id": CLIENT, "use_default_credential": True},
        '"use_default_credential" leaves the client id',
    ),
    ({"admin_users": {"x": OBJECT}, "admin_groups": {"x": CLIENT}}, "\"admin_groups\" names 'x', as admin_users does"),
    ({**PRINCIPAL, "admin_users": {"backstage app": OTHER_ID}}, '"admin_users" has a name that admin_name has too'),
    ({**PRINCIPAL, "admin_users": {"jo": OBJECT.upper()}}, '"admin_users" has an object id that admin_object_id has'),
    ({**PRINCIPAL, **USER, "user_object_id": OBJECT}, '"user_object_id" has an object id that admin_object_id has too'),
    ({**PRINCIPAL, **USER, "admin_groups": {"backstage": OTHER_ID}}, '"admin_groups" has a name that user has too'),
    ({"admin_users": {"a": OTHER_ID, "b": OTHER_ID}}, '"admin_users" has an object id that admin_users has too'),
    ({"server_name": "srv", "admin_users": {"srv": OTHER_ID}}, '"admin_users" has a name that server_name has too'),
    ({"create_identity": True}, '"create_identity" needs admin_name'),
    ({**GROUP, "create_identity": True, **USER}, '"user" cannot be used with create_identity'),
    ({**GROUP, "create_identity": True, "client_id": CLIENT}, '"client_id" cannot be used with create_identity'),
    ({"maintenance_day": 1}, '"maintenance_hour" is missing: maintenance_day needs it.'),
    ({"maintenance_hour": 1}, '"maintenance_day" is missing: maintenance_hour needs it.'),
    ({"encryption_key_uri": KEY}, '"encryption_identity_id" is missing: encryption_key_uri needs it'),
    ({"encryption_identity_id": KEY_IDENTITY}, '"encryption_key_uri" is missing: encryption_identity_id needs it'),
    (
        {**ENCRYPTION, "geo_redundant_backup": True},
        "or geo_backup_encryption_key_uri and geo_backup_",
    ),
    (
        {**GEO_BACKUP},
        '"geo_backup_encryption_key_uri" is for backups in the paired region: it needs enc',
    ),
    ({**ENCRYPTION, **GEO_BACKUP, "geo_redundant_backup": None}, "it needs geo_redundant_backup"),
    ({"private_endpoint_location": "westeurope"}, '"private_endpoint_location" is for private_endpoint_subnet_id'),
    ({"private_endpoint_resource_group_name": "g"}, "is for private_endpoint_subnet_id"),
    ({"delete_lock": True, "deletion_protection": False}, '"delete_lock" needs deletion_protection'),
    ({**VNET, **REACHABLE}, '"firewall_rules" cannot be used with delegated_subnet_id'),
    ({**VNET, "allow_azure_services": True}, '"allow_azure_services" cannot be used with delegated_subnet_id'),
    ({**VNET, "private_endpoint_subnet_id": SUBNET}, '"private_endpoint_subnet_id" cannot be used with delegated'),
    ({"delegated_subnet_id": SUBNET}, '"private_dns_zone_id" is missing: delegated_subnet_id needs it'),
    ({"private_dns_zone_id": ZONE}, '"private_dns_zone_id" is for private_endpoint_subnet_id or delegated_subnet_id'),
    ({"database_name": "bs"}, '"database_name" is for plugin_division_mode schema'),
    (
        {"kubernetes_service_account": "portal/backstage"},
        '"kubernetes_oidc_issuers" is missing: kubernetes_service_account needs the OIDC issuer of each cluster',
    ),
    (
        {"kubernetes_oidc_issuers": {"blue": ISSUER}},
        '"kubernetes_oidc_issuers" is for kubernetes_service_account: set that too, or leave it out.',
    ),
    ({**OWN_IDENTITY}, '"identity_resource_id" is for kubernetes_service_account: set that too'),
    (
        {**PODS, "identity_resource_id": OWN_IDENTITY["identity_resource_id"]},
        '"identity_resource_id" is for an identity of yours, but one is created',
    ),
    (
        {**PODS, **GROUP, "create_identity": True, "identity_resource_id": OWN_IDENTITY["identity_resource_id"]},
        '"identity_resource_id" is for an identity of yours, but one is created',
    ),
    ({**PODS, **PRINCIPAL}, '"identity_resource_id" is missing: kubernetes_service_account needs identity_resource_id'),
    ({**PODS, **OWN_IDENTITY, "client_id": None}, '"client_id" is missing: kubernetes_service_account needs'),
    (
        {**PODS, **OWN_IDENTITY, "client_secret": "hunter2"},
        '"client_secret" cannot be used with kubernetes_service_acc',
    ),
    (
        {**PODS, "kubernetes_oidc_issuers": {f"c{number}": f"{ISSUER}{number}" for number in range(21)}},
        '"kubernetes_oidc_issuers" has 21 entries, but Azure allows 20 for an identity.',
    ),
    (
        {**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER, "Blue": f"{ISSUER}2"}},
        '"kubernetes_oidc_issuers" has two keys that differ only in capitals',
    ),
]


@pytest.mark.parametrize(("args", "message"), WRONG + WRONG_TOGETHER)
def test_a_wrong_argument_is_refused_before_anything_is_registered(args: dict[str, Any], message: str) -> None:
    def program() -> None:
        try:
            AzurePostgres("db", {"resource_group_name": "group", **args})  # pyright: ignore[reportArgumentType]
        except ArgumentError as error:
            refusals.append(str(error))

    refusals: list[str] = []
    results = run(program)
    (refusal,) = refusals
    assert results.resources == []
    assert refusal.startswith('AzurePostgres "db": argument ')
    assert message in refusal
    assert "hunter2" not in refusal, "a secret is never repeated"


@pytest.mark.parametrize(("args", "message"), {tuple(args): (args, message) for args, message in WRONG}.values())
def test_a_wrong_output_is_refused_with_the_same_words(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        create(**later(args))
    assert message in str(refused.value)


def test_principals_that_arrive_as_outputs_are_unique_too() -> None:
    with pytest.raises(ArgumentError, match='"admin_users" has an object id that admin_object_id has too'):
        create(**later({**PRINCIPAL, "admin_users": {"jo": OBJECT.upper()}}))


def test_an_unknown_principal_is_not_compared_and_hides_nobody_else() -> None:
    results = create(preview=True, **PRINCIPAL, admin_users={"jo": unknown, "mo": OTHER_ID})
    ids = {admin.name: admin.inputs.get("objectId") for admin in of_type(results, ADMIN)}
    assert (ids["db-admin"], ids["db-admin-mo"]) == (OBJECT, OTHER_ID)


def test_a_sovereign_cloud_in_the_providers_configuration_is_refused() -> None:
    for config in ({"azure-native:environment": "usgovernment"}, {"azure-native:location": "chinaeast2"}):
        with pytest.raises(ArgumentError, match="tokens of Azure's public cloud"):
            run(lambda: AzurePostgres("db", {"resource_group_name": "g"}) and None, config=config)


def test_a_contradiction_is_seen_although_its_values_are_not_known_yet() -> None:
    with pytest.raises(ArgumentError, match="cannot be used with delegated_subnet_id"):
        create(preview=True, delegated_subnet_id=unknown, private_dns_zone_id=unknown, **REACHABLE)


@pytest.mark.parametrize("nothing", [None, {}, False])
def test_none_and_empty_maps_count_as_left_out(nothing: Any) -> None:
    maps = (
        ("firewall_rules", "admin_users", "server_parameters", "tags") if nothing == {} else ("allow_azure_services",)
    )
    assert create(server_name="srv", **dict.fromkeys(maps, nothing)).outputs == create(server_name="srv").outputs
