"""Parses the arguments of an AzurePostgres, and refuses what Azure or Backstage would refuse."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi

from ..backstage.duration import duration
from ..database_options import read_database_options
from ..inputs import Inputs
from ..validators import Validator, boolean, integer, one_of, parameter_value
from .args import AzurePostgresArgs
from .capacity import DEFAULT_SKU, capacity
from .cross_checks import after, check_together
from .principals import read_principals
from .settings import AzureSettings, Encryption, FirewallRule
from .validators import (
    BASELINE_TIERS,
    PREMIUM_V2,
    PUBLIC_ONLY,
    address_range,
    application_id,
    auto_grow,
    availability_zone,
    check_reserved,
    cluster_name,
    compute_size,
    database_name,
    disk_size,
    firewall_rule_name,
    free_iops,
    free_throughput,
    geo_backup,
    guid,
    key_vault_key_uri,
    major_version,
    managed_identity_id,
    oidc_issuer,
    parameter_name,
    pods_service_account,
    private_dns_zone_id,
    region,
    resource_group_name,
    secret_text,
    server_name,
    standby_mode,
    storage_iops,
    storage_throughput,
    storage_tier,
    subnet_id,
    tag_name,
    tag_value,
    workspace_id,
)

T = TypeVar("T")

# Federated identity credentials that an identity can have (Microsoft Entra Workload ID).
_MAX_CREDENTIALS = 20

# Tags that a resource can have (Azure Resource Manager).
_MAX_TAGS = 50

# The Azure portal's name for this rule.
_AZURE_SERVICES_RULE = "AllowAllAzureServicesAndResourcesWithinAzureIps"


def validate(name: str, args: Mapping[str, Any] | None) -> AzureSettings:
    """Returns the settings. Raises ArgumentError for a wrong argument, and creates nothing."""
    inputs = Inputs("AzurePostgres", name, args, AzurePostgresArgs)
    create_identity = inputs.get_plain("create_identity", boolean, False) or not inputs.is_set("admin_name")
    _check_principals(inputs)
    _check_kubernetes(inputs, create_identity)
    _check_network(inputs)
    _check_operations(inputs)
    _check_cloud(inputs)
    principals = read_principals(inputs, create_identity)
    storage = _read_storage(inputs)
    settings = AzureSettings(
        inputs=inputs,
        resource_group_name=inputs.require("resource_group_name", resource_group_name),
        location=inputs.get("location", region),
        server_name=inputs.get("server_name", server_name),
        tags=_read_tags(inputs) or None,
        admin=principals.admin,
        create_identity=create_identity,
        further_admins=principals.further_admins,
        psql_admin=_read_psql_admin(inputs),
        user=principals.user,
        tenant_id=inputs.get("tenant_id", guid),
        client_id=_read_client_id(inputs),
        client_secret=inputs.get("client_secret", secret_text, secret=True),
        use_default_credential=inputs.get_plain("use_default_credential", boolean, False),
        kubernetes_service_account=_read_service_account(inputs, create_identity),
        kubernetes_oidc_issuers=_read_oidc_issuers(inputs),
        identity_resource_id=inputs.get("identity_resource_id", managed_identity_id),
        token_renewal_offset=inputs.get("token_renewal_offset", duration),
        version=inputs.get("version", major_version, "17"),
        sku_name=inputs.get("sku_name", compute_size, DEFAULT_SKU, related=["storage_type"]),
        storage_type=storage.type,
        storage_gb=storage.gb,
        storage_auto_grow=inputs.get("storage_auto_grow", auto_grow, storage.type is None, related=["storage_type"]),
        storage_tier=storage.tier,
        storage_iops=storage.iops,
        storage_throughput=storage.throughput,
        backup_retention_days=inputs.get("backup_retention_days", integer(7, 35), 7),
        geo_redundant_backup=inputs.get(
            "geo_redundant_backup", geo_backup, False, related=["encryption_key_uri", "geo_backup_encryption_key_uri"]
        ),
        high_availability=inputs.get("high_availability", standby_mode, "Disabled", related=["sku_name"]),
        availability_zone=inputs.get("availability_zone", availability_zone),
        maintenance_day=inputs.get("maintenance_day", integer(1, 7)),
        maintenance_hour=inputs.get("maintenance_hour", integer(0, 23)),
        encryption=_read_encryption(inputs, "encryption", key_vault_key_uri),
        geo_backup_encryption=_read_encryption(inputs, "geo_backup_encryption", key_vault_key_uri),
        server_parameters=_read_named(inputs, "server_parameters", parameter_name, parameter_value),
        firewall_rules=_read_firewall_rules(inputs),
        private_endpoint_subnet_id=inputs.get("private_endpoint_subnet_id", subnet_id),
        private_endpoint_resource_group_name=inputs.get("private_endpoint_resource_group_name", resource_group_name),
        private_endpoint_location=inputs.get("private_endpoint_location", region),
        delegated_subnet_id=inputs.get("delegated_subnet_id", subnet_id),
        private_dns_zone_id=inputs.get(
            "private_dns_zone_id", private_dns_zone_id, related=["private_endpoint_subnet_id", "server_name"]
        ),
        plugin_division_mode=inputs.get_plain("plugin_division_mode", one_of("database", "schema"), "database"),
        database_name=inputs.get("database_name", database_name, "backstage"),
        deletion_protection=inputs.get_plain("deletion_protection", boolean, True),
        delete_lock=inputs.get_plain("delete_lock", boolean, False),
        log_analytics_workspace_id=inputs.get("log_analytics_workspace_id", workspace_id),
        database_options=read_database_options(inputs, "database", capacity, ["sku_name", "server_parameters"]),
    )
    if settings.delete_lock and not settings.deletion_protection:
        inputs.fail(
            "delete_lock",
            "needs deletion_protection. To delete the server, leave delete_lock out, run `pulumi up`, and only then "
            "set deletion_protection to false: Azure would refuse to delete a locked server, but only after its admins "
            "and rules are gone from the stack.",
        )
    _check_database(settings)
    if settings.server_name is None:
        _check_generated_name(inputs, name)
    return settings


def _check_principals(inputs: Inputs) -> None:
    """Refuses combinations of identity arguments that Azure or Backstage cannot use."""
    for name in ("admin", "user"):
        parts = ["user" if name == "user" else "admin_name", f"{name}_object_id", f"{name}_type"]
        given = [part for part in parts if inputs.is_set(part)]
        if given and given != parts:
            missing = next(part for part in parts if part not in given)
            inputs.fail(missing, f"is missing: {', '.join(parts[:-1])} and {parts[-1]} describe one principal.")
    if inputs.is_set("user") and not inputs.is_set("admin_name"):
        inputs.fail("user", "needs admin_name, admin_object_id and admin_type: your own admin must run bootstrap_sql.")
    if inputs.is_set("create_identity"):
        if not inputs.is_set("admin_name"):
            inputs.fail(
                "create_identity",
                "needs admin_name, admin_object_id and admin_type: your own admin must run bootstrap_sql. Without "
                "them an identity is created anyway, and it is the admin.",
            )
        for other in ("user", "client_id", "client_secret"):
            if inputs.is_set(other):
                inputs.fail(other, "cannot be used with create_identity: Backstage connects as the created identity.")
    if inputs.is_set("client_id") and not inputs.is_set("admin_name"):
        inputs.fail(
            "client_id",
            "belongs to your own principal, so name it by admin_name, admin_object_id and admin_type. "
            "Without them an identity is created, whose own client id goes into the block.",
        )
    if inputs.is_set("client_secret") and not inputs.is_set("client_id"):
        inputs.fail("client_secret", "needs client_id, the client id of the same service principal.")
    pods = inputs.is_set("kubernetes_service_account")
    if inputs.is_set("use_default_credential") and inputs.is_set("client_id") and not pods:
        inputs.fail("use_default_credential", "leaves the client id out of the block, so leave out client_id.")


def _check_kubernetes(inputs: Inputs, create_identity: bool) -> None:
    """Refuses pods that cannot log in as the principal that Backstage connects as."""
    account, issuers, identity = "kubernetes_service_account", "kubernetes_oidc_issuers", "identity_resource_id"
    if not inputs.is_set(account):
        for argument in (issuers, identity):
            if inputs.is_set(argument):
                inputs.fail(argument, f"is for {account}: set that too, or leave it out.")
        return
    if not inputs.is_set(issuers):
        inputs.fail(issuers, f"is missing: {account} needs the OIDC issuer of each cluster that it is in.")
    if inputs.is_set("client_secret"):
        inputs.fail(
            "client_secret",
            f"cannot be used with {account}, whose pods log in without a secret. Leave one of them out.",
        )
    if create_identity:
        if inputs.is_set(identity):
            inputs.fail(identity, "is for your own identity, but one is created here: leave it out.")
        return
    for argument in (identity, "client_id"):
        if not inputs.is_set(argument):
            inputs.fail(
                argument,
                f"is missing: {account} needs {identity} and client_id of the managed identity that Backstage connects "
                "as. Pods cannot log in as another kind of principal.",
            )


def _check_network(inputs: Inputs) -> None:
    """Refuses combinations of network arguments that Azure does not support."""
    if inputs.is_set("delegated_subnet_id"):
        for other in ("firewall_rules", "allow_azure_services", "private_endpoint_subnet_id"):
            if inputs.is_set(other):
                inputs.fail(
                    other,
                    "cannot be used with delegated_subnet_id: a server inside a virtual network has no public address "
                    "and takes no private endpoint. Leave one of them out.",
                )
        if not inputs.is_set("private_dns_zone_id"):
            inputs.fail("private_dns_zone_id", "is missing: delegated_subnet_id needs it, to resolve the server.")
    elif inputs.is_set("private_dns_zone_id") and not inputs.is_set("private_endpoint_subnet_id"):
        inputs.fail(
            "private_dns_zone_id", "is for private_endpoint_subnet_id or delegated_subnet_id: set one, or leave it out."
        )


def _check_operations(inputs: Inputs) -> None:
    """Refuses arguments that need another one."""
    inputs.require_both("maintenance_day", "maintenance_hour")
    for key in ("encryption", "geo_backup_encryption"):
        because = ", because the server reads the key as that identity"
        inputs.require_both(f"{key}_key_uri", f"{key}_identity_id", because)
    if inputs.is_set("geo_backup_encryption_key_uri"):
        for other in ("encryption_key_uri", "geo_redundant_backup"):
            if not inputs.is_set(other):
                inputs.fail("geo_backup_encryption_key_uri", f"is for backups in the paired region: it needs {other}.")
    if inputs.is_set("private_endpoint_subnet_id"):
        return
    for argument in ("private_endpoint_resource_group_name", "private_endpoint_location"):
        if inputs.is_set(argument):
            inputs.fail(argument, "is for private_endpoint_subnet_id: set that too, or leave it out.")


def _check_cloud(inputs: Inputs) -> None:
    """Refuses sovereign clouds, in which Backstage cannot log in."""
    provider = pulumi.Config("azure-native")
    environment = provider.get("environment") or "public"
    if environment.lower() not in ("public", "azurecloud", "azurepubliccloud"):
        inputs.fail("location", f"cannot be in the cloud {environment!r} of azure-native:environment: {PUBLIC_ONLY}")
    default = provider.get("location")
    if default and not inputs.is_set("location"):
        inputs.validate_default("location", default, region, "the provider's azure-native:location")


def _check_database(settings: AzureSettings) -> None:
    """Refuses a name for a database that is not created."""
    if settings.inputs.is_set("database_name") and settings.plugin_division_mode != "schema":
        settings.inputs.fail(
            "database_name",
            "is for plugin_division_mode schema: in mode database Backstage creates a database for each plugin.",
        )


def _check_generated_name(inputs: Inputs, name: str) -> None:
    """Refuses a component's name that a server's name cannot start with."""
    if not re.fullmatch(r"(?=.{1,54}$)[a-z0-9](-?[a-z0-9])*", name):
        inputs.fail(
            "server_name",
            f"is missing, and cannot be generated from the component's name {name!r}, which would have to be at most "
            "54 of a-z, 0-9 and single hyphens inside.",
        )
    try:
        check_reserved(f"{name}-")
    except ValueError as reason:
        inputs.fail(
            "server_name", f"is missing, and cannot be generated from the component's name {name!r}, which {reason}"
        )


def _read_psql_admin(inputs: Inputs) -> str | None:
    people: list[str] = [*(inputs.raw("admin_users") or ()), *(inputs.raw("admin_groups") or ())]
    return min(people, default=None)


def _read_client_id(inputs: Inputs) -> pulumi.Output[str] | None:
    """Returns the client id of the principal that Backstage connects as; None if it was not given."""
    principal = "user" if inputs.is_set("user") else "admin"
    return inputs.get("client_id", application_id, related=[f"{principal}_object_id", f"{principal}_type"])


def _read_service_account(inputs: Inputs, create_identity: bool) -> pulumi.Output[str] | None:
    """Returns the Kubernetes service account. Fails if Backstage connects as a user or a group."""
    principal = "user" if inputs.is_set("user") else "admin"
    related = [] if create_identity else [f"{principal}_type"]
    return inputs.get("kubernetes_service_account", pods_service_account, related=related)


def _read_named(
    inputs: Inputs, argument: str, name: Validator[str], value: Validator[T]
) -> dict[str, pulumi.Output[T]]:
    """Returns a map whose keys are names in Azure. Azure ignores capitals in names, so two keys could be one object."""
    values = inputs.get_map(argument, name, value)
    if len({key.lower() for key in values}) < len(values):
        inputs.fail(argument, "has two keys that differ only in capitals, which Azure takes for one name.")
    return values


def _read_tags(inputs: Inputs) -> dict[str, pulumi.Output[str]]:
    tags = _read_named(inputs, "tags", tag_name, tag_value)
    if len(tags) > _MAX_TAGS:
        inputs.fail("tags", f"has {len(tags)} entries, but Azure allows {_MAX_TAGS} for a resource.")
    return tags


def _read_oidc_issuers(inputs: Inputs) -> Mapping[str, pulumi.Output[str]]:
    """Returns the issuer of each cluster. Azure accepts each once for a service account, and 20 for an identity."""
    argument = "kubernetes_oidc_issuers"
    issuers = _read_named(inputs, argument, cluster_name, oidc_issuer)
    if len(issuers) > _MAX_CREDENTIALS:
        inputs.fail(argument, f"has {len(issuers)} entries, but Azure allows {_MAX_CREDENTIALS} for an identity.")
    values = [inputs.raw(argument)[cluster] for cluster in issuers]

    def check(known: Any) -> None:
        seen: dict[str, str] = {}
        for cluster, issuer in zip(issuers, known, strict=True):
            if isinstance(issuer, str) and (other := seen.setdefault(issuer, cluster)) != cluster:
                inputs.fail(argument, f"has one issuer for {other!r} and {cluster!r}, but each cluster has its own.")

    checked = check_together(values, check)
    return {cluster: after(checked, issuer) for cluster, issuer in issuers.items()}


@dataclass(frozen=True)
class _Storage:
    type: str | None
    """None for Premium_LRS, which in Azure's API has no type."""
    gb: pulumi.Output[int]
    tier: pulumi.Output[str] | None
    iops: pulumi.Output[int] | None
    throughput: pulumi.Output[int] | None


