"""Creates an Azure Database for PostgreSQL flexible server with Microsoft Entra authentication and no passwords."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_azure_native import authorization, dbforpostgresql

from .. import backstage
from ..error_hooks import unique_hook_name
from ..kubernetes_outputs import NO_IDENTITY, Blocks, PodIdentity, kubernetes_outputs
from ..options import checked_options
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once, protected
from ..protection import refuse_deletion
from .args import AzurePostgresArgs
from .federation import trust_service_account
from .identity import Identity, create_identity, record_principal
from .known import known_or, require
from .principals import Principal
from .retry import retry_hooks
from .server_children import ServerChildren
from .settings import AzureSettings, Encryption
from .sql import PORT, bootstrap_sql, psql_command
from .validation import validate
from .validators import sku_tier

# How to delete a locked server, for messages.
_UNLOCK = (
    "leave out delete_lock, then `pulumi up`; set deletion_protection to false, then `pulumi up`, then `pulumi destroy`"
)
_HOST_SUFFIX = ".postgres.database.azure.com"


@dataclass(frozen=True)
class _Login:
    """Who logs in to the server."""

    admin: Principal
    user: Principal
    """The principal that Backstage connects as, which may be the admin."""
    identity: Identity | None
    """The managed identity, if one is created."""
    client_id: pulumi.Output[str]
    """Client id of `user`; empty if it is not known."""
    tenant_id: pulumi.Output[str]


class AzurePostgres(pulumi.ComponentResource):
    """An Azure Database for PostgreSQL flexible server without passwords, and the block that logs in to it.

    `pulumi up` ends, and every output is known, when the admins and network rules are in place. A wrong argument is
    refused before anything is created, if its value is known by then.
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

    helm_values: pulumi.Output[str]
    """Values for Backstage's Helm chart `backstage/backstage`, as a YAML document: the block, and with
    `kubernetes_service_account` the service account and the pod label that give Backstage its identity. Holds no client
    secret.
    """

    kubernetes_manifests: pulumi.Output[str]
    """The same for a Backstage without Helm: the ServiceAccount, if there is one, and a ConfigMap with the app-config.
    Holds no client secret.
    """

    kubernetes_secret: pulumi.Output[str]
    """The Secret that both refer to, as a YAML document; empty without `client_secret`. Secret if it holds one."""

    host: pulumi.Output[str]
    """The server's full host name, which its certificate contains, also on a private network."""

    port: pulumi.Output[int]
    """The port to connect to at `host`: 5432."""

    user: pulumi.Output[str]
    """The PostgreSQL role that Backstage logs in as: its principal's name."""

    database_name: pulumi.Output[str]
    """Name of the one database that Backstage uses, with `plugin_division_mode` schema; else empty."""

    resource_group_name: pulumi.Output[str]
    """Name of the resource group that the server is in."""

    server_id: pulumi.Output[str]
    """Resource id of the server."""

    server_name: pulumi.Output[str]
    """Name of the server, given or generated."""

    principal_id: pulumi.Output[str]
    """Object id of the principal that Backstage connects as."""

    client_id: pulumi.Output[str]
    """Client id of that principal, even if the block leaves it out; empty if it is not known."""

    tenant_id: pulumi.Output[str]
    """Microsoft Entra tenant of the server and of its principals."""

    identity_id: pulumi.Output[str]
    """Resource id of the created managed identity, for the machine that runs Backstage; empty if none is created."""

    psql_command: pulumi.Output[str]
    """A shell line that logs in to the server as an admin, with the token of `az login`. Needs psql 16 or newer."""

    bootstrap_sql: pulumi.Output[str]
    """SQL that an admin runs once with `psql_command`. It gives `user`, or the identity of `create_identity`, the
    rights that Backstage needs and no more, and ends with an error if that did not work.
    """

    def __init__(self, name: str, args: AzurePostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        settings = validate(name, args)
        super().__init__(
            "backstage-database:index:AzurePostgres", name, None, checked_options("AzurePostgres", name, opts, args)
        )
        settings.log_warnings(self)
        created: list[pulumi.CustomResource] = []
        hooks = retry_hooks(name, self, created, locked=settings.delete_lock)

        server_name = settings.server_name
        if server_name is None:
            # Saved in the state before the server is created, so an interrupted update reuses the same name.
            server_name = persist_once(f"{name}-server-name", f"{name}-{secrets.token_hex(4)}", self)
        identity = (
            create_identity(name, server_name, settings, parent=self, hooks=hooks) if settings.create_identity else None
        )
        credentials = trust_service_account(name, server_name, settings, identity, parent=self, hooks=hooks)
        login = self._login(settings, identity)
        server = self._server(name, server_name, login.tenant_id, settings, hooks)
        principal_record = record_principal(name, login.user, parent=self)

        children = ServerChildren(
            self, name, server, server_name, settings, hooks=hooks, created=created, also_ready=credentials
        )
        children.add_administrator("admin", login.admin, login.tenant_id, after=principal_record)
        if settings.plugin_division_mode == "schema":
            # After the first admin, who becomes its owner.
            children.add_database(settings.database_name)
        for principal_name, principal in settings.further_admins.items():
            children.add_administrator(f"admin-{principal_name}", principal, login.tenant_id)
        for rule in settings.firewall_rules:
            children.add_firewall_rule(rule)
        for parameter, value in settings.server_parameters.items():
            children.add_parameter(parameter, value)
        if settings.private_endpoint_subnet_id is not None:
            children.add_private_endpoint(settings.private_endpoint_subnet_id)
        if settings.log_analytics_workspace_id is not None:
            children.add_diagnostics(settings.log_analytics_workspace_id)
        if settings.delete_lock:
            children.add_delete_lock()
        deletion_guard(
            f"{name}-deletion-protection",
            parent=self,
            after=[children.last, *credentials],
            protect=settings.deletion_protection,
            # Azure would refuse to delete the server, but only after its children are gone from the state.
            hooks=refuse_deletion(f'AzurePostgres "{name}"', _UNLOCK) if settings.delete_lock else None,
        )

        host = known_or(server.fully_qualified_domain_name, pulumi.Output.concat(server_name, _HOST_SUFFIX))
        settings.inputs.warn(host.apply(_host_warning), self)
        self._set_block_outputs(name, settings, children, host, login)
        self._set_outputs(settings, children, host, login)
        self.register_outputs(outputs(AzurePostgres, self))

    def _login(self, settings: AzureSettings, identity: Identity | None) -> _Login:
        """Returns the principals of the arguments. The created identity takes the place of those that are absent."""
        admin = settings.admin or (identity and identity.principal)
        user = settings.user or (identity and identity.principal) or admin
        if admin is None or user is None:
            raise TypeError("an identity is created when no admin is given")
        client_id = settings.client_id
        if client_id is None:
            client_id = pulumi.Output.from_input("") if identity is None else identity.client_id
        return _Login(admin, user, identity, client_id, self._tenant_id(settings, identity))

    def _tenant_id(self, settings: AzureSettings, identity: Identity | None) -> pulumi.Output[str]:
        """Returns the given tenant, else that of the created identity, else the one that Pulumi is logged in to."""
        if settings.tenant_id is not None:
            return settings.tenant_id
        if identity is not None:
            return identity.tenant_id
        config = authorization.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
        return require(config.apply(lambda known: known.tenant_id), "tenantId of the login; set tenant_id", self)

    def _server(
        self,
        name: str,
        server_name: pulumi.Input[str],
        tenant_id: pulumi.Output[str],
        settings: AzureSettings,
        hooks: pulumi.ResourceHookBinding,
    ) -> dbforpostgresql.Server:
        """Creates the server, with Microsoft Entra authentication only."""
        return dbforpostgresql.Server(
            f"{name}-server",
            server_name=server_name,
            resource_group_name=settings.resource_group_name,
            location=settings.location,
            tags=settings.tags,
            # All three are set, because the SDK's defaults are passwords and no tenant.
            auth_config=dbforpostgresql.AuthConfigArgs(
                active_directory_auth="Enabled",
                password_auth="Disabled",  # noqa: S106
                tenant_id=tenant_id,
            ),
            version=settings.version,
            sku=dbforpostgresql.SkuArgs(name=settings.sku_name, tier=settings.sku_name.apply(sku_tier)),
            storage=dbforpostgresql.StorageArgs(
                storage_size_gb=settings.storage_gb,
                auto_grow=settings.storage_auto_grow.apply(_switch),
                tier=settings.storage_tier,
                type=settings.storage_type,
                iops=settings.storage_iops,
                throughput=settings.storage_throughput,
            ),
            backup=dbforpostgresql.BackupArgs(
                backup_retention_days=settings.backup_retention_days,
                geo_redundant_backup=settings.geo_redundant_backup.apply(_switch),
            ),
            high_availability=dbforpostgresql.HighAvailabilityArgs(mode=settings.high_availability),
            availability_zone=settings.availability_zone,
            maintenance_window=_maintenance_window(settings),
            identity=_server_identity(settings),
            data_encryption=_data_encryption(settings),
            network=_network(settings),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protected(settings.deletion_protection),
                # Azure chooses the zones and swaps them on failover; a change here would replace the server.
                ignore_changes=["availabilityZone", "highAvailability.standbyAvailabilityZone"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
                hooks=pulumi.ResourceHookBinding(
                    on_error=hooks.on_error, after_create=self._maintenance_window_hooks(name, settings)
                ),
            ),
        )

    def _maintenance_window_hooks(self, name: str, settings: AzureSettings) -> list[pulumi.ResourceHook]:
        """Returns a hook that logs how to set a new server's maintenance window; none without a window."""
        if settings.maintenance_day is None:
            return []

        def warn(server: pulumi.ResourceHookArgs) -> None:
            inputs = server.new_inputs or {}
            window: Mapping[str, Any] = inputs.get("maintenanceWindow") or {}
            day = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[int(window.get("dayOfWeek", 0))]
            pulumi.log.warn(
                f'AzurePostgres "{name}": Azure accepts a maintenance window only for an existing server. Set it with '
                f"`az postgres flexible-server update --resource-group {inputs.get('resourceGroupName')} "
                f'--name {inputs.get("serverName")} --maintenance-window "{day}:{int(window.get("startHour", 0))}:0"`. '
                "Later changes need no command.",
                self,
            )

        return [pulumi.ResourceHook(unique_hook_name(f"AzurePostgres {name}: set the maintenance window"), warn)]

    def _set_block_outputs(
        self, name: str, settings: AzureSettings, children: ServerChildren, host: pulumi.Output[str], login: _Login
    ) -> None:
        """Sets the outputs that contain the block or a part of it."""
        connection = children.ready(_connection(settings, host, login.user.name, login))
        # Variables replace host and user, so a secret among them does not make this connection secret.
        connection_from_env = children.ready(_connection(settings, "", "", login))
        client_secret = settings.client_secret

        def config(connection: pulumi.Output[Mapping[str, Any]], secret: pulumi.Input[str] | None) -> Any:
            others = pulumi.Output.all(client_secret=secret, options=settings.database_options)
            # Not in one Output.all, which would create an Output for every value of the connection again.
            return others.apply(
                lambda other: connection.apply(
                    lambda known: _database_config(settings.plugin_division_mode, known, **other)
                )
            )

        placeholder = None if client_secret is None else "secret"
        blocks = Blocks(
            complete=config(connection, None if client_secret is None else pulumi.Output.secret(client_secret)),
            without_secret=config(connection, placeholder),
            from_env=config(connection_from_env, placeholder),
            secret_variable=None if client_secret is None else "AZURE_CLIENT_SECRET",
        )
        self.database_config = blocks.complete
        self.app_config = blocks.complete.apply(backstage.app_config)
        self.app_config_from_env = blocks.from_env.apply(backstage.app_config_from_env)
        self.environment = blocks.complete.apply(backstage.environment)
        pods = _pods(settings, login)
        self.helm_values, self.kubernetes_manifests, self.kubernetes_secret = kubernetes_outputs(
            name,
            blocks,
            pods,
            remark=settings.inputs.spelled(NO_IDENTITY) if pods is None and client_secret is None else None,
        )

    def _set_outputs(
        self, settings: AzureSettings, children: ServerChildren, host: pulumi.Output[str], login: _Login
    ) -> None:
        """Sets the other outputs. Each waits for the last child, so the server is free when a consumer uses it."""
        in_schema_mode = settings.plugin_division_mode == "schema"
        self.host = children.ready(host)
        self.port = children.ready(PORT)
        self.user = children.ready(login.user.name)
        self.database_name = children.ready(settings.database_name if in_schema_mode else "")
        self.resource_group_name = children.ready(settings.resource_group_name)
        self.server_id = children.ready(children.server.id)
        self.server_name = children.ready(children.server_name)
        self.principal_id = children.ready(login.user.object_id)
        self.client_id = children.ready(login.client_id)
        self.tenant_id = children.ready(login.tenant_id)
        self.identity_id = children.ready("" if login.identity is None else login.identity.id)
        self.psql_command = pulumi.Output.all(
            host=self.host, user=settings.psql_admin or login.admin.name, tenant_id=login.tenant_id
        ).apply(lambda known: psql_command(known["host"], known["user"], known["tenant_id"]))
        self.bootstrap_sql = children.ready(
            "-- Nothing to run: Backstage connects as the server's admin.\n"
            if login.user is login.admin
            else _bootstrap_sql(settings, login.user)
        )


def _network(settings: AzureSettings) -> dbforpostgresql.NetworkArgs:
    """Returns a delegated subnet, or public access that is enabled only if there are firewall rules."""
    if settings.delegated_subnet_id is None:
        return dbforpostgresql.NetworkArgs(public_network_access=_switch(bool(settings.firewall_rules)))
    return dbforpostgresql.NetworkArgs(
        delegated_subnet_resource_id=settings.delegated_subnet_id,
        private_dns_zone_arm_resource_id=settings.private_dns_zone_id,
    )


def _maintenance_window(settings: AzureSettings) -> dbforpostgresql.MaintenanceWindowArgs:
    """Returns the window. Without one it disables it explicitly, because Azure keeps a window that is left out."""
    if settings.maintenance_day is None:
        return dbforpostgresql.MaintenanceWindowArgs(
            custom_window="Disabled", day_of_week=0, start_hour=0, start_minute=0
        )
    return dbforpostgresql.MaintenanceWindowArgs(
        custom_window="Enabled",
        # Azure counts from Sunday, 0, to Saturday, 6.
        day_of_week=settings.maintenance_day.apply(lambda day: day % 7),
        start_hour=settings.maintenance_hour,
        start_minute=0,
    )


def _data_encryption(settings: AzureSettings) -> dbforpostgresql.DataEncryptionArgs | None:
    if settings.encryption is None:
        return None
    geo_backup = settings.geo_backup_encryption
    return dbforpostgresql.DataEncryptionArgs(
        type="AzureKeyVault",
        primary_key_uri=settings.encryption.key_uri,
        primary_user_assigned_identity_id=settings.encryption.identity_id,
        geo_backup_key_uri=None if geo_backup is None else geo_backup.key_uri,
        geo_backup_user_assigned_identity_id=None if geo_backup is None else geo_backup.identity_id,
    )


def _server_identity(settings: AzureSettings) -> dbforpostgresql.UserAssignedIdentityArgs | None:
    """Returns the identities with which the server reads the caller's keys."""
    keys: list[Encryption] = [key for key in (settings.encryption, settings.geo_backup_encryption) if key is not None]
    if not keys:
        return None
    ids = pulumi.Output.all(*[key.identity_id for key in keys])
    return dbforpostgresql.UserAssignedIdentityArgs(
        type="UserAssigned",
        user_assigned_identities=ids.apply(
            lambda known: {str(id_): dbforpostgresql.UserIdentityArgs() for id_ in known}
        ),
    )


def _connection(
    settings: AzureSettings,
    host: pulumi.Input[str],
    user: pulumi.Input[str],
    login: _Login,
) -> dict[str, pulumi.Input[Any]]:
    """Returns the values of the block's `connection`, without the client secret."""
    return {
        "type": "azure",
        "host": host,
        "port": PORT,
        "user": user,
        "database": settings.database_name if settings.plugin_division_mode == "schema" else None,
        "ssl": {"rejectUnauthorized": True},
        "tokenCredential": {
            "tenantId": None if settings.client_secret is None else login.tenant_id,
            "clientId": None if settings.use_default_credential else login.client_id,
            "tokenRenewalOffsetTime": settings.token_renewal_offset,
            "tokenRenewableOffsetTime": settings.token_renewal_offset,
        },
    }


def _database_config(
    division: str, connection: Mapping[str, Any], client_secret: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the block for these values, without absent or empty parts of the credential."""
    credential = {key: value for key, value in connection["tokenCredential"].items() if value}
    if client_secret is not None:
        credential["clientSecret"] = client_secret
    return backstage.database_config(
        {**connection, "tokenCredential": credential or None},
        options,
        pluginDivisionMode="schema" if division == "schema" else None,
    )


def _pods(settings: AzureSettings, login: _Login) -> PodIdentity | None:
    """Returns the annotations and labels with which AKS gives pods the identity that Backstage connects as."""
    if settings.kubernetes_service_account is None:
        return None
    return PodIdentity(
        settings.kubernetes_service_account,
        annotations={
            "azure.workload.identity/client-id": login.client_id,
            "azure.workload.identity/tenant-id": login.tenant_id,
        },
        pod_labels={"azure.workload.identity/use": "true"},
    )


def _bootstrap_sql(settings: AzureSettings, user: Principal) -> pulumi.Output[str]:
    values = pulumi.Output.all(
        database=settings.database_name, user=user.name, object_id=user.object_id, type=user.type
    )
    return values.apply(
        lambda known: bootstrap_sql(
            settings.plugin_division_mode, known["database"], known["user"], known["object_id"], known["type"]
        )
    )


def _host_warning(host: str) -> str | None:
    if host.endswith(_HOST_SUFFIX):
        return None
    return (
        f"the server {host} is in a sovereign cloud. Backstage asks Microsoft Entra for tokens of the public cloud, "
        "which it does not accept: Backstage cannot log in."
    )


def _switch(value: bool) -> str:
    return "Enabled" if value else "Disabled"
