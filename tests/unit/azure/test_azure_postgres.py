"""AzurePostgres: what it registers and what it hands back."""

import asyncio
import functools
import itertools
import shlex
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components import AzurePostgres
from components.azure import component
from components.azure.args import AzurePostgresArgs
from components.azure.component import bootstrap_sql, psql_command, wait_while_busy
from components.azure.validation import address_range
from components.backstage.duration import duration
from components.inputs import ArgumentError
from components.testing import LOGINS, MANAGED_IDENTITY, Run, run
from tests.unit.inputs import by_name, materialize, name_of, of_type, output, outputs, unknown, unknowns

COMPONENT = "backstage-database:index:AzurePostgres"
STASH = "pulumi:index:Stash"
SERVER = "azure-native:dbforpostgresql:Server"
ADMIN = "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra"
DATABASE = "azure-native:dbforpostgresql:Database"
RULE = "azure-native:dbforpostgresql:FirewallRule"
PARAMETER = "azure-native:dbforpostgresql:Configuration"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ENDPOINT = "azure-native:network:PrivateEndpoint"
DNS = "azure-native:network:PrivateDnsZoneGroup"

OBJECT, CLIENT, TENANT = (MANAGED_IDENTITY[key] for key in ("principalId", "clientId", "tenantId"))
LOGIN_TENANT = LOGINS["azure-native:authorization:getClientConfig"]["tenantId"]
USER_OBJECT = "00000000-0000-0000-0000-000000000003"
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/s"
PRIVATELINK = f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com"
ZONE = f"{NETWORK}/privateDnsZones/backstage.postgres.database.azure.com"

PRINCIPAL: dict[str, Any] = {"admin_name": "backstage app", "admin_object_id": OBJECT, "admin_type": "ServicePrincipal"}
USER: dict[str, Any] = {"user": "backstage", "user_object_id": USER_OBJECT, "user_type": "ServicePrincipal"}
REACHABLE: dict[str, Any] = {"firewall_rules": {"office": "203.0.113.7"}}
VNET: dict[str, Any] = {"delegated_subnet_id": SUBNET, "private_dns_zone_id": ZONE}


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = AzurePostgres("db", materialize({"resource_group_name": "group", **args}))
        return {name: getattr(database, name) for name in AzurePostgres.__annotations__}

    return run(program, preview=preview)


def connection(**args: Any) -> dict[str, Any]:
    return create(**args)["database_config"].value["connection"]


def server(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(SERVER).inputs)


# --- The block: identities


def test_without_an_identity_one_is_created_and_is_admin_and_the_blocks_managed_identity() -> None:
    results = create(server_name="db-1", **REACHABLE)
    assert results["database_config"].value == {
        "client": "pg",
        "connection": {
            "type": "azure",
            "host": "db-1.postgres.database.azure.com",
            "port": 5432,
            "user": "db-1",
            "ssl": {"rejectUnauthorized": True},
            "tokenCredential": {"clientId": CLIENT},
        },
    }
    assert results.resource(IDENTITY).inputs["resourceName"] == "db-1"
    admin = results.resource(ADMIN).inputs
    assert (admin["objectId"], admin["principalName"], admin["principalType"], admin["tenantId"]) == (
        OBJECT,
        "db-1",
        "ServicePrincipal",
        TENANT,
    )
    assert results["identity_id"].value == "db-identity-id"
    assert results["principal_id"].value == OBJECT


def test_the_created_identitys_client_id_can_be_left_out_for_workload_identity() -> None:
    results = create(use_default_credential=True)
    assert "tokenCredential" not in results["database_config"].value["connection"]
    assert results["client_id"].value == CLIENT, "which the service account's annotation needs"


def test_a_named_principal_selects_default_azure_credential() -> None:
    results = create(**PRINCIPAL)
    assert "tokenCredential" not in results["database_config"].value["connection"]
    assert results["user"].value == "backstage app"
    assert of_type(results, IDENTITY) == []
    assert results["identity_id"].value == results["client_id"].value == ""


def test_a_client_id_selects_managed_identity_credential() -> None:
    assert connection(**PRINCIPAL, client_id=CLIENT)["tokenCredential"] == {"clientId": CLIENT}


