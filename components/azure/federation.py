"""Creates federated identity credentials, by which pods of Kubernetes log in as a managed identity."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import authorization, managedidentity

from .identity import Identity
from .validation import AzureSettings

# Audience and subject of a pod's token (Microsoft Entra Workload ID).
AUDIENCE = "api://AzureADTokenExchange"


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

    Returns one credential for each cluster. Azure refuses to write two of one identity at once.
    """
    account = settings.kubernetes_service_account
    if account is None:
        return []
    place = _place(settings, identity, parent)
    credentials: list[pulumi.CustomResource] = []
    for cluster, issuer in settings.kubernetes_oidc_issuers.items():
        credentials.append(
            managedidentity.FederatedIdentityCredential(
                f"{name}-cluster-{cluster}",
                federated_identity_credential_resource_name=pulumi.Output.concat(server_name, "-", cluster),
                resource_group_name=place["resource_group"],
                resource_name_=place["name"],
                issuer=issuer,
                subject=account.apply(lambda known: f"system:serviceaccount:{known.replace('/', ':')}"),
                audiences=[AUDIENCE],
                opts=pulumi.ResourceOptions(
                    parent=parent,
                    depends_on=credentials[-1:],
                    deleted_with=None if identity is None else identity.resource,
                    hooks=hooks,
                    # When the server is renamed, credential and identity keep their names.
                    ignore_changes=["federatedIdentityCredentialResourceName"],
                ),
            )
        )
    return credentials


def _place(
    settings: AzureSettings, identity: Identity | None, parent: pulumi.Resource
) -> Mapping[str, pulumi.Output[str]]:
    """Returns resource group and name of the identity that Backstage connects as."""
    if identity is not None:
        return {"resource_group": identity.resource_group_name, "name": identity.principal.name}
    if settings.identity_resource_id is None:
        raise TypeError("without a created identity, identity_resource_id is required")
    login = authorization.get_client_config_output(pulumi.InvokeOutputOptions(parent=parent))
    parts = pulumi.Output.all(id=settings.identity_resource_id, subscription=login.subscription_id).apply(
        lambda known: settings.check_identity(known["id"], known["subscription"]).split("/")
    )
    return {"resource_group": parts.apply(lambda known: known[4]), "name": parts.apply(lambda known: known[8])}
