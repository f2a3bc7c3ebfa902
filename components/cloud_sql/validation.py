"""Validates the arguments of a CloudSqlPostgres, and warns about values that work poorly.

Google's API checks most of these rules only after minutes, when half of a deployment exists; the provider checks few.
"""

import dataclasses
import datetime
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..backstage.connection_budget import Capacity, read_max_connections
from ..database_options import read_database_options
from ..inputs import Inputs
from ..kubernetes import service_account
from ..validators import Validator, boolean, integer, is_list, one_of, parameter_value, regex, role_name
from .args import CloudSqlPostgresArgs

_DEFAULT_TIER = "db-custom-1-3840"
_DEFAULT_ROLE = "cloudsqlsuperuser"
_DEFAULT_ADDITIONAL_ROLE = "pg_read_all_data"

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

_SERVICE_ACCOUNT_SUFFIX = ".gserviceaccount.com"

# Type of the Cloud SQL user by kind of IAM member.
_USER_TYPES = {
    "user": "CLOUD_IAM_USER",
    "serviceAccount": "CLOUD_IAM_SERVICE_ACCOUNT",
    "group": "CLOUD_IAM_GROUP",
}


@dataclass(frozen=True)
class Principal:
    """A person, service account or group. IAM, Cloud SQL and PostgreSQL each name it differently."""

    kind: str
    """user, serviceAccount or group."""
    email: str

    @property
    def type(self) -> str:
        """Returns the type of the Cloud SQL user."""
        return _USER_TYPES[self.kind]

    @property
    def member(self) -> str:
        """Returns the IAM member string."""
        return f"{self.kind}:{self.email}"

    @property
    def role(self) -> str:
        """Returns the role in PostgreSQL.

        Cloud SQL refuses a service account's full e-mail address (hashicorp/terraform-provider-google#14019).
        """
        return self.email.removesuffix(_SERVICE_ACCOUNT_SUFFIX)


@dataclass(frozen=True)
class Login:
    """A principal and the PostgreSQL role that it is granted."""

    principal: Principal
    role: str


# Principal and PostgreSQL role of each user, by the suffix of its resources' names. Backstage's user has no suffix.
Users = Mapping[str, tuple[pulumi.Output[Principal], pulumi.Output[str]]]