def _read_storage(inputs: Inputs) -> _Storage:
    """Returns the storage, with explicit defaults for its performance: Azure keeps what an update leaves out."""
    type_ = inputs.get_plain("storage_type", one_of("Premium_LRS", PREMIUM_V2), "Premium_LRS")
    gb = inputs.get("storage_gb", disk_size, 32, related=["storage_type"])
    tier = inputs.get("storage_tier", storage_tier, related=["storage_gb", "storage_type"])
    iops = inputs.get("storage_iops", storage_iops, related=["storage_type", "storage_gb"])
    throughput = inputs.get(
        "storage_throughput", storage_throughput, related=["storage_type", "storage_iops", "storage_gb"]
    )
    if type_ != PREMIUM_V2:
        return _Storage(None, gb, tier or gb.apply(BASELINE_TIERS.__getitem__), iops, throughput)
    if inputs.is_set("encryption_key_uri"):
        inputs.fail("encryption_key_uri", f"cannot be used with storage_type {PREMIUM_V2}: Azure does not support it.")
    return _Storage(type_, gb, tier, iops or gb.apply(free_iops), throughput or gb.apply(free_throughput))


def _read_encryption(inputs: Inputs, prefix: str, key_uri: Validator[str]) -> Encryption | None:
    uri = inputs.get(f"{prefix}_key_uri", key_uri)
    identity_id = inputs.get(f"{prefix}_identity_id", managed_identity_id)
    return None if uri is None or identity_id is None else Encryption(uri, identity_id)


def _read_firewall_rules(inputs: Inputs) -> tuple[FirewallRule, ...]:
    rules = [
        FirewallRule(name, first=addresses[0], last=addresses[1])
        for name, addresses in _read_named(inputs, "firewall_rules", firewall_rule_name, address_range).items()
    ]
    if inputs.get_plain("allow_azure_services", boolean, False):
        if any(rule.name.lower() == _AZURE_SERVICES_RULE.lower() for rule in rules):
            inputs.fail("firewall_rules", f"has the key {_AZURE_SERVICES_RULE}, which allow_azure_services takes.")
        everything = pulumi.Output.from_input("0.0.0.0")  # noqa: S104
        rules.append(FirewallRule(_AZURE_SERVICES_RULE, first=everything, last=everything))
    return tuple(rules)
