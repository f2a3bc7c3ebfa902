"""Validators of single arguments of an AzurePostgres.

The patterns are those of Microsoft's API description (Microsoft.DBforPostgreSQL, 2025-08-01). Where they are stricter,
the message says why.
"""

import ipaddress
import re
from typing import Any

from ..backstage import WHITESPACE_AROUND
from ..kubernetes import service_account
from ..validators import Validator, boolean, integer, is_valid_string, one_of, regex

# Backstage asks for tokens of the public cloud's database audience, ossrdbms-aad.database.windows.net.
PUBLIC_ONLY = (
    "Backstage asks Microsoft Entra for tokens of Azure's public cloud, which servers in sovereign clouds do not "
    "accept. Use a region of the public cloud."
)

# Microsoft Entra's own issuers, whose tokens it does not exchange.
_ENTRA_ISSUER = r"([^/]+\.)?(login\.microsoftonline\.com|login\.windows\.net|login\.microsoft\.com|sts\.windows\.net)"

PREMIUM_V2 = "PremiumV2_LRS"

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
        raise ValueError(f"must not be in a sovereign cloud. {PUBLIC_ONLY}")
    return name


_server_name = regex(
    r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*",
    "must be 3 to 63 of a-z, 0-9 and single hyphens, and neither start nor end with a hyphen.",
)

# Whole names that Azure refuses (https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/
# error-reserved-resource-name). Those that a server cannot have anyway are left out.
_RESERVED_NAMES = (
    r"access|azure|bing|bizspark|biztalk|cortana|directx|dotnet|dynamics|excel|exchange|forefront|groove|hololens|hyperv"
    r"|kinect|lync|msdn|o365|office|office365|onedrive|onenote|outlook|powerpoint|sharepoint|skype|visio|visualstudio"
    r"|xbox"
)


def check_reserved(name: str) -> str:
    """Returns the name of something that has a host name. Raises ValueError if Azure reserves it."""
    if found := re.search("microsoft|windows", name):
        raise ValueError(f"must not contain {found[0]}, which Azure reserves.")
    if name.startswith("login"):
        raise ValueError("must not start with login, which Azure reserves.")
    if re.fullmatch(_RESERVED_NAMES, name):
        raise ValueError("must be another name, because Azure reserves this one.")
    return name


def server_name(value: Any) -> str:
    return check_reserved(_server_name(value))


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

_tag_name = regex(r"[^<>%&\\?/]{1,512}", "must be 1 to 512 characters without < > % & \\ ? and /.")


def tag_name(value: Any) -> str:
    """Validates a name (Microsoft's description of Tags_CreateOrUpdate, and Azure Resource Manager's limits)."""
    name = _tag_name(value)
    if re.match(r"(?i)microsoft|azure|windows", name):
        raise ValueError("must not start with microsoft, azure or windows, which Azure reserves for its own tags.")
    return name


def tag_value(value: Any) -> str:
    if not is_valid_string(value) or len(value) > 256:
        raise ValueError("must be a string of at most 256 characters.")
    return value


def principal_name(value: Any) -> str:
    if not is_valid_string(value) or not 1 <= len(value.encode()) <= 63 or "\0" in value:
        raise ValueError("must be the principal's name, 1 to 63 bytes long, as PostgreSQL requires for a role.")
    if re.search(r"[\x00-\x1f\x7f-\x9f]", value) or re.search(WHITESPACE_AROUND, value):
        raise ValueError("must be one line, without whitespace around it, which Backstage cuts off.")
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


def free_iops(storage_gb: int) -> int:
    return 3000 if storage_gb < 400 else 12000


def free_throughput(storage_gb: int) -> int:
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
    free = free_iops(_valid_or(65536, _premium_v2_size, storage_gb or 32))
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
BASELINE_TIERS = {
    **{32: "P4", 64: "P6", 128: "P10", 256: "P15", 512: "P20", 1024: "P30", 2048: "P40", 4095: "P50", 4096: "P50"},
    **{8192: "P60", 16384: "P70", 32767: "P80"},
}


def storage_tier(value: Any, storage_gb: Any, storage_type: Any) -> str:
    if storage_type == PREMIUM_V2:
        raise ValueError(f"must be left out with storage_type {PREMIUM_V2}: set storage_iops and storage_throughput.")
    tiers = list(dict.fromkeys(BASELINE_TIERS.values()))
    tier = one_of(*tiers)(value)
    try:
        baseline = BASELINE_TIERS[32 if storage_gb is None else disk_size(storage_gb, storage_type)]
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
