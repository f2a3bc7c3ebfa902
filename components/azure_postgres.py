"""Azure Database for PostgreSQL flexible server with Microsoft Entra authentication: no password anywhere."""

import functools
import re
import secrets
import shlex
from collections.abc import Mapping
from typing import Any, Optional, TypedDict

import pulumi
from pulumi_azure_native import authorization, dbforpostgresql, managedidentity, network
from typing_extensions import Required

from . import azure_rules as rules
from . import backstage, retries
from .arguments import Arguments, one_of, setting_value, true_or_false, whole_number
from .duration import duration
from .outputs import outputs
from .stash import deletion_guard, kept

PORT = 5432

# azurerm#19953, Azure/azure-postgresql#134 and #127: what the service answers while it is still at work on a server.
BUSY_CODES = ("ServerIsBusy", "ServerBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible")
BUSY_TRIES = 20
BUSY_WAIT_SECONDS = 15

# The service refuses to change a principal in place, and its old and new form have the same id.
REPLACED = {
    "delete_before_replace": True,
    "replace_on_changes": ["principalName", "principalType", "tenantId"],
}


class AzurePostgresArgs(TypedDict, total=False):
    """Arguments of AzurePostgres. Only the resource group is required."""

    resource_group_name: Required[pulumi.Input[str]]
    """Name of an existing resource group, which everything is created in."""

    location: pulumi.Input[str]
    """Azure region, such as westeurope. Default: the provider's `azure-native:location`, else the resource group's region. Changing it would replace the server."""

    server_name: pulumi.Input[str]
    """Name of the server, the first part of its host name, so unique in all of Azure: 3 to 63 of a-z, 0-9 and single hyphens inside. Default: the component's name and eight random hex digits, generated once and kept in the stack. Changing it would replace the server."""

    admin_name: pulumi.Input[str]
    """The server's Microsoft Entra admin, which Backstage connects as unless `user` is given: a user's principal name, or the display name of a group, service principal or managed identity, at most 63 bytes, capitals matter. Default: a managed identity is created and is the admin. It becomes `connection.user`."""

    admin_object_id: pulumi.Input[str]
    """Object id of that principal, a GUID; for a service principal the one of the Enterprise application, never the client id. With `admin_name`."""

    admin_type: pulumi.Input[str]
    """What that principal is: User, Group or ServicePrincipal; a managed identity is a ServicePrincipal. With `admin_name`."""

    admin_users: Mapping[str, pulumi.Input[str]]
    """More admins that are people: user principal name → object id. Default: none."""

    admin_groups: Mapping[str, pulumi.Input[str]]
    """More admins that are groups: display name → object id. Members log in under the group's name. Default: none."""

    admin_service_principals: Mapping[str, pulumi.Input[str]]
    """More admins that are service principals or managed identities: display name → object id. Default: none."""

    user: pulumi.Input[str]
    """A principal without admin rights that Backstage connects as, named like `admin_name`, which must then be given. An admin runs the output `bootstrap_sql` once to let it in. Default: Backstage connects as the admin. It becomes `connection.user`."""

    user_object_id: pulumi.Input[str]
    """Object id of `user`, a GUID, as for `admin_object_id`."""

    user_type: pulumi.Input[str]
    """What `user` is: User, Group or ServicePrincipal."""

    tenant_id: pulumi.Input[str]
    """Microsoft Entra tenant, a GUID. Default: the created identity's, else the one that Pulumi is logged in to. With `client_secret` it becomes `tokenCredential.tenantId`."""

    client_id: pulumi.Input[str]
    """Client id, a GUID, of the principal that Backstage connects as: it selects Managed Identity Credential. Default: the created identity's; with a principal of your own none, which selects Default Azure Credential. It becomes `tokenCredential.clientId`."""

    client_secret: pulumi.Input[str]
    """Secret of the service principal that Backstage connects as; always treated as a secret. With `client_id` it selects Client Secret Credential. Default: none. It becomes `tokenCredential.clientSecret`, and `${AZURE_CLIENT_SECRET}` in the environment form."""

    use_default_credential: bool
    """Leave the created identity's client id out of the block, so that Backstage uses Default Azure Credential, which finds AKS workload identity and a developer's own login. Default: false."""

    token_renewal_offset: Any
    """How long before its end a token is renewed: text such as '4 minutes', '30 seconds' or PT4M, or a map such as { minutes: 3, seconds: 30 }. Default: none, which Backstage takes for 5 minutes; more than that causes outages and is warned about. It becomes `tokenCredential.tokenRenewalOffsetTime`, the documented key, and `tokenRenewableOffsetTime`, the one that Backstage reads."""

    version: pulumi.Input[str]
    """PostgreSQL major version, 14 to 18. Default: 17. Raising it upgrades in place; Azure refuses to lower it."""

    sku_name: pulumi.Input[str]
    """Compute size by Azure's name; the tier follows from it. Default: Standard_D2ds_v5. For development Standard_B2s; Standard_B1ms has 35 connections, fewer than Backstage's plugins open."""

    storage_gb: pulumi.Input[float]
    """Storage in GiB: 32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384 or 32767. Default: 32. It only grows; where Azure has grown it by itself, raise this to the new size."""

    storage_auto_grow: pulumi.Input[bool]
    """Whether Azure grows the storage when it is nearly full. Default: true."""

    backup_retention_days: pulumi.Input[float]
    """How many days backups are kept, 7 to 35. Default: 7."""

    geo_redundant_backup: pulumi.Input[bool]
    """Whether backups are also kept in the paired region. Default: false. It is fixed when the server is created; changing it would replace the server."""

    high_availability: pulumi.Input[str]
    """A standby server: Disabled, SameZone or ZoneRedundant. Default: Disabled. Burstable SKUs cannot have one."""

    firewall_rules: Mapping[str, pulumi.Input[str]]
    """Who may connect over the public address: name → IPv4 address, range `first-last` or CIDR block. Default: nobody, and public access is off."""

    allow_azure_services: bool
    """Let in everything that runs in Azure, other customers' machines too. Default: false."""

    private_endpoint_subnet_id: pulumi.Input[str]
    """Resource id of a subnet in which the server gets a private endpoint. Default: none."""

    delegated_subnet_id: pulumi.Input[str]
    """Resource id of a subnet, delegated to Microsoft.DBforPostgreSQL/flexibleServers, that the server itself is put into (VNet integration). Needs `private_dns_zone_id`; excludes firewall rules and private endpoints. Azure cannot move an existing server in or out. Default: none."""

    private_dns_zone_id: pulumi.Input[str]
    """Resource id of the private DNS zone that resolves the server's name. With a private endpoint: privatelink.postgres.database.azure.com. With a delegated subnet: a zone whose name ends in .postgres.database.azure.com, linked to the network. Default: none."""

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: database, one database for each, which Backstage creates; or schema, one schema for each in a database that is created here. Default: database. It becomes `pluginDivisionMode`."""

    database_name: pulumi.Input[str]
    """Name of that one database, with `plugin_division_mode` schema. Default: backstage. It becomes `connection.database`."""

    server_parameters: Mapping[str, pulumi.Input[str]]
    """PostgreSQL settings: name → value, such as azure.extensions → PG_TRGM. One that needs a restart takes effect at the next restart. Default: none."""

    tags: Mapping[str, pulumi.Input[str]]
    """Azure tags of everything that can have them. Default: none."""

    deletion_protection: bool
    """Refuse whatever would delete or replace the server or its database. Default: true. To take it down: set it to false, `pulumi up`, `pulumi destroy`."""


class AzurePostgres(pulumi.ComponentResource):
    """An Azure Database for PostgreSQL flexible server that knows no passwords, and the block that logs in to it.

    `pulumi up` ends when admins and network rules are in place. Raises ArgumentError for a wrong argument, before
    anything is created where its value is known by then.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Secret only with `client_secret`."""

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Secret only with `client_secret`."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}`, `${POSTGRES_USER}` and, with `client_secret`, `${AZURE_CLIENT_SECRET}`. Not secret; may be committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those variables and their values. Secret only with `client_secret`."""

    host: pulumi.Output[str]
    """The server's full name, which its certificate carries, on a private network too."""

    port: pulumi.Output[int]
    """The port to connect to at `host`: 5432."""

    user: pulumi.Output[str]
    """The PostgreSQL role that Backstage logs in as: its principal's name."""

    server_id: pulumi.Output[str]
    """Resource id of the server."""

    server_name: pulumi.Output[str]
    """Name of the server, given or generated."""

    principal_id: pulumi.Output[str]
    """Object id of the principal that Backstage connects as."""

    client_id: pulumi.Output[str]
    """Client id of that principal, also when the block leaves it out; empty when it is not known here."""

    identity_id: pulumi.Output[str]
    """Resource id of the created managed identity, to attach to the machine that runs Backstage; empty when none is created."""

    psql_command: pulumi.Output[str]
    """A shell line that logs in to the server as an admin, with the token of `az login`. Needs psql 16 or newer."""

    bootstrap_sql: pulumi.Output[str]
    """SQL that an admin runs once on the database postgres, to let in `user` with no more rights than Backstage needs."""

    def __init__(self, name: str, args: AzurePostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        arguments = Arguments("AzurePostgres", name, args, AzurePostgresArgs)
        rules.check_principals(arguments)
        rules.check_network(arguments)
        group = arguments.require("resource_group_name", rules.resource_group_name)
        location = arguments.get("location", rules.region)
        tags = arguments.each("tags", rules.tag_name, rules.tag_value) or None
        place = {"resource_group_name": group, "location": location, "tags": tags}
        server_name = arguments.get("server_name", rules.server_name)
        admin = rules.admin(arguments)
        more_admins = rules.further_admins(arguments)
        user = rules.user(arguments)
        tenant_id = arguments.get("tenant_id", rules.guid)
        client_id = rules.client_id(arguments)
        client_secret = arguments.get("client_secret", rules.secret_text, secret=True)
        use_default_credential = arguments.plain("use_default_credential", true_or_false, False)
        renewal_offset = arguments.get("token_renewal_offset", duration)
        division = arguments.plain("plugin_division_mode", one_of("database", "schema"), "database")
        database_name = arguments.get("database_name", rules.database_name, "backstage")
        firewall_rules = rules.firewall_rules(arguments)
        endpoint_subnet_id = arguments.get("private_endpoint_subnet_id", rules.subnet_id)
        dns_zone_id = rules.dns_zone_id(arguments)
        server_parameters = arguments.each("server_parameters", rules.parameter_name, setting_value)
        settings = server_settings(arguments, dns_zone_id, public=bool(firewall_rules))
        deletion_protection = arguments.plain("deletion_protection", true_or_false, True)
        rules.check_database(arguments, division)
        if server_name is None:
            rules.check_generated_name(arguments, name)

        super().__init__("backstage-database:index:AzurePostgres", name, None, opts)

        arguments.warn(rules.reachability_concern(arguments), self)
        arguments.warn(settings["version"].apply(rules.version_concern), self)
        arguments.warn(settings["sku"].name.apply(rules.compute_concern), self)
        if renewal_offset is not None:
            arguments.warn(renewal_offset.apply(rules.renewal_concern), self)

        # Kept in the stack before the server exists, so that a run that was killed meets the same server again.
        if server_name is None:
            server_name = kept(f"{name}-server-name", f"{name}-{secrets.token_hex(4)}", self)

        patience = retries.patience(f"AzurePostgres {name}: wait while the server is busy", wait_while_busy, self)
        identity = None
        if admin is None:
            identity = created_identity(name, server_name, place, parent=self, hooks=patience)
            service_principal = pulumi.Output.from_input("ServicePrincipal")
            admin = rules.Principal(identity.name, identity.principal_id, service_principal)
            tenant_id = identity.tenant_id if tenant_id is None else tenant_id
        if tenant_id is None:
            login = authorization.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
            tenant_id = login.apply(lambda known: known.tenant_id)

        server = dbforpostgresql.Server(
            f"{name}-server",
            server_name=server_name,
            # All three, because the SDK's defaults are passwords and no tenant.
            auth_config=dbforpostgresql.AuthConfigArgs(
                active_directory_auth="Enabled",
                password_auth="Disabled",  # noqa: S106
                tenant_id=tenant_id,
            ),
            **place,
            **settings,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=deletion_protection,
                # Azure picks the zones and swaps them on failover; a change of them would replace the server.
                ignore_changes=["availabilityZone", "highAvailability.standbyAvailabilityZone"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
                hooks=patience,
            ),
        )

        # The children of a replaced server are replaced, and deleted before it. Under protection they do not depend on
        # its outputs, or `up --skip-preview` would delete the admins and only then be refused the server.
        inside = {"resource_group_name": group, "server_name": server_name if deletion_protection else server.name}
        child = functools.partial(pulumi.ResourceOptions, parent=self, deleted_with=server, hooks=patience)
        entra_admin = functools.partial(dbforpostgresql.AdministratorsMicrosoftEntra, tenant_id=tenant_id, **inside)
        # One after another, because the service refuses two operations on one server at a time. The database comes
        # after the first admin, who thereby owns it, and before the others.
        last: pulumi.CustomResource = entra_admin(
            f"{name}-admin",
            object_id=admin.object_id,
            principal_name=admin.name,
            principal_type=admin.type,
            opts=child(depends_on=[server], **REPLACED),
        )
        if division == "schema":
            last = dbforpostgresql.Database(
                f"{name}-database",
                database_name=database_name,
                charset="UTF8",
                collation="en_US.utf8",
                **inside,
                opts=child(depends_on=[last], protect=deletion_protection),
            )
        for principal, (type_, object_id) in more_admins.items():
            last = entra_admin(
                f"{name}-admin-{principal}",
                object_id=object_id,
                principal_name=principal,
                principal_type=type_,
                opts=child(depends_on=[last], **REPLACED),
            )
        for rule, addresses in firewall_rules.items():
            last = dbforpostgresql.FirewallRule(
                f"{name}-rule-{rule}",
                firewall_rule_name=rule,
                start_ip_address=addresses[0],
                end_ip_address=addresses[1],
                **inside,
                opts=child(depends_on=[last]),
            )
        for parameter, value in server_parameters.items():
            last = dbforpostgresql.Configuration(
                f"{name}-parameter-{parameter}",
                configuration_name=parameter,
                value=value,
                source="user-override",
                **inside,
                opts=child(depends_on=[last]),
            )
        if endpoint_subnet_id is not None:
            last = private_endpoint(
                name, server, endpoint_subnet_id, dns_zone_id, inside, place, parent=self, after=last, hooks=patience
            )
        deletion_guard(f"{name}-deletion-protection", parent=self, after=[last], protect=deletion_protection)

        connects_as = user or admin
        if client_id is None:
            client_id = pulumi.Output.from_input("") if identity is None else identity.client_id
        client_secret = None if client_secret is None else pulumi.Output.secret(client_secret)
        block = {
            "type": "azure",
            "host": server.fully_qualified_domain_name,
            "port": PORT,
            "user": connects_as.name,
            "database": database_name if division == "schema" else None,
            "ssl": {"rejectUnauthorized": True},
            "tokenCredential": {
                "tenantId": None if client_secret is None else tenant_id,
                "clientId": None if use_default_credential else client_id,
                "tokenRenewalOffsetTime": renewal_offset,
                "tokenRenewableOffsetTime": renewal_offset,
            },
        }
        # Through the last child's id, so that whoever uses an output waits for a server that lets Backstage in.
        connection = pulumi.Output.all(last.id, block).apply(lambda ready: ready[1])
        config = pulumi.Output.all(division, connection, client_secret).apply(lambda known: azure_block(*known))
        # Its place is taken by a variable, so that the document is as secret as the rest of the block.
        placeholder = None if client_secret is None else "${AZURE_CLIENT_SECRET}"
        config_from_env = pulumi.Output.all(division, connection, placeholder).apply(lambda known: azure_block(*known))

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config_from_env.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.host = connection["host"]
        self.port = connection["port"]
        self.user = connection["user"]
        self.server_id = server.id
        self.server_name = server.name
        self.principal_id = connects_as.object_id
        self.client_id = client_id
        self.identity_id = pulumi.Output.from_input("") if identity is None else identity.id
        self.psql_command = pulumi.Output.all(connection["host"], person(more_admins) or admin.name).apply(
            lambda known: psql_command(*known)
        )
        self.bootstrap_sql = bootstrap(division, database_name, user)
        self.register_outputs(outputs(AzurePostgres, self))


def server_settings(arguments: Arguments, dns_zone_id: pulumi.Output[str] | None, *, public: bool) -> dict[str, Any]:
    """All of the server that has nothing to do with who and where it is."""
    sku_name = arguments.get("sku_name", rules.compute_size, "Standard_D2ds_v5")
    storage_auto_grow = arguments.get("storage_auto_grow", true_or_false, True)
    geo_redundant_backup = arguments.get("geo_redundant_backup", true_or_false, False)
    return {
        "version": arguments.get("version", rules.major_version, "17"),
        "sku": dbforpostgresql.SkuArgs(name=sku_name, tier=sku_name.apply(rules.tier)),
        "storage": dbforpostgresql.StorageArgs(
            storage_size_gb=arguments.get("storage_gb", rules.disk_size, 32),
            auto_grow=storage_auto_grow.apply(enabled),
        ),
        "backup": dbforpostgresql.BackupArgs(
            backup_retention_days=arguments.get("backup_retention_days", whole_number(7, 35), 7),
            geo_redundant_backup=geo_redundant_backup.apply(enabled),
        ),
        "high_availability": dbforpostgresql.HighAvailabilityArgs(
            mode=arguments.get("high_availability", rules.standby_mode, "Disabled", beside=["sku_name"])
        ),
        "network": server_network(arguments, dns_zone_id, public),
    }


def server_network(
    arguments: Arguments, dns_zone_id: pulumi.Output[str] | None, public: bool
) -> dbforpostgresql.NetworkArgs:
    """Inside a network, where public access is not ours to say; or with a public address, closed if nobody uses it."""
    delegated_subnet_id = arguments.get("delegated_subnet_id", rules.subnet_id)
    if delegated_subnet_id is None:
        return dbforpostgresql.NetworkArgs(public_network_access=enabled(public))
    return dbforpostgresql.NetworkArgs(
        delegated_subnet_resource_id=delegated_subnet_id, private_dns_zone_arm_resource_id=dns_zone_id
    )


def created_identity(
    name: str,
    server_name: pulumi.Input[str],
    place: Mapping[str, Any],
    *,
    parent: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding,
) -> managedidentity.UserAssignedIdentity:
    """Whom Backstage runs as, where nobody else was named."""
    return managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_name_=server_name,
        **place,
        # It stays what it is if the server gets another name or place: replaced, it would be deleted first.
        opts=pulumi.ResourceOptions(
            parent=parent, hooks=hooks, ignore_changes=["resourceGroupName", "resourceName", "location"]
        ),
    )


