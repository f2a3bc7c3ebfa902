"""Validators of single arguments of a CloudSqlPostgres.

Google's API checks most of these rules only after minutes, when half of a deployment exists; the provider checks few.
"""

import datetime
import re
import unicodedata
from typing import Any

from ..inputs import as_string
from ..kubernetes import service_account
from ..validators import boolean, integer, is_list, is_valid_string, one_of, regex
from .capacity import DEFAULT_TIER
from .principals import principal

# Machine families: pattern of the tier, edition that offers it, type of its disk. Google adds families, so a tier of an
# unknown family is allowed with `edition` (https://docs.cloud.google.com/sql/docs/postgres/machine-series-overview).
_MACHINE_FAMILIES = (
    (r"db-(f1-micro|g1-small)", "ENTERPRISE", "PD_SSD"),
    (r"db-custom-\d+-\d+", "ENTERPRISE", "PD_SSD"),
    (r"db-custom-N4-\d+-\d+", "ENTERPRISE", "HYPERDISK_BALANCED"),
    (r"db-(perf|memory)-optimized-N-\d+", "ENTERPRISE_PLUS", "PD_SSD"),
    (r"db-c4a-highmem-\d+", "ENTERPRISE_PLUS", "HYPERDISK_BALANCED"),
)

# Smallest disk in GB by type of disk, and most days of log by edition.
_MIN_DISK_GB = {"PD_SSD": 10, "HYPERDISK_BALANCED": 20}

_MAX_LOG_DAYS = {"ENTERPRISE": 7, "ENTERPRISE_PLUS": 35}

project_id = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "must be a project's id, such as my-project; not its number or display name.",
)

additional_role = regex(
    r"[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be the name of a PostgreSQL role: 1 to 63 of A-Z, a-z, 0-9, _ and -, starting with a letter or _.",
)

_consumer_project = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[1-9]\d{4,18}",
    "must be a project's id or number, such as my-project or 123456789012.",
)


def consumer_project(value: Any) -> str:
    """Validates a project. YAML and the Pulumi CLI read a project's number as a number. Returns a string."""
    return _consumer_project(value if isinstance(value, bool) else as_string(value))


workload_pool = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\.svc\.id\.goog",
    "must be the workload identity pool of GKE clusters, PROJECT.svc.id.goog. A principal:// or another pool cannot be "
    "used: Cloud SQL accepts only user accounts, service accounts and groups for IAM database authentication.",
)


def pods_service_account(value: Any, user: Any) -> str:
    found = service_account(value)
    try:
        kind = None if user is None else principal(user).kind
    except ValueError:
        return found  # user gets its own message
    if kind == "user":
        raise ValueError(
            "must be left out: Backstage logs in as a person, and pods can only act as a service account. Leave out "
            "user to have one created, or name one there."
        )
    return found


region = regex(r"[a-z]+-[a-z]+\d+", "must name a Google Cloud region, such as europe-west1; not a zone.")

database_name = regex(
    r"(?!(?:postgres|template0|template1|cloudsqladmin)$)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not be one that exists already: "
    "postgres, template0, template1, cloudsqladmin.",
)

user_key = regex(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, starting with a letter or digit: it names resources of the stack, "
    "not the user.",
)


def label_key(value: Any) -> str:
    """Validates a key. Google's requirements for labels allow letters of all languages."""
    if not is_valid_string(value) or not 1 <= len(value) <= 63 or not _is_label(value) or not value[0].isalpha():
        raise ValueError("must be 1 to 63 lowercase letters, digits, _ and -, starting with a letter.")
    return value


def label_value(value: Any) -> str:
    if not is_valid_string(value) or len(value) > 63 or not _is_label(value):
        raise ValueError("must be at most 63 lowercase letters, digits, _ and -.")
    return value


def _is_label(text: str) -> bool:
    """Returns whether the text has only lowercase letters, letters without case, digits, _ and -."""
    return all(character in "_-" or unicodedata.category(character) in ("Ll", "Lo", "Nd") for character in text)


flag_name = regex(
    r"(?!cloudsql\.iam_authentication$)[a-z][a-z0-9_.]*",
    "must name a database flag, such as max_connections. cloudsql.iam_authentication cannot be set: it is on, because "
    "nobody has a password.",
)

start_time = regex(r"([01]\d|2[0-3]):[0-5]\d", "must be a time in UTC from 00:00 to 23:59, such as 03:30.")

backup_location = regex(
    r"[a-z]+|[a-z]+-[a-z]+\d+", "must be a region such as europe-west1 or a multi-region such as eu, us or asia."
)

range_name = regex(
    r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "must be the name of an allocated IP range, such as google-managed-services."
)

network_name = regex(
    r"(https?://.+/)?projects/[^/]+/global/networks/[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "must be a VPC network's id: projects/…/global/networks/….",
)

major_version = integer(14, 18)
backup_count = integer(0, 365)


def instance_name(value: Any, project: Any) -> str:
    """Validates a name. Google limits `project:name` to 98 characters; a project's id takes up to 30 of them."""
    room = 98 - len(str(project or 30 * "x")) - 1
    return regex(
        rf"(?=.{{1,{room}}}$)[a-z]([a-z0-9-]*[a-z0-9])?",
        f"must be 1 to {room} of a-z, 0-9 and hyphens, start with a letter and not end with a hyphen.",
    )(value)


