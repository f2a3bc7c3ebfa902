"""What is true of every value that a rule for an argument accepts, without the rule's own patterns.

An invariant gets the rule's result, the value that the rule was given, and the related arguments:

    "cloud_sql.region": Invariant(unchanged(consists_of(LOWER + DIGITS + "-", 63)), examples=["europe-west1"])
"""

import inspect
import ipaddress
import math
import re
import string
import unicodedata
import urllib.parse
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from components import kubernetes, validators
from components.azure import validators as azure
from components.backstage import duration
from components.cloud_sql import principals
from components.cloud_sql import validators as cloud_sql
from components.local import validation as local

LOWER, DIGITS = string.ascii_lowercase, string.digits
WORD = string.ascii_letters + DIGITS + "_-"
JAVASCRIPT_WHITESPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
HOUR = 3_600_000
UNITS = {"years": 8760 * HOUR, "months": 720 * HOUR, "weeks": 168 * HOUR, "days": 24 * HOUR, "hours": HOUR}
UNITS |= {"minutes": 60_000, "seconds": 1000, "milliseconds": 1}
ISO_UNITS: dict[str, float] = {f"{unit[0].upper()} of a date": UNITS[unit] for unit in [*UNITS][:4]}
ISO_UNITS |= {f"{unit[0].upper()} of a time": UNITS[unit] for unit in [*UNITS][4:7]}
DISK_TYPES = st.sampled_from([None, "Premium_LRS", "PremiumV2_LRS"])
DISKS = (32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767)

GUID = "0123abcd-4567-89EF-0123-456789abcdef"
AZURE_NETWORKS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
ZONE = "postgres.database.azure.com"
ACCOUNT = "backstage@my-project.iam.gserviceaccount.com"
GOOGLE_NETWORK = "projects/my-project/global/networks/default"

NOTHING_RELATED: st.SearchStrategy[tuple[Any, ...]] = st.just(())


@dataclass(frozen=True)
class Invariant:
    check: Callable[..., object]
    """Returns whether the rule's result is right, given (result, value, *related)."""
    examples: Sequence[Any]
    """Values that the rule accepts; the fuzzing starts from them."""
    related: st.SearchStrategy[tuple[Any, ...]] = NOTHING_RELATED
    """Values for the related arguments that the rule looks at."""