@dataclass(frozen=True)
class CloudSqlSettings:
    """The validated arguments of a CloudSqlPostgres. None means that the argument was left out."""

    inputs: Inputs
    user: pulumi.Output[Principal] | None
    additional_users: Mapping[str, pulumi.Output[Principal]]
    additional_user_roles: Mapping[str, pulumi.Output[str]]
    role: pulumi.Output[str]
    grant_iam_roles: bool
    kubernetes_service_account: pulumi.Output[str] | None
    workload_identity_pool: pulumi.Output[str] | None
    project: pulumi.Output[str] | None
    region: pulumi.Output[str] | None
    zone: pulumi.Output[str] | None
    secondary_zone: pulumi.Output[str] | None
    instance_name: pulumi.Output[str] | None
    database_name: pulumi.Output[str]
    plugin_division_mode: str
    version: pulumi.Output[int]
    tier: pulumi.Output[str]
    edition: pulumi.Output[str]
    high_availability: pulumi.Output[bool]
    disk_size_gb: pulumi.Output[int] | None
    disk_size_limit_gb: pulumi.Output[int]
    backup_retention: pulumi.Output[int]
    backup_start_time: pulumi.Output[str] | None
    backup_location: pulumi.Output[str] | None
    log_retention_days: pulumi.Output[int]
    retain_backups: pulumi.Output[bool]
    final_backup_days: pulumi.Output[int]
    query_insights: pulumi.Output[bool]
    maintenance_day: pulumi.Output[int] | None
    maintenance_hour: pulumi.Output[int] | None
    deny_maintenance_start: pulumi.Output[str] | None
    deny_maintenance_end: pulumi.Output[str] | None
    encryption_key_name: pulumi.Output[str] | None
    ip_address_type: str
    public_ip: bool
    private_network: pulumi.Output[str] | None
    allocated_ip_range: pulumi.Output[str] | None
    psc_consumer_projects: pulumi.Output[list[str]] | None
    psc_consumer_network: pulumi.Output[str] | None
    psc_service_project: pulumi.Output[str] | None
    psc_connection_policy: pulumi.Output[bool]
    require_connector: pulumi.Output[bool]
    database_flags: Mapping[str, pulumi.Output[str]]
    labels: Mapping[str, pulumi.Output[str]]
    deletion_protection: bool
    database_options: pulumi.Output[Mapping[str, Any]]

    def users(self, user: pulumi.Output[Principal]) -> Users:
        """Returns all users: Backstage's own, then the additional ones."""
        default = pulumi.Output.from_input(_DEFAULT_ADDITIONAL_ROLE)
        roles = self.additional_user_roles
        additional = {f"-{key}": (value, roles.get(key, default)) for key, value in self.additional_users.items()}
        return {"": (user, self.role), **additional}

    def log_warnings(self, component: pulumi.Resource) -> None:
        """Logs warnings about values that Google accepts but that work poorly."""
        self.inputs.warn(self.version.apply(_version_warning), component)
        self.inputs.warn(self.tier.apply(_tier_warning), component)

    def provider_default(self, argument: str, value: str | None, component: pulumi.Resource) -> pulumi.Output[str]:
        """Validates the provider's own project or region, which replaces an argument that was left out."""
        if value is None:  # Only mocks return None; the provider itself returns "".
            return self.unknown(argument, component)
        rules: dict[str, Validator[str]] = {"project": project_id, "region": region}
        known = self.inputs.validate_default(argument, value, rules[argument], f"the provider's gcp:{argument}")
        return pulumi.Output.from_input(known)

    def unknown(self, what: str, resource: pulumi.Resource) -> pulumi.Output[Any]:
        """Returns an unknown value, and logs a warning that the provider did not return it."""
        self.inputs.warn(f"the provider did not return the {what}, so outputs that contain it are unknown.", resource)
        return pulumi.Output.from_input(pulumi.UNKNOWN)

    def check_account(self, instance_name: str, project: str) -> str:
        """Returns the project. Fails if the created service account's name would be too long for PostgreSQL."""
        self.created_account(account_email(account_id(instance_name), project))
        return project

    def created_account(self, email: str, others: Sequence[Principal] = ()) -> Principal:
        """Returns the principal of the service account that is created when no user is given."""
        source = "the created service account"
        created = self.inputs.validate_default("user", email, backstage_principal, source)
        places = dict(zip(self.additional_users, others, strict=False))
        known = {f"additional_users.{key}": v for key, v in places.items()}
        return _check_unique(self.inputs, source, created, known, shown=False)


