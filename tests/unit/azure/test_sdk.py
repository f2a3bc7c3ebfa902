"""What AzurePostgres and the azure stack use of pulumi-azure-native, by name: an update that renames it fails here."""

import inspect
import re
import sys
from typing import Any

import pulumi_azure_native as azure_native
import pytest

from tests.engine.simulated_azure import RULES

from .cases import ENCRYPTION, MAINTENANCE, PODS, PRINCIPAL, VNET, create, everything

postgresql = azure_native.dbforpostgresql

# Class: its REST API version and the arguments that we pass.
CLASSES: dict[type, tuple[str, set[str]]] = {
    azure_native.resources.ResourceGroup: ("2024-03-01", {"location"}),
    azure_native.managedidentity.UserAssignedIdentity: (
        "2023-01-31",
        {"resource_group_name", "location", "resource_name_", "tags"},
    ),
    azure_native.managedidentity.FederatedIdentityCredential: (
        "2023-01-31",
        {
            *("resource_group_name", "resource_name_", "federated_identity_credential_resource_name"),
            *("issuer", "subject", "audiences"),
        },
    ),
    postgresql.Server: (
        "2025-08-01",
        {
            *("resource_group_name", "location", "server_name", "version", "sku", "storage", "backup", "tags"),
            *("high_availability", "auth_config", "network", "availability_zone"),
            *("maintenance_window", "identity", "data_encryption"),
        },
    ),
    postgresql.AdministratorsMicrosoftEntra: (
        "2025-08-01",
        {"resource_group_name", "server_name", "object_id", "principal_name", "principal_type", "tenant_id"},
    ),
    postgresql.Database: (
        "2025-08-01",
        {"resource_group_name", "server_name", "database_name", "charset", "collation"},
    ),
    postgresql.FirewallRule: (
        "2025-08-01",
        {"resource_group_name", "server_name", "firewall_rule_name", "start_ip_address", "end_ip_address"},
    ),
    postgresql.Configuration: (
        "2025-08-01",
        {"resource_group_name", "server_name", "configuration_name", "value", "source"},
    ),
    azure_native.network.PrivateEndpoint: (
        "2024-05-01",
        {
            *("resource_group_name", "location", "private_endpoint_name", "subnet", "tags"),
            "private_link_service_connections",
        },
    ),
    azure_native.authorization.ManagementLockByScope: ("2020-05-01", {"scope", "lock_name", "level", "notes"}),
    azure_native.monitor.DiagnosticSetting: (
        "2021-05-01-preview",
        {"resource_uri", "name", "workspace_id", "logs", "metrics"},
    ),
    azure_native.network.PrivateDnsZoneGroup: (
        "2024-05-01",
        {"resource_group_name", "private_endpoint_name", "private_dns_zone_group_name", "private_dns_zone_configs"},
    ),
}

# Nested inputs, and the property names that each has for the provider.
NESTED: dict[type, dict[str, str]] = {
    postgresql.SkuArgs: {"name": "name", "tier": "tier"},
    postgresql.StorageArgs: {
        "storage_size_gb": "storageSizeGB",
        "auto_grow": "autoGrow",
        "tier": "tier",
        "type": "type",
        "iops": "iops",
        "throughput": "throughput",
    },
    postgresql.MaintenanceWindowArgs: {
        "custom_window": "customWindow",
        "day_of_week": "dayOfWeek",
        "start_hour": "startHour",
        "start_minute": "startMinute",
    },
    postgresql.UserAssignedIdentityArgs: {"type": "type", "user_assigned_identities": "userAssignedIdentities"},
    postgresql.DataEncryptionArgs: {
        "type": "type",
        "primary_key_uri": "primaryKeyURI",
        "primary_user_assigned_identity_id": "primaryUserAssignedIdentityId",
        "geo_backup_key_uri": "geoBackupKeyURI",
        "geo_backup_user_assigned_identity_id": "geoBackupUserAssignedIdentityId",
    },
    azure_native.monitor.DiagnosticsLogSettingsArgs: {"category_group": "categoryGroup", "enabled": "enabled"},
    azure_native.monitor.DiagnosticsMetricSettingsArgs: {"category": "category", "enabled": "enabled"},
    postgresql.BackupArgs: {
        "backup_retention_days": "backupRetentionDays",
        "geo_redundant_backup": "geoRedundantBackup",
    },
    postgresql.HighAvailabilityArgs: {"mode": "mode", "standby_availability_zone": "standbyAvailabilityZone"},
    postgresql.AuthConfigArgs: {
        "active_directory_auth": "activeDirectoryAuth",
        "password_auth": "passwordAuth",
        "tenant_id": "tenantId",
    },
    postgresql.NetworkArgs: {
        "delegated_subnet_resource_id": "delegatedSubnetResourceId",
        "private_dns_zone_arm_resource_id": "privateDnsZoneArmResourceId",
        "public_network_access": "publicNetworkAccess",
    },
    azure_native.network.SubnetArgs: {"id": "id"},
    azure_native.network.PrivateLinkServiceConnectionArgs: {
        "name": "name",
        "private_link_service_id": "privateLinkServiceId",
        "group_ids": "groupIds",
    },
    azure_native.network.PrivateDnsZoneConfigArgs: {"name": "name", "private_dns_zone_id": "privateDnsZoneId"},
}

