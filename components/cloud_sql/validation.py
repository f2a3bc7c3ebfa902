"""What Google accepts for a CloudSqlPostgres, and what it accepts although it works badly.

Most of these rules Google's API checks only after minutes, when half of a deployment is there; the provider checks few.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import pulumi

from ..inputs import Inputs
from ..validators import boolean, integer, one_of, regex

DEFAULT_TIER = "db-custom-1-3840"

SERVICE_ACCOUNT = ".gserviceaccount.com"

# How IAM writes a member: what Cloud SQL calls such a user.
USER_TYPES = {
    "user": "CLOUD_IAM_USER",
    "serviceAccount": "CLOUD_IAM_SERVICE_ACCOUNT",
    "group": "CLOUD_IAM_GROUP",
}


@dataclass(frozen=True)
class Principal:
    """A person, service account or group, under each of the names that it has."""

    kind: str
    """user, serviceAccount or group."""
    email: str

    @property
    def type(self) -> str:
        """What Cloud SQL calls it."""
        return USER_TYPES[self.kind]

    @property
    def member(self) -> str:
        """What IAM calls it."""
        return f"{self.kind}:{self.email}"

    @property
    def role(self) -> str:
        """What PostgreSQL calls it. The full e-mail of a service account is refused (hashicorp/terraform-provider-google#14019)."""
        return self.email.removesuffix(SERVICE_ACCOUNT)


def principal(value: Any) -> Principal:
    """A principal by its e-mail address. IAM knows no capitals, and Cloud SQL stores none."""
    prefix, _, address = str(value).rpartition(":")
    email = address.lower()
    kind = prefix or ("serviceAccount" if email.endswith(SERVICE_ACCOUNT) else "user")
    form = r"[A-Za-z0-9_][A-Za-z0-9._+'-]*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
    if kind not in USER_TYPES or not re.fullmatch(form, address):
        raise ValueError(
            "must be the e-mail address of a person or a service account, or group: and that of a group. Without an "
            "address, as principal://… and allUsers are, nobody can log in to PostgreSQL."
        )
    if email.endswith(".iam"):
        raise ValueError(f"must be the service account's full e-mail address: {email}{SERVICE_ACCOUNT}.")
    if (kind == "serviceAccount") != email.endswith(SERVICE_ACCOUNT):
        raise ValueError(f"must have the prefix serviceAccount: exactly when the address ends in {SERVICE_ACCOUNT}.")
    found = Principal(kind, email)
    if len(found.role.encode()) > 63:
        raise ValueError(
            f"must be shorter: PostgreSQL would have to call it {found.role}, and takes 63 bytes as the name of a role."
        )
    return found


def backstage_principal(value: Any) -> Principal:
    found = principal(value)
    if found.kind == "group":
        raise ValueError(
            "must not be a group: its members log in under their own names, and Backstage is none of them. Leave it "
            "out to have a service account created; groups go into additional_users."
        )
    return found


def check_principals(inputs: Inputs) -> None:
    """Refuses the same principal under two names, where they are plain."""
    values = [inputs.raw("user"), *(inputs.raw("additional_users") or {}).values()]
    principals = [principal(value) for value in values if isinstance(value, str)]
    for one in principals:
        if principals.count(one) > 1:
            inputs.fail("additional_users", f"has {one.email!r}, which is a user already.")


def check_network(inputs: Inputs, ip_address_type: str) -> None:
    """Refuses networks that do not go together."""
    if ip_address_type == "PRIVATE" and not inputs.is_set("private_network"):
        inputs.fail("private_network", "is missing: ip_address_type PRIVATE needs it.")
    if ip_address_type != "PRIVATE" and inputs.is_set("private_network"):
        inputs.fail("private_network", "is for ip_address_type PRIVATE: set that too, or leave it out.")
    of_psc = ("psc_consumer_projects", "psc_consumer_network")
    given = [argument for argument in of_psc if inputs.is_set(argument)]
    if ip_address_type == "PSC" and not given:
        inputs.fail(of_psc[0], f"is missing: ip_address_type PSC needs it or {of_psc[1]}, or nobody could connect.")
    if ip_address_type != "PSC" and given:
        inputs.fail(given[0], "is for ip_address_type PSC: set that too, or leave it out.")


def check_maintenance(inputs: Inputs) -> None:
    for one, other in (("maintenance_day", "maintenance_hour"), ("maintenance_hour", "maintenance_day")):
        if inputs.is_set(one) and not inputs.is_set(other):
            inputs.fail(other, f"is missing: {one} and {other} make a window together.")


def labels(inputs: Inputs) -> dict[str, pulumi.Output[str]]:
    checked = inputs.get_map("labels", label_key, label_value)
    if len(checked) > 64:
        inputs.fail("labels", f"has {len(checked)} entries, but Google allows 64.")
    return checked


def check_generated_name(inputs: Inputs, name: str) -> None:
    if not re.fullmatch(r"(?=.{1,58}$)[a-z]([a-z0-9-]*[a-z0-9])?", name):
        inputs.fail(
            "instance_name",
            f"is missing, and none can be made from the component's name {name!r}: that takes at most 58 of a-z, 0-9 "
            "and hyphens, starts with a letter and does not end with a hyphen.",
        )


project_id = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "must be a project's id, such as my-project; not its number or display name.",
)

