"""What CloudSqlPostgres uses of pulumi-gcp, by name: an update that renames it fails here."""

import functools
import inspect
from typing import Any

import pulumi_gcp as gcp
import pytest

from components.testing import Run
from tests.engine.cloud_sql_schemas import RULES
from tests.unit.cases import run_of

from .cases import PRIVATE, PSC, SETS, TEAM, create

sql = gcp.sql

# Class: the arguments that we pass.
CLASSES: dict[type, set[str]] = {
    gcp.serviceaccount.Account: {"account_id", "display_name", "project"},
    sql.DatabaseInstance: {
        *("name", "project", "region", "database_version", "settings", "deletion_protection", "encryption_key_name"),
    },
    sql.Database: {"name", "instance", "project", "deletion_policy"},
    sql.User: {"name", "type", "database_roles", "instance", "project"},
    gcp.projects.IAMMember: {"project", "role", "member", "condition"},
    gcp.serviceaccount.IAMMember: {"service_account_id", "role", "member"},
}

SETTINGS = sql.DatabaseInstanceSettingsArgs
BACKUPS = sql.DatabaseInstanceSettingsBackupConfigurationArgs
ADDRESSES = sql.DatabaseInstanceSettingsIpConfigurationArgs
PSC_CONFIG = sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs
# Nested input: the fields that we pass, and the provider's names for them.
NESTED: dict[type, dict[str, str]] = {
    SETTINGS: {
        "tier": "tier",
        "edition": "edition",
        "availability_type": "availabilityType",
        "disk_size": "diskSize",
        "connector_enforcement": "connectorEnforcement",
        "database_flags": "databaseFlags",
        "backup_configuration": "backupConfiguration",
        "ip_configuration": "ipConfiguration",
        "maintenance_window": "maintenanceWindow",
        "user_labels": "userLabels",
        "location_preference": "locationPreference",
        "disk_type": "diskType",
        "disk_autoresize_limit": "diskAutoresizeLimit",
        "retain_backups_on_delete": "retainBackupsOnDelete",
        "final_backup_config": "finalBackupConfig",
        "insights_config": "insightsConfig",
        "deny_maintenance_period": "denyMaintenancePeriod",
        "deletion_protection_enabled": "deletionProtectionEnabled",
    },
    sql.DatabaseInstanceSettingsDatabaseFlagArgs: {"name": "name", "value": "value"},
    BACKUPS: {
        "enabled": "enabled",
        "point_in_time_recovery_enabled": "pointInTimeRecoveryEnabled",
        "start_time": "startTime",
        "location": "location",
        "transaction_log_retention_days": "transactionLogRetentionDays",
        "backup_retention_settings": "backupRetentionSettings",
    },
    sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs: {"retained_backups": "retainedBackups"},
    sql.DatabaseInstanceSettingsMaintenanceWindowArgs: {"day": "day", "hour": "hour", "update_track": "updateTrack"},
    ADDRESSES: {
        "ipv4_enabled": "ipv4Enabled",
        "private_network": "privateNetwork",
        "allocated_ip_range": "allocatedIpRange",
        "psc_configs": "pscConfigs",
        "ssl_mode": "sslMode",
    },
    PSC_CONFIG: {
        "psc_enabled": "pscEnabled",
        "allowed_consumer_projects": "allowedConsumerProjects",
        "psc_auto_connections": "pscAutoConnections",
        "psc_auto_dns_enabled": "pscAutoDnsEnabled",
        "psc_auto_connection_policy_enabled": "pscAutoConnectionPolicyEnabled",
    },
    sql.DatabaseInstanceSettingsIpConfigurationPscConfigPscAutoConnectionArgs: {
        "consumer_network": "consumerNetwork",
        "consumer_service_project_id": "consumerServiceProjectId",
    },
    sql.DatabaseInstanceSettingsLocationPreferenceArgs: {"zone": "zone", "secondary_zone": "secondaryZone"},
    sql.DatabaseInstanceSettingsFinalBackupConfigArgs: {"enabled": "enabled", "retention_days": "retentionDays"},
    sql.DatabaseInstanceSettingsInsightsConfigArgs: {"query_insights_enabled": "queryInsightsEnabled"},
    sql.DatabaseInstanceSettingsDenyMaintenancePeriodArgs: {
        "start_date": "startDate",
        "end_date": "endDate",
        "time": "time",
    },
    gcp.projects.IAMMemberConditionArgs: {"title": "title", "expression": "expression"},
}

OUTPUTS: dict[type, set[str]] = {
    gcp.serviceaccount.Account: {"email", "account_id", "project"},
    sql.DatabaseInstance: {
        *("name", "settings", "public_ip_address", "private_ip_address", "dns_name", "psc_service_attachment_link"),
        *("service_account_email_address", "self_link"),
    },
    sql.Database: {"name"},
}

TOKENS = {
    gcp.serviceaccount.Account: "gcp:serviceaccount/account:Account",
    sql.DatabaseInstance: "gcp:sql/databaseInstance:DatabaseInstance",
    sql.Database: "gcp:sql/database:Database",
    sql.User: "gcp:sql/user:User",
    gcp.projects.IAMMember: "gcp:projects/iAMMember:IAMMember",
    gcp.serviceaccount.IAMMember: "gcp:serviceaccount/iAMMember:IAMMember",
}


