"""Azure Database for PostgreSQL flexible server with Microsoft Entra authentication: no password anywhere."""

import secrets
from collections.abc import Mapping
from typing import Any, Optional, TypeVar

import pulumi
from pulumi_azure_native import authorization, dbforpostgresql, managedidentity, network

from .. import backstage
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once
from .args import AzurePostgresArgs
from .retry import retry_hooks
from .sql import PORT, bootstrap_sql, psql_command
from .validation import AzureSettings, FirewallRule, Principal, sku_tier, validate

T = TypeVar("T")

# Azure cannot update an administrator in place, and old and new share an id, so delete first.
REPLACE_ON_PRINCIPAL_CHANGE = ["principalName", "principalType", "tenantId"]


class AzurePostgres(pulumi.ComponentResource):
    """An Azure Database for PostgreSQL flexible server that knows no passwords, and the block that logs in to it.

    `pulumi up` ends when admins and network rules are in place. Raises ArgumentError for a wrong argument, before
    anything is created where its value is known by then.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Secret only with
    `client_secret`.
    """

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Secret only with `client_secret`."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}`, `${POSTGRES_USER}` and, with `client_secret`,
    `${AZURE_CLIENT_SECRET}`. Not secret; may be committed.
    """

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
    """Resource id of the created managed identity, to attach to the machine that runs Backstage; empty when none is
    created.
    """

    psql_command: pulumi.Output[str]
    """A shell line that logs in to the server as an admin, with the token of `az login`. Needs psql 16 or newer."""

    bootstrap_sql: pulumi.Output[str]
    """SQL that an admin runs once on the database postgres, to let in `user` with no more rights than Backstage needs.
    """

    def __init__(self, name: str, args: AzurePostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        settings = validate(name, args)
        super().__init__("backstage-database:index:AzurePostgres", name, None, opts)
        settings.log_warnings(self)
        self._hooks = retry_hooks(name, self)

        server_name = settings.server_name
        if server_name is None:
            # Saved in the state before the server is created, so an interrupted update reuses the same name.
            server_name = persist_once(f"{name}-server-name", f"{name}-{secrets.token_hex(4)}", self)
        identity, admin = None, settings.admin
        if admin is None:
            identity = self._identity(name, server_name, settings)
            admin = Principal(identity.name, identity.principal_id, pulumi.Output.from_input("ServicePrincipal"))
        tenant_id = self._tenant_id(settings, identity)
        server = self._server(name, server_name, tenant_id, settings)

        # Azure runs one operation per server at a time, so each child depends on the previous one.
        children = _ServerChildren(self, name, server, server_name, settings, self._hooks)
        children.add_administrator("admin", admin, tenant_id)
        if settings.plugin_division_mode == "schema":
            # After the first admin, who becomes its owner.
            children.add_database(settings.database_name)
        for principal_name, administrator in settings.further_admins.items():
            children.add_administrator(f"admin-{principal_name}", administrator, tenant_id)
        for rule in settings.firewall_rules:
            children.add_firewall_rule(rule)
        for parameter, value in settings.server_parameters.items():
            children.add_parameter(parameter, value)
        if settings.private_endpoint_subnet_id is not None:
            children.add_private_endpoint(settings.private_endpoint_subnet_id)
        deletion_guard(
            f"{name}-deletion-protection", parent=self, after=[children.last], protect=settings.deletion_protection
        )
        connects_as = settings.user or admin
        client_id = settings.client_id
        if client_id is None:
            client_id = pulumi.Output.from_input("") if identity is None else identity.client_id
        connection = children.ready(_connection(settings, server, connects_as, tenant_id, client_id))
        self._set_block_outputs(settings, connection)
        self.server_id = children.ready(server.id)
        self.server_name = children.ready(server.name)
        self.principal_id = children.ready(connects_as.object_id)
        self.client_id = children.ready(client_id)
        self.identity_id = children.ready("" if identity is None else identity.id)
        self.psql_command = _psql_command(self.host, settings.person or admin.name)
        self.bootstrap_sql = _bootstrap_sql(settings)
        self.register_outputs(outputs(AzurePostgres, self))

    def _identity(
        self, name: str, server_name: pulumi.Input[str], settings: AzureSettings
    ) -> managedidentity.UserAssignedIdentity:
        """Creates the managed identity that Backstage runs as when no principal is given."""
        return managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=server_name,
            resource_group_name=settings.resource_group_name,
            location=settings.location,
            tags=settings.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=self._hooks,
                # Do not replace the identity when the server is renamed or moved.
                ignore_changes=["resourceGroupName", "resourceName", "location"],
            ),
        )

    def _tenant_id(
        self, settings: AzureSettings, identity: managedidentity.UserAssignedIdentity | None
    ) -> pulumi.Output[str]:
        """Returns the given tenant, else the created identity's, else the one that Pulumi is logged in to."""
        if settings.tenant_id is not None:
            return settings.tenant_id
        if identity is not None:
            return identity.tenant_id
        login = authorization.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
        return login.apply(lambda config: config.tenant_id)

    def _server(
        self, name: str, server_name: pulumi.Input[str], tenant_id: pulumi.Output[str], settings: AzureSettings
    ) -> dbforpostgresql.Server:
        """Creates the server, with Microsoft Entra authentication alone."""
        return dbforpostgresql.Server(
            f"{name}-server",
            server_name=server_name,
            resource_group_name=settings.resource_group_name,
            location=settings.location,
            tags=settings.tags,
            # All three, because the SDK's defaults are passwords and no tenant.
            auth_config=dbforpostgresql.AuthConfigArgs(
                active_directory_auth="Enabled",
                password_auth="Disabled",  # noqa: S106
                tenant_id=tenant_id,
            ),
            version=settings.version,
            sku=dbforpostgresql.SkuArgs(name=settings.sku_name, tier=settings.sku_name.apply(sku_tier)),
            storage=dbforpostgresql.StorageArgs(
                storage_size_gb=settings.storage_gb, auto_grow=settings.storage_auto_grow.apply(_switch)
            ),
            backup=dbforpostgresql.BackupArgs(
                backup_retention_days=settings.backup_retention_days,
                geo_redundant_backup=settings.geo_redundant_backup.apply(_switch),
            ),
            high_availability=dbforpostgresql.HighAvailabilityArgs(mode=settings.high_availability),
            network=_network(settings),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.deletion_protection,
                # Azure picks the zones and swaps them on failover; a change of them would replace the server.
                ignore_changes=["availabilityZone", "highAvailability.standbyAvailabilityZone"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
                hooks=self._hooks,
            ),
        )

    def _set_block_outputs(self, settings: AzureSettings, connection: pulumi.Output[Mapping[str, Any]]) -> None:
        """Sets the outputs that hold the block or a part of it."""
        division, client_secret = settings.plugin_division_mode, settings.client_secret
        config = pulumi.Output.all(
            connection=connection, client_secret=None if client_secret is None else pulumi.Output.secret(client_secret)
        ).apply(lambda known: _database_config(division, known["connection"], known["client_secret"]))
        # The secret is replaced by a variable, so this output is not secret.
        placeholder = None if client_secret is None else "${AZURE_CLIENT_SECRET}"
        config_from_env = connection.apply(lambda known: _database_config(division, known, placeholder))

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config_from_env.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.host = connection["host"]
        self.port = connection["port"]
        self.user = connection["user"]