def validate(name: str, args: CloudSqlPostgresArgs | None) -> CloudSqlSettings:
    """Returns the settings. Raises ArgumentError for a wrong argument, and creates nothing."""
    inputs = Inputs("CloudSqlPostgres", name, args, CloudSqlPostgresArgs)
    ip_address_type = inputs.get_plain("ip_address_type", one_of("PUBLIC", "PRIVATE", "PSC"), "PUBLIC")
    tier = inputs.get("tier", validate_tier, _DEFAULT_TIER)
    backup_retention = inputs.get("backup_retention", backup_count, 7)
    _check_edition(inputs)
    settings = CloudSqlSettings(
        inputs=inputs,
        user=inputs.get("user", backstage_principal),
        additional_users=inputs.get_map("additional_users", user_key, principal),
        additional_user_roles=inputs.get_map("additional_user_roles", user_key, additional_role),
        role=inputs.get("role", role_name, _DEFAULT_ROLE),
        grant_iam_roles=inputs.get_plain("grant_iam_roles", boolean, True),
        kubernetes_service_account=inputs.get("kubernetes_service_account", pods_service_account, related=["user"]),
        workload_identity_pool=inputs.get("workload_identity_pool", workload_pool),
        project=inputs.get("project", project_id),
        region=inputs.get("region", region),
        zone=inputs.get("zone", zone, related=["region"]),
        secondary_zone=inputs.get("secondary_zone", secondary_zone, related=["region", "zone"]),
        instance_name=inputs.get("instance_name", instance_name, related=["project"]),
        database_name=inputs.get("database_name", database_name, "backstage"),
        plugin_division_mode=inputs.get_plain("plugin_division_mode", one_of("schema", "database"), "schema"),
        version=inputs.get("version", major_version, 17),
        tier=tier,
        edition=inputs.get("edition", edition, related=["tier"])
        or tier.apply(lambda known: inputs.validate_default("edition", known, default_edition, "the tier")),
        high_availability=inputs.get("high_availability", high_availability, False, related=["backup_retention"]),
        disk_size_gb=inputs.get("disk_size_gb", disk_size, related=["tier"]),
        disk_size_limit_gb=inputs.get("disk_size_limit_gb", disk_size_limit, 0, related=["disk_size_gb"]),
        backup_retention=backup_retention,
        backup_start_time=inputs.get("backup_start_time", start_time),
        backup_location=inputs.get("backup_location", backup_location),
        log_retention_days=inputs.get("log_retention_days", log_days, related=["edition", "tier", "backup_retention"])
        or backup_retention.apply(lambda count: min(count or 7, 7)),
        retain_backups=inputs.get("retain_backups", boolean, True),
        final_backup_days=inputs.get("final_backup_days", integer(0, 365), 30),
        query_insights=inputs.get("query_insights", boolean, True),
        maintenance_day=inputs.get("maintenance_day", integer(1, 7)),
        maintenance_hour=inputs.get("maintenance_hour", integer(0, 23)),
        deny_maintenance_start=inputs.get("deny_maintenance_start", validate_date),
        deny_maintenance_end=inputs.get("deny_maintenance_end", deny_end, related=["deny_maintenance_start"]),
        encryption_key_name=inputs.get("encryption_key_name", key_name, related=["region"]),
        ip_address_type=ip_address_type,
        public_ip=inputs.get_plain("public_ip", boolean, ip_address_type == "PUBLIC"),
        private_network=inputs.get("private_network", network_name),
        allocated_ip_range=inputs.get("allocated_ip_range", range_name),
        psc_consumer_projects=inputs.get("psc_consumer_projects", consumer_projects),
        psc_consumer_network=inputs.get("psc_consumer_network", network_name),
        psc_service_project=inputs.get("psc_service_project", consumer_project),
        psc_connection_policy=inputs.get("psc_connection_policy", boolean, True),
        require_connector=inputs.get("require_connector", boolean, True),
        database_flags=inputs.get_map("database_flags", flag_name, parameter_value),
        labels=inputs.get_map("labels", label_key, label_value),
        deletion_protection=inputs.get_plain("deletion_protection", boolean, True),
        database_options=read_database_options(inputs, "schema", capacity, ["tier", "database_flags"]),
    )
    inputs.require_both("maintenance_day", "maintenance_hour")
    inputs.require_both("deny_maintenance_start", "deny_maintenance_end")
    if inputs.is_set("workload_identity_pool") and not inputs.is_set("kubernetes_service_account"):
        inputs.fail("workload_identity_pool", "is for kubernetes_service_account: set that too, or leave it out.")
    _check_zones(inputs)
    _check_network(inputs, settings)
    _check_labels(inputs)
    _check_users(inputs)
    if settings.instance_name is None:
        _check_generated_name(inputs, name)
    raw_name, raw_project = inputs.raw("instance_name") or generated_name(name), inputs.raw("project")
    if settings.user is None and isinstance(raw_name, str) and isinstance(raw_project, str):
        settings.check_account(raw_name, raw_project)
    return _unique_principals(inputs, settings)


def generated_name(name: str, digits: str = 8 * "0") -> str:
    """Returns the name of an instance when no name is given."""
    return f"{name}-{digits}"


def account_email(account_id: str, project: str) -> str:
    """Returns the e-mail address of a project's service account. The domain of a domain-scoped project goes last."""
    domain, _, name = project.rpartition(":")
    return f"{account_id}@{'.'.join(filter(None, [name, domain]))}.iam{_SERVICE_ACCOUNT_SUFFIX}"


def account_resource(email: str) -> str:
    """Returns the resource name of a service account, with "-" for a project that is not in its address."""
    name, _, domain = email.partition("@")[2].removesuffix(f".iam{_SERVICE_ACCOUNT_SUFFIX}").partition(".")
    known = email.endswith(f".iam{_SERVICE_ACCOUNT_SUFFIX}")
    return f"projects/{':'.join(filter(None, [domain, name])) if known else '-'}/serviceAccounts/{email}"


