"""The arguments of a CloudSqlPostgres after validation, and warnings about values that work poorly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..inputs import Inputs
from ..validators import Validator
from .principals import Principal, Users, account_email, account_id, backstage_principal, check_unique
from .validators import (
    key_name,
    project_id,
    region,
    zone,
)

_DEFAULT_ADDITIONAL_ROLE = "pg_read_all_data"


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
        if argument == "region":
            self._check_region(known)
        return pulumi.Output.from_input(known)

    def _check_region(self, found: str) -> None:
        """Fails if a plain zone or key is not in the provider's region. validate() compares with the argument."""
        for argument, validator in (("zone", zone), ("secondary_zone", zone), ("encryption_key_name", key_name)):
            value = self.inputs.raw(argument)
            if not isinstance(value, str):
                continue
            try:
                validator(value, found)
            except ValueError as reason:
                self.inputs.fail(argument, f"is {value!r}, but it {reason} {found} is the provider's gcp:region.")

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
        return check_unique(self.inputs, source, created, known, shown=False)


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