class _ServerChildren:
    """Creates what belongs to a server, one after another."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        server: dbforpostgresql.Server,
        server_name: pulumi.Input[str],
        settings: AzureSettings,
        hooks: pulumi.ResourceHookBinding,
    ) -> None:
        self._component = component
        self._name = name
        self._server = server
        self._settings = settings
        self._hooks = hooks
        # The children of a replaced server are replaced, and deleted before it. Under protection they do not depend on
        # its outputs, or `up --skip-preview` would delete the admins and only then be refused the server.
        self._server_name = server_name if settings.deletion_protection else server.name
        self.last: pulumi.CustomResource = server
        """The resource that was created last."""

    def ready(self, value: pulumi.Input[T]) -> pulumi.Output[T]:
        """Returns `value`, as an Output that resolves when everything here is created and Backstage can log in."""
        return pulumi.Output.all(last=self.last.id, value=value).apply(lambda known: known["value"])

    def add_administrator(self, name: str, principal: Principal, tenant_id: pulumi.Output[str]) -> None:
        options = self._options(delete_before_replace=True, replace_on_changes=REPLACE_ON_PRINCIPAL_CHANGE)
        self.last = dbforpostgresql.AdministratorsMicrosoftEntra(
            f"{self._name}-{name}",
            resource_group_name=self._settings.resource_group_name,
            server_name=self._server_name,
            object_id=principal.object_id,
            principal_name=principal.name,
            principal_type=principal.type,
            tenant_id=tenant_id,
            opts=options,
        )

    def add_database(self, database_name: pulumi.Output[str]) -> None:
        self.last = dbforpostgresql.Database(
            f"{self._name}-database",
            resource_group_name=self._settings.resource_group_name,
            server_name=self._server_name,
            database_name=database_name,
            charset="UTF8",
            collation="en_US.utf8",
            opts=self._options(protect=self._settings.deletion_protection),
        )

    def add_firewall_rule(self, rule: FirewallRule) -> None:
        self.last = dbforpostgresql.FirewallRule(
            f"{self._name}-rule-{rule.name}",
            resource_group_name=self._settings.resource_group_name,
            server_name=self._server_name,
            firewall_rule_name=rule.name,
            start_ip_address=rule.first,
            end_ip_address=rule.last,
            opts=self._options(),
        )

    def add_parameter(self, parameter: str, value: pulumi.Output[str]) -> None:
        self.last = dbforpostgresql.Configuration(
            f"{self._name}-parameter-{parameter}",
            resource_group_name=self._settings.resource_group_name,
            server_name=self._server_name,
            configuration_name=parameter,
            value=value,
            source="user-override",
            opts=self._options(),
        )

    def add_private_endpoint(self, subnet_id: pulumi.Output[str]) -> None:
        """Creates a private endpoint and, if a zone is given, its DNS zone group."""
        # Azure does not delete a private endpoint together with its server.
        endpoint = network.PrivateEndpoint(
            f"{self._name}-private-endpoint",
            private_endpoint_name=self._server_name,
            resource_group_name=self._settings.resource_group_name,
            location=self._settings.location,
            tags=self._settings.tags,
            subnet=network.SubnetArgs(id=subnet_id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name="postgresql", private_link_service_id=self._server.id, group_ids=["postgresqlServer"]
                )
            ],
            opts=pulumi.ResourceOptions(parent=self._component, depends_on=[self.last], hooks=self._hooks),
        )
        self.last = endpoint
        if self._settings.private_dns_zone_id is None:
            return
        self.last = network.PrivateDnsZoneGroup(
            f"{self._name}-private-dns",
            resource_group_name=self._settings.resource_group_name,
            private_endpoint_name=endpoint.name,
            private_dns_zone_group_name="default",
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(
                    name="postgresql", private_dns_zone_id=self._settings.private_dns_zone_id
                )
            ],
            opts=pulumi.ResourceOptions(parent=self._component, deleted_with=endpoint, hooks=self._hooks),
        )

    def _options(
        self,
        *,
        protect: bool | None = None,
        delete_before_replace: bool | None = None,
        replace_on_changes: list[str] | None = None,
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self._component,
            depends_on=[self.last],
            deleted_with=self._server,
            hooks=self._hooks,
            protect=protect,
            delete_before_replace=delete_before_replace,
            replace_on_changes=replace_on_changes,
        )


def _network(settings: AzureSettings) -> dbforpostgresql.NetworkArgs:
    """Returns a delegated subnet, or public access that is enabled only if there are firewall rules."""
    if settings.delegated_subnet_id is None:
        return dbforpostgresql.NetworkArgs(public_network_access=_switch(bool(settings.firewall_rules)))
    return dbforpostgresql.NetworkArgs(
        delegated_subnet_resource_id=settings.delegated_subnet_id,
        private_dns_zone_arm_resource_id=settings.private_dns_zone_id,
    )


def _connection(
    settings: AzureSettings,
    server: dbforpostgresql.Server,
    principal: Principal,
    tenant_id: pulumi.Output[str],
    client_id: pulumi.Output[str],
) -> dict[str, pulumi.Input[Any]]:
    """Returns the values of the block's `connection`, without the client secret."""
    return {
        "type": "azure",
        "host": server.fully_qualified_domain_name,
        "port": PORT,
        "user": principal.name,
        "database": settings.database_name if settings.plugin_division_mode == "schema" else None,
        "ssl": {"rejectUnauthorized": True},
        "tokenCredential": {
            "tenantId": None if settings.client_secret is None else tenant_id,
            "clientId": None if settings.use_default_credential else client_id,
            "tokenRenewalOffsetTime": settings.token_renewal_offset,
            "tokenRenewableOffsetTime": settings.token_renewal_offset,
        },
    }


def _database_config(division: str, connection: Mapping[str, Any], client_secret: str | None) -> dict[str, Any]:
    """Returns the block for these values. Leaves out the absent or empty parts of the credential."""
    credential = {key: value for key, value in connection["tokenCredential"].items() if value}
    if client_secret is not None:
        credential["clientSecret"] = client_secret
    return backstage.database_config(
        {**connection, "tokenCredential": credential or None},
        pluginDivisionMode="schema" if division == "schema" else None,
    )


def _psql_command(host: pulumi.Output[str], user: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.all(host=host, user=user).apply(lambda known: psql_command(known["host"], known["user"]))


def _bootstrap_sql(settings: AzureSettings) -> pulumi.Output[str]:
    user = settings.user
    if user is None:
        return pulumi.Output.from_input("-- Nothing to run: Backstage connects as the server's admin.\n")
    return pulumi.Output.all(
        database=settings.database_name, user=user.name, object_id=user.object_id, type=user.type
    ).apply(
        lambda known: bootstrap_sql(
            settings.plugin_division_mode, known["database"], known["user"], known["object_id"], known["type"]
        )
    )


def _switch(value: bool) -> str:
    return "Enabled" if value else "Disabled"