def test_a_client_secret_selects_client_secret_credential() -> None:
    credential = connection(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret", tenant_id=TENANT)["tokenCredential"]
    assert credential == {"tenantId": TENANT, "clientId": CLIENT, "clientSecret": "s3cret"}


def test_a_tenant_alone_stays_out_of_the_block_because_it_would_select_nothing() -> None:
    assert connection(**PRINCIPAL, client_id=CLIENT, tenant_id=TENANT)["tokenCredential"] == {"clientId": CLIENT}


def test_the_tenant_is_that_of_the_login_unless_it_is_given_or_the_identitys() -> None:
    assert server(**PRINCIPAL)["authConfig"]["tenantId"] == LOGIN_TENANT
    assert server()["authConfig"]["tenantId"] == TENANT
    assert server(**PRINCIPAL, tenant_id=USER_OBJECT)["authConfig"]["tenantId"] == USER_OBJECT


def test_a_principal_without_admin_rights_is_the_one_that_backstage_connects_as() -> None:
    results = create(**PRINCIPAL, **USER, client_id=CLIENT)
    assert results["user"].value == "backstage"
    assert results["principal_id"].value == USER_OBJECT
    assert [admin.inputs["principalName"] for admin in of_type(results, ADMIN)] == ["backstage app"]


# --- The block: secrets and the environment form


def test_without_a_client_secret_nothing_is_secret() -> None:
    assert {name for name, result in create(**REACHABLE).outputs.items() if result.secret} == set()


def test_exactly_the_outputs_that_hold_a_client_secret_are_secret() -> None:
    results = create(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret")
    holders = {name for name, result in results.outputs.items() if "s3cret" in str(result.value)}
    assert holders == {"database_config", "app_config", "environment"}
    assert {name for name, result in results.outputs.items() if result.secret} == holders


def test_in_the_environment_form_the_client_secret_is_a_variable_with_its_value_in_environment() -> None:
    results = create(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret", tenant_id=TENANT, server_name="srv")
    document = yaml.safe_load(results["app_config_from_env"].value)["backend"]["database"]["connection"]
    assert document["tokenCredential"] == {
        "tenantId": TENANT,
        "clientId": CLIENT,
        "clientSecret": "${AZURE_CLIENT_SECRET}",
    }
    assert results["environment"].value == {
        "POSTGRES_HOST": "srv.postgres.database.azure.com",
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "backstage app",
        "AZURE_CLIENT_SECRET": "s3cret",
    }


def test_a_client_secret_that_looks_like_a_variable_is_escaped_in_the_literal_form() -> None:
    document = create(**PRINCIPAL, client_id=CLIENT, client_secret="a${B}")["app_config"].value
    assert '"a$${B}"' in document


def test_whatever_else_the_caller_calls_secret_stays_so_in_the_environment_form() -> None:
    results = create(**PRINCIPAL, client_id=lambda: pulumi.Output.secret(CLIENT))
    assert results["app_config_from_env"].secret


# --- The block: token renewal

MINUTES = ["5 minutes", "5 mins", "5m", "300s", "PT5M", "PT4M60S", {"minutes": 3, "seconds": 30}, {"hours": 0.05}]


@pytest.mark.parametrize("offset", ["1d", "2 hours", "30 seconds", {"minutes": 3, "seconds": 30}])
def test_every_form_of_the_guide_appears_under_the_documented_key_and_the_one_that_is_read(offset: Any) -> None:
    credential = connection(token_renewal_offset=offset)["tokenCredential"]
    assert credential == {"clientId": CLIENT, "tokenRenewalOffsetTime": offset, "tokenRenewableOffsetTime": offset}


def test_an_offset_needs_no_client_id() -> None:
    credential = connection(**PRINCIPAL, token_renewal_offset="4m")["tokenCredential"]
    assert credential == {"tokenRenewalOffsetTime": "4m", "tokenRenewableOffsetTime": "4m"}


def test_a_map_that_came_over_the_wire_has_whole_numbers_again() -> None:
    assert duration({"minutes": 3.0, "seconds": 0.5}) == {"minutes": 3, "seconds": 0.5}


@pytest.mark.parametrize("offset", MINUTES)
def test_up_to_five_minutes_are_accepted_without_a_warning(offset: Any, caplog: pytest.LogCaptureFixture) -> None:
    create(token_renewal_offset=offset, **REACHABLE)
    assert caplog.messages == []


@pytest.mark.parametrize("offset", ["301s", "1d", "P1D", "PT5M0,5S", {"months": 1}, {"minutes": 5, "milliseconds": 1}])
def test_more_than_five_minutes_are_accepted_with_a_warning_that_says_why(
    offset: Any, caplog: pytest.LogCaptureFixture
) -> None:
    create(token_renewal_offset=output(offset), **REACHABLE)
    (warning,) = caplog.messages
    assert "more than 5 minutes" in warning
    assert "queries fail" in warning


@given(
    st.decimals(0, 10**6, places=2),
    st.sampled_from(["", " ", "  "]),
    st.sampled_from(["ms", "msecs", "Seconds", "sec", "s", "MINUTES", "mins", "m", "hours", "hrs", "h", "days", "d"]),
)
@example(5, " ", "weeks")
@example(5, "", "yrs")
def test_any_number_with_a_unit_is_a_length_of_time(number: Any, blanks: str, unit: str) -> None:
    assert duration(f" {number}{blanks}{unit} ") == f"{number}{blanks}{unit}"


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)))
def test_nothing_but_text_and_maps_is_a_length_of_time(value: Any) -> None:
    with pytest.raises(ValueError, match="must be a length of time that Backstage reads"):
        duration(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "rubbish", "300", "1.5", "-1m", "1 month", "1m 30s", "9" * 100 + "s", "٣ m"),
        *("P", "PT", "P-1D", "-P1D", "PT1M1", "p1d"),
        *({}, {"minute": 1}, {"minutes": "1"}, {"minutes": -1}, {"minutes": True}, {"minutes": float("nan")}),
    ],
)
def test_a_malformed_length_of_time_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r'argument "token_renewal_offset" is .* must be a length of time'):
        create(token_renewal_offset=value)


