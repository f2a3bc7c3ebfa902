"""Validates the arguments of an AzurePostgres, and warns about values that work poorly.

The patterns follow Microsoft's API description (Microsoft.DBforPostgreSQL, 2025-08-01). Where they are stricter, the
message says why.
"""

import asyncio
import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import pulumi

from ..backstage import WHITESPACE_AROUND
from ..backstage.connection_budget import Capacity, read_max_connections
from ..backstage.duration import MILLISECONDS, duration, milliseconds
from ..database_options import read_database_options
from ..inputs import Inputs
from ..kubernetes import service_account
from ..validators import Validator, boolean, integer, is_valid_string, one_of, parameter_value, regex
from .args import AzurePostgresArgs
from .known import with_unknowns

T = TypeVar("T")

# Backstage asks for tokens of the public cloud's database audience, ossrdbms-aad.database.windows.net.
_PUBLIC_ONLY = (
    "Backstage asks Microsoft Entra for tokens of Azure's public cloud, which servers in sovereign clouds do not "
    "accept. Use a region of the public cloud."
)

_ONE_ROLE = "each principal is one PostgreSQL role. Name it once."

# Federated identity credentials that an identity can have (Microsoft Entra Workload ID).
_MAX_CREDENTIALS = 20
# Microsoft Entra's own issuers, whose tokens it does not exchange.
_ENTRA_ISSUER = r"([^/]+\.)?(login\.microsoftonline\.com|login\.windows\.net|login\.microsoft\.com|sts\.windows\.net)"

_DEFAULT_SKU = "Standard_D2ds_v5"
PREMIUM_V2 = "PremiumV2_LRS"
# The Azure portal's name for this rule.
_AZURE_SERVICES_RULE = "AllowAllAzureServicesAndResourcesWithinAzureIps"


@dataclass(frozen=True)
class Principal:
    """A user, group or service principal of Microsoft Entra."""

    name: pulumi.Output[str]
    """The principal's name, which is also the name of its PostgreSQL role."""
    object_id: pulumi.Output[str]
    type: pulumi.Output[str]
    """User, Group or ServicePrincipal."""


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