def validate_tier(value: Any) -> str:
    text = str(value)
    custom = re.fullmatch(r"db-custom-([1-9]\d{0,8})-([1-9]\d{0,8})", text, re.ASCII)
    if custom:
        cpus, memory = int(custom[1]), int(custom[2])
        if not (cpus == 1 or (cpus % 2 == 0 and 2 <= cpus <= 96)):
            raise ValueError("must have 1 or an even number of processors up to 96: db-custom-CPUS-MEMORY.")
        if memory % 256 or memory < 3840 or not 921.6 * cpus <= memory <= 6656 * cpus:
            raise ValueError(
                "must have memory in MB that is a multiple of 256, at least 3840, and 921.6 to 6656 for each "
                "processor: db-custom-CPUS-MEMORY."
            )
    elif not re.fullmatch(r"db-(?!custom-)[a-z0-9]+(-[A-Za-z0-9]+)*|db-custom-[A-Z]\w*-\d+-\d+", text, re.ASCII):
        raise ValueError("must be Google's name of a machine type, such as db-custom-2-7680 or db-perf-optimized-N-2.")
    return text


def machine_family(tier: str) -> tuple[str, str] | None:
    """Returns edition and disk type of the tier's machine family, or None if the family is not known here."""
    for pattern, edition_, disk in _MACHINE_FAMILIES:
        if re.fullmatch(pattern, tier, re.ASCII):
            return edition_, disk
    return None


def disk_type(tier: str) -> str | None:
    family = machine_family(tier)
    return family and family[1]


def default_edition(value: Any) -> str:
    """Returns the edition that offers this tier."""
    family = machine_family(str(value))
    if family is None:
        raise ValueError(
            "must be of a machine family that is known here. Set edition to the one that offers it: "
            "ENTERPRISE or ENTERPRISE_PLUS."
        )
    return family[0]


def edition(value: Any, tier: Any) -> str:
    chosen = one_of("ENTERPRISE", "ENTERPRISE_PLUS")(value)
    family = machine_family(str(tier or DEFAULT_TIER))
    if family is not None and chosen != family[0]:
        raise ValueError(
            f"must be {family[0]} for the tier {tier or DEFAULT_TIER}. Tiers of ENTERPRISE are named "
            "db-custom-CPUS-MEMORY, those of ENTERPRISE_PLUS db-perf-optimized-N-CPUS."
        )
    return chosen


def disk_size(value: Any, tier: Any) -> int:
    smallest = _MIN_DISK_GB[disk_type(str(tier or DEFAULT_TIER)) or "PD_SSD"]
    return integer(smallest, 65536)(value)


def disk_size_limit(value: Any, disk_size_gb: Any) -> int:
    limit = integer(0, 65536)(value)
    smallest = int(float(disk_size_gb)) if re.fullmatch(r"\d{1,9}(\.0)?", str(disk_size_gb), re.ASCII) else 10
    if 0 < limit < smallest:
        raise ValueError(f"must be 0, which means no limit, or at least the size of the disk, {smallest}.")
    return limit


def log_days(value: Any, edition: Any, tier: Any, backup_retention: Any) -> int:
    family = machine_family(str(tier or DEFAULT_TIER))
    offered_by = str(edition or (family and family[0]))
    days = integer(1, _MAX_LOG_DAYS.get(offered_by, 35))(value)
    backups = str(7 if backup_retention is None else backup_retention)
    if re.fullmatch(r"\d{1,9}(\.0)?", backups, re.ASCII) and 0 < int(float(backups)) < days:
        raise ValueError(f"must not be more than backup_retention, {backups}: the log is useless without a backup.")
    return days


def zone(value: Any, region: Any) -> str:
    known = re.escape(str(region)) if region else r"[a-z]+-[a-z]+\d+"
    return regex(
        rf"{known}-[a-z]", f"must be a zone{f' of {region}' if region else ''}, such as {region or 'europe-west1'}-b."
    )(value)


def secondary_zone(value: Any, region: Any, primary: Any) -> str:
    if value == primary:
        raise ValueError("must differ from `zone`, so that the standby does not fail together with the primary.")
    return zone(value, region)


def key_name(value: Any, region: Any) -> str:
    found = regex(
        r"projects/[^/]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}",
        "must be the resource name of a Cloud KMS key: projects/…/locations/…/keyRings/…/cryptoKeys/….",
    )(value)
    if region and found.split("/")[3] != region:
        raise ValueError(f"must be in the instance's region: locations/{region}.")
    return found


def validate_date(value: Any) -> str:
    _day(value)
    return value


def deny_end(value: Any, start: Any) -> str:
    last = _day(value)
    first = _day(start) if start is not None else last
    if len(str(value)) != len(str(start or value)):
        raise ValueError("must have the same form as deny_maintenance_start: YYYY-MM-DD or MM-DD.")
    days = (last - first).days
    if len(str(value)) == len("MM-DD") and days < 0:
        days += 366  # The period spans New Year.
    if not 0 <= days <= 90:
        raise ValueError("must be 0 to 90 days after deny_maintenance_start.")
    return value


def _day(value: Any) -> datetime.date:
    text = str(value)
    if re.fullmatch(r"(\d{4}-)?\d{2}-\d{2}", text, re.ASCII):
        try:
            return datetime.date.fromisoformat(text if len(text) > len("MM-DD") else f"2028-{text}")  # a leap year
        except ValueError:
            pass
    raise ValueError("must be a day: YYYY-MM-DD, or MM-DD for every year, such as 2026-12-20 or 12-20.")


def high_availability(value: Any, backup_retention: Any) -> bool:
    if boolean(value) and re.fullmatch(r"0+(\.0)?", str(backup_retention)):
        raise ValueError("must be false without backups, which a standby needs: set backup_retention to at least 1.")
    return value


def consumer_projects(value: Any) -> list[str]:
    if not is_list(value) or not value:
        raise ValueError("must be a list of project ids or numbers.")
    return [consumer_project(project) for project in value]