# --- The block: plugin division


def test_in_schema_mode_one_database_is_created_and_named_in_the_block() -> None:
    results = create(plugin_division_mode="schema", **PRINCIPAL)
    block = results["database_config"].value
    assert (block["pluginDivisionMode"], block["connection"]["database"]) == ("schema", "backstage")
    database = results.resource(DATABASE).inputs
    assert (database["databaseName"], database["charset"]) == ("backstage", "UTF8")
    assert create(plugin_division_mode="schema", database_name="bs").resource(DATABASE).inputs["databaseName"] == "bs"


def test_in_database_mode_backstage_creates_its_databases_itself() -> None:
    results = create()
    assert of_type(results, DATABASE) == []
    assert "pluginDivisionMode" not in results["database_config"].value
    assert "database" not in results["database_config"].value["connection"]


# --- The server


def test_the_server_knows_no_password_from_the_start() -> None:
    inputs = server(tenant_id=TENANT, **PRINCIPAL)
    assert inputs["authConfig"] == {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled", "tenantId": TENANT}
    assert not {"administratorLogin", "administratorLoginPassword"} & inputs.keys()


def test_the_defaults_are_a_small_server_that_carries_backstage() -> None:
    inputs = server()
    assert inputs["version"] == "17"
    assert inputs["sku"] == {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
    assert inputs["storage"] == {"storageSizeGB": 32, "autoGrow": "Enabled"}
    assert inputs["backup"] == {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"}
    assert inputs["highAvailability"]["mode"] == "Disabled"
    assert inputs["network"] == {"publicNetworkAccess": "Disabled"}
    assert "location" not in inputs, "which leaves it to the provider"


def test_every_setting_of_the_server_reaches_it() -> None:
    inputs = server(
        location="westeurope",
        version=16,
        sku_name="Standard_E4ds_v5",
        storage_gb=128.0,
        storage_auto_grow=False,
        backup_retention_days=35,
        geo_redundant_backup=True,
        high_availability="ZoneRedundant",
        tags={"team": "platform"},
    )
    assert (inputs["location"], inputs["version"], inputs["tags"]) == ("westeurope", "16", {"team": "platform"})
    assert inputs["sku"] == {"name": "Standard_E4ds_v5", "tier": "MemoryOptimized"}
    assert inputs["storage"] == {"storageSizeGB": 128, "autoGrow": "Disabled"}
    assert inputs["backup"] == {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"}
    assert inputs["highAvailability"]["mode"] == "ZoneRedundant"


@pytest.mark.parametrize(
    ("size", "tier"),
    [
        ("Standard_B1ms", "Burstable"),
        ("Standard_B20ms", "Burstable"),
        ("Standard_D2s_v3", "GeneralPurpose"),
        ("Standard_D64ads_v5", "GeneralPurpose"),
        ("Standard_DC2ads_v5", "GeneralPurpose"),
        ("Standard_E96ds_v5", "MemoryOptimized"),
        ("Standard_EC4ads_cc_v5", "MemoryOptimized"),
    ],
)
def test_the_tier_follows_from_the_size(size: str, tier: str) -> None:
    assert server(sku_name=size)["sku"] == {"name": size, "tier": tier}


def test_a_generated_server_name_starts_with_the_components_and_is_kept_in_the_stack() -> None:
    results = create()
    stash = next(resource for resource in of_type(results, STASH) if resource.name == "db-server-name")
    assert stash.options.ignoreChanges == ["input"]
    assert results.resource(SERVER).inputs["serverName"] == stash.inputs["input"] == results["server_name"].value
    assert results["server_name"].value.startswith("db-")
    assert create(server_name="mine").resource(SERVER).inputs["serverName"] == "mine"


def test_tags_reach_everything_that_can_have_them() -> None:
    results = create(tags={"team": "platform"}, private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK)
    tagged = {resource.type for resource in results.resources if resource.inputs.get("tags") == {"team": "platform"}}
    assert tagged == {SERVER, IDENTITY, ENDPOINT}


# --- Networks


def test_a_single_address_a_range_and_a_block_become_firewall_rules_and_open_public_access() -> None:
    results = create(
        firewall_rules={"one": "203.0.113.7", "range": "203.0.113.1-203.0.113.9", "block": "203.0.113.16/28"}
    )
    rules = {
        rule.inputs["firewallRuleName"]: (rule.inputs["startIpAddress"], rule.inputs["endIpAddress"])
        for rule in of_type(results, RULE)
    }
    assert rules == {
        "block": ("203.0.113.16", "203.0.113.31"),
        "one": ("203.0.113.7", "203.0.113.7"),
        "range": ("203.0.113.1", "203.0.113.9"),
    }
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}


def test_letting_in_azure_services_is_a_rule_of_its_own_and_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    results = create(allow_azure_services=True)
    rule = results.resource(RULE).inputs
    assert (rule["startIpAddress"], rule["endIpAddress"]) == ("0.0.0.0", "0.0.0.0")
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}
    (warning,) = caplog.messages
    assert "every machine in Azure, those of other customers too" in warning


def test_a_private_endpoint_leaves_the_public_address_closed_and_the_host_name_as_it_is() -> None:
    results = create(private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK, server_name="srv")
    endpoint = results.resource(ENDPOINT).inputs
    assert endpoint["subnet"]["id"] == SUBNET
    (link,) = endpoint["privateLinkServiceConnections"]
    assert (link["privateLinkServiceId"], link["groupIds"]) == ("db-server-id", ["postgresqlServer"])
    assert results.resource(DNS).inputs["privateDnsZoneConfigs"][0]["privateDnsZoneId"] == PRIVATELINK
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Disabled"}
    assert results["host"].value == "srv.postgres.database.azure.com"


def test_a_private_endpoint_without_a_zone_warns_that_names_must_be_resolved_elsewhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = create(private_endpoint_subnet_id=SUBNET)
    assert of_type(results, DNS) == []
    assert "resolves to its public address" in caplog.text


def test_a_private_endpoint_and_firewall_rules_go_together() -> None:
    results = create(private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK, **REACHABLE)
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}


def test_a_delegated_subnet_puts_the_server_inside_the_network(caplog: pytest.LogCaptureFixture) -> None:
    assert server(**VNET)["network"] == {"delegatedSubnetResourceId": SUBNET, "privateDnsZoneArmResourceId": ZONE}
    assert caplog.messages == []


def test_a_server_that_nobody_can_reach_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    create()
    (warning,) = caplog.messages
    assert warning.startswith('AzurePostgres "db": nobody can reach this server')
    assert "firewall_rules" in warning


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_any_two_addresses_in_order_are_a_range(one: Any, other: Any) -> None:
    first, last = sorted([one, other])
    if int(first) == 0:
        with pytest.raises(ValueError, match="allow_azure_services"):
            address_range(f"{first}-{last}")
    else:
        assert address_range(f"{first} - {last}") == (str(first), str(last))
        assert address_range(str(first)) == (str(first), str(first))


# --- Order and options

EVERYTHING: dict[str, Any] = {
    **PRINCIPAL,
    "plugin_division_mode": "schema",
    "admin_users": {"jo@example.com": USER_OBJECT},
    "admin_groups": {"DB Admins": "00000000-0000-0000-0000-000000000004"},
    "firewall_rules": {"b": "203.0.113.8", "a": "203.0.113.7"},
    "allow_azure_services": True,
    "server_parameters": {"work_mem": 8192, "azure.extensions": "PG_TRGM"},
    "private_endpoint_subnet_id": SUBNET,
    "private_dns_zone_id": PRIVATELINK,
}
ORDER = [
    "db-server",
    "db-admin",
    "db-database",
    "db-admin-DB Admins",
    "db-admin-jo@example.com",
    "db-rule-a",
    "db-rule-b",
    "db-rule-AllowAllAzureServicesAndResourcesWithinAzureIps",
    "db-parameter-azure.extensions",
    "db-parameter-work_mem",
    "db-private-endpoint",
    "db-private-dns",
    "db-deletion-protection",
]


@functools.cache
def everything() -> Run:
    return create(**EVERYTHING)


def test_each_child_waits_for_the_one_before_it_in_the_one_safe_order() -> None:
    resources = by_name(everything())
    for before, after in itertools.pairwise(ORDER):
        assert before in {name_of(urn) for urn in resources[after].options.dependencies}, f"{after} after {before}"


def test_the_order_does_not_depend_on_the_order_of_the_arguments() -> None:
    reversed_maps = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in EVERYTHING.items()
    }
    names = [[resource.name for resource in create(**args).resources] for args in (EVERYTHING, reversed_maps)]
    assert names[0] == names[1]