def validate(name: str, args: Mapping[str, Any] | None) -> AzureSettings:
    """Returns the settings. Raises ArgumentError for a wrong argument, and creates nothing."""
    inputs = Inputs("AzurePostgres", name, args, AzurePostgresArgs)
    create_identity = inputs.get_plain("create_identity", boolean, False) or not inputs.is_set("admin_name")
    _check_principals(inputs)
    _check_kubernetes(inputs, create_identity)
    _check_network(inputs)
    _check_operations(inputs)
    _check_cloud(inputs)
    principals = _read_principals(inputs, create_identity)
    storage = _read_storage(inputs)
    settings = AzureSettings(
        inputs=inputs,
        resource_group_name=inputs.require("resource_group_name", resource_group_name),
        location=inputs.get("location", region),
        server_name=inputs.get("server_name", server_name),
        tags=_read_named(inputs, "tags", tag_name, tag_value) or None,
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
        sku_name=inputs.get("sku_name", compute_size, _DEFAULT_SKU, related=["storage_type"]),
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
        inputs.fail("location", f"cannot be in the cloud {environment!r} of azure-native:environment: {_PUBLIC_ONLY}")
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


@dataclass(frozen=True)
class _Principals:
    admin: Principal | None
    user: Principal | None
    further_admins: Mapping[str, Principal]


def _read_principals(inputs: Inputs, create_identity: bool) -> _Principals:
    """Returns all principals. Names and object ids are unique, because each principal is one role and one resource."""
    further: dict[str, tuple[str, Principal]] = {}
    for argument, type_ in (
        ("admin_users", "User"),
        ("admin_groups", "Group"),
        ("admin_service_principals", "ServicePrincipal"),
    ):
        for name, object_id in inputs.get_map(argument, principal_name, guid).items():
            if name in further:
                inputs.fail(argument, f"names {name!r}, as {further[name][0]} does: {_ONE_ROLE}")
            further[name] = argument, Principal(_output(name), object_id, _output(type_))

    admin = _read_principal(inputs, "admin_name", "admin_object_id", "admin_type")
    user = _read_principal(inputs, "user", "user_object_id", "user_type")
    unique = _UniquePrincipals(inputs)
    if create_identity:
        unique.add(("server_name", inputs.raw("server_name")), ("", None))
    for name, object_id in (("admin_name", "admin_object_id"), ("user", "user_object_id")):
        unique.add((name, inputs.raw(name)), (object_id, inputs.raw(object_id)))
    for name, (argument, _) in further.items():
        unique.add((argument, name), (argument, inputs.raw(argument)[name]))
    checked = unique.check()

    def after_check(principal: Principal | None) -> Principal | None:
        if principal is None:
            return None
        return Principal(
            _after(checked, principal.name), _after(checked, principal.object_id), _after(checked, principal.type)
        )

    return _Principals(
        admin=after_check(admin),
        user=after_check(user),
        further_admins={
            name: Principal(principal.name, _after(checked, principal.object_id), principal.type)
            for name, (_, principal) in sorted(further.items())
        },
    )


def _read_principal(inputs: Inputs, name: str, object_id: str, type_: str) -> Principal | None:
    known_name = inputs.get(name, principal_name)
    known_id = inputs.get(object_id, guid)
    known_type = inputs.get(type_, principal_type)
    if known_name is None or known_id is None or known_type is None:
        return None
    return Principal(known_name, known_id, known_type)


class _UniquePrincipals:
    """Collects the names and object ids of principals, with their arguments, and refuses duplicates."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._sources: list[tuple[str, str]] = []
        self._values: list[Any] = []

    def add(self, name: tuple[str, Any], object_id: tuple[str, Any]) -> None:
        """Adds a principal. Each parameter is a pair of an argument's name and its value."""
        for kind, (argument, value) in (("name", name), ("object id", object_id)):
            self._sources.append((kind, argument))
            self._values.append(value)

    def check(self) -> pulumi.Output[None]:
        """Fails at once for plain duplicates. Returns an Output that fails if Outputs turn out to be duplicates."""
        return _checked(self._values, self._compare)

    def _compare(self, values: Any) -> None:
        """Fails if two known values are equal."""
        seen: dict[tuple[str, str], str] = {}
        for (kind, argument), value in zip(self._sources, values, strict=True):
            if isinstance(value, str):
                key = kind, value.lower() if kind == "object id" else value
                if key in seen:
                    self._inputs.fail(
                        argument,
                        f"has {'an' if kind == 'object id' else 'a'} {kind} that {seen[key]} has too: {_ONE_ROLE}",
                    )
                seen[key] = argument


def _output(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)


def _checked(values: Sequence[Any], check: Callable[[Any], None]) -> pulumi.Output[None]:
    """Checks values together: plain ones at once, and all when the Outputs among them are known.

    Returns an Output that fails when the second check does. In the first check, `check` receives Outputs as they are;
    in the second, `pulumi.UNKNOWN` for an unknown value.
    """
    check(values)
    return pulumi.Output.all(*map(with_unknowns, values)).apply(check, run_with_unknowns=True)


def _after(check: pulumi.Output[None], value: pulumi.Output[T]) -> pulumi.Output[T]:
    """Returns `value` as an Output that fails if `check` does. It is as known and as secret as `value`."""

    async def checked() -> T:
        await check.future(with_unknowns=True)
        return cast(T, await value.future(with_unknowns=True))

    # Tasks, because a program that fails earlier would leave coroutines that were never awaited.
    return pulumi.Output(
        asyncio.ensure_future(value.resources()),
        asyncio.ensure_future(checked()),
        asyncio.ensure_future(value.is_known()),
        asyncio.ensure_future(value.is_secret()),
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

    checked = _checked(values, check)
    return {cluster: _after(checked, issuer) for cluster, issuer in issuers.items()}


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
        return _Storage(None, gb, tier or gb.apply(_BASELINE_TIERS.__getitem__), iops, throughput)
    if inputs.is_set("encryption_key_uri"):
        inputs.fail("encryption_key_uri", f"cannot be used with storage_type {PREMIUM_V2}: Azure does not support it.")
    return _Storage(type_, gb, tier, iops or gb.apply(_free_iops), throughput or gb.apply(_free_throughput))


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


resource_group_name = regex(
    r"(?u:[-\w.()]{0,89}[-\w()])",
    "must name a resource group: 1 to 90 letters, digits, _ - . ( and ), not ending in a period.",
)

_region_name = regex(
    r"[A-Za-z0-9]+( [A-Za-z0-9]+)*", "must name an Azure region, such as westeurope: `az account list-locations`."
)


def region(value: Any) -> str:
    name = _region_name(value)
    if re.match(r"us(gov|dod|nat|sec)|china", name.replace(" ", "").lower()):
        raise ValueError(f"must not be in a sovereign cloud. {_PUBLIC_ONLY}")
    return name


server_name = regex(
    r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*",
    "must be 3 to 63 of a-z, 0-9 and single hyphens, and neither start nor end with a hyphen.",
)

guid = regex(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "must be a GUID, such as 00000000-0000-0000-0000-000000000000.",
)

principal_type = one_of("User", "Group", "ServicePrincipal")

database_name = regex(
    r"(?!(?:postgres|azure_maintenance|azure_sys)$)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not be one of Azure's own: postgres, "
    "azure_maintenance, azure_sys.",
)

firewall_rule_name = regex(
    r"[a-zA-Z0-9][-_a-zA-Z0-9]{0,79}(?<!-)",
    "must be 1 to 80 of A-Z, a-z, 0-9, _ and -, start with a letter or digit, and not end in -.",
)

parameter_name = regex(
    r"(?!(?i:require_secure_transport)$)[-A-Za-z0-9_.]{1,256}",
    "must name a PostgreSQL parameter, such as azure.extensions. require_secure_transport cannot be set: it is on, and "
    "stays on because Backstage sends tokens.",
)

_NAME = r"(?u:[-\w.()]+)"
_NETWORKS = rf"(?i)/subscriptions/{_NAME}/resourceGroups/{_NAME}/providers/Microsoft\.Network"

subnet_id = regex(
    rf"{_NETWORKS}/virtualNetworks/{_NAME}/subnets/{_NAME}",
    "must be the resource id of a subnet: /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/"
    "virtualNetworks/…/subnets/….",
)

workspace_id = regex(
    rf"(?i)/subscriptions/{_NAME}/resourceGroups/{_NAME}/providers/Microsoft\.OperationalInsights/workspaces/{_NAME}",
    "must be the resource id of a Log Analytics workspace: /subscriptions/…/resourceGroups/…/providers/"
    "Microsoft.OperationalInsights/workspaces/….",
)

managed_identity_id = regex(
    rf"(?i)/subscriptions/{_NAME}/resourceGroups/{_NAME}/providers/Microsoft\.ManagedIdentity/"
    rf"userAssignedIdentities/{_NAME}",
    "must be the resource id of a managed identity: /subscriptions/…/resourceGroups/…/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/….",
)

key_vault_key_uri = regex(
    r"https://[A-Za-z0-9-]+\.(vault|managedhsm)\.azure\.net(:443)?/keys/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?",
    "must be the URI of a key: https://….vault.azure.net/keys/…/….",
)

availability_zone = regex(r"[1-3]", "must be 1, 2 or 3, an availability zone of the region.")

_zone_id = regex(
    rf"{_NETWORKS}/privateDnsZones/[a-z0-9_.-]+",
    "must be the resource id of a private DNS zone: "
    "/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/privateDnsZones/….",
)

tag_name = regex(r"[^<>%&\\?/]{1,512}", "must be 1 to 512 characters without < > % & \\ ? and /.")


def tag_value(value: Any) -> str:
    if not is_valid_string(value) or len(value) > 256:
        raise ValueError("must be a string of at most 256 characters.")
    return value


def principal_name(value: Any) -> str:
    if not is_valid_string(value) or not 1 <= len(value.encode()) <= 63 or "\0" in value:
        raise ValueError("must be the principal's name, 1 to 63 bytes long, as PostgreSQL requires for a role.")
    return value


def application_id(value: Any, object_id: str | None, type_: str | None) -> str:
    if type_ == "User":
        raise ValueError("must be left out for a User: only service principals and managed identities have one.")
    if guid(value).lower() == str(object_id).lower():
        raise ValueError(
            "must not be the same as the object id: a service principal has one of each, and its object id is that of "
            "the Enterprise application."
        )
    return value


def pods_service_account(value: Any, type_: str | None = None) -> str:
    if type_ in ("User", "Group"):
        raise ValueError(
            f"must be left out: Backstage connects as a {type_} of Microsoft Entra, but pods can only log in as a "
            "managed identity. Leave out admin_name to have one created, or set create_identity."
        )
    return service_account(value)


# A credential's name has at most 120 characters; the server's name and a hyphen take up to 64 of them.
cluster_name = regex(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,54}",
    "must be 1 to 55 of A-Z, a-z, 0-9, _ and -, starting with a letter or digit: it names a resource.",
)


def oidc_issuer(value: Any) -> str:
    """Validates an issuer.

    OpenID Connect Discovery 1.0: https without query and fragment. Microsoft Entra: at most 600 characters.
    """
    form = r"(?=.{9,600}$)https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()+,;=:@%/-]*)?"
    if not is_valid_string(value) or not re.fullmatch(form, value, re.ASCII):
        raise ValueError(
            "must be the OIDC issuer of a cluster, https://… without ? and #, at most 600 characters: `az aks show "
            "--query oidcIssuerProfile.issuerUrl`."
        )
    if re.match(rf"https://{_ENTRA_ISSUER}[:/]", f"{value}/", re.ASCII | re.IGNORECASE):
        raise ValueError(
            "must be the issuer of a Kubernetes cluster: Microsoft Entra does not exchange its own tokens."
        )
    return value


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


def secret_text(value: Any) -> str:
    if not is_valid_string(value) or not re.sub(WHITESPACE_AROUND, "", value):
        raise ValueError("must be a non-empty string.")
    if re.search(WHITESPACE_AROUND, value):
        raise ValueError("must have no whitespace around it: Backstage cuts it off.")
    return value


def major_version(value: Any) -> str:
    text = re.sub(r"\.0$", "", str(value))
    if text not in ("14", "15", "16", "17", "18"):
        raise ValueError("must be a major version that Azure supports, 14 to 18.")
    return text


def _version_warning(version: str) -> str | None:
    return {
        "14": "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Azure upgrades in place.",
        "18": "Microsoft Entra logins on PostgreSQL 18 are reported broken (Azure/azure-postgresql#132). 17 works.",
    }.get(version)


def compute_size(value: Any, storage_type: Any = None) -> str:
    text = str(value)
    hint = " The prefix B_, GP_ or MO_ is Terraform's." if re.match(r"(?:B|GP|MO)_Standard_", text) else ""
    if not re.fullmatch(r"Standard_[BDE]C?[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*", text):
        raise ValueError(f"must be Azure's name of a B, D or E size, such as Standard_D2ds_v5.{hint}")
    if storage_type == PREMIUM_V2 and text.startswith("Standard_B"):
        raise ValueError(f"must be a Standard_D or Standard_E with storage_type {PREMIUM_V2}, which Burstable lacks.")
    return text


def sku_tier(sku_name: str) -> str:
    return {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}[sku_name.removeprefix("Standard_")[0]]


def _sku_warning(sku_name: str) -> str | None:
    if sku_tier(sku_name) != "Burstable":
        return None
    size, connections = capacity(sku_name, None), ""
    if size is not None:
        usable = size.max_connections - size.reserved
        connections = f" It allows {usable} connections; Backstage opens up to 10 for each plugin."
    return f"{sku_name} is Burstable, which Microsoft advises for development only.{connections}"


def standby_mode(value: Any, sku_name: Any) -> str:
    mode = one_of("Disabled", "SameZone", "ZoneRedundant")(value)
    if mode != "Disabled" and str(sku_name).startswith("Standard_B"):
        raise ValueError("must be Disabled, because a Burstable SKU has no standby. Choose a Standard_D or Standard_E.")
    return mode


_premium_v2_size = integer(32, 65536)
_iops = integer(3000, 80000)


def disk_size(value: Any, storage_type: Any = None) -> int:
    if storage_type == PREMIUM_V2:
        return _premium_v2_size(value)
    sizes = (32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767)
    if isinstance(value, bool) or str(value).removesuffix(".0") not in map(str, sizes):
        raise ValueError(
            f"must be one of Azure's disk sizes in GiB: {', '.join(map(str, sizes))}. A new server with storage_type "
            f"{PREMIUM_V2} takes any size."
        )
    return int(float(value))


def auto_grow(value: Any, storage_type: Any) -> bool:
    if boolean(value) and storage_type == PREMIUM_V2:
        raise ValueError(f"must be false with storage_type {PREMIUM_V2}, which Azure does not grow.")
    return value


def _free_iops(storage_gb: int) -> int:
    return 3000 if storage_gb < 400 else 12000


def _free_throughput(storage_gb: int) -> int:
    return 125 if storage_gb < 400 else 500


def storage_iops(value: Any, storage_type: Any, storage_gb: Any) -> int:
    if storage_type != PREMIUM_V2:
        raise ValueError(
            f"must be left out, because it is for storage_type {PREMIUM_V2}. With Premium_LRS, storage_tier decides "
            "the operations per second."
        )
    number = _iops(value)
    most = max(3000, 500 * _valid_or(65536, _premium_v2_size, storage_gb or 32))
    if number > most:
        raise ValueError(f"must be at most {most} for this storage_gb: 500 for each GiB.")
    return number


def storage_throughput(value: Any, storage_type: Any, storage_iops: Any, storage_gb: Any) -> int:
    if storage_type != PREMIUM_V2:
        raise ValueError(
            f"must be left out, because it is for storage_type {PREMIUM_V2}. With Premium_LRS, storage_tier decides "
            "the throughput."
        )
    number = integer(125, 1200)(value)
    free = _free_iops(_valid_or(65536, _premium_v2_size, storage_gb or 32))
    most = (free if storage_iops is None else _valid_or(80000, _iops, storage_iops)) // 4
    if number > most:
        raise ValueError(f"must be at most {most}, a quarter of storage_iops.")
    return number


def _valid_or(fallback: int, validator: Validator[int], value: Any) -> int:
    """Returns the value of another argument; `fallback` for a wrong one, which gets its own message."""
    try:
        return validator(value)
    except ValueError:
        return fallback


# Performance tier of a disk by its size in GiB (Microsoft, Premium SSD sizes).
_BASELINE_TIERS = {
    **{32: "P4", 64: "P6", 128: "P10", 256: "P15", 512: "P20", 1024: "P30", 2048: "P40", 4095: "P50", 4096: "P50"},
    **{8192: "P60", 16384: "P70", 32767: "P80"},
}


def storage_tier(value: Any, storage_gb: Any, storage_type: Any) -> str:
    if storage_type == PREMIUM_V2:
        raise ValueError(f"must be left out with storage_type {PREMIUM_V2}: set storage_iops and storage_throughput.")
    tiers = list(dict.fromkeys(_BASELINE_TIERS.values()))
    tier = one_of(*tiers)(value)
    try:
        baseline = _BASELINE_TIERS[32 if storage_gb is None else disk_size(storage_gb, storage_type)]
    except ValueError:
        return tier  # storage_gb gets its own message
    highest = "P50" if tiers.index(baseline) <= tiers.index("P50") else "P80"
    if not tiers.index(baseline) <= tiers.index(tier) <= tiers.index(highest):
        raise ValueError(f"must be {baseline} to {highest} for this storage_gb.")
    return tier


def geo_backup(value: Any, key_uri: Any, geo_backup_key_uri: Any) -> bool:
    enabled = boolean(value)
    if enabled and key_uri is not None and geo_backup_key_uri is None:
        raise ValueError(
            "must be false, or geo_backup_encryption_key_uri and geo_backup_encryption_identity_id must be set: "
            "backups in the paired region are encrypted with a key of that region."
        )
    if not enabled and geo_backup_key_uri is not None:
        raise ValueError("must be true, because geo_backup_encryption_key_uri is set.")
    return enabled


def address_range(value: Any) -> tuple[str, str]:
    """Returns the first and last address of `203.0.113.7`, `203.0.113.1-203.0.113.9` or `203.0.113.0/28`."""
    value = str(value)
    try:
        if "/" in value:
            block = ipaddress.IPv4Network(value)
            first, last = block[0], block[-1]
        else:
            first, last = (
                ipaddress.IPv4Address(end.strip()) for end in (f"{value}-{value}", value)["-" in value].split("-")
            )
    except ValueError:
        raise ValueError(
            "must be an IPv4 address, a range such as 203.0.113.1-203.0.113.9, or a block such as 203.0.113.0/28."
        ) from None
    if first > last:
        raise ValueError("must not end before it starts.")
    if first == ipaddress.IPv4Address(0):
        raise ValueError(
            "must not start at 0.0.0.0, which for Azure means all of Azure, or the whole internet. "
            "To allow all of Azure set allow_azure_services; to allow Backstage give its outbound addresses."
        )
    return str(first), str(last)


def private_dns_zone_id(value: Any, endpoint_subnet_id: Any, server_name: Any) -> str:
    zone = _zone_id(value).rpartition("/")[2].lower()
    if endpoint_subnet_id is not None:
        if zone != "privatelink.postgres.database.azure.com":
            raise ValueError("must be the zone privatelink.postgres.database.azure.com, for a private endpoint.")
    elif not zone.endswith(".postgres.database.azure.com") or zone == f"{server_name}.postgres.database.azure.com":
        raise ValueError(
            "must be a zone whose name ends in .postgres.database.azure.com and does not start with the server's name, "
            "for a delegated subnet."
        )
    return value


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


# Azure keeps these connections for replication and monitoring.
_RESERVED_CONNECTIONS = 15
# GiB of memory for each vCPU of a series, and of the smallest burstable sizes.
_GIB_PER_VCPU = {"B": 4, "D": 4, "E": 8}
_GIB_OF_SMALL = {"standard_b1ms": 2, "standard_b2s": 4}


def capacity(sku_name: Any, server_parameters: Any) -> Capacity | None:
    """Returns how many connections a server of this size allows; None if its memory is not known."""
    sku_name = str(sku_name or _DEFAULT_SKU)
    if (limit := read_max_connections(server_parameters)) is not None:
        return Capacity(limit, _RESERVED_CONNECTIONS, "max_connections in server_parameters")
    size = re.match(r"Standard_([BDE])(\d+)", sku_name)
    if not size:
        return None
    gib = _GIB_OF_SMALL.get(sku_name.lower(), int(size[2]) * _GIB_PER_VCPU[size[1]])
    return Capacity(_max_connections(gib), _RESERVED_CONNECTIONS, sku_name)


def _max_connections(gib: int) -> int:
    """Returns Azure's default of max_connections for this memory, by Microsoft's formula."""
    return gib * 25 if gib <= 2 else min(int(gib * 1024 * 0.1049164697034809), 5000)
