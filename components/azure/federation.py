"""Creates federated identity credentials, with which Kubernetes pods log in as a managed identity."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import authorization, managedidentity

from .identity import Identity
from .settings import AzureSettings

# Audience of a pod's token (Microsoft Entra Workload ID).
_AUDIENCE = "api://AzureADTokenExchange"


def trust_service_account(
    name: str,
    server_name: pulumi.Input[str],
    settings: AzureSettings,
    identity: Identity | None,
    *,
    parent: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding,
) -> list[pulumi.CustomResource]:
    """Lets pods of the Kubernetes service account log in as the identity that Backstage connects as.

    Returns one credential for each cluster. Each waits for the one before, because Azure refuses to write two
    credentials of the same identity at once.
    """
    account = settings.kubernetes_service_account
    if account is None:
        return []
    location = _identity_location(settings, identity, parent)
    credentials: list[pulumi.CustomResource] = []
    for cluster, issuer in settings.kubernetes_oidc_issuers.items():
        credentials.append(
            managedidentity.FederatedIdentityCredential(
                f"{name}-cluster-{cluster}",
                federated_identity_credential_resource_name=pulumi.Output.concat(server_name, "-", cluster),
                resource_group_name=location["resource_group"],
                resource_name_=location["name"],
                issuer=issuer,
                subject=account.apply(lambda known: f"system:serviceaccount:{known.replace('/', ':')}"),
                audiences=[_AUDIENCE],
                opts=pulumi.ResourceOptions(
                    parent=parent,
                    depends_on=credentials[-1:],
                    deleted_with=None if identity is None else identity.resource,
                    hooks=hooks,
                    # Credential and identity keep their names when the server is renamed.
                    ignore_changes=["federatedIdentityCredentialResourceName"],
                ),
            )
        )
    return credentials


def _identity_location(
    settings: AzureSettings, identity: Identity | None, parent: pulumi.Resource
) -> Mapping[str, pulumi.Output[str]]:
    """Returns the resource group and name of the identity that Backstage connects as."""
    if identity is not None:
        return {"resource_group": identity.resource_group_name, "name": identity.principal.name}
    if settings.identity_resource_id is None:
        raise TypeError("without a created identity, identity_resource_id is required")
    login = authorization.get_client_config_output(pulumi.InvokeOutputOptions(parent=parent))
    parts = pulumi.Output.all(id=settings.identity_resource_id, subscription=login.subscription_id).apply(
        lambda known: settings.check_identity(known["id"], known["subscription"]).split("/")
    )
    return {"resource_group": parts.apply(lambda known: known[4]), "name": parts.apply(lambda known: known[8])}
