"""The arguments of an AzurePostgres after validation, and warnings about values that work poorly."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..backstage.duration import MILLISECONDS, milliseconds
from ..inputs import Inputs
from .capacity import capacity
from .principals import Principal
from .validators import (
    sku_tier,
)


@dataclass(frozen=True)
class Encryption:
    """The caller's key in Key Vault, and the identity that may use it."""

    key_uri: pulumi.Output[str]
    identity_id: pulumi.Output[str]


@dataclass(frozen=True)
class FirewallRule:
    """A range of IPv4 addresses that may connect."""

    name: str
    first: pulumi.Output[str]
    last: pulumi.Output[str]


@dataclass(frozen=True)
class AzureSettings:
    """The validated arguments of an AzurePostgres: plain if they decide what is created, else Outputs."""

    inputs: Inputs
    resource_group_name: pulumi.Output[str]
    location: pulumi.Output[str] | None
    server_name: pulumi.Output[str] | None
    tags: Mapping[str, pulumi.Output[str]] | None

    admin: Principal | None
    create_identity: bool
    """Whether an identity is created for Backstage, either as the admin or next to the caller's own admin."""
    further_admins: Mapping[str, Principal]
    psql_admin: str | None
    """The further admin for the output `psql_command`: a user or a group, which `az login` can log in as."""
    user: Principal | None
    tenant_id: pulumi.Output[str] | None
    client_id: pulumi.Output[str] | None
    client_secret: pulumi.Output[str] | None
    use_default_credential: bool
    kubernetes_service_account: pulumi.Output[str] | None
    kubernetes_oidc_issuers: Mapping[str, pulumi.Output[str]]
    identity_resource_id: pulumi.Output[str] | None
    token_renewal_offset: pulumi.Output[Any] | None

    version: pulumi.Output[str]
    sku_name: pulumi.Output[str]
    storage_type: str | None
    storage_gb: pulumi.Output[int]
    storage_auto_grow: pulumi.Output[bool]
    storage_tier: pulumi.Output[str] | None
    storage_iops: pulumi.Output[int] | None
    storage_throughput: pulumi.Output[int] | None
    backup_retention_days: pulumi.Output[int]
    geo_redundant_backup: pulumi.Output[bool]
    high_availability: pulumi.Output[str]
    availability_zone: pulumi.Output[str] | None
    maintenance_day: pulumi.Output[int] | None
    maintenance_hour: pulumi.Output[int] | None
    encryption: Encryption | None
    geo_backup_encryption: Encryption | None
    server_parameters: Mapping[str, pulumi.Output[str]]

    firewall_rules: tuple[FirewallRule, ...]
    private_endpoint_subnet_id: pulumi.Output[str] | None
    private_endpoint_resource_group_name: pulumi.Output[str] | None
    private_endpoint_location: pulumi.Output[str] | None
    delegated_subnet_id: pulumi.Output[str] | None
    private_dns_zone_id: pulumi.Output[str] | None

    plugin_division_mode: str
    database_name: pulumi.Output[str]
    deletion_protection: bool
    delete_lock: bool
    log_analytics_workspace_id: pulumi.Output[str] | None
    database_options: pulumi.Output[Mapping[str, Any]]

    def check_identity(self, id_: str, subscription: str | None) -> str:
        """Returns the identity's resource id. Fails if it is not in the subscription of the provider."""
        if subscription and id_.split("/")[2].lower() != subscription.lower():
            self.inputs.fail(
                "identity_resource_id",
                f"is in another subscription than {subscription}, in which the provider of this component creates "
                "resources. Leave it out together with kubernetes_service_account, and create the identity's federated "
                "credentials with a provider of that subscription.",
            )
        return id_

    def log_warnings(self, component: pulumi.Resource) -> None:
        """Logs warnings about values that Azure accepts but that work poorly."""
        self.inputs.warn(_network_warning(self.inputs), component)
        self.inputs.warn(self.version.apply(_version_warning), component)
        self.inputs.warn(self.sku_name.apply(_sku_warning), component)
        principal = self.user or self.admin
        if self.identity_resource_id is not None and principal is not None:
            names = pulumi.Output.all(id_=self.identity_resource_id, name=principal.name)
            self.inputs.warn(names.apply(lambda known: _identity_warning(**known)), component)
        for cluster, issuer in self.kubernetes_oidc_issuers.items():
            self.inputs.warn(issuer.apply(functools.partial(_issuer_warning, cluster)), component)
        if self.token_renewal_offset is not None:
            self.inputs.warn(self.token_renewal_offset.apply(_renewal_warning), component)


def _identity_warning(id_: str, name: str) -> str | None:
    if id_.rpartition("/")[2].lower() == name.lower():
        return None
    return (
        "identity_resource_id ends in another name than the principal that Backstage connects as. A managed identity "
        "has the name of its resource. If these are two identities, no pod can log in."
    )


def _issuer_warning(cluster: str, issuer: str) -> str | None:
    if not re.fullmatch(r"https://([a-z0-9]+\.oic|oidc)\.prod-aks\.azure\.com/.*[^/]", issuer):
        return None
    return (
        f"kubernetes_oidc_issuers lacks the slash that AKS puts at the end, for {cluster!r}. It must be exactly the "
        "issuer in the pods' tokens, or Microsoft Entra refuses them (AADSTS700211)."
    )


def _version_warning(version: str) -> str | None:
    return {
        "14": "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Azure upgrades in place.",
        "18": "Microsoft Entra logins on PostgreSQL 18 are reported broken (Azure/azure-postgresql#132). 17 works.",
    }.get(version)


def _sku_warning(sku_name: str) -> str | None:
    if sku_tier(sku_name) != "Burstable":
        return None
    size, connections = capacity(sku_name, None), ""
    if size is not None:
        usable = size.max_connections - size.reserved
        connections = f" It allows {usable} connections; Backstage opens up to 10 for each plugin."
    return f"{sku_name} is Burstable, which Microsoft advises for development only.{connections}"


def _network_warning(inputs: Inputs) -> str | None:
    ways = ("firewall_rules", "allow_azure_services", "private_endpoint_subnet_id", "delegated_subnet_id")
    if not any(map(inputs.is_set, ways)):
        return f"nobody can reach this server, neither Backstage nor you. Set one of {', '.join(ways)}."
    if inputs.is_set("allow_azure_services"):
        return (
            "allow_azure_services allows connections from every machine in Azure, including other customers' machines."
        )
    if inputs.is_set("private_endpoint_subnet_id") and not inputs.is_set("private_dns_zone_id"):
        return (
            "without private_dns_zone_id the server's name resolves to its public address, which is closed, "
            "unless your network's own DNS knows the private endpoint."
        )
    return None


def _renewal_warning(offset: Any) -> str | None:
    if milliseconds(offset) <= 5 * MILLISECONDS["minutes"]:
        return None
    return (
        "token_renewal_offset is more than 5 minutes. Azure's library returns the same token until 5 minutes before it "
        "expires, so in the time before that every token is already due for renewal: Backstage closes each connection "
        "and its queries fail. Leave it out, or use at most 5 minutes."
    )