def rules() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields every rule under its name: each public function of these modules whose first parameter is `value`."""
    seen: list[Any] = []
    for module in (validators, kubernetes, duration, local, azure, principals, cloud_sql):
        for name, rule in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(rule) or rule in seen:
                continue
            own = rule.__module__ == module.__name__ or "<locals>" in rule.__qualname__
            if own and next(iter(inspect.signature(rule).parameters), None) == "value":
                seen.append(rule)
                yield f"{_room(module.__name__)}.{name}", rule


def _room(module: str) -> str:
    """Returns `azure` for components.azure.validators, and `validators` for components.validators."""
    *_, room, name = module.split(".")
    return room if room in ("local", "azure", "cloud_sql") else name


def is_sendable(value: Any) -> bool:
    """Returns whether a string can be sent to a cloud: half of a surrogate pair cannot."""
    return not isinstance(value, str) or not any("\ud800" <= character < "\ue000" for character in value)


def unchanged(check: Callable[..., object]) -> Callable[..., object]:
    """Requires that the rule returns the string that it was given, and that the string passes `check`.

    unchanged(str.islower)("a", "A")  # False: the rule has changed it
    """
    return lambda result, value, *related: isinstance(result, str) and result == value and check(result, *related)


def consists_of(characters: str, max_length: int, first: str = "", last: str = "") -> Callable[[str], bool]:
    """Requires 1 to `max_length` of these characters; `first` and `last` restrict the ends further.

    consists_of("ab-", 3, first="ab")("-ab")  # False
    """

    def check(text: str) -> bool:
        ends = text[:1] in [*(first or characters)] and text[-1:] in [*(last or characters)]
        return ends and len(text) <= max_length and set(text) <= set(characters)

    return check


def passes_all(*checks: Callable[[str], bool]) -> Callable[[str], bool]:
    """Requires that the string passes every check."""
    return lambda text: all(check(text) for check in checks)


def not_reserved(*names: str) -> Callable[[str], bool]:
    """Requires a string other than these, in upper and lower case."""
    return lambda text: text.lower() not in names


def integer_between(lowest: int, highest: int, *, result_type: type = int) -> Callable[..., bool]:
    """Requires the integer that was given, of this type.

    integer_between(14, 18, result_type=str)("17", 17.0)  # True
    """
    return lambda result, value: (
        type(result) is result_type and float(result) == float(value) and lowest <= int(result) <= highest
    )


def is_parameter_value(result: Any, value: Any) -> bool:
    if isinstance(value, str):
        return result == value and not value.isspace()
    return type(value) in (int, float) and abs(value) < math.inf and (result == str(value) or int(result) == value)


def is_iso_duration(result: Any, value: Any) -> bool:
    if isinstance(value, str):
        return result == value.strip() and result.isascii() and any(character in DIGITS for character in result)
    days, _, time = result.removeprefix("P").partition("T")
    letters = [f"{unit} of a {kind}" for kind, part in (("date", days), ("time", time)) for unit in part if unit > "9"]
    numbers = [float(number) for number in re.split("[A-Z]", days + time)[:-1]]
    lasts = sum(number * ISO_UNITS[letter] for number, letter in zip(numbers, letters, strict=True))
    return math.isclose(lasts, sum(number * UNITS[unit] for unit, number in value.items()), abs_tol=1e-3)


def is_milliseconds(result: Any, value: Any) -> bool:
    return type(result) in (int, float) and 0 <= result < math.inf


def azure_path(text: str, kinds: str) -> str:
    """Returns the last name in a resource id of Azure's network provider, or "" if it is not of these kinds."""
    parts = text.split("/")
    fixed = "/".join(part for position, part in enumerate(parts) if position not in (2, 4, 8, 10))
    right = fixed.isascii() and fixed.lower() == f"/subscriptions/resourcegroups/providers/microsoft.network/{kinds}"
    return parts[-1] if right and all(parts[1:]) else ""


def private_zone(text: str, endpoint: Any, server: Any) -> bool:
    name = azure_path(text, "privatednszones").lower()
    if endpoint is not None:
        return name == f"privatelink.{ZONE}"
    return name.endswith(f".{ZONE}") and name != f"{server}.{ZONE}"


def addresses(result: Any, value: Any) -> bool:
    first, last = map(ipaddress.IPv4Address, result)
    return 0 < int(first) <= int(last) and str(first) in value


def principal(result: Any, value: Any) -> bool:
    name, _, domain = result.email.partition("@")
    known = result.kind in ("user", "group", "serviceAccount")
    account = result.email.endswith(".gserviceaccount.com")
    tidy = result.email == result.email.lower() and result.email.isascii() and name and "." in domain
    return (
        known and tidy and (result.kind == "serviceAccount") == account and len(result.role) <= 63 and value.isascii()
    )


def custom_machine(text: str) -> bool:
    if not text.startswith("db-custom-"):
        return text.startswith("db-") and set(text) <= set(WORD)
    if not text[len("db-custom-")].isdigit():
        return set(text) <= set(WORD)
    processors, memory = (int(number) for number in text.split("-")[2:] if number == str(int(number)))
    return processors in (1, *range(2, 97, 2)) and memory % 256 == 0 and 0.9 <= memory / 1024 / processors <= 6.5


def a_day(text: str) -> bool:
    month, day = map(int, text.split("-")[-2:])
    return text.isascii() and 1 <= month <= 12 and 1 <= day <= 31 and len(text) in (5, 10)


def kubernetes_account(text: str) -> bool:
    namespace, name = text.split("/")
    return dns_label(namespace) and len(name) <= 253 and all(map(dns_part, name.split(".")))


