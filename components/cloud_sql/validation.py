"""Validation of CloudSqlPostgres arguments, and warnings about values that work poorly.

Google's API checks most of these rules only after minutes, when half of a deployment exists; the provider checks few.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..inputs import Inputs
from ..validators import Validator, boolean, integer, one_of, parameter_value, regex, role_name
from .args import CloudSqlPostgresArgs

DEFAULT_TIER = "db-custom-1-3840"

SERVICE_ACCOUNT_SUFFIX = ".gserviceaccount.com"

# Kind of an IAM member: type of the Cloud SQL user.
USER_TYPES = {
    "user": "CLOUD_IAM_USER",
    "serviceAccount": "CLOUD_IAM_SERVICE_ACCOUNT",
    "group": "CLOUD_IAM_GROUP",
}


@dataclass(frozen=True)
class Principal:
    """A person, service account or group. IAM, Cloud SQL and PostgreSQL each have another name for it."""

    kind: str
    """user, serviceAccount or group."""
    email: str

    @property
    def type(self) -> str:
        """Type of the Cloud SQL user."""
        return USER_TYPES[self.kind]

    @property
    def member(self) -> str:
        """IAM member string."""
        return f"{self.kind}:{self.email}"

    @property
    def role(self) -> str:
        """Role in PostgreSQL. Cloud SQL refuses a service account's full e-mail (hashicorp/terraform-provider-google#14019)."""
        return self.email.removesuffix(SERVICE_ACCOUNT_SUFFIX)


@dataclass(frozen=True)
class Login:
    """A principal and the PostgreSQL role that it is granted."""

    principal: Principal
    role: str


@dataclass(frozen=True)
class CloudSqlSettings:
    """The arguments of one CloudSqlPostgres after validation. None means that the argument was left out."""

    inputs: Inputs
    user: pulumi.Output[Principal] | None
    additional_users: Mapping[str, pulumi.Output[Principal]]
    role: pulumi.Output[str]
    grant_iam_roles: bool
    project: pulumi.Output[str] | None
    region: pulumi.Output[str] | None
    instance_name: pulumi.Output[str] | None
    database_name: pulumi.Output[str]
    plugin_division_mode: str
    version: pulumi.Output[int]
    tier: pulumi.Output[str]
    edition: pulumi.Output[str]
    high_availability: pulumi.Output[bool]
    disk_size_gb: pulumi.Output[int] | None
    backup_retention: pulumi.Output[int]
    backup_start_time: pulumi.Output[str] | None
    maintenance_day: pulumi.Output[int] | None
    maintenance_hour: pulumi.Output[int] | None
    ip_address_type: str
    private_network: pulumi.Output[str] | None
    psc_consumer_projects: pulumi.Output[list[str]] | None
    psc_consumer_network: pulumi.Output[str] | None
    require_connector: pulumi.Output[bool]
    database_flags: Mapping[str, pulumi.Output[str]]
    labels: Mapping[str, pulumi.Output[str]]
    deletion_protection: bool

    def log_warnings(self, component: pulumi.Resource) -> None:
        """Logs what Google allows but what works poorly."""
        self.inputs.warn(self.version.apply(version_warning), component)
        self.inputs.warn(self.tier.apply(tier_warning), component)

    def provider_default(self, argument: str, value: str | None, component: pulumi.Resource) -> pulumi.Output[str]:
        """Validates the provider's own project or region, which is used where the argument was left out."""
        if value is None:  # Only mocks of the provider answer nothing; the provider itself answers "".
            return self.unknown(argument, component)
        rules: dict[str, Validator[str]] = {"project": project_id, "region": region}
        known = self.inputs.validate_default(argument, value, rules[argument], f"the provider's gcp:{argument}")
        return pulumi.Output.from_input(known)

    def unknown(self, what: str, resource: pulumi.Resource) -> pulumi.Output[Any]:
        """Returns an unknown value, and warns that the provider did not say it."""
        self.inputs.warn(f"the provider did not tell the {what}, so outputs that contain it are unknown.", resource)
        return pulumi.Output.from_input(pulumi.UNKNOWN)

    def created_account(self, email: str) -> Principal:
        """Returns the principal of the service account that is created when no user is given."""
        return self.inputs.validate_default("user", email, backstage_principal, "the created service account")