def private_endpoint(
    name: str,
    server: dbforpostgresql.Server,
    subnet_id: pulumi.Input[str],
    dns_zone_id: pulumi.Input[str] | None,
    inside: Mapping[str, pulumi.Input[str]],
    place: Mapping[str, Any],
    *,
    parent: pulumi.Resource,
    after: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding,
) -> pulumi.CustomResource:
    """The server's address in somebody's subnet, and its name in their DNS zone if they gave one.

    The last that was created. It stands beside the server, and Azure does not delete it with the server.
    """
    endpoint = network.PrivateEndpoint(
        f"{name}-private-endpoint",
        private_endpoint_name=inside["server_name"],
        subnet=network.SubnetArgs(id=subnet_id),
        private_link_service_connections=[
            network.PrivateLinkServiceConnectionArgs(
                name="postgresql", private_link_service_id=server.id, group_ids=["postgresqlServer"]
            )
        ],
        **place,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[after], hooks=hooks),
    )
    if dns_zone_id is None:
        return endpoint
    return network.PrivateDnsZoneGroup(
        f"{name}-private-dns",
        resource_group_name=place["resource_group_name"],
        private_endpoint_name=endpoint.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[network.PrivateDnsZoneConfigArgs(name="postgresql", private_dns_zone_id=dns_zone_id)],
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=endpoint, hooks=hooks),
    )