def principal(value: Any) -> Principal:
    """Reads a principal from its e-mail address. IAM ignores capitals, and Cloud SQL stores lower case."""
    prefix, _, address = str(value).rpartition(":")
    email = address.lower()
    kind = prefix or ("serviceAccount" if email.endswith(_SERVICE_ACCOUNT_SUFFIX) else "user")
    form = r"[A-Za-z0-9_][A-Za-z0-9._+'-]*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
    if kind not in _USER_TYPES or not re.fullmatch(form, address):
        raise ValueError(
            "must be the e-mail address of a person or a service account, or group: followed by that of a group. "
            "principal://… and allUsers have no address, so they cannot log in to PostgreSQL."
        )
    if email.endswith(".iam"):
        raise ValueError(f"must be the service account's full e-mail address: {email}{_SERVICE_ACCOUNT_SUFFIX}.")
    if (kind == "serviceAccount") != email.endswith(_SERVICE_ACCOUNT_SUFFIX):
        raise ValueError(
            f"must have the prefix serviceAccount: exactly when the address ends in {_SERVICE_ACCOUNT_SUFFIX}."
        )
    found = Principal(kind, email)
    if len(found.role.encode()) > 63:
        raise ValueError(
            f"must be shorter: its PostgreSQL role would be {found.role}, and PostgreSQL allows 63 bytes for a name."
        )
    return found


def backstage_principal(value: Any) -> Principal:
    found = principal(value)
    if found.kind == "group":
        raise ValueError(
            "must not be a group: its members log in under their own names, but Backstage is not a member. Leave it "
            "out to have a service account created; groups go into additional_users."
        )
    return found


def _unique_principals(inputs: Inputs, settings: CloudSqlSettings) -> CloudSqlSettings:
    """Refuses a principal that is given twice: at once if both values are plain, else when they are known."""
    places = {"user": settings.user} if settings.user is not None else {}
    places |= {f"additional_users.{key}": value for key, value in settings.additional_users.items()}
    additional_users: Mapping[str, Any] = inputs.raw("additional_users") or {}
    raw = {"user": inputs.raw("user")}
    raw |= {f"additional_users.{key}": value for key, value in additional_users.items()}
    plain = {place: principal(raw[place]) for place in places if isinstance(raw[place], str)}
    for place, found in plain.items():
        _check_unique(inputs, place, found, plain)

    def checked(place: str) -> pulumi.Output[Principal]:
        if place in plain:
            return places[place]
        # The others are only compared, so a secret address among them does not make this one secret.
        others = pulumi.Output.unsecret(pulumi.Output.all(*places.values()))
        return pulumi.Output.all(own=places[place], others=others).apply(
            lambda v: _check_unique(inputs, place, v["own"], dict(zip(places, v["others"], strict=True)), shown=False)
        )

    return dataclasses.replace(
        settings,
        user=None if settings.user is None else checked("user"),
        additional_users={key: checked(f"additional_users.{key}") for key in settings.additional_users},
    )


def _check_unique(
    inputs: Inputs, place: str, found: Principal, known: Mapping[str, Principal], *, shown: bool = True
) -> Principal:
    """Fails if another place names the same principal. An address that may be secret is not `shown`."""
    for other, value in known.items():
        if other != place and value == found:
            both = " and ".join(sorted({place, other}))
            address = repr(found.email) if shown else "an address"
            inputs.fail("additional_users", f"has {address}, which is a user already: {both}. Leave one out.")
    return found


def _check_users(inputs: Inputs) -> None:
    """Refuses a role for an additional user that does not exist."""
    users: Mapping[str, Any] = inputs.raw("additional_users") or {}
    roles: Mapping[str, Any] = inputs.raw("additional_user_roles") or {}
    for key in roles:
        if key not in users:
            inputs.fail(
                "additional_user_roles",
                f"has the key {key!r}, which is not a key of additional_users: {', '.join(users) or 'it has none'}.",
            )


def _check_edition(inputs: Inputs) -> None:
    """Refuses a plain tier of an unknown family without an edition."""
    tier = inputs.raw("tier")
    if isinstance(tier, str) and inputs.raw("edition") is None and _machine_family(tier) is None:
        validated: Callable[[Any], str] = validate_tier
        try:
            validated(tier)
        except ValueError:
            return  # The tier itself is refused.
        inputs.validate_default("edition", tier, default_edition, "the tier")


