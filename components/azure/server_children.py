"""Creates the resources of a server: administrators, database, firewall rules, parameters, endpoint, logs, lock."""

from collections.abc import Sequence
from typing import TypeVar

import pulumi
from pulumi_azure_native import authorization, dbforpostgresql, monitor, network

from ..outputs import resolved_after
from ..persistence import protected
from .known import known_or
from .principals import Principal
from .settings import AzureSettings, FirewallRule

T = TypeVar("T")
R = TypeVar("R", bound=pulumi.CustomResource)

# Azure cannot update an administrator in place, and old and new share an id, so delete first.
_REPLACE_ON_PRINCIPAL_CHANGE = ["principalName", "principalType", "tenantId"]


class ServerChildren:
    """Creates a server's resources one after another, because Azure runs one operation per server at a time."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        server: dbforpostgresql.Server,
        server_name: pulumi.Input[str],
        settings: AzureSettings,
        *,
        hooks: pulumi.ResourceHookBinding,
        created: list[pulumi.CustomResource],
        also_ready: Sequence[pulumi.CustomResource] = (),
    ) -> None:
        """Every resource is added to `created`. `ready` also waits for the resources in `also_ready`."""
        self._component = component
        self._name = name
        self.server = server
        self.server_name = known_or(server.name, server_name)
        self._settings = settings
        self._hooks = hooks
        self._created = created
        self._also_ready = also_ready
        # The children of a replaced server are replaced too, and deleted before it. A protected server cannot be
        # replaced, so its children do not depend on its outputs: otherwise `up --skip-preview` would delete the admins
        # before the replacement is refused.
        self._server_ref = server_name if settings.deletion_protection else self.server_name
        self.last: pulumi.CustomResource = server
        """The resource that was created last."""

    def ready(self, value: pulumi.Input[T]) -> pulumi.Output[T]:
        """Returns `value` as an Output that resolves when all children exist, so that the server is free."""
        return resolved_after(value, *[resource.id for resource in (self.last, *self._also_ready)])

    def add_administrator(
        self, name: str, principal: Principal, tenant_id: pulumi.Output[str], *, after: pulumi.Resource | None = None
    ) -> None:
        self._add(
            dbforpostgresql.AdministratorsMicrosoftEntra(
                f"{self._name}-{name}",
                resource_group_name=self._settings.resource_group_name,
                server_name=self._server_ref,
                object_id=principal.object_id,
                principal_name=principal.name,
                principal_type=principal.type,
                tenant_id=tenant_id,
                opts=self._options(
                    after=after, delete_before_replace=True, replace_on_changes=_REPLACE_ON_PRINCIPAL_CHANGE
                ),
            )
        )

    def add_database(self, database_name: pulumi.Output[str]) -> None:
        self._add(
            dbforpostgresql.Database(
                f"{self._name}-database",
                resource_group_name=self._settings.resource_group_name,
                server_name=self._server_ref,
                database_name=database_name,
                charset="UTF8",
                collation="en_US.utf8",
                opts=self._options(protect=protected(self._settings.deletion_protection)),
            )
        )

    def add_firewall_rule(self, rule: FirewallRule) -> None:
        self._add(
            dbforpostgresql.FirewallRule(
                f"{self._name}-rule-{rule.name}",
                resource_group_name=self._settings.resource_group_name,
                server_name=self._server_ref,
                firewall_rule_name=rule.name,
                start_ip_address=rule.first,
                end_ip_address=rule.last,
                opts=self._options(),
            )
        )

    def add_parameter(self, parameter: str, value: pulumi.Output[str]) -> None:
        self._add(
            dbforpostgresql.Configuration(
                f"{self._name}-parameter-{parameter}",
                resource_group_name=self._settings.resource_group_name,
                server_name=self._server_ref,
                configuration_name=parameter,
                value=value,
                source="user-override",
                opts=self._options(),
            )
        )

    def add_private_endpoint(self, subnet_id: pulumi.Output[str]) -> None:
        """Creates a private endpoint and, if a zone is given, its DNS zone group."""
        settings = self._settings
        resource_group_name = settings.private_endpoint_resource_group_name or settings.resource_group_name
        endpoint = self._add(
            network.PrivateEndpoint(
                f"{self._name}-private-endpoint",
                private_endpoint_name=self._server_ref,
                resource_group_name=resource_group_name,
                location=settings.private_endpoint_location or settings.location,
                tags=settings.tags,
                subnet=network.SubnetArgs(id=subnet_id),
                private_link_service_connections=[
                    network.PrivateLinkServiceConnectionArgs(
                        name="postgresql", private_link_service_id=self.server.id, group_ids=["postgresqlServer"]
                    )
                ],
                # Azure does not delete a private endpoint together with its server.
                opts=pulumi.ResourceOptions(parent=self._component, depends_on=[self.last], hooks=self._hooks),
            )
        )
        if settings.private_dns_zone_id is None:
            return
        self._add(
            network.PrivateDnsZoneGroup(
                f"{self._name}-private-dns",
                resource_group_name=resource_group_name,
                private_endpoint_name=known_or(endpoint.name, self._server_ref),
                private_dns_zone_group_name="default",
                private_dns_zone_configs=[
                    network.PrivateDnsZoneConfigArgs(
                        name="postgresql", private_dns_zone_id=settings.private_dns_zone_id
                    )
                ],
                opts=pulumi.ResourceOptions(parent=self._component, deleted_with=endpoint, hooks=self._hooks),
            )
        )

    def add_diagnostics(self, workspace_id: pulumi.Output[str]) -> None:
        """Sends the server's logs and metrics to a Log Analytics workspace."""
        self._add(
            monitor.DiagnosticSetting(
                f"{self._name}-diagnostics",
                name="backstage-database",
                resource_uri=self.server.id,
                workspace_id=workspace_id,
                logs=[monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
                metrics=[monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)],
                # Azure keeps the setting of a deleted server, and applies it to a new one of the same name.
                opts=pulumi.ResourceOptions(parent=self._component, depends_on=[self.last], hooks=self._hooks),
            )
        )

    def add_delete_lock(self) -> None:
        """Locks the server. It comes last, so that it is deleted first when it is removed together with others."""
        self._add(
            authorization.ManagementLockByScope(
                f"{self._name}-delete-lock",
                lock_name="backstage-database",
                scope=self.server.id,
                level="CanNotDelete",
                notes="The database of Backstage. Set deleteLock to false and run `pulumi up` to remove this lock.",
                # deleted_with: a destroy does not delete the lock first, so Azure refuses to delete the server.
                opts=self._options(),
            )
        )

    def _add(self, resource: R) -> R:
        self._created.append(resource)
        self.last = resource
        return resource

    def _options(
        self,
        *,
        after: pulumi.Resource | None = None,
        protect: bool | None = None,
        delete_before_replace: bool | None = None,
        replace_on_changes: list[str] | None = None,
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self._component,
            depends_on=[self.last] if after is None else [self.last, after],
            deleted_with=self.server,
            hooks=self._hooks,
            protect=protect,
            delete_before_replace=delete_before_replace,
            replace_on_changes=replace_on_changes,
        )