def azure_block(division: str, connection: Mapping[str, Any], client_secret: str | None) -> dict[str, Any]:
    """The block for these values, in which an absent or empty part of the credential is left out."""
    credential = {key: value for key, value in connection["tokenCredential"].items() if value}
    if client_secret is not None:
        credential["clientSecret"] = client_secret
    return backstage.database_config(
        {**connection, "tokenCredential": credential or None},
        pluginDivisionMode="schema" if division == "schema" else None,
    )


def person(admins: Mapping[str, tuple[str, pulumi.Output[str]]]) -> str | None:
    """An admin that somebody can be after `az login`."""
    return next((principal for principal, (type_, _) in admins.items() if type_ != "ServicePrincipal"), None)


def psql_command(host: str, user: str) -> str:
    quoted = "'" + re.sub(r"(['\\])", r"\\\1", user) + "'"
    role = user if re.fullmatch(r"[\w.@-]+", user) else quoted
    login = f"host={host} port={PORT} dbname=postgres user={role} sslmode=verify-full sslrootcert=system"
    token = "az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv"
    return f'PGPASSWORD="$({token})" psql {shlex.quote(login)}'


def bootstrap(division: str, database: pulumi.Output[str], user: rules.Principal | None) -> pulumi.Output[str]:
    if user is None:
        return pulumi.Output.from_input("-- Nothing to run: Backstage connects as the server's admin.\n")
    known = pulumi.Output.all(division, database, user.name, user.object_id, user.type)
    return known.apply(lambda values: bootstrap_sql(*values))


