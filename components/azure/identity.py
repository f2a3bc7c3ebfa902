"""Creates the managed identity, and records in the state which principal Backstage connects as."""

import re
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from ..error_hooks import unique_hook_name
from ..persistence import persist_once
from .known import known_or, require
from .principals import Principal
from .settings import AzureSettings


@dataclass(frozen=True)
class Identity:
    """The created managed identity."""

    resource: pulumi.CustomResource
    resource_group_name: pulumi.Output[str]
    id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    tenant_id: pulumi.Output[str]
    principal: Principal


def create_identity(
    name: str,
    server_name: pulumi.Input[str],
    settings: AzureSettings,
    *,
    parent: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding,
) -> Identity:
    """Creates the managed identity that Backstage runs as, named like the server."""
    identity = managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_name_=server_name,
        resource_group_name=settings.resource_group_name,
        location=settings.location,
        tags=settings.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            hooks=hooks,
            # Do not replace the identity when the server is renamed or moved.
            ignore_changes=["resourceGroupName", "resourceName", "location"],
        ),
    )
    # For previews of an update, for example of the tags, which do not know the provider's outputs.
    stored = persist_once(
        f"{name}-identity-values",
        pulumi.Output.all(
            name=identity.name,
            principal_id=identity.principal_id,
            client_id=identity.client_id,
            tenant_id=identity.tenant_id,
        ),
        parent,
    )

    def value(current: pulumi.Output[str], key: str) -> pulumi.Output[str]:
        return known_or(current, stored.apply(lambda values: values.get(key)))

    return Identity(
        resource=identity,
        # From the id, because an identity stays in its group when the server moves to another.
        resource_group_name=pulumi.Output.all(id=known_or(identity.id, ""), group=settings.resource_group_name).apply(
            lambda known: _group_of(known["id"]) or known["group"]
        ),
        id=identity.id,
        client_id=require(value(identity.client_id, "client_id"), "clientId of the managed identity", parent),
        tenant_id=require(value(identity.tenant_id, "tenant_id"), "tenantId of the managed identity", parent),
        principal=Principal(
            name=known_or(value(identity.name, "name"), server_name),
            object_id=require(
                value(identity.principal_id, "principal_id"), "principalId of the managed identity", parent
            ),
            type=pulumi.Output.from_input("ServicePrincipal"),
        ),
    )


def _group_of(id_: str) -> str | None:
    """Returns the resource group in an id; None for an id that a preview does not know or that mocks made up."""
    found = re.search(r"/resourceGroups/([^/]+)/", id_, re.IGNORECASE)
    return found and found[1]


def record_principal(name: str, principal: Principal, *, parent: pulumi.Resource) -> pulumi.CustomResource:
    """Records in the state which principal Backstage connects as. Warns, in previews too, when an update changes it."""

    def warn(record: pulumi.ResourceHookArgs) -> None:
        old, new = (
            values.get("input") if values and isinstance(values.get("input"), str) else None
            for values in (record.old_inputs, record.new_inputs)
        )
        if old and old != new:
            pulumi.log.warn(
                f'AzurePostgres "{name}": Backstage will connect as {new or "another principal"}, no longer as {old}. '
                "Databases and tables stay with the role of the old principal, and Backstage cannot change them as "
                "another one. Hand them over before this update: docs/azure.md, Changing the principal.",
                parent,
            )

    hook = pulumi.ResourceHook(
        unique_hook_name(f"AzurePostgres {name}: warn about another principal"),
        warn,
        pulumi.ResourceHookOptions(on_dry_run=True),
    )
    return pulumi.Stash(
        f"{name}-principal",
        input=pulumi.Output.concat(principal.name, " (", principal.object_id, ")"),
        opts=pulumi.ResourceOptions(parent=parent, hooks=pulumi.ResourceHookBinding(before_update=[hook])),
    )