OUTPUTS: dict[type, set[str]] = {
    azure_native.resources.ResourceGroup: {"name"},
    azure_native.managedidentity.UserAssignedIdentity: {"name", "principal_id", "client_id", "tenant_id"},
    postgresql.Server: {"name", "fully_qualified_domain_name"},
    azure_native.network.PrivateEndpoint: {"name"},
}


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    constructor = getattr(cls, "_internal_init", cls.__init__)
    return dict(inspect.signature(constructor).parameters)


def camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join({"utc": "UTC"}.get(part, part.title()) for part in rest)


def token(cls: type) -> str:
    module, name = re.fullmatch(r"pulumi_azure_native\.(\w+)\..*", cls.__module__), cls.__name__
    assert module
    return f"azure-native:{module[1]}:{name}"


@pytest.mark.parametrize("cls", CLASSES, ids=token)
def test_a_class_has_the_arguments_and_the_api_version_that_we_use(cls: type) -> None:
    version, arguments = CLASSES[cls]
    assert arguments - parameters(cls).keys() == set()
    assert f"Uses Azure REST API version {version}." in inspect.getsource(sys.modules[cls.__module__])


@pytest.mark.parametrize("cls", NESTED, ids=lambda cls: cls.__name__)
def test_a_nested_input_has_the_fields_that_we_use(cls: Any) -> None:
    names = {name: getattr(cls, name).fget._pulumi_name for name in NESTED[cls]}
    assert names == NESTED[cls]
    assert NESTED[cls].keys() - parameters(cls).keys() == set()


@pytest.mark.parametrize("cls", OUTPUTS, ids=token)
def test_a_class_has_the_outputs_that_we_use(cls: type) -> None:
    assert [name for name in OUTPUTS[cls] if not hasattr(cls, name)] == []


def test_a_login_has_a_tenant_and_a_subscription() -> None:
    assert hasattr(azure_native.authorization, "get_client_config_output")
    assert hasattr(azure_native.authorization.GetClientConfigResult, "tenant_id")
    assert hasattr(azure_native.authorization.GetClientConfigResult, "subscription_id")


def test_nothing_is_used_that_is_not_named_here() -> None:
    used: dict[str, set[str]] = {}
    others: list[dict[str, Any]] = [
        {**ENCRYPTION, **MAINTENANCE, "availability_zone": "1"},
        {"tags": {"a": "b"}, "location": "westeurope"},
        {**PRINCIPAL, **VNET},
        PODS,
    ]
    for results in (everything(), *(create(**args) for args in others)):
        for resource in results.resources:
            used.setdefault(resource.type, set()).update(resource.inputs)
    named = {token(cls): {camel(argument) for argument in arguments} for cls, (_, arguments) in CLASSES.items()}
    for type_, inputs in used.items():
        if type_.startswith("azure-native:"):
            assert inputs - named[type_] == set(), type_
    assert named.keys() - used.keys() == {"azure-native:resources:ResourceGroup"}, "which the root program creates"


def test_the_sdks_unsafe_defaults_are_why_all_authentication_fields_are_set() -> None:
    defaults = postgresql.AuthConfigArgs()
    assert defaults.password_auth == "Enabled"
    assert not defaults.tenant_id


@pytest.mark.parametrize("cls", CLASSES, ids=token)
def test_the_simulated_provider_knows_exactly_the_sdks_arguments(cls: type) -> None:
    own = {"self", "__self__", "resource_name", "opts", "__props__"}
    assert RULES[token(cls)].writable == {camel(name) for name in parameters(cls).keys() - own}