def name(cls: type) -> str:
    return cls.__name__


def parameters(cls: type) -> set[str]:
    return set(inspect.signature(getattr(cls, "_internal_init", cls.__init__)).parameters)


def camel_case(argument: str) -> str:
    first, *rest = argument.split("_")
    return first + "".join(part.title() for part in rest)


@pytest.mark.parametrize("cls", CLASSES, ids=name)
def test_a_class_has_the_arguments_that_we_use(cls: type) -> None:
    assert CLASSES[cls] - parameters(cls) == set()


@pytest.mark.parametrize("cls", NESTED, ids=name)
def test_a_nested_input_has_the_fields_that_we_use(cls: Any) -> None:
    assert {field: getattr(cls, field).fget._pulumi_name for field in NESTED[cls]} == NESTED[cls]


@pytest.mark.parametrize("cls", OUTPUTS, ids=name)
def test_a_class_has_the_outputs_that_we_use(cls: type) -> None:
    assert [output for output in OUTPUTS[cls] if not hasattr(cls, output)] == []


def test_a_provider_has_a_project_and_a_region() -> None:
    assert hasattr(gcp.organizations, "get_client_config_output")
    assert hasattr(gcp.organizations.GetClientConfigResult, "project")
    assert hasattr(gcp.organizations.GetClientConfigResult, "region")


# Where the simulated provider knows a nested input: its class.
BLOCKS: dict[str, type] = {
    "settings": SETTINGS,
    "settings.databaseFlags": sql.DatabaseInstanceSettingsDatabaseFlagArgs,
    "settings.backupConfiguration": BACKUPS,
    "settings.backupConfiguration.backupRetentionSettings": (
        sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs
    ),
    "settings.ipConfiguration": ADDRESSES,
    "settings.ipConfiguration.authorizedNetworks": sql.DatabaseInstanceSettingsIpConfigurationAuthorizedNetworkArgs,
    "settings.ipConfiguration.pscConfigs": PSC_CONFIG,
    "settings.ipConfiguration.pscConfigs.pscAutoConnections": (
        sql.DatabaseInstanceSettingsIpConfigurationPscConfigPscAutoConnectionArgs
    ),
    "settings.maintenanceWindow": sql.DatabaseInstanceSettingsMaintenanceWindowArgs,
    "settings.locationPreference": sql.DatabaseInstanceSettingsLocationPreferenceArgs,
    "settings.finalBackupConfig": sql.DatabaseInstanceSettingsFinalBackupConfigArgs,
    "settings.insightsConfig": sql.DatabaseInstanceSettingsInsightsConfigArgs,
    "settings.denyMaintenancePeriod": sql.DatabaseInstanceSettingsDenyMaintenancePeriodArgs,
    "condition": gcp.projects.IAMMemberConditionArgs,
}

OWN = {"self", "__self__", "resource_name", "opts", "__props__"}


@pytest.mark.parametrize("cls", CLASSES, ids=name)
def test_the_simulated_provider_knows_exactly_the_sdks_arguments(cls: type) -> None:
    rules = RULES[TOKENS[cls]]
    assert rules.inputs == {camel_case(argument) for argument in parameters(cls) - OWN}
    assert rules.blocks == {
        path: {camel_case(argument) for argument in parameters(BLOCKS[path]) - OWN} for path in rules.blocks
    }


@functools.cache
def results() -> list[Run]:
    """Creates the component from all sets of arguments, and from some arguments alone."""
    return [*(run_of("CloudSqlPostgres", name) for name in SETS), *(create(**args) for args in (TEAM, PRIVATE, PSC))]


def used_by_type() -> dict[str, set[str]]:
    """Returns, by type, every input that any set of arguments makes the component pass."""
    used: dict[str, set[str]] = {}
    for run in results():
        for resource in run.resources:
            used.setdefault(resource.type, set()).update(resource.inputs)
    return used


def test_nothing_is_used_that_is_not_named_here() -> None:
    used = {type_: inputs for type_, inputs in used_by_type().items() if type_.startswith("gcp:")}
    assert used == {TOKENS[cls]: set(map(camel_case, arguments)) for cls, arguments in CLASSES.items()}


def test_no_nested_field_is_used_that_is_not_named_here() -> None:
    inputs = [run.resource(TOKENS[sql.DatabaseInstance]).inputs for run in results()]
    used = {field for one in inputs for field in fields(one["settings"])} - {"team"}  # a label's own key
    named = {
        cls: set(names.values()) for cls, names in NESTED.items() if cls is not gcp.projects.IAMMemberConditionArgs
    }
    assert used == set().union(*named.values())


def fields(value: Any) -> set[str]:
    """Returns the names of all fields at any depth."""
    if isinstance(value, dict):
        return value.keys() | set().union(*map(fields, value.values()))
    return set().union(*map(fields, value)) if isinstance(value, list) else set()