def bootstrap_sql(division: str, database: str, user: str, object_id: str, type_: str) -> str:
    """What lets `user` in: Microsoft's function for making a role by object id, and the one right Backstage needs."""
    kind = {"User": "user", "Group": "group", "ServicePrincipal": "service"}[type_]
    right = (
        f"GRANT CONNECT, CREATE ON DATABASE {identifier(database)} TO {identifier(user)};"
        if division == "schema"
        else f"ALTER ROLE {identifier(user)} CREATEDB;"
    )
    return (
        "-- Run once as an admin, on the database postgres.\n"
        f"SELECT * FROM pgaadauth_create_principal_with_oid({literal(user)}, '{object_id}', '{kind}', false, false);\n"
        f"{right}\n"
    )


def literal(text: str) -> str:
    """As an SQL string, whatever standard_conforming_strings is."""
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


def identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def enabled(value: bool) -> str:
    return "Enabled" if value else "Disabled"


async def wait_while_busy(component: pulumi.Resource, failure: pulumi.ErrorHookArgs) -> bool:
    """Whether to try again: only while the service is busy with the server, and not for ever."""
    error = failure.errors[0]
    if existing := re.search(r"cannot create already existing resource '([^']+)'", error):
        await retries.explain_take_over(failure, existing[1], component, "Azure")
    code = busy_code(error)
    if code is None:
        return False
    return await retries.try_again(
        failure,
        waiting_for=f"the server, which is busy ({code})",
        in_the_end=f"the server was still busy ({code})",
        tries=BUSY_TRIES,
        seconds=BUSY_WAIT_SECONDS,
    )


def busy_code(error: str) -> str | None:
    if retries.is_partial(error):
        return None
    return next((code for code in BUSY_CODES if code in error), None)