region = regex(r"[a-z]+-[a-z]+\d+", "must name a Google Cloud region, such as europe-west1; not a zone.")

database_name = regex(
    r"(?!(?:postgres|template0|template1|cloudsqladmin)$)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not be one that exists already: "
    "postgres, template0, template1, cloudsqladmin.",
)

user_key = regex(
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, starting with a letter or digit: it names resources of the stack, "
    "whoever the user is.",
)

label_key = regex(r"[a-z][a-z0-9_-]{0,62}", "must be 1 to 63 of a-z, 0-9, _ and -, starting with a letter.")
label_value = regex(r"[a-z0-9_-]{0,63}", "must be at most 63 of a-z, 0-9, _ and -.")

flag_name = regex(
    r"(?!cloudsql\.iam_authentication$)[a-z][a-z0-9_.]*",
    "must name a database flag, such as max_connections. cloudsql.iam_authentication cannot be set: it is on, because "
    "nobody has a password.",
)

start_time = regex(r"([01]\d|2[0-3]):[0-5]\d", "must be a time in UTC from 00:00 to 23:59, such as 03:30.")

network_name = regex(
    r"(https?://.+/)?projects/[^/]+/global/networks/[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    "must be a VPC network's id: projects/…/global/networks/….",
)

major_version = integer(14, 18)
disk_size = integer(10, 65536)
backup_count = integer(0, 365)


def instance_name(value: Any, project: Any) -> str:
    """Google counts the project in: `project:name` has at most 98 characters, of which a project's id takes up to 30."""
    room = 98 - len(str(project or 30 * "x")) - 1
    return regex(
        rf"(?=.{{1,{room}}}$)[a-z]([a-z0-9-]*[a-z0-9])?",
        f"must be 1 to {room} of a-z, 0-9 and hyphens, start with a letter and not end with a hyphen.",
    )(value)


def account_id(instance: str) -> str:
    """The id of an instance's service account: its name where that is one, else as much of it as fits."""
    if 6 <= len(instance) <= 30:
        return instance
    return f"{instance[:21].rstrip('-')}-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


def machine(value: Any) -> str:
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
    elif not re.fullmatch(r"db-(?!custom-)[a-z0-9]+(-[A-Za-z0-9]+)*", text):
        raise ValueError("must be Google's name of a machine, such as db-custom-2-7680 or db-perf-optimized-N-2.")
    return text


def edition_of(tier: str) -> str:
    """The edition that has this tier."""
    return "ENTERPRISE_PLUS" if tier.startswith("db-perf-optimized-N-") else "ENTERPRISE"


def edition(value: Any, tier: Any) -> str:
    chosen, tier = one_of("ENTERPRISE", "ENTERPRISE_PLUS")(value), str(tier or DEFAULT_TIER)
    known = re.match(r"db-custom-|db-f1-micro$|db-g1-small$|db-perf-optimized-N-", tier)
    if known and chosen != edition_of(tier):
        raise ValueError(
            f"must be {edition_of(tier)} for the tier {tier}. Tiers of ENTERPRISE are named db-custom-CPUS-MEMORY, "
            "those of ENTERPRISE_PLUS db-perf-optimized-N-CPUS."
        )
    return chosen


def standby(value: Any, backup_retention: Any) -> bool:
    if boolean(value) and re.fullmatch(r"0+(\.0)?", str(backup_retention)):
        raise ValueError("must be false without backups, which a standby needs: set backup_retention to at least 1.")
    return value


def consumer_projects(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of project ids.")
    return [project_id(project) for project in value]


def allowed_projects(consumers: list[str] | None, network: str | None) -> list[str]:
    """Those given, and the one of the network that gets an endpoint."""
    return sorted({*(consumers or []), *re.findall(r"projects/([^/]+)/", network or "")})


def version_warning(version: int) -> str | None:
    if version > 14:
        return None
    return "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Google upgrades in place."


def machine_warning(tier: str) -> str | None:
    limit = {"db-f1-micro": 25, "db-g1-small": 50}.get(tier)
    if limit is None:
        return None
    return (
        f"{tier} shares its processor and has no service level agreement. It allows {limit} connections; Backstage "
        "opens up to 10 for each plugin."
    )
