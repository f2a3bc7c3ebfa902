"""What Azure accepts for an AzurePostgres, and what it accepts although it works badly.

The patterns are those of Microsoft's API description (Microsoft.DBforPostgreSQL, 2025-08-01) where they are not stricter,
for which the reason is in the message.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

import pulumi

from ..backstage import WHITESPACE_AROUND
from ..backstage.duration import MILLISECONDS, milliseconds
from ..inputs import Inputs
from ..validators import boolean, is_valid_string, one_of, regex

# The name that the Azure portal gives to this rule.
AZURE_SERVICES_RULE = "AllowAllAzureServicesAndResourcesWithinAzureIps"


@dataclass(frozen=True)
class Principal:
    """A user, group or service principal of Microsoft Entra."""

    name: pulumi.Output[str]
    """What PostgreSQL calls it, too."""
    object_id: pulumi.Output[str]
    type: pulumi.Output[str]
    """User, Group or ServicePrincipal."""


def check_principals(inputs: Inputs) -> None:
    """Refuses sets of identity arguments that Azure or Backstage cannot use."""
    for name in ("admin", "user"):
        parts = ["user" if name == "user" else "admin_name", f"{name}_object_id", f"{name}_type"]
        given = [part for part in parts if inputs.is_set(part)]
        if given and given != parts:
            missing = next(part for part in parts if part not in given)
            inputs.fail(missing, f"is missing: {', '.join(parts[:-1])} and {parts[-1]} describe one principal.")
    if inputs.is_set("user") and not inputs.is_set("admin_name"):
        inputs.fail(
            "user", "needs admin_name, admin_object_id and admin_type: an admin of yours must run bootstrap_sql."
        )
    if inputs.is_set("client_id") and not inputs.is_set("admin_name"):
        inputs.fail(
            "client_id",
            "belongs to a principal of yours, so name it by admin_name, admin_object_id and admin_type. "
            "Without them an identity is created, whose own client id goes into the block.",
        )
    if inputs.is_set("client_secret") and not inputs.is_set("client_id"):
        inputs.fail("client_secret", "needs client_id, the client id of the same service principal.")
    if inputs.is_set("use_default_credential") and inputs.is_set("client_id"):
        inputs.fail("use_default_credential", "leaves the client id out of the block, so leave out client_id.")


def check_network(inputs: Inputs) -> None:
    """Refuses networks that the service cannot build."""
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


def check_database(inputs: Inputs, division: str) -> None:
    if inputs.is_set("database_name") and division != "schema":
        inputs.fail(
            "database_name",
            "is for plugin_division_mode schema: in mode database Backstage creates a database for each plugin.",
        )


def check_generated_name(inputs: Inputs, name: str) -> None:
    if not re.fullmatch(r"(?=.{1,54}$)[a-z0-9](-?[a-z0-9])*", name):
        inputs.fail(
            "server_name",
            f"is missing, and none can be made from the component's name {name!r}: that takes at most 54 of a-z, 0-9 "
            "and single hyphens inside.",
        )


def admin(inputs: Inputs) -> Principal | None:
    return _principal(inputs, "admin_name", "admin_object_id", "admin_type")


def user(inputs: Inputs) -> Principal | None:
    return _principal(inputs, "user", "user_object_id", "user_type")


def _principal(inputs: Inputs, name: str, object_id: str, type_: str) -> Principal | None:
    known_name = inputs.get(name, principal_name)
    known_id = inputs.get(object_id, guid)
    known_type = inputs.get(type_, principal_type)
    if known_name is None or known_id is None or known_type is None:
        return None
    return Principal(known_name, known_id, known_type)


def further_admins(inputs: Inputs) -> dict[str, tuple[str, pulumi.Output[str]]]:
    """Name → type and object id, in the order of the names."""
    admins: dict[str, tuple[str, pulumi.Output[str]]] = {}
    for argument, type_ in (
        ("admin_users", "User"),
        ("admin_groups", "Group"),
        ("admin_service_principals", "ServicePrincipal"),
    ):
        for name, object_id in inputs.get_map(argument, principal_name, guid).items():
            if name in admins:
                inputs.fail(argument, f"names {name!r}, as another admin is: one PostgreSQL role for both.")
            admins[name] = (type_, object_id)
    return dict(sorted(admins.items()))


def client_id(inputs: Inputs) -> pulumi.Output[str] | None:
    """Of the principal that Backstage connects as."""
    principal = "user" if inputs.is_set("user") else "admin"
    return inputs.get("client_id", application_id, related=[f"{principal}_object_id", f"{principal}_type"])


def firewall_rules(inputs: Inputs) -> dict[str, pulumi.Output[tuple[str, str]]]:
    """Name → first and last address."""
    rules = inputs.get_map("firewall_rules", firewall_rule_name, address_range)
    if inputs.get_plain("allow_azure_services", boolean, False):
        rules[AZURE_SERVICES_RULE] = pulumi.Output.from_input(("0.0.0.0", "0.0.0.0"))  # noqa: S104
    return rules


def dns_zone_id(inputs: Inputs) -> pulumi.Output[str] | None:
    """Of a private endpoint, or of the delegated subnet."""
    return inputs.get("private_dns_zone_id", private_dns_zone_id, related=["private_endpoint_subnet_id", "server_name"])


resource_group_name = regex(
    r"(?u:[-\w.()]{0,89}[-\w()])",
    "must name a resource group: 1 to 90 letters, digits, _ - . ( and ), not ending in a period.",
)

region = regex(
    r"[A-Za-z0-9]+( [A-Za-z0-9]+)*", "must name an Azure region, such as westeurope: `az account list-locations`."
)

server_name = regex(
    r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*",
    "must be 3 to 63 of a-z, 0-9 and single hyphens, which it may neither start nor end with.",
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

_zone_id = regex(
    rf"{_NETWORKS}/privateDnsZones/[a-z0-9_.-]+",
    "must be the resource id of a private DNS zone: "
    "/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/privateDnsZones/….",
)

tag_name = regex(r"[^<>%&\\?/]{1,512}", "must be 1 to 512 characters without < > % & \\ ? and /.")


def tag_value(value: Any) -> str:
    if not is_valid_string(value) or len(value) > 256:
        raise ValueError("must be text of at most 256 characters.")
    return value


def principal_name(value: Any) -> str:
    if not is_valid_string(value) or not 1 <= len(value.encode()) <= 63 or "\0" in value:
        raise ValueError("must be the principal's name, 1 to 63 bytes long, which is what PostgreSQL takes as a role.")
    return value


def application_id(value: Any, object_id: str | None, type_: str | None) -> str:
    if type_ == "User":
        raise ValueError("must be left out for a User: only service principals and managed identities have one.")
    if guid(value).lower() == str(object_id).lower():
        raise ValueError(
            "must not be the object id too: a service principal has one of each, and its object id is the one of the "
            "Enterprise application."
        )
    return value


def secret_text(value: Any) -> str:
    if not is_valid_string(value) or not re.sub(WHITESPACE_AROUND, "", value):
        raise ValueError("must be text and not empty.")
    if re.search(WHITESPACE_AROUND, value):
        raise ValueError("must have no blanks around it: Backstage cuts them off.")
    return value


def major_version(value: Any) -> str:
    text = re.sub(r"\.0$", "", str(value))
    if text not in ("14", "15", "16", "17", "18"):
        raise ValueError("must be a major version that Azure supports, 14 to 18.")
    return text


def version_warning(version: str) -> str | None:
    return {
        "14": "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Azure upgrades in place.",
        "18": "Microsoft Entra logins on PostgreSQL 18 are reported broken (Azure/azure-postgresql#132). 17 works.",
    }.get(version)


def compute_size(value: Any) -> str:
    text = str(value)
    hint = " The prefix B_, GP_ or MO_ is Terraform's." if re.match(r"(?:B|GP|MO)_Standard_", text) else ""
    if not re.fullmatch(r"Standard_[BDE]C?[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*", text):
        raise ValueError(f"must be Azure's name of a B, D or E size, such as Standard_D2ds_v5.{hint}")
    return text


def tier(sku_name: str) -> str:
    return {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}[sku_name.removeprefix("Standard_")[0]]


def compute_warning(sku_name: str) -> str | None:
    if tier(sku_name) != "Burstable":
        return None
    limit = {"standard_b1ms": 35, "standard_b2s": 414, "standard_b2ms": 844}.get(sku_name.lower())
    connections = f" It allows {limit} connections; Backstage opens up to 10 for each plugin." if limit else ""
    return f"{sku_name} is Burstable, which Microsoft advises for development only.{connections}"


def standby_mode(value: Any, sku_name: Any) -> str:
    mode = one_of("Disabled", "SameZone", "ZoneRedundant")(value)
    if mode != "Disabled" and str(sku_name).startswith("Standard_B"):
        raise ValueError("must be Disabled, because a Burstable SKU has no standby. Choose a Standard_D or Standard_E.")
    return mode


def disk_size(value: Any) -> int:
    sizes = (32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767)
    if isinstance(value, bool) or str(value).removesuffix(".0") not in map(str, sizes):
        raise ValueError(f"must be one of Azure's disk sizes in GiB: {', '.join(map(str, sizes))}.")
    return int(float(value))


def address_range(value: Any) -> tuple[str, str]:
    """First and last address of `203.0.113.7`, `203.0.113.1-203.0.113.9` or `203.0.113.0/28`."""
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
            "For the former set allow_azure_services; for Backstage name its outbound addresses."
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


def reachability_warning(inputs: Inputs) -> str | None:
    ways = ("firewall_rules", "allow_azure_services", "private_endpoint_subnet_id", "delegated_subnet_id")
    if not any(map(inputs.is_set, ways)):
        return f"nobody can reach this server, neither Backstage nor you. Set one of {', '.join(ways)}."
    if inputs.is_set("allow_azure_services"):
        return "allow_azure_services lets in every machine in Azure, those of other customers too."
    if inputs.is_set("private_endpoint_subnet_id") and not inputs.is_set("private_dns_zone_id"):
        return (
            "without private_dns_zone_id the server's name resolves to its public address, which is closed, "
            "unless your network's own DNS knows the private endpoint."
        )
    return None


def renewal_warning(offset: Any) -> str | None:
    if milliseconds(offset) <= 5 * MILLISECONDS["minutes"]:
        return None
    return (
        "token_renewal_offset is more than 5 minutes. Azure's library returns the same token until 5 minutes before it "
        "ends, so from the offset until then every new token is already due: Backstage throws away each connection and "
        "its queries fail. Leave it out, or use at most 5 minutes."
    )