def test_what_azure_deletes_with_the_server_is_not_deleted_one_by_one() -> None:
    resources = by_name(everything())
    gone_with = {name: name_of(resource.options.deletedWith) for name, resource in resources.items()}
    children = [name for name in ORDER if name not in ("db-server", "db-private-endpoint", "db-private-dns")]
    assert {gone_with[name] for name in children if name != "db-deletion-protection"} == {"db-server"}
    assert gone_with["db-private-endpoint"] == "", "a resource beside the server, which outlives it"
    assert gone_with["db-private-dns"] == "db-private-endpoint"


@pytest.mark.parametrize("protection", [True, False])
def test_server_database_and_guard_are_protected_by_one_switch_and_nothing_else(protection: bool) -> None:
    results = create(**EVERYTHING, **({} if protection else {"deletion_protection": False}))
    protected = {resource.name for resource in results.resources if resource.options.protect}
    assert protected == ({"db-server", "db-database", "db-deletion-protection"} if protection else set())


def test_zones_are_azures_business() -> None:
    ignored = create().resource(SERVER).options.ignoreChanges
    assert list(ignored) == ["availabilityZone", "highAvailability.standbyAvailabilityZone"]


def test_an_admin_whose_name_type_or_tenant_changes_is_deleted_and_added_again() -> None:
    for admin in of_type(everything(), ADMIN):
        assert list(admin.options.replaceOnChanges) == ["principalName", "principalType", "tenantId"]
        assert admin.options.deleteBeforeReplace