def oidc_issuer(text: str) -> bool:
    url = urllib.parse.urlsplit(text)
    own = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net")
    foreign = not any(f".{url.hostname}".endswith(f".{one}") for one in own)
    plain = text.isascii() and text.isprintable() and not set(text) & set(" ?#*@" if "@" in url.netloc else " ?#*")
    return url.scheme == "https" and bool(url.hostname) and foreign and plain and len(text) <= 600


dns_part = consists_of(LOWER + DIGITS + "-", 253, first=LOWER + DIGITS, last=LOWER + DIGITS)


def label(text: str) -> bool:
    """Returns whether Google takes a label's key or value: letters of all languages, but none in capitals."""
    return len(text) <= 63 and not any(map(str.isupper, text)) and all(c in "_-" or c.isalnum() for c in text)


dns_label = passes_all(dns_part, lambda text: len(text) <= 63)
lower_name = consists_of(LOWER + DIGITS + "-", 98, first=LOWER, last=LOWER + DIGITS)
google_project = passes_all(lower_name, lambda text: 6 <= len(text) <= 30)


def consumer_project(result: Any, value: Any) -> bool:
    """Requires a project's id, or its number, which YAML reads as a number."""
    given = value if isinstance(value, str) else f"{value:.0f}"
    return result == given and (given.isdigit() or google_project(given.split(":")[-1]))


arm_name = consists_of(LOWER + DIGITS + "-", 63, first=LOWER + DIGITS, last=LOWER + DIGITS)
postgres_name = consists_of(WORD, 63, first=string.ascii_letters + "_")

