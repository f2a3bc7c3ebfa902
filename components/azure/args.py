"""Arguments of AzurePostgres."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from typing_extensions import Required


class AzurePostgresArgs(TypedDict, total=False):
    """Inputs of AzurePostgres. Only the resource group is required."""

    resource_group_name: Required[pulumi.Input[str]]
    """Name of an existing resource group, which everything is created in."""

    location: pulumi.Input[str]
    """Azure region, such as westeurope. Default: the provider's `azure-native:location`, else the resource group's
    region. Changing it would replace the server; removing the argument moves nothing.
    """

    server_name: pulumi.Input[str]
    """Name of the server, which is the first part of its host name and must be unique in all of Azure: 3 to 63 of a-z,
    0-9 and single hyphens inside, without microsoft and windows, which Azure reserves. Default: the component's name
    and eight random hex digits, generated once and kept in the stack. Changing it would replace the server.
    """

    admin_name: pulumi.Input[str]
    """The server's Microsoft Entra admin, which Backstage connects as unless `user` is given: a user's principal name,
    or the display name of a group, service principal or managed identity; at most 63 bytes, case-sensitive. Default: a
    managed identity is created and is the admin. It becomes `connection.user`.
    """

    admin_object_id: pulumi.Input[str]
    """Object id of that principal, a GUID. For a service principal, it is the object id of the Enterprise application,
    never the client id. Required with `admin_name`.
    """

    admin_type: pulumi.Input[str]
    """What that principal is: User, Group or ServicePrincipal; a managed identity is a ServicePrincipal.
    Required with `admin_name`.
    """

    admin_users: Mapping[str, pulumi.Input[str]]
    """Additional admins that are people: user principal name → object id. Default: none."""

    admin_groups: Mapping[str, pulumi.Input[str]]
    """Additional admins that are groups: display name → object id. Members log in with the group's name. Default: none.
    """

    admin_service_principals: Mapping[str, pulumi.Input[str]]
    """Additional admins that are service principals or managed identities: display name → object id. Default: none."""

    create_identity: bool
    """Create a managed identity without admin rights that Backstage connects as, in addition to your admin in
    `admin_name`. That admin runs the output `bootstrap_sql` once to give it access. Default: false. Without
    `admin_name`, an identity is always created, and it is the admin.
    """

    user: pulumi.Input[str]
    """Name of a principal without admin rights that Backstage connects as, in the form of `admin_name`, which is then
    required. An admin runs the output `bootstrap_sql` once to give it access. Default: Backstage connects as the admin.
    It becomes `connection.user`.
    """

    user_object_id: pulumi.Input[str]
    """Object id of `user`, a GUID, as for `admin_object_id`."""

    user_type: pulumi.Input[str]
    """What `user` is: User, Group or ServicePrincipal."""

    tenant_id: pulumi.Input[str]
    """Microsoft Entra tenant, a GUID. Default: the created identity's tenant, else the one that Pulumi is logged in to.
    With `client_secret` it becomes `tokenCredential.tenantId`.
    """

    client_id: pulumi.Input[str]
    """Client id, a GUID, of the principal that Backstage connects as. It selects Managed Identity Credential. Default:
    the created identity's client id; with a principal of your own none, which selects Default Azure Credential. It
    becomes `tokenCredential.clientId`.
    """

    client_secret: pulumi.Input[str]
    """Secret of the service principal that Backstage connects as; always treated as a secret. With `client_id` it
    selects Client Secret Credential. Default: none. It becomes `tokenCredential.clientSecret`, and
    `${AZURE_CLIENT_SECRET}` in the environment form.
    """

    use_default_credential: bool
    """Leave the client id of the created identity, or of `identity_resource_id`, out of the block, so that Backstage
    uses Default Azure Credential, which finds AKS workload identity and a developer's own login. Default: false.
    """

    kubernetes_service_account: pulumi.Input[str]
    """Kubernetes service account that Backstage's pods run as, `namespace/name`. These pods log in as the managed
    identity, without a secret. Requires `kubernetes_oidc_issuers`. Default: none.
    """

    kubernetes_oidc_issuers: Mapping[str, pulumi.Input[str]]
    """Clusters in which that service account is trusted, at most 20: a name of your choice → the cluster's OIDC issuer,
    which `az aks show --query oidcIssuerProfile.issuerUrl` prints, with its slash at the end. A federated identity
    credential, named after server and cluster, is created for each. Default: none.
    """

    identity_resource_id: pulumi.Input[str]
    """Resource id of your managed identity that Backstage connects as, for `kubernetes_service_account`; requires
    `client_id`. Default: the created identity.
    """

    token_renewal_offset: Any
    """How long before its expiry a token is renewed: a string such as '4 minutes', '30 seconds' or PT4M, or a map such
    as { minutes: 3, seconds: 30 }. Default: none, which for Backstage means 5 minutes. A longer time causes outages,
    and a warning. It becomes `tokenCredential.tokenRenewalOffsetTime`, the documented key, and
    `tokenRenewableOffsetTime`, the one that Backstage reads."""

    version: pulumi.Input[str]
    """PostgreSQL major version, 14 to 18. Default: 17. Raising it upgrades in place; Azure refuses to lower it."""

    sku_name: pulumi.Input[str]
    """Compute size, by Azure's name; it decides the tier too. Default: Standard_D2ds_v5. For development Standard_B2s;
    Standard_B1ms has 35 connections, fewer than Backstage's plugins open.
    """

    storage_type: str
    """Kind of storage: Premium_LRS, whose performance comes with its size or `storage_tier`; or PremiumV2_LRS, Premium
    SSD v2, whose performance is set by `storage_iops` and `storage_throughput`. PremiumV2_LRS needs a Standard_D or
    Standard_E, does not grow by itself and cannot be encrypted with your own key. Default: Premium_LRS. It is fixed
    when the server is created.
    """

    storage_gb: pulumi.Input[float]
    """Storage in GiB: 32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384 or 32767; with PremiumV2_LRS any
    number from 32 to 65536. Default: 32. It never shrinks: Azure refuses a smaller number, and removing the
    argument. If Azure has grown the storage by itself, raise this to the new size.
    """

    storage_tier: pulumi.Input[str]
    """Performance tier of the storage, P4 to P80: at least the tier of its size, and at most P50, or P80 from 8192 GiB.
    For Premium_LRS. Default: the tier of its size. Higher tiers cost more, and Azure changes a tier once in 12 hours.
    """

    storage_iops: pulumi.Input[float]
    """Input and output operations per second, 3000 to 80000 and at most 500 for each GiB, within what `sku_name`
    allows. For PremiumV2_LRS. Default: the number that is free of charge, 3000, or 12000 from 400 GiB.
    """

    storage_throughput: pulumi.Input[float]
    """Throughput of the storage in MB/s, 125 to 1200 and at most a quarter of `storage_iops`. For PremiumV2_LRS.
    Default: the number that is free of charge, 125, or 500 from 400 GiB.
    """

    storage_auto_grow: pulumi.Input[bool]
    """Whether Azure grows the storage when it is nearly full. Default: true; false for PremiumV2_LRS, which Azure
    cannot grow.
    """

    backup_retention_days: pulumi.Input[float]
    """How many days backups are kept, 7 to 35. Default: 7."""

    geo_redundant_backup: pulumi.Input[bool]
    """Whether backups are also kept in the paired region. Default: false. It is fixed when the server is created;
    changing it would replace the server.
    """

    high_availability: pulumi.Input[str]
    """A standby server: Disabled, SameZone or ZoneRedundant. Default: Disabled. Burstable SKUs cannot have one."""

    availability_zone: pulumi.Input[str]
    """Availability zone in which the server is created: 1, 2 or 3. Default: Azure's choice. It only
    has an effect at creation: Azure may move the server later, and a change is ignored.
    """

    maintenance_day: pulumi.Input[float]
    """Day of the week on which Azure may restart the server for maintenance: 1, Monday, to 7, Sunday. Requires
    `maintenance_hour`. Default: Azure's choice, also after the argument is removed. Azure accepts it only for an
    existing server: the update that creates the server prints the command to set it.
    """

    maintenance_hour: pulumi.Input[float]
    """Hour in UTC, 0 to 23, at which maintenance starts. Requires `maintenance_day`. Default: Azure's choice."""

    encryption_key_uri: pulumi.Input[str]
    """URI of your own key in Key Vault that encrypts the server's data. Requires `encryption_identity_id`. Default: a
    key that Azure manages. Whether the key is yours or Azure's is fixed when the server is created.
    """

    encryption_identity_id: pulumi.Input[str]
    """Resource id of an existing managed identity that may get, wrap and unwrap with that key."""

    geo_backup_encryption_key_uri: pulumi.Input[str]
    """URI of your key for the backups in the paired region, in a vault of that region. Requires
    `geo_backup_encryption_identity_id`; needed when both `encryption_key_uri` and `geo_redundant_backup` are set.
    Default: none.
    """

    geo_backup_encryption_identity_id: pulumi.Input[str]
    """Resource id of the managed identity that may use that key; must differ from `encryption_identity_id`."""

    firewall_rules: Mapping[str, pulumi.Input[str]]
    """Addresses that may connect over the public address: name → IPv4 address, range `first-last` or CIDR block.
    Default: none, and public access is off.
    """

    allow_azure_services: bool
    """Allow connections from everything that runs in Azure, including other customers' machines. Default: false."""

    private_endpoint_subnet_id: pulumi.Input[str]
    """Resource id of a subnet in which the server gets a private endpoint. Default: none."""

    private_endpoint_resource_group_name: pulumi.Input[str]
    """Name of the resource group in which the private endpoint is created. Default: `resource_group_name`. Changing it
    replaces the endpoint.
    """

    private_endpoint_location: pulumi.Input[str]
    """Azure region of the private endpoint, which must be its virtual network's. Default: `location`. Changing it
    replaces the endpoint; removing the argument does not move it.
    """

    delegated_subnet_id: pulumi.Input[str]
    """Resource id of a subnet, delegated to Microsoft.DBforPostgreSQL/flexibleServers, in which the server itself is
    created (VNet integration). Needs `private_dns_zone_id`; excludes firewall rules and private endpoints. Azure cannot
    move an existing server in or out. Default: none.
    """

    private_dns_zone_id: pulumi.Input[str]
    """Resource id of the private DNS zone that resolves the server's name. With a private endpoint:
    privatelink.postgres.database.azure.com. With a delegated subnet: a zone whose name ends in
    .postgres.database.azure.com, linked to the network. Default: none.
    """

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: database, one database for each, which Backstage creates; or schema,
    one schema for each in a database that is created here. Default: database. It becomes `pluginDivisionMode`.
    """

    database_name: pulumi.Input[str]
    """Name of that one database, with `plugin_division_mode` schema. Default: backstage. Changing it would replace the
    database. It becomes `connection.database`.
    """

    server_parameters: Mapping[str, pulumi.Input[str]]
    """PostgreSQL settings: name → value, such as azure.extensions → PG_TRGM. One that needs a restart takes effect at
    the next restart. Default: none.
    """

    tags: Mapping[str, pulumi.Input[str]]
    """Azure tags of everything that can have them, at most 50. Default: none."""

    deletion_protection: bool
    """Refuse everything that would delete or replace the server or its database. Default: true. To delete the server:
    set it to false, then `pulumi up`, then `pulumi destroy`.
    """

    delete_lock: bool
    """Put a CanNotDelete lock on the server, which Azure enforces for everyone. `pulumi destroy` is then refused before
    it deletes anything, even with `--ignore-protect`. Default: false. Azure then also refuses to delete the server's
    admins, firewall rules and database: before you remove or replace one, run an update without `delete_lock`. Creating
    the lock needs the right to manage locks, which Owners have.
    """

    log_analytics_workspace_id: pulumi.Input[str]
    """Resource id of an existing Log Analytics workspace that gets all logs and metrics of the server. Default: none.
    """

    database_options: pulumi.Input[Mapping[str, Any]]
    """Keys to add to `backend.database`, in Backstage's own spelling: `prefix`, `schemaPrefix`, `ensureExists`,
    `ensureSchemaExists`, `knexConfig`, `keepalive`, `skipMigrations` and `plugin`, such as
    `{knexConfig: {pool: {max: 5}}}`. What the component decides (client, connection, role, pluginDivisionMode) cannot
    be changed with it. Default: none."""

    replicas: pulumi.Input[float]
    """Number of Backstage backends that use the database at once, 1 to 1000, with those that an update starts before it
    stops the old ones. `knexConfig.pool.max` is then as large as the connection limit of `sku_name` allows, at most 10,
    or the error says how many connections are too many. Default: none; each plugin's pool may grow to 10 connections.
    """

    plugin_count: pulumi.Input[float]
    """Number of plugins of each backend that use the database, 1 to 1000; for `replicas`. Default: 20."""
