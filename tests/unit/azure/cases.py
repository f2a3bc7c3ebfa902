"""Sets of arguments for AzurePostgres, the names of what it creates, and `create`, which runs it under mocks."""

import functools
from typing import Any

from components import AzurePostgres
from components.testing import LOGINS, MANAGED_IDENTITY, Run, run
from tests.blocks import seen
from tests.unit.inputs import materialize, outputs, unknowns

COMPONENT = "backstage-database:index:AzurePostgres"
STASH = "pulumi:index:Stash"
SERVER = "azure-native:dbforpostgresql:Server"
ADMIN = "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra"
DATABASE = "azure-native:dbforpostgresql:Database"
RULE = "azure-native:dbforpostgresql:FirewallRule"
PARAMETER = "azure-native:dbforpostgresql:Configuration"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
ENDPOINT = "azure-native:network:PrivateEndpoint"
LOCK = "azure-native:authorization:ManagementLockByScope"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
DNS = "azure-native:network:PrivateDnsZoneGroup"

OBJECT, CLIENT, TENANT = (MANAGED_IDENTITY[key] for key in ("principalId", "clientId", "tenantId"))
LOGIN_TENANT = LOGINS["azure-native:authorization:getClientConfig"]["tenantId"]
USER_OBJECT = "00000000-0000-0000-0000-000000000003"
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/s"
PRIVATELINK = f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com"
ZONE = f"{NETWORK}/privateDnsZones/backstage.postgres.database.azure.com"

GROUP_ID = "00000000-0000-0000-0000-000000000004"
OTHER_ID = "00000000-0000-0000-0000-000000000005"
PROVIDERS = "/subscriptions/s/resourceGroups/g/providers"
KEY_IDENTITY = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/key"
WORKSPACE = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/logs"
KEY = "https://vault.vault.azure.net/keys/backstage/0123456789abcdef0123456789abcdef"

PRINCIPAL: dict[str, Any] = {"admin_name": "backstage app", "admin_object_id": OBJECT, "admin_type": "ServicePrincipal"}
GROUP: dict[str, Any] = {"admin_name": "DB Admins", "admin_object_id": GROUP_ID, "admin_type": "Group"}
ENCRYPTION: dict[str, Any] = {"encryption_key_uri": KEY, "encryption_identity_id": KEY_IDENTITY}
GEO_BACKUP: dict[str, Any] = {
    "geo_redundant_backup": True,
    "geo_backup_encryption_key_uri": KEY.replace("vault.", "paired.", 1),
    "geo_backup_encryption_identity_id": f"{KEY_IDENTITY}-paired",
}
PREMIUM_V2: dict[str, Any] = {"storage_type": "PremiumV2_LRS"}
MAINTENANCE: dict[str, Any] = {"maintenance_day": 7, "maintenance_hour": 3}
ISSUER = "https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000002/cluster/"
PODS: dict[str, Any] = {
    "kubernetes_service_account": "portal/backstage",
    "kubernetes_oidc_issuers": {"blue": ISSUER},
}
OWN_IDENTITY: dict[str, Any] = {
    **PRINCIPAL,
    "client_id": CLIENT,
    "identity_resource_id": "/subscriptions/s/resourceGroups/people/providers/Microsoft.ManagedIdentity/"
    "userAssignedIdentities/portal",
}
USER: dict[str, Any] = {"user": "backstage", "user_object_id": USER_OBJECT, "user_type": "ServicePrincipal"}
REACHABLE: dict[str, Any] = {"firewall_rules": {"office": "203.0.113.7"}}
VNET: dict[str, Any] = {"delegated_subnet_id": SUBNET, "private_dns_zone_id": ZONE}


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = AzurePostgres("db", materialize({"resource_group_name": "group", **args}))
        return {name: getattr(database, name) for name in AzurePostgres.__annotations__}

    return run(program, preview=preview)


def connection(**args: Any) -> dict[str, Any]:
    return seen(create(**args)["database_config"].value["connection"])


def server(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(SERVER).inputs)


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
    "log_analytics_workspace_id": WORKSPACE,
    "delete_lock": True,
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
    "db-diagnostics",
    "db-delete-lock",
    "db-deletion-protection",
]


@functools.cache
def everything() -> Run:
    return create(**EVERYTHING)


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
    "pods": {**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER, "green": f"{ISSUER}2/"}},
    "pods of an own identity": {**OWN_IDENTITY, **PODS},
    "created user": {**GROUP, "create_identity": True, "tenant_id": TENANT},
    "encryption": {**ENCRYPTION, **GEO_BACKUP},
    "operations": {
        **MAINTENANCE,
        "storage_tier": "P20",
        "availability_zone": "2",
        "delete_lock": True,
        "log_analytics_workspace_id": WORKSPACE,
    },
    "premium v2": {**PREMIUM_V2, "storage_gb": 100, "storage_iops": 6000, "storage_throughput": 300},
    "hub": {
        "private_endpoint_subnet_id": SUBNET,
        "private_dns_zone_id": PRIVATELINK,
        "private_endpoint_resource_group_name": "hub",
        "private_endpoint_location": "northeurope",
    },
    "replicas": {"database_options": {"keepalive": True}, "replicas": 2, "plugin_count": 8},
    "public": {**REACHABLE, "allow_azure_services": True},
    "endpoint": {"private_endpoint_subnet_id": SUBNET, "private_dns_zone_id": PRIVATELINK},
    "vnet": VNET,
    "schema": {"plugin_division_mode": "schema", "database_name": "bs"},
}
"""Arguments that go together; between them, all."""

PLAIN = {
    *("use_default_credential", "allow_azure_services", "plugin_division_mode", "deletion_protection"),
    *("create_identity", "delete_lock", "storage_type"),
}


SINGLE_VALUE = {"token_renewal_offset", "database_options"}
later = functools.partial(outputs, plain=PLAIN, single_value=SINGLE_VALUE)
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value=SINGLE_VALUE)
