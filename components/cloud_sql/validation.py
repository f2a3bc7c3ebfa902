"""Parses the arguments of a CloudSqlPostgres, and refuses those that do not go together."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from ..database_options import read_database_options
from ..inputs import Inputs
from ..validators import boolean, integer, one_of, parameter_value, role_name
from .args import CloudSqlPostgresArgs
from .capacity import DEFAULT_TIER, capacity
from .principals import Principal, backstage_principal, check_unique, principal
from .settings import CloudSqlSettings
from .validators import (
    additional_role,
    backup_count,
    backup_location,
    consumer_project,
    consumer_projects,
    database_name,
    default_edition,
    deny_end,
    disk_size,
    disk_size_limit,
    edition,
    flag_name,
    high_availability,
    instance_name,
    key_name,
    label_key,
    label_value,
    log_days,
    machine_family,
    major_version,
    network_name,
    pods_service_account,
    project_id,
    range_name,
    region,
    secondary_zone,
    start_time,
    user_key,
    validate_date,
    validate_tier,
    workload_pool,
    zone,
)

_DEFAULT_ROLE = "cloudsqlsuperuser"

# With more, backups may fail (https://docs.cloud.google.com/sql/docs/postgres/label-instance).
_MAX_LABELS = 50


def validate(name: str, args: CloudSqlPostgresArgs | None) -> CloudSqlSettings:
    """Returns the settings. Raises ArgumentError for a wrong argument, and creates nothing."""
    inputs = Inputs("CloudSqlPostgres", name, args, CloudSqlPostgresArgs)
    ip_address_type = inputs.get_plain("ip_address_type", one_of("PUBLIC", "PRIVATE", "PSC"), "PUBLIC")
    tier = inputs.get("tier", validate_tier, DEFAULT_TIER)
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


def _unique_principals(inputs: Inputs, settings: CloudSqlSettings) -> CloudSqlSettings:
    """Refuses a principal that is given twice: at once if both values are plain, else when they are known."""
    places = {"user": settings.user} if settings.user is not None else {}
    places |= {f"additional_users.{key}": value for key, value in settings.additional_users.items()}
    additional_users: Mapping[str, Any] = inputs.raw("additional_users") or {}
    raw = {"user": inputs.raw("user")}
    raw |= {f"additional_users.{key}": value for key, value in additional_users.items()}
    plain = {place: principal(raw[place]) for place in places if isinstance(raw[place], str)}
    for place, found in plain.items():
        check_unique(inputs, place, found, plain)

    def checked(place: str) -> pulumi.Output[Principal]:
        if place in plain:
            return places[place]
        # The others are only compared, so a secret address among them does not make this one secret.
        others = pulumi.Output.unsecret(pulumi.Output.all(*places.values()))
        return pulumi.Output.all(own=places[place], others=others).apply(
            lambda v: check_unique(inputs, place, v["own"], dict(zip(places, v["others"], strict=True)), shown=False)
        )

    return dataclasses.replace(
        settings,
        user=None if settings.user is None else checked("user"),
        additional_users={key: checked(f"additional_users.{key}") for key in settings.additional_users},
    )


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
    if isinstance(tier, str) and inputs.raw("edition") is None and machine_family(tier) is None:
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
    if len(given) > _MAX_LABELS:
        inputs.fail(
            "labels", f"has {len(given)} entries, but Google allows {_MAX_LABELS}; its own take the rest of 64."
        )


def _check_generated_name(inputs: Inputs, name: str) -> None:
    if not re.fullmatch(r"(?=.{1,58}$)[a-z]([a-z0-9-]*[a-z0-9])?", name):
        inputs.fail(
            "instance_name",
            f"is missing, and cannot be generated from the component's name {name!r}, which would have to be at most "
            "58 of a-z, 0-9 and hyphens, start with a letter and not end with a hyphen.",
        )


def allowed_projects(consumers: list[str] | None, network: str | None, service_project: str | None) -> list[str]:
    """Returns the given projects, and the projects of the automatic endpoint."""
    of_endpoint = [service_project] if service_project else []
    return sorted({*(consumers or []), *re.findall(r"projects/([^/]+)/", network or ""), *of_endpoint})
