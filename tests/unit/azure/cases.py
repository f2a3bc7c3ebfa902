"""Sets of arguments for AzurePostgres, the names of what it creates, and `create`, which runs it under mocks."""

import functools
from typing import Any

from components import AzurePostgres
from components.testing import LOGINS, MANAGED_IDENTITY, Run, run
from tests.blocks import seen
from tests.unit.inputs import materialize, outputs, unknowns

# The arguments without a default.
LEAST: dict[str, Any] = {"resource_group_name": "group"}
# Arguments without which something random is generated.
FIXED: dict[str, Any] = {"server_name": "srv"}

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
        database = AzurePostgres("db", materialize({**LEAST, **args}))
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


# Arguments that go together. Each argument is in at least one set.
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

PLAIN = {
    *("use_default_credential", "allow_azure_services", "plugin_division_mode", "deletion_protection"),
    *("create_identity", "delete_lock", "storage_type"),
}


SINGLE_VALUE = {"token_renewal_offset", "database_options"}
later = functools.partial(outputs, plain=PLAIN, single_value=SINGLE_VALUE)
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value=SINGLE_VALUE)

# Wrong arguments, and what the message says.
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
    ({"server_name": "my-microsoft-db"}, "must not contain microsoft, which Azure reserves."),
    ({"server_name": "windows"}, "must not contain windows"),
    ({"server_name": "login-db"}, "must not start with login"),
    ({"server_name": "dotnet"}, "must be another name, because Azure reserves this one."),
    ({**PRINCIPAL, "admin_name": ""}, "\"admin_name\" is '', but it must be the principal's name, 1 to 63 bytes"),
    ({**PRINCIPAL, "admin_name": "é" * 32}, "1 to 63 bytes"),
    ({**PRINCIPAL, "admin_name": "DB Admins "}, "must be one line, without whitespace around it, which Backstage"),
    ({**PRINCIPAL, "admin_name": "DB\nAdmins"}, "must be one line"),
    ({"admin_groups": {"\u00a0DB Admins": GROUP_ID}}, "must be one line"),
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
    ({**PRINCIPAL, "client_id": OBJECT}, "must not be the same as the object id"),
    ({**PRINCIPAL, "client_id": CLIENT, "admin_type": "User"}, "must be left out for a User"),
    ({**PRINCIPAL, **USER, "client_id": USER_OBJECT}, "must not be the same as the object id"),
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
    ({"firewall_rules": {"x": "0.0.0.0"}}, "To allow all of Azure set allow_azure_services"),
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
    ({"tags": {"Azure.owner": "x"}}, "must not start with microsoft, azure or windows, which Azure reserves"),
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
        "it is for storage_type PremiumV2_LRS. With Premium_LRS, storage_tier decides the operations",
    ),
    (
        {"storage_throughput": 200},
        "it is for storage_type PremiumV2_LRS. With Premium_LRS, storage_tier decides the throughput",
    ),
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
    ({**PODS, **OWN_IDENTITY, "admin_type": "Group"}, "Backstage connects as a Group of Microsoft Entra, but pods can"),
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

# Arguments that are wrong together.
WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"resource_group_name": None}, '"resource_group_name" is missing, and it has no default.'),
    ({"admin_name": "x"}, '"admin_object_id" is missing: admin_name, admin_object_id and admin_type describe one'),
    ({"admin_object_id": OBJECT, "admin_type": "User"}, '"admin_name" is missing'),
    (
        {**PRINCIPAL, "user": "x", "user_object_id": OBJECT},
        '"user_type" is missing: user, user_object_id and user_type',
    ),
    (USER, '"user" needs admin_name, admin_object_id and admin_type: your own admin must run bootstrap_sql.'),
    ({"client_id": CLIENT}, '"client_id" belongs to your own principal, so name it by admin_name'),
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
        '"identity_resource_id" is for your own identity, but one is created',
    ),
    (
        {**PODS, **GROUP, "create_identity": True, "identity_resource_id": OWN_IDENTITY["identity_resource_id"]},
        '"identity_resource_id" is for your own identity, but one is created',
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
    ({"firewall_rules": {"office": "203.0.113.7", "Office": "203.0.113.8"}}, "two keys that differ only in capitals"),
    ({"server_parameters": {"work_mem": "8MB", "Work_Mem": "4MB"}}, "two keys that differ only in capitals"),
    ({"tags": {"team": "portal", "Team": "portal"}}, "two keys that differ only in capitals"),
    (
        {"tags": {f"t{number}": "" for number in range(51)}},
        '"tags" has 51 entries, but Azure allows 50 for a resource.',
    ),
    (
        {
            "firewall_rules": {"allowAllAzureServicesAndResourcesWithinAzureIps": "203.0.113.7"},
            "allow_azure_services": True,
        },
        "which allow_azure_services takes",
    ),
]