def validate(name: str, args: CloudSqlPostgresArgs) -> CloudSqlSettings:
    """Reads every argument. Raises ArgumentError for the first wrong one, and creates nothing."""
    inputs = Inputs("CloudSqlPostgres", name, args, CloudSqlPostgresArgs)
    tier = inputs.get("tier", validate_tier, DEFAULT_TIER)
    settings = CloudSqlSettings(
        inputs=inputs,
        user=inputs.get("user", backstage_principal),
        additional_users=inputs.get_map("additional_users", user_key, principal),
        role=inputs.get("role", role_name, "cloudsqlsuperuser"),
        grant_iam_roles=inputs.get_plain("grant_iam_roles", boolean, True),
        project=inputs.get("project", project_id),
        region=inputs.get("region", region),
        instance_name=inputs.get("instance_name", instance_name, related=["project"]),
        database_name=inputs.get("database_name", database_name, "backstage"),
        plugin_division_mode=inputs.get_plain("plugin_division_mode", one_of("schema", "database"), "schema"),
        version=inputs.get("version", major_version, 17),
        tier=tier,
        edition=inputs.get("edition", edition, related=["tier"]) or tier.apply(edition_of),
        high_availability=inputs.get("high_availability", high_availability, False, related=["backup_retention"]),
        disk_size_gb=inputs.get("disk_size_gb", disk_size),
        backup_retention=inputs.get("backup_retention", backup_count, 7),
        backup_start_time=inputs.get("backup_start_time", start_time),
        maintenance_day=inputs.get("maintenance_day", integer(1, 7)),
        maintenance_hour=inputs.get("maintenance_hour", integer(0, 23)),
        ip_address_type=inputs.get_plain("ip_address_type", one_of("PUBLIC", "PRIVATE", "PSC"), "PUBLIC"),
        private_network=inputs.get("private_network", network_name),
        psc_consumer_projects=inputs.get("psc_consumer_projects", consumer_projects),
        psc_consumer_network=inputs.get("psc_consumer_network", network_name),
        require_connector=inputs.get("require_connector", boolean, True),
        database_flags=inputs.get_map("database_flags", flag_name, parameter_value),
        labels=inputs.get_map("labels", label_key, label_value),
        deletion_protection=inputs.get_plain("deletion_protection", boolean, True),
    )
    check_maintenance(inputs)
    check_network(inputs, settings.ip_address_type)
    check_labels(inputs)
    check_principals(inputs)
    if settings.instance_name is None:
        check_generated_name(inputs, name)
    return settings


def account_email(account_id: str, project: str) -> str:
    """Returns the e-mail address of a project's service account. A project's domain, if it has one, goes last."""
    domain, _, name = project.rpartition(":")
    return f"{account_id}@{'.'.join(filter(None, [name, domain]))}.iam{SERVICE_ACCOUNT_SUFFIX}"


def principal(value: Any) -> Principal:
    """Reads a principal from its e-mail address. IAM ignores capitals, and Cloud SQL stores lower case."""
    prefix, _, address = str(value).rpartition(":")
    email = address.lower()
    kind = prefix or ("serviceAccount" if email.endswith(SERVICE_ACCOUNT_SUFFIX) else "user")
    form = r"[A-Za-z0-9_][A-Za-z0-9._+'-]*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
    if kind not in USER_TYPES or not re.fullmatch(form, address):
        raise ValueError(
            "must be the e-mail address of a person or a service account, or group: and that of a group. Without an "
            "address, as principal://… and allUsers are, nobody can log in to PostgreSQL."
        )
    if email.endswith(".iam"):
        raise ValueError(f"must be the service account's full e-mail address: {email}{SERVICE_ACCOUNT_SUFFIX}.")
    if (kind == "serviceAccount") != email.endswith(SERVICE_ACCOUNT_SUFFIX):
        raise ValueError(
            f"must have the prefix serviceAccount: exactly when the address ends in {SERVICE_ACCOUNT_SUFFIX}."
        )
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
    """Refuses one principal under two keys."""
    values: list[Any] = [inputs.raw("user"), *(inputs.raw("additional_users") or {}).values()]
    principals = [principal(value) for value in values if isinstance(value, str)]
    for one in principals:
        if principals.count(one) > 1:
            inputs.fail("additional_users", f"has {one.email!r}, which is a user already.")


def check_network(inputs: Inputs, ip_address_type: str) -> None:
    """Refuses network arguments that do not go together."""
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


def check_labels(inputs: Inputs) -> None:
    given: Mapping[str, Any] = inputs.raw("labels") or {}
    if len(given) > 64:
        inputs.fail("labels", f"has {len(given)} entries, but Google allows 64.")


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
    "not the user.",
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
    """Google limits `project:name` to 98 characters. A project's id takes up to 30 of them."""
    room = 98 - len(str(project or 30 * "x")) - 1
    return regex(
        rf"(?=.{{1,{room}}}$)[a-z]([a-z0-9-]*[a-z0-9])?",
        f"must be 1 to {room} of a-z, 0-9 and hyphens, start with a letter and not end with a hyphen.",
    )(value)


def account_id(instance: str) -> str:
    """Returns the id of the instance's service account: the instance's name if possible, else as much of it as fits."""
    if 6 <= len(instance) <= 30:
        return instance
    return f"{instance[:21].rstrip('-')}-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


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
    elif not re.fullmatch(r"db-(?!custom-)[a-z0-9]+(-[A-Za-z0-9]+)*", text):
        raise ValueError("must be Google's name of a machine, such as db-custom-2-7680 or db-perf-optimized-N-2.")
    return text


def edition_of(tier: str) -> str:
    """Returns the edition that offers this tier."""
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


def high_availability(value: Any, backup_retention: Any) -> bool:
    if boolean(value) and re.fullmatch(r"0+(\.0)?", str(backup_retention)):
        raise ValueError("must be false without backups, which a standby needs: set backup_retention to at least 1.")
    return value


def consumer_projects(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of project ids.")
    projects: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType] - of a list[Unknown]
    return [project_id(project) for project in projects]


def allowed_projects(consumers: list[str] | None, network: str | None) -> list[str]:
    """Returns the given projects and that of the network that gets an endpoint."""
    return sorted({*(consumers or []), *re.findall(r"projects/([^/]+)/", network or "")})


def version_warning(version: int) -> str | None:
    if version > 14:
        return None
    return "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Google upgrades in place."


def tier_warning(tier: str) -> str | None:
    limit = {"db-f1-micro": 25, "db-g1-small": 50}.get(tier)
    if limit is None:
        return None
    return (
        f"{tier} shares its processor and has no service level agreement. It allows {limit} connections; Backstage "
        "opens up to 10 for each plugin."
    )