def _check_zones(inputs: Inputs) -> None:
    if inputs.is_set("secondary_zone") and not inputs.is_set("zone"):
        inputs.fail("zone", "is missing: secondary_zone needs it.")
    if inputs.is_set("secondary_zone") and not inputs.is_set("high_availability"):
        inputs.fail("secondary_zone", "is for high_availability: set that too, or leave it out.")


def _check_network(inputs: Inputs, settings: CloudSqlSettings) -> None:
    """Refuses combinations of network arguments that Google does not support."""
    kind = settings.ip_address_type
    private = inputs.is_set("private_network")
    if kind == "PRIVATE" and not private:
        inputs.fail("private_network", "is missing: ip_address_type PRIVATE needs it.")
    if private and (kind == "PSC" or (kind == "PUBLIC" and not inputs.raw("public_ip"))):
        inputs.fail(
            "private_network",
            "is for ip_address_type PRIVATE: set that too, or leave it out. With PUBLIC and public_ip true the "
            "instance has both addresses, and Backstage uses the public one.",
        )
    if kind == "PUBLIC" and not settings.public_ip:
        inputs.fail("public_ip", "is false, but ip_address_type PUBLIC needs a public address.")
    if kind == "PSC" and settings.public_ip:
        inputs.fail("public_ip", "must be false: Google refuses a public address with ip_address_type PSC.")
    if inputs.is_set("allocated_ip_range") and not private:
        inputs.fail("allocated_ip_range", "is for private_network: set that too, or leave it out.")
    of_psc = ("psc_consumer_projects", "psc_consumer_network")
    given = [argument for argument in of_psc if inputs.is_set(argument)]
    if kind == "PSC" and not given:
        inputs.fail(of_psc[0], f"is missing: ip_address_type PSC needs it or {of_psc[1]}, or nobody could connect.")
    if kind != "PSC" and given:
        inputs.fail(given[0], "is for ip_address_type PSC: set that too, or leave it out.")
    for argument in ("psc_service_project", "psc_connection_policy"):
        if inputs.raw(argument) is not None and not inputs.is_set("psc_consumer_network"):
            inputs.fail(argument, "is for psc_consumer_network: set that too, or leave it out.")


def _check_labels(inputs: Inputs) -> None:
    given: Mapping[str, Any] = inputs.raw("labels") or {}
    if len(given) > 64:
        inputs.fail("labels", f"has {len(given)} entries, but Google allows 64.")


def _check_generated_name(inputs: Inputs, name: str) -> None:
    if not re.fullmatch(r"(?=.{1,58}$)[a-z]([a-z0-9-]*[a-z0-9])?", name):
        inputs.fail(
            "instance_name",
            f"is missing, and cannot be generated from the component's name {name!r}, which would have to be at most "
            "58 of a-z, 0-9 and hyphens, start with a letter and not end with a hyphen.",
        )


project_id = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "must be a project's id, such as my-project; not its number or display name.",
)

additional_role = regex(
    r"[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be the name of a PostgreSQL role: 1 to 63 of A-Z, a-z, 0-9, _ and -, starting with a letter or _.",
)

consumer_project = regex(
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[1-9]\d{4,18}",
    "must be a project's id or number, such as my-project or 123456789012.",
)

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

label_key = regex(r"[a-z][a-z0-9_-]{0,62}", "must be 1 to 63 of a-z, 0-9, _ and -, starting with a letter.")
label_value = regex(r"[a-z0-9_-]{0,63}", "must be at most 63 of a-z, 0-9, _ and -.")

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


def account_id(instance: str) -> str:
    """Returns the id of the created service account: the instance's name, or its start and a hash if it is too long."""
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
    elif not re.fullmatch(r"db-(?!custom-)[a-z0-9]+(-[A-Za-z0-9]+)*|db-custom-[A-Z]\w*-\d+-\d+", text, re.ASCII):
        raise ValueError("must be Google's name of a machine type, such as db-custom-2-7680 or db-perf-optimized-N-2.")
    return text


def _machine_family(tier: str) -> tuple[str, str] | None:
    """Returns edition and disk type of the tier's machine family, or None if the family is not known here."""
    for pattern, edition_, disk in _MACHINE_FAMILIES:
        if re.fullmatch(pattern, tier, re.ASCII):
            return edition_, disk
    return None


def disk_type(tier: str) -> str | None:
    family = _machine_family(tier)
    return family and family[1]


