"""Azure Database for PostgreSQL flexible server with Microsoft Entra authentication: no password anywhere."""

import functools
import re
import secrets
import shlex
from collections.abc import Mapping
from typing import Any, Optional

import pulumi
from pulumi_azure_native import authorization, dbforpostgresql, managedidentity, network

from .. import backstage, error_hooks
from ..backstage.duration import duration
from ..inputs import Inputs
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once
from ..validators import boolean, integer, one_of, parameter_value
from . import validation
from .args import AzurePostgresArgs

PORT = 5432

# azurerm#19953, Azure/azure-postgresql#134 and #127: what the service answers while it is still at work on a server.
BUSY_CODES = ("ServerIsBusy", "ServerBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible")
BUSY_MAX_RETRIES = 20
BUSY_RETRY_DELAY_SECONDS = 15

# The service refuses to change a principal in place, and its old and new form have the same id.
REPLACE_ON_PRINCIPAL_CHANGE = {
    "delete_before_replace": True,
    "replace_on_changes": ["principalName", "principalType", "tenantId"],
}


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
        inputs = Inputs("AzurePostgres", name, args, AzurePostgresArgs)
        validation.check_principals(inputs)
        validation.check_network(inputs)
        group = inputs.require("resource_group_name", validation.resource_group_name)
        location = inputs.get("location", validation.region)
        tags = inputs.get_map("tags", validation.tag_name, validation.tag_value) or None
        place = {"resource_group_name": group, "location": location, "tags": tags}
        server_name = inputs.get("server_name", validation.server_name)
        admin = validation.admin(inputs)
        more_admins = validation.further_admins(inputs)
        user = validation.user(inputs)
        tenant_id = inputs.get("tenant_id", validation.guid)
        client_id = validation.client_id(inputs)
        client_secret = inputs.get("client_secret", validation.secret_text, secret=True)
        use_default_credential = inputs.get_plain("use_default_credential", boolean, False)
        renewal_offset = inputs.get("token_renewal_offset", duration)
        division = inputs.get_plain("plugin_division_mode", one_of("database", "schema"), "database")
        database_name = inputs.get("database_name", validation.database_name, "backstage")
        firewall_rules = validation.firewall_rules(inputs)
        endpoint_subnet_id = inputs.get("private_endpoint_subnet_id", validation.subnet_id)
        dns_zone_id = validation.dns_zone_id(inputs)
        server_parameters = inputs.get_map("server_parameters", validation.parameter_name, parameter_value)
        settings = server_settings(inputs, dns_zone_id, public=bool(firewall_rules))
        deletion_protection = inputs.get_plain("deletion_protection", boolean, True)
        validation.check_database(inputs, division)
        if server_name is None:
            validation.check_generated_name(inputs, name)

        super().__init__("backstage-database:index:AzurePostgres", name, None, opts)

        inputs.warn(validation.reachability_warning(inputs), self)
        inputs.warn(settings["version"].apply(validation.version_warning), self)
        inputs.warn(settings["sku"].name.apply(validation.compute_warning), self)
        if renewal_offset is not None:
            inputs.warn(renewal_offset.apply(validation.renewal_warning), self)

        # Kept in the stack before the server exists, so that a run that was killed meets the same server again.
        if server_name is None:
            server_name = persist_once(f"{name}-server-name", f"{name}-{secrets.token_hex(4)}", self)

        retry_hooks = error_hooks.error_hook(
            f"AzurePostgres {name}: wait while the server is busy", wait_while_busy, self
        )
        identity = None
        if admin is None:
            identity = created_identity(name, server_name, place, parent=self, hooks=retry_hooks)
            service_principal = pulumi.Output.from_input("ServicePrincipal")
            admin = validation.Principal(identity.name, identity.principal_id, service_principal)
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
                hooks=retry_hooks,
            ),
        )

        # The children of a replaced server are replaced, and deleted before it. Under protection they do not depend on
        # its outputs, or `up --skip-preview` would delete the admins and only then be refused the server.
        inside = {"resource_group_name": group, "server_name": server_name if deletion_protection else server.name}
        child = functools.partial(pulumi.ResourceOptions, parent=self, deleted_with=server, hooks=retry_hooks)
        entra_admin = functools.partial(dbforpostgresql.AdministratorsMicrosoftEntra, tenant_id=tenant_id, **inside)
        # One after another, because the service refuses two operations on one server at a time. The database comes
        # after the first admin, who thereby owns it, and before the others.
        last: pulumi.CustomResource = entra_admin(
            f"{name}-admin",
            object_id=admin.object_id,
            principal_name=admin.name,
            principal_type=admin.type,
            opts=child(depends_on=[server], **REPLACE_ON_PRINCIPAL_CHANGE),
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
                opts=child(depends_on=[last], **REPLACE_ON_PRINCIPAL_CHANGE),
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
                name, server, endpoint_subnet_id, dns_zone_id, inside, place, parent=self, after=last, hooks=retry_hooks
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


def server_settings(inputs: Inputs, dns_zone_id: pulumi.Output[str] | None, *, public: bool) -> dict[str, Any]:
    """All of the server that has nothing to do with who and where it is."""
    sku_name = inputs.get("sku_name", validation.compute_size, "Standard_D2ds_v5")
    storage_auto_grow = inputs.get("storage_auto_grow", boolean, True)
    geo_redundant_backup = inputs.get("geo_redundant_backup", boolean, False)
    return {
        "version": inputs.get("version", validation.major_version, "17"),
        "sku": dbforpostgresql.SkuArgs(name=sku_name, tier=sku_name.apply(validation.tier)),
        "storage": dbforpostgresql.StorageArgs(
            storage_size_gb=inputs.get("storage_gb", validation.disk_size, 32),
            auto_grow=storage_auto_grow.apply(enabled),
        ),
        "backup": dbforpostgresql.BackupArgs(
            backup_retention_days=inputs.get("backup_retention_days", integer(7, 35), 7),
            geo_redundant_backup=geo_redundant_backup.apply(enabled),
        ),
        "high_availability": dbforpostgresql.HighAvailabilityArgs(
            mode=inputs.get("high_availability", validation.standby_mode, "Disabled", related=["sku_name"])
        ),
        "network": server_network(inputs, dns_zone_id, public),
    }


def server_network(inputs: Inputs, dns_zone_id: pulumi.Output[str] | None, public: bool) -> dbforpostgresql.NetworkArgs:
    """Inside a network, where public access is not ours to say; or with a public address, closed if nobody uses it."""
    delegated_subnet_id = inputs.get("delegated_subnet_id", validation.subnet_id)
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

    Returns the last resource created. Azure does not delete a private endpoint together with its server.
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


def bootstrap(division: str, database: pulumi.Output[str], user: validation.Principal | None) -> pulumi.Output[str]:
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
        await error_hooks.log_import_commands(failure, existing[1], component, "Azure")
    code = busy_code(error)
    if code is None:
        return False
    return await error_hooks.wait_and_retry(
        failure,
        waiting_for=f"the server, which is busy ({code})",
        timeout_message=f"the server was still busy ({code})",
        max_retries=BUSY_MAX_RETRIES,
        seconds=BUSY_RETRY_DELAY_SECONDS,
    )


def busy_code(error: str) -> str | None:
    if error_hooks.is_partial_failure(error):
        return None
    return next((code for code in BUSY_CODES if code in error), None)