def test_the_retry_hook_is_bound_to_everything_that_works_on_the_server() -> None:
    resources = by_name(everything())
    hooks = {name: list(resources[name].options.hooks.on_error) for name in ORDER if name != "db-deletion-protection"}
    assert set(map(tuple, hooks.values())) == {("AzurePostgres db: wait while the server is busy",)}


def test_every_child_belongs_to_the_component_and_takes_its_group() -> None:
    results = everything()
    children = [resource for resource in results.resources if resource.type != COMPONENT]
    assert {name_of(child.options.parent) for child in children} == {"db"}
    assert {child.inputs["resourceGroupName"] for child in children if child.type != STASH} == {"group"}


def test_parameters_are_set_as_the_users_own() -> None:
    settings = [parameter.inputs for parameter in of_type(everything(), PARAMETER)]
    assert [(setting["configurationName"], setting["value"], setting["source"]) for setting in settings] == [
        ("azure.extensions", "PG_TRGM", "user-override"),
        ("work_mem", "8192", "user-override"),
    ]


# --- Waiting while the server is busy


def failure(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs("urn", "", "db-admin", ADMIN, failed_operation="create", errors=list(errors))


def tries_again(*errors: str) -> bool:
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        owner = cast(Any, SimpleNamespace(urn=pulumi.Output.from_input("urn:pulumi:dev::p::t$AzurePostgres::db")))
        return loop.run_until_complete(wait_while_busy(owner, failure(*errors)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


BUSY = 'Status=409 Code="ServerIsBusy" Message="Server db is busy with other operations. Please try later."'


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "BUSY_RETRY_DELAY_SECONDS", 0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "error",
    [
        BUSY,
        'Code="ServerBusy" Message="The server is busy processing another operation."',
        'Code="AadAuthOperationCannotBePerformedWhenServerIsNotAccessible" Message="…"',
    ],
)
def test_a_busy_server_is_tried_again(error: str) -> None:
    assert tries_again(error)


@pytest.mark.parametrize(
    "error",
    [
        'Status=400 Code="InvalidParameterValue" Message="Invalid value given for parameter sku"',
        'Status=403 Code="AuthorizationFailed" Message="…"',
        "cannot create already existing resource '/subscriptions/…'",
        f"1 error occurred:\n\t* polling failed: {BUSY}",
        "",
    ],
)
def test_nothing_else_is_tried_again_least_of_all_what_exists_already(error: str) -> None:
    assert not tries_again(error)


def test_what_exists_already_is_named_with_the_command_that_takes_it_over(caplog: pytest.LogCaptureFixture) -> None:
    run(lambda: None)
    assert not tries_again("cannot create already existing resource '/subscriptions/s/administrators/1'")
    assert caplog.messages[0].endswith(
        f"pulumi import {ADMIN} db-admin /subscriptions/s/administrators/1 "
        "--parent 'component=urn:pulumi:dev::p::t$AzurePostgres::db' --protect=false --generate-code=false\n"
        "pulumi refresh --clear-pending-creates"
    )


@pytest.mark.usefixtures("no_waiting")
def test_only_the_newest_error_counts_and_patience_ends_after_twenty_tries() -> None:
    assert not tries_again("something else", BUSY)
    assert tries_again(*[BUSY] * 20)
    assert not tries_again(*[BUSY] * 21)


# --- Logging in as a person, and least privilege


def test_the_psql_line_is_for_a_person_if_one_is_an_admin() -> None:
    line = create(server_name="srv", admin_groups={"DB Admins": USER_OBJECT})["psql_command"].value
    assert line == (
        'PGPASSWORD="$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)" '
        "psql 'host=srv.postgres.database.azure.com port=5432 dbname=postgres user='\"'\"'DB Admins'\"'\"' "
        "sslmode=verify-full sslrootcert=system'"
    )
    assert " user=srv " in create(server_name="srv")["psql_command"].value


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@example('it\'s \\ $HOME `id` "x"')
def test_any_name_survives_the_shell_and_libpq(user: str) -> None:
    assert conninfo_to_dict(shlex.split(psql_command("srv", user))[-1])["user"] == user


def test_in_database_mode_the_user_gets_the_right_to_create_databases() -> None:
    assert create(**PRINCIPAL, **USER)["bootstrap_sql"].value == (
        "-- Run once as an admin, on the database postgres.\n"
        f"SELECT * FROM pgaadauth_create_principal_with_oid('backstage', '{USER_OBJECT}', 'service', false, false);\n"
        'ALTER ROLE "backstage" CREATEDB;\n'
    )


def test_in_schema_mode_the_user_gets_the_right_to_create_schemas() -> None:
    sql = create(**PRINCIPAL, **USER, plugin_division_mode="schema")["bootstrap_sql"].value
    assert sql.endswith('GRANT CONNECT, CREATE ON DATABASE "backstage" TO "backstage";\n')


def test_names_are_quoted_in_the_sql() -> None:
    sql = bootstrap_sql("database", "backstage", "o'neil\"; --\\", OBJECT, "User")
    assert "(E'o''neil\"; --\\\\', " in sql
    assert 'ALTER ROLE "o\'neil""; --\\" CREATEDB;' in sql


def test_without_such_a_user_there_is_nothing_to_run() -> None:
    assert create()["bootstrap_sql"].value == "-- Nothing to run: Backstage connects as the server's admin.\n"


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
    ],
)
def test_choices_that_work_badly_are_warned_about(
    args: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    create(**args, **REACHABLE)
    assert warning in caplog.text


# --- Outputs


def test_all_outputs_are_registered_in_camel_case() -> None:
    results = create()
    registered = next(outputs for urn, outputs in results.component_outputs.items() if COMPONENT in urn)
    names = {"".join(part.title() if i else part for i, part in enumerate(n.split("_"))) for n in results.outputs}
    assert set(registered) == names


def test_in_a_first_preview_nothing_claims_that_the_database_is_there() -> None:
    results = create(preview=True)
    assert {name for name, result in results.outputs.items() if result.known} == {"bootstrap_sql"}


SETS: dict[str, dict[str, Any]] = {
    "identity": {"tenant_id": TENANT, "use_default_credential": True, "token_renewal_offset": "4m"},
    "principal": {**PRINCIPAL, **USER, "client_id": CLIENT, "client_secret": "s3cret", "tenant_id": TENANT},
    "admins": {
        "admin_users": {"jo@example.com": OBJECT},
        "admin_groups": {"DB Admins": CLIENT},
        "admin_service_principals": {"ci": USER_OBJECT},
    },
    "server": {
        "resource_group_name": "group",
        "location": "westeurope",
        "server_name": "srv",
        "version": "16",
        "sku_name": "Standard_E2ds_v5",
        "storage_gb": 64,
        "storage_auto_grow": False,
        "backup_retention_days": 14,
        "geo_redundant_backup": True,
        "high_availability": "SameZone",
        "server_parameters": {"work_mem": "8192"},
        "tags": {"team": "platform"},
        "deletion_protection": False,
    },
    "public": {**REACHABLE, "allow_azure_services": True},
    "endpoint": {"private_endpoint_subnet_id": SUBNET, "private_dns_zone_id": PRIVATELINK},
    "vnet": VNET,
    "schema": {"plugin_division_mode": "schema", "database_name": "bs"},
}
"""Arguments that go together; between them, all."""

PLAIN = {"use_default_credential", "allow_azure_services", "plugin_division_mode", "deletion_protection"}


later = functools.partial(outputs, plain=PLAIN, single_value={"token_renewal_offset"})
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value={"token_renewal_offset"})