def default_edition(value: Any) -> str:
    """Returns the edition that offers this tier."""
    family = _machine_family(str(value))
    if family is None:
        raise ValueError(
            "must be of a machine family that is known here. Set edition to the one that offers it: "
            "ENTERPRISE or ENTERPRISE_PLUS."
        )
    return family[0]


def edition(value: Any, tier: Any) -> str:
    chosen = one_of("ENTERPRISE", "ENTERPRISE_PLUS")(value)
    family = _machine_family(str(tier or _DEFAULT_TIER))
    if family is not None and chosen != family[0]:
        raise ValueError(
            f"must be {family[0]} for the tier {tier or _DEFAULT_TIER}. Tiers of ENTERPRISE are named "
            "db-custom-CPUS-MEMORY, those of ENTERPRISE_PLUS db-perf-optimized-N-CPUS."
        )
    return chosen


def disk_size(value: Any, tier: Any) -> int:
    smallest = _MIN_DISK_GB[disk_type(str(tier or _DEFAULT_TIER)) or "PD_SSD"]
    return integer(smallest, 65536)(value)


def disk_size_limit(value: Any, disk_size_gb: Any) -> int:
    limit = integer(0, 65536)(value)
    smallest = int(float(disk_size_gb)) if re.fullmatch(r"\d{1,9}(\.0)?", str(disk_size_gb), re.ASCII) else 10
    if 0 < limit < smallest:
        raise ValueError(f"must be 0, which means no limit, or at least the size of the disk, {smallest}.")
    return limit


def log_days(value: Any, edition: Any, tier: Any, backup_retention: Any) -> int:
    family = _machine_family(str(tier or _DEFAULT_TIER))
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


def allowed_projects(consumers: list[str] | None, network: str | None, service_project: str | None) -> list[str]:
    """Returns the given projects, and the projects of the automatic endpoint."""
    of_endpoint = [service_project] if service_project else []
    return sorted({*(consumers or []), *re.findall(r"projects/([^/]+)/", network or ""), *of_endpoint})


def _version_warning(version: int) -> str | None:
    if version > 14:
        return None
    return "PostgreSQL 14 reaches its end of life in November 2026. Raise version; Google upgrades in place."


def _tier_warning(tier: str) -> str | None:
    limit = {"db-f1-micro": 25, "db-g1-small": 50}.get(tier)
    if limit is None:
        return None
    return (
        f"{tier} shares its processor and has no service level agreement. It allows {limit} connections; Backstage "
        "opens up to 10 for each plugin."
    )


# Google's default of max_connections by the least MB of memory (Google's page on database flags).
_MAX_CONNECTIONS = {0: 50, 3750: 100, 6000: 200, 7500: 400, 15000: 500, 30000: 600, 60000: 800, 120000: 1000}
# PostgreSQL reserves these connections for superusers, which only Google has.
_RESERVED_CONNECTIONS = 3
_MB_OF_SHARED_CORE = {"db-g1-small": 1700}
# Memory of the families whose tiers do not contain it.
_MB_PER_VCPU = {"perf-optimized-N": 8192, "memory-optimized-N": 32768, "c4a-highmem": 8192}


def capacity(tier: Any, database_flags: Any) -> Capacity | None:
    """Returns how many connections an instance of this tier allows; None if its memory is not known."""
    tier = str(tier or _DEFAULT_TIER)
    if (limit := read_max_connections(database_flags)) is not None:
        return Capacity(limit, _RESERVED_CONNECTIONS, "max_connections in database_flags")
    if tier == "db-f1-micro":
        return Capacity(25, _RESERVED_CONNECTIONS, tier)
    memory = _MB_OF_SHARED_CORE.get(tier)
    if custom := re.fullmatch(r"db-custom-(?:N4-)?\d+-(\d+)", tier):
        memory = int(custom[1])
    elif (predefined := re.fullmatch(r"db-([a-zA-Z0-9-]+)-(\d+)", tier)) and predefined[1] in _MB_PER_VCPU:
        memory = int(predefined[2]) * _MB_PER_VCPU[predefined[1]]
    if memory is None:
        return None
    allowed = max(limit for least, limit in _MAX_CONNECTIONS.items() if memory >= least)
    return Capacity(allowed, _RESERVED_CONNECTIONS, tier)
