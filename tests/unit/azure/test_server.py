"""What is created, with which settings, in which order."""

import itertools

import pytest

from components.azure.validators import sku_tier
from tests.unit.inputs import by_name, name_of, of_type

from .cases import (
    ADMIN,
    DATABASE,
    ENDPOINT,
    EVERYTHING,
    IDENTITY,
    ORDER,
    PARAMETER,
    PRINCIPAL,
    PRIVATELINK,
    SERVER,
    SUBNET,
    TENANT,
    create,
    everything,
    server,
)

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
    assert results["database_config"].value["pluginDivisionMode"] == "database"
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
    assert inputs["storage"] == {"storageSizeGB": 32, "autoGrow": "Enabled", "tier": "P4"}
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
    assert inputs["storage"] == {"storageSizeGB": 128, "autoGrow": "Disabled", "tier": "P10"}
    assert inputs["backup"] == {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"}
    assert inputs["highAvailability"]["mode"] == "ZoneRedundant"


@pytest.mark.parametrize(
    ("size", "iops", "throughput"), [(32, 3000, 125), (399, 3000, 125), (400, 12000, 500), (65536, 12000, 500)]
)
def test_premium_ssd_v2_has_the_performance_that_is_free_of_charge(size: int, iops: int, throughput: int) -> None:
    storage = server(storage_type="PremiumV2_LRS", storage_gb=size)["storage"]
    performance = {"iops": iops, "throughput": throughput}
    assert storage == {"type": "PremiumV2_LRS", "storageSizeGB": size, "autoGrow": "Disabled", **performance}


def test_without_an_argument_azure_chooses_the_maintenance_window() -> None:
    window = {"customWindow": "Disabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0}
    assert server()["maintenanceWindow"] == window


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
    assert sku_tier(size) == tier


def test_tags_reach_everything_that_can_have_them() -> None:
    results = create(tags={"team": "platform"}, private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK)
    tagged = {resource.type for resource in results.resources if resource.inputs.get("tags") == {"team": "platform"}}
    assert tagged == {SERVER, IDENTITY, ENDPOINT}


# --- Order and options


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
    outlives = ("db-server", "db-private-endpoint", "db-private-dns", "db-diagnostics")
    children = [name for name in ORDER if name not in outlives]
    assert {gone_with[name] for name in children if name != "db-deletion-protection"} == {"db-server"}
    assert gone_with["db-private-endpoint"] == "", "a resource next to the server, which outlives it"
    assert gone_with["db-diagnostics"] == "", "Azure would apply it to a new server of the same name"
    assert gone_with["db-private-dns"] == "db-private-endpoint"


def test_zones_are_left_to_azure() -> None:
    ignored = create().resource(SERVER).options.ignoreChanges
    assert list(ignored) == ["availabilityZone", "highAvailability.standbyAvailabilityZone"]


def test_an_admin_whose_name_type_or_tenant_changes_is_deleted_and_added_again() -> None:
    for admin in of_type(everything(), ADMIN):
        assert list(admin.options.replaceOnChanges) == ["principalName", "principalType", "tenantId"]
        assert admin.options.deleteBeforeReplace


def test_parameters_are_set_as_the_users_own() -> None:
    settings = [parameter.inputs for parameter in of_type(everything(), PARAMETER)]
    assert [(setting["configurationName"], setting["value"], setting["source"]) for setting in settings] == [
        ("azure.extensions", "PG_TRGM", "user-override"),
        ("work_mem", "8192", "user-override"),
    ]