def test_the_sets_cover_every_argument() -> None:
    assert {argument for args in SETS.values() for argument in args} == set(AzurePostgresArgs.__annotations__)


@pytest.mark.parametrize("args", SETS.values(), ids=SETS)
def test_an_output_does_what_its_plain_value_does(args: dict[str, Any]) -> None:
    fixed = {"server_name": "srv", **args}
    from_plain, from_outputs = create(**fixed), create(**later(fixed))
    assert {name: result.value for name, result in from_outputs.outputs.items()} == {
        name: result.value for name, result in from_plain.outputs.items()
    }
    assert [(r.name, r.inputs) for r in from_outputs.resources] == [(r.name, r.inputs) for r in from_plain.resources]


@pytest.mark.parametrize("args", SETS.values(), ids=SETS)
def test_a_preview_survives_unknowns(args: dict[str, Any]) -> None:
    results = create(preview=True, **not_known_yet(args))
    assert not results["app_config"].known


@pytest.mark.parametrize("argument", sorted(PLAIN))
def test_what_decides_what_is_created_cannot_be_an_output(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a plain value, not an Output, because it decides'):
        create(preview=False, **{argument: unknown})


@pytest.mark.parametrize("argument", ["admin_users", "firewall_rules", "server_parameters", "tags"])
def test_the_keys_of_a_map_cannot_be_outputs(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a map with plain keys'):
        create(preview=False, **{argument: unknown})


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
    ({**PRINCIPAL, "client_id": CLIENT, "client_secret": ""}, '"client_secret" must be text and not empty.'),
    ({**PRINCIPAL, "client_id": CLIENT, "client_secret": "hunter2 "}, '"client_secret" must have no blanks around it'),
    ({"token_renewal_offset": "soon"}, "\"token_renewal_offset\" is 'soon', but it must be a length of time"),
    ({"version": "13"}, "\"version\" is '13', but it must be a major version that Azure supports, 14 to 18."),
    ({"version": "17.2"}, "must be a major version"),
    ({"sku_name": "GP_Standard_D2ds_v5"}, "such as Standard_D2ds_v5. The prefix B_, GP_ or MO_ is Terraform's."),
    ({"sku_name": "D2ds_v5"}, "must be Azure's name of a B, D or E size"),
    ({"storage_gb": 33}, '"storage_gb" is 33, but it must be one of Azure\'s disk sizes in GiB: 32, 64, 128'),
    ({"storage_gb": True}, "must be one of Azure's disk sizes"),
    ({"storage_auto_grow": "yes"}, "\"storage_auto_grow\" is 'yes', but it must be true or false."),
    ({"backup_retention_days": 6}, "must be a whole number from 7 to 35."),
    ({"backup_retention_days": 36}, "must be a whole number from 7 to 35."),
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
    ({"server_parameters": {"work_mem": ""}}, "must be the parameter's value as text and not empty"),
    ({"server_parameters": {"jit": False}}, "must be the parameter's value as text"),
    ({"tags": {"a/b": "x"}}, "must be 1 to 512 characters"),
    ({"tags": {"a": "x" * 257}}, "must be text of at most 256 characters."),
    ({"deletion_protection": "no"}, "must be true or false."),
    ({"use_default_credential": "no"}, "must be true or false."),
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
    ({"admin_users": {"x": OBJECT}, "admin_groups": {"x": CLIENT}}, "\"admin_groups\" names 'x', as another admin is"),
    ({**VNET, **REACHABLE}, '"firewall_rules" cannot be used with delegated_subnet_id'),
    ({**VNET, "allow_azure_services": True}, '"allow_azure_services" cannot be used with delegated_subnet_id'),
    ({**VNET, "private_endpoint_subnet_id": SUBNET}, '"private_endpoint_subnet_id" cannot be used with delegated'),
    ({"delegated_subnet_id": SUBNET}, '"private_dns_zone_id" is missing: delegated_subnet_id needs it'),
    ({"private_dns_zone_id": ZONE}, '"private_dns_zone_id" is for private_endpoint_subnet_id or delegated_subnet_id'),
    ({"database_name": "bs"}, '"database_name" is for plugin_division_mode schema'),
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


def test_a_contradiction_is_seen_although_its_values_are_not_known_yet() -> None:
    with pytest.raises(ArgumentError, match="cannot be used with delegated_subnet_id"):
        create(preview=True, delegated_subnet_id=unknown, private_dns_zone_id=unknown, **REACHABLE)


@pytest.mark.parametrize("name", ["Backstage", "back_stage", "a--b", "x" * 55])
def test_a_component_whose_name_cannot_start_a_servers_says_so(name: str) -> None:
    def program() -> None:
        AzurePostgres(name, {"resource_group_name": "group", **given_name})  # pyright: ignore[reportArgumentType]

    given_name: dict[str, str] = {}
    with pytest.raises(ArgumentError, match="none can be made from the component's name"):
        run(program)
    given_name = {"server_name": "srv"}
    run(program)


def test_a_mistyped_argument_is_refused_with_the_right_name() -> None:
    with pytest.raises(ArgumentError, match=r'unknown argument "firewall_rule"\. Did you mean "firewall_rules"\?'):
        create(firewall_rule={})


@pytest.mark.parametrize("nothing", [None, {}, False])
def test_none_and_empty_maps_count_as_left_out(nothing: Any) -> None:
    maps = (
        ("firewall_rules", "admin_users", "server_parameters", "tags") if nothing == {} else ("allow_azure_services",)
    )
    assert create(server_name="srv", **dict.fromkeys(maps, nothing)).outputs == create(server_name="srv").outputs