INVARIANTS = {
    "validators.boolean": Invariant(lambda result, value: result is value and isinstance(result, bool), [True, False]),
    "validators.parameter_value": Invariant(is_parameter_value, ["on", "PG_TRGM", 200, 0.5, 8192.0]),
    "validators.port_number": Invariant(integer_between(1, 65535), [5432, 5433.0, "5434", "5435.0"]),
    "validators.role_name": Invariant(
        unchanged(passes_all(postgres_name, lambda text: text[:3] != "pg_")), ["postgres", "_a-B9"]
    ),
    "kubernetes.service_account": Invariant(unchanged(kubernetes_account), ["backstage/backstage", "a-1/b.c-2"]),
    "duration.duration": Invariant(
        is_iso_duration, ["4 minutes", ".5 h", "PT4M", "P1Y2DT3,5S", dict.fromkeys(UNITS, 1.5)]
    ),
    "duration.milliseconds": Invariant(is_milliseconds, ["30s", "P1W", {"minutes": 3, "seconds": 30}]),
    "local.image_reference": Invariant(
        unchanged(lambda text: len(text.split()) == 1 and text.strip() == text and not set(text) & set("\"'")),
        ["postgres:17-trixie", "registry.example.com:5000/team/postgres@sha256:0a"],
    ),
    "local.network_name": Invariant(
        unchanged(passes_all(consists_of(WORD + ".", 10**6, first=WORD[:-2]), not_reserved("bridge", "host", "none"))),
        ["portal", "a.b_c"],
    ),
    "local.volume_name": Invariant(
        unchanged(passes_all(consists_of(WORD + ".", 10**6, first=WORD[:-2]), lambda text: len(text) > 1)),
        ["backstage-data"],
    ),
    "local.database_name": Invariant(
        unchanged(passes_all(consists_of(WORD, 63, first=string.ascii_letters + "_"), not_reserved("template0"))),
        ["backstage", "_a-1"],
    ),
    "local.host_address": Invariant(
        unchanged(lambda text: text.isascii() and not set(text) & set(" /@?#[]%\"'") and len(text) <= 253),
        ["192.168.49.2", "build.example.com", "fd00::2", "localhost"],
    ),
    "local.password_text": Invariant(unchanged(lambda text: text and not set(text) & set("\0\r\n")), ["it's $X ü 😀 "]),
    "local.time_zone": Invariant(unchanged(lambda text: text in zoneinfo.available_timezones()), ["UTC", "Etc/GMT+1"]),
    "azure.resource_group_name": Invariant(
        unchanged(
            lambda text: all(one.isalnum() or one in "-_.()" for one in text) and len(text) <= 90 and text[-1] != "."
        ),
        ["portal", "größe(1).b"],
    ),
    "azure.region": Invariant(
        unchanged(lambda text: all(part.isascii() and part.isalnum() for part in text.split(" "))),
        ["westeurope", "West US 2"],
    ),
    "azure.server_name": Invariant(
        unchanged(passes_all(arm_name, lambda text: len(text) > 2 and "--" not in text and text[:5] != "login")),
        ["backstage-0a1b2c3d", "a-b-c", "my-login"],
    ),
    "azure.guid": Invariant(
        unchanged(
            lambda text: [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12] and int(text.replace("-", ""), 16)
        ),
        [GUID],
    ),
    "azure.principal_type": Invariant(unchanged(lambda text: text in ("User", "Group", "ServicePrincipal")), ["User"]),
    "azure.database_name": Invariant(
        unchanged(passes_all(postgres_name, not_reserved("postgres", "azure_maintenance", "azure_sys"))),
        ["backstage", "_B-1"],
    ),
    "azure.firewall_rule_name": Invariant(unchanged(consists_of(WORD, 80, WORD[:-2], WORD[:-1])), ["office", "0_a-B_"]),
    "azure.parameter_name": Invariant(
        unchanged(passes_all(consists_of(WORD + ".", 256), not_reserved("require_secure_transport"))),
        ["azure.extensions", "work_mem"],
    ),
    "azure.subnet_id": Invariant(
        unchanged(lambda text: azure_path(text, "virtualnetworks/subnets")),
        [f"{AZURE_NETWORKS}/virtualNetworks/v/subnets/s"],
    ),
    "azure.tag_name": Invariant(
        unchanged(
            lambda text: (
                len(text) <= 512
                and not set(text) & set("<>%&\\?/")
                and not text.lower().startswith(("microsoft", "azure", "windows"))
            )
        ),
        ["cost center"],
    ),
    "azure.tag_value": Invariant(unchanged(lambda text: len(text) <= 256), ["", "platform team"]),
    "azure.principal_name": Invariant(
        unchanged(
            lambda text: (
                0 < len(text.encode()) <= 63
                and text == text.strip(JAVASCRIPT_WHITESPACE)
                and "Cc" not in map(unicodedata.category, text)
            )
        ),
        ["jo@example.com", "Büro 7"],
    ),
    "azure.application_id": Invariant(
        unchanged(lambda text, object_id, type_: text.lower() != str(object_id).lower() and type_ != "User"),
        [GUID],
        st.tuples(st.sampled_from([None, GUID, GUID.upper(), "x", 5]), st.sampled_from([None, "User", "Group", 5])),
    ),
    "azure.secret_text": Invariant(
        unchanged(lambda text: text == text.strip(JAVASCRIPT_WHITESPACE) != ""), ["a.B~3 $x"]
    ),
    "azure.major_version": Invariant(integer_between(14, 18, result_type=str), ["17", 15, 16.0, "18.0"]),
    "azure.compute_size": Invariant(
        unchanged(
            lambda text, type_: (
                azure.sku_tier(text)
                and consists_of(WORD, 10**6, "S")(text)
                and not (type_ == "PremiumV2_LRS" and azure.sku_tier(text) == "Burstable")
            )
        ),
        ["Standard_D2ds_v5", "Standard_EC4eds_v5", "Standard_B2s"],
        st.tuples(DISK_TYPES),
    ),
    "azure.workspace_id": Invariant(
        unchanged(
            lambda text: text.lower().split("/")[5:8] == ["providers", "microsoft.operationalinsights", "workspaces"]
        ),
        ["/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/logs"],
    ),
    "azure.managed_identity_id": Invariant(
        unchanged(
            lambda text: (
                text.lower().split("/")[5:8] == ["providers", "microsoft.managedidentity", "userassignedidentities"]
            )
        ),
        ["/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"],
    ),
    "azure.key_vault_key_uri": Invariant(
        unchanged(lambda text: text.startswith("https://") and ".azure.net" in text and "/keys/" in text),
        ["https://v.vault.azure.net/keys/k", f"https://h.managedhsm.azure.net/keys/k/{32 * 'a'}"],
    ),
    "azure.pods_service_account": Invariant(
        unchanged(lambda text, type_: kubernetes_account(text) and type_ not in ("User", "Group")),
        ["portal/backstage"],
        st.tuples(st.sampled_from([None, "ServicePrincipal", "User", "Group", 5])),
    ),
    "azure.cluster_name": Invariant(unchanged(consists_of(WORD, 55, first=WORD[:-2])), ["blue", "0_a-B"]),
    "azure.oidc_issuer": Invariant(
        unchanged(oidc_issuer), ["https://westeurope.oic.prod-aks.azure.com/t/c/", "https://example.com:8443"]
    ),
    "azure.availability_zone": Invariant(unchanged(lambda text: text in ("1", "2", "3")), ["1"]),
    "azure.storage_tier": Invariant(
        unchanged(lambda text, _size, type_: text[0] == "P" and 4 <= int(text[1:]) <= 80 and type_ != "PremiumV2_LRS"),
        ["P50"],
        st.tuples(st.sampled_from([None, 32, 128.0, "4095", 33, "x"]), DISK_TYPES),
    ),
    "azure.storage_iops": Invariant(
        lambda result, value, type_, _size: type_ == "PremiumV2_LRS" and integer_between(3000, 80000)(result, value),
        [3000, 3000.0, "3000", 16000],
        st.tuples(st.just("PremiumV2_LRS") | DISK_TYPES, st.sampled_from([None, 32, 4095.0, "100", "x"])),
    ),
    "azure.storage_throughput": Invariant(
        lambda result, value, type_, _iops, _size: (
            type_ == "PremiumV2_LRS" and integer_between(125, 1200)(result, value)
        ),
        [125, 125.0, "125", 300],
        st.tuples(
            st.just("PremiumV2_LRS") | DISK_TYPES,
            st.sampled_from([None, 3000, 16000.0, "4800"]),
            st.sampled_from([None, 32, "4095", "x"]),
        ),
    ),
    "azure.auto_grow": Invariant(
        lambda result, value, type_: result is value and not (result and type_ == "PremiumV2_LRS"),
        [False],
        st.tuples(DISK_TYPES),
    ),
    "azure.geo_backup": Invariant(
        lambda result, value, key, paired: result is value and not (result and key and not paired),
        [False],
        st.tuples(st.sampled_from([None, "https://v.vault.azure.net/keys/k"]), st.just(None)),
    ),
    "azure.standby_mode": Invariant(
        unchanged(lambda text, sku: text == "Disabled" or not str(sku).startswith("Standard_B")),
        ["Disabled"],
        st.tuples(st.sampled_from([None, "Standard_B2s", "Standard_D2ds_v5", 5])),
    ),
    "azure.disk_size": Invariant(
        lambda result, value, type_: (
            integer_between(32, 65536)(result, value)
            if type_ == "PremiumV2_LRS"
            else result in DISKS and integer_between(32, 32767)(result, value)
        ),
        [32, 4095.0, "4096"],
        st.tuples(DISK_TYPES),
    ),
    "azure.address_range": Invariant(addresses, ["203.0.113.7", "203.0.113.1 - 203.0.113.9", "203.0.113.0/28"]),
    "azure.private_dns_zone_id": Invariant(
        unchanged(private_zone),
        [f"{AZURE_NETWORKS}/privateDnsZones/privatelink.{ZONE}"],
        st.tuples(st.sampled_from([None, "/subnet"]), st.sampled_from([None, "backstage", 5])),
    ),
    "cloud_sql.principal": Invariant(principal, ["jo.o'neil@example.com", ACCOUNT, "group:Team@example.com"]),
    "cloud_sql.backstage_principal": Invariant(
        lambda result, value: principal(result, value) and result.kind != "group",
        ["jo@example.com", f"serviceAccount:{ACCOUNT}"],
    ),
    "cloud_sql.project_id": Invariant(
        unchanged(lambda text: google_project(text.split(":")[-1])), ["my-project", "a.com:my-project"]
    ),
    "cloud_sql.workload_pool": Invariant(
        unchanged(lambda text: text.endswith(".svc.id.goog") and google_project(text[:-12].split(":")[-1])),
        ["my-project.svc.id.goog", "a.com:my-project.svc.id.goog"],
    ),
    "cloud_sql.pods_service_account": Invariant(
        unchanged(lambda text, user: kubernetes_account(text) and user in (None, "x", 5, ACCOUNT)),
        ["portal/backstage"],
        st.tuples(st.sampled_from([None, "x", 5, ACCOUNT, "jo@example.com"])),
    ),
    "cloud_sql.region": Invariant(
        unchanged(
            passes_all(consists_of(LOWER + DIGITS + "-", 10**6, LOWER, DIGITS), lambda text: text.count("-") == 1)
        ),
        ["europe-west1"],
    ),
    "cloud_sql.database_name": Invariant(
        unchanged(passes_all(postgres_name, not_reserved("postgres", "template0", "template1", "cloudsqladmin"))),
        ["backstage"],
    ),
    "cloud_sql.user_key": Invariant(unchanged(consists_of(WORD, 63, first=WORD[:-2])), ["jo", "0_a-B"]),
    "cloud_sql.label_key": Invariant(
        unchanged(lambda text: label(text) and text[0].isalpha()), ["team", "a_1-", "größe", "部門"]
    ),
    "cloud_sql.label_value": Invariant(unchanged(label), ["", "-a", "groß"]),
    "cloud_sql.flag_name": Invariant(
        unchanged(
            passes_all(consists_of(LOWER + DIGITS + "_.", 10**6, LOWER), not_reserved("cloudsql.iam_authentication"))
        ),
        ["max_connections", "cloudsql.enable_pgaudit"],
    ),
    "cloud_sql.start_time": Invariant(
        unchanged(lambda text: text.isascii() and len(text) == 5 and int(text[:2]) < 24 and int(text[3:]) < 60),
        ["03:30", "23:59"],
    ),
    "cloud_sql.network_name": Invariant(
        unchanged(
            lambda text: (
                lower_name(text.split("/")[-1])
                and text.split("/")[-5::2] == ["projects", "global", text.split("/")[-1]]
            )
        ),
        [GOOGLE_NETWORK, f"https://www.googleapis.com/compute/v1/{GOOGLE_NETWORK}"],
    ),
    "cloud_sql.major_version": Invariant(integer_between(14, 18), [14, 17.0, "18"]),
    "cloud_sql.disk_size": Invariant(
        lambda result, value, tier: integer_between(20 if tier == "db-c4a-highmem-2" else 10, 65536)(result, value),
        [20, 100.0],
        st.tuples(st.sampled_from([None, "db-f1-micro", "db-c4a-highmem-2", 5])),
    ),
    "cloud_sql.disk_size_limit": Invariant(
        lambda result, value, disk: (
            integer_between(0, 65536)(result, value) and (result == 0 or result >= (disk or 10))
        ),
        [0, 500.0],
        st.tuples(st.sampled_from([None, 20, 100.0])),
    ),
    "cloud_sql.log_days": Invariant(
        lambda result, value, edition, _tier, backups: (
            integer_between(1, 35)(result, value)
            and result <= (backups or 35)
            and (edition != "ENTERPRISE" or result <= 7)
        ),
        [1, 3.0],
        st.tuples(
            st.sampled_from([None, "ENTERPRISE", "ENTERPRISE_PLUS"]),
            st.sampled_from([None, "db-perf-optimized-N-2", "db-n9-2"]),
            st.sampled_from([7, 30.0]),
        ),
    ),
    "cloud_sql.additional_role": Invariant(unchanged(postgres_name), ["pg_read_all_data", "cloudsqlsuperuser"]),
    "cloud_sql.consumer_project": Invariant(consumer_project, ["consumer-1", "123456789012", 123456789012, 10000.0]),
    "cloud_sql.backup_location": Invariant(
        unchanged(consists_of(LOWER + DIGITS + "-", 10**6, LOWER, LOWER + DIGITS)), ["eu", "europe-west1"]
    ),
    "cloud_sql.range_name": Invariant(unchanged(passes_all(lower_name, lambda text: len(text) <= 63)), ["range-1"]),
    "cloud_sql.default_edition": Invariant(
        lambda result, value: result == ("ENTERPRISE_PLUS" if "optimized" in value or "c4a" in value else "ENTERPRISE"),
        ["db-custom-2-7680", "db-custom-N4-2-4096", "db-perf-optimized-N-2", "db-c4a-highmem-2", "db-f1-micro"],
    ),
    "cloud_sql.zone": Invariant(
        unchanged(lambda text, region: text[-2] == "-" and (not region or text[:-2] == region)),
        ["europe-west1-b"],
        st.tuples(st.sampled_from([None, "europe-west1"])),
    ),
    "cloud_sql.secondary_zone": Invariant(
        unchanged(lambda text, _region, primary: text[-2] == "-" and text != primary),
        ["europe-west1-b"],
        st.tuples(st.sampled_from([None, "europe-west1"]), st.sampled_from([None, "europe-west1-c"])),
    ),
    "cloud_sql.key_name": Invariant(
        unchanged(lambda text, region: text.count("/") == 7 and (not region or text.split("/")[3] == region)),
        ["projects/p/locations/europe-west1/keyRings/ring_1/cryptoKeys/key-1"],
        st.tuples(st.sampled_from([None, "europe-west1"])),
    ),
    "cloud_sql.validate_date": Invariant(unchanged(a_day), ["2026-12-20", "12-20", "02-29"]),
    "cloud_sql.deny_end": Invariant(
        unchanged(lambda text, _start: a_day(text)),
        ["2027-01-15", "2027-02-01"],
        st.tuples(st.sampled_from(["2026-12-01", "2027-01-15"])),
    ),
    "cloud_sql.backup_count": Invariant(integer_between(0, 365), [0, 7.0, "365"]),
    "cloud_sql.instance_name": Invariant(
        unchanged(lambda text, project: lower_name(text) and len(f"{project or 30 * 'x'}:{text}") <= 98),
        ["backstage-0a1b2c3d", "a"],
        st.tuples(st.sampled_from([None, "my-project", "example.com:my-project", 5])),
    ),
    "cloud_sql.validate_tier": Invariant(
        unchanged(custom_machine), ["db-custom-2-7680", "db-perf-optimized-N-2", "db-f1-micro"]
    ),
    "cloud_sql.edition": Invariant(
        unchanged(lambda text, _tier: text in ("ENTERPRISE", "ENTERPRISE_PLUS")),
        ["ENTERPRISE"],
        st.tuples(st.sampled_from([None, "db-custom-1-3840", "db-f1-micro", "db-n2-2"])),
    ),
    "cloud_sql.high_availability": Invariant(
        lambda result, value, backups: result is value and not (result and backups in (0, "0", "00", "0.0")),
        [False],
        st.tuples(st.sampled_from([None, 0, 0.0, "0", "00", "0.0", 7, "7", -1, "x"])),
    ),
    "cloud_sql.consumer_projects": Invariant(
        lambda result, value: result and all(map(consumer_project, result, value)) and len(result) == len(value),
        [["consumer-1", "a.com:consumer-2"], [123456789012, 10000.0]],
    ),
}
"""One for every rule that `rules` finds."""
