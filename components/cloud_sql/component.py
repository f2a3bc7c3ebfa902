"""Google Cloud SQL for PostgreSQL with IAM database authentication: no password anywhere."""

import functools
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi
from pulumi_gcp import organizations, projects, serviceaccount, sql

from .. import backstage, error_hooks
from ..inputs import Inputs
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once
from ..validators import Validator, boolean, integer, one_of, parameter_value, role_name
from . import validation
from .args import CloudSqlPostgresArgs

IAM_ROLES = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}
"""What IAM asks of everybody who logs in: the first to reach the instance, the second to be let in (hashicorp/terraform-provider-google#18405)."""

PORT = 5432
PROXY_PORT = 6543

# What Google refuses only for a moment: the account everywhere but in IAM itself, then in Cloud SQL's own words
# (GoogleCloudPlatform/terraform-google-three-tier-web-app#149); and users of an instance that was just made (hashicorp/terraform-provider-google#14233).
TRANSIENT_ERRORS = {
    r"(Service account|CLOUD_IAM_SERVICE_ACCOUNT:) \S+ does not exist": (
        "the service account, which Google does not know everywhere yet"
    ),
    r'role "cloudsqliam\w+" does not exist': "the instance, which does not take IAM users yet",
}
TRANSIENT_MAX_RETRIES = 6
TRANSIENT_RETRY_DELAY_SECONDS = 10


class CloudSqlPostgres(pulumi.ComponentResource):
    """A Cloud SQL for PostgreSQL instance that only IAM users log in to, and the block that logs in to it.

    `pulumi up` ends when the users and their rights are in place. Raises ArgumentError for a wrong argument, before
    anything is created where its value is known by then.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Not secret."""

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Not secret."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}` and `${POSTGRES_USER}`. Not secret; may be committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those variables and their values. Not secret."""

    host: pulumi.Output[str]
    """The instance's address: public, private, or its DNS name with PSC. Backstage's connector finds it by itself."""

    port: pulumi.Output[int]
    """The port of PostgreSQL at `host`: 5432."""

    user: pulumi.Output[str]
    """The PostgreSQL user that Backstage logs in as: its e-mail address, without .gserviceaccount.com."""

    connection_name: pulumi.Output[str]
    """What connectors and the Auth Proxy know the instance by: project:region:instance."""

    instance: pulumi.Output[str]
    """Name of the instance, given or generated."""

    database: pulumi.Output[str]
    """Name of the database that was created."""

    service_account_email: pulumi.Output[str]
    """E-mail address of the service account that Backstage runs as, created or given; empty when that is a person."""

    ip_address_type: pulumi.Output[str]
    """How Backstage reaches the instance: PUBLIC, PRIVATE or PSC."""

    psql_command: pulumi.Output[str]
    """A shell line that starts the Cloud SQL Auth Proxy, logs in through it with `gcloud auth application-default login`, and stops it."""

    def __init__(self, name: str, args: CloudSqlPostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        inputs = Inputs("CloudSqlPostgres", name, args, CloudSqlPostgresArgs)
        user = inputs.get("user", validation.backstage_principal)
        additional_users = inputs.get_map("additional_users", validation.user_key, validation.principal)
        role = inputs.get("role", role_name, "cloudsqlsuperuser")
        grant_iam_roles = inputs.get_plain("grant_iam_roles", boolean, True)
        project = inputs.get("project", validation.project_id)
        region = inputs.get("region", validation.region)
        instance_name = inputs.get("instance_name", validation.instance_name, related=["project"])
        database_name = inputs.get("database_name", validation.database_name, "backstage")
        division = inputs.get_plain("plugin_division_mode", one_of("schema", "database"), "schema")
        version = inputs.get("version", validation.major_version, 17)
        ip_address_type = inputs.get_plain("ip_address_type", one_of("PUBLIC", "PRIVATE", "PSC"), "PUBLIC")
        deletion_protection = inputs.get_plain("deletion_protection", boolean, True)
        settings = instance_settings(inputs, ip_address_type, deletion_protection)
        validation.check_principals(inputs)
        if instance_name is None:
            validation.check_generated_name(inputs, name)

        super().__init__("backstage-database:index:CloudSqlPostgres", name, None, opts)

        inputs.warn(version.apply(validation.version_warning), self)
        inputs.warn(pulumi.Output.from_input(settings.tier).apply(validation.machine_warning), self)

        # Kept in the stack before the instance exists, so that a run that was killed meets the same instance again.
        if instance_name is None:
            instance_name = persist_once(f"{name}-instance-name", f"{name}-{secrets.token_hex(4)}", self)

        if project is None or region is None:
            login = organizations.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
            configured = functools.partial(provider_setting, inputs, login)
            project = configured("project", validation.project_id) if project is None else project
            region = configured("region", validation.region) if region is None else region

        retry_hooks = error_hooks.error_hook(
            f"CloudSqlPostgres {name}: wait while Google is not ready", wait_while_not_ready, self
        )
        if user is None:
            account = created_account(name, instance_name, project, parent=self, hooks=retry_hooks)
            user = account.email.apply(
                lambda email: inputs.validate_default(
                    "user", email, validation.backstage_principal, "the created service account"
                )
            )

        instance = sql.DatabaseInstance(
            f"{name}-instance",
            name=instance_name,
            project=project,
            region=region,
            database_version=pulumi.Output.format("POSTGRES_{0}", version),
            settings=settings,
            deletion_protection=deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, protect=deletion_protection, hooks=retry_hooks),
        )

        # The children of a replaced instance are replaced, and deleted before it. Under protection they do not depend
        # on its outputs, or `up --skip-preview` would delete the users and only then be refused the instance.
        parent_name = instance_name if deletion_protection else instance.name
        child = functools.partial(pulumi.ResourceOptions, parent=self, deleted_with=instance, hooks=retry_hooks)
        database = sql.Database(
            f"{name}-database",
            name=database_name,
            instance=parent_name,
            project=project,
            opts=child(depends_on=[instance], protect=deletion_protection),
        )

        # One user after another, because the provider makes one at a time, and many that wait would take up all the
        # places of the engine. None before the database: Cloud SQL refuses IAM users for some seconds (hashicorp/terraform-provider-google#14233).
        last, admitted = database, list[pulumi.CustomResource]()
        for suffix, principal in {"": user, **{f"-{key}": other for key, other in additional_users.items()}}.items():
            if grant_iam_roles:
                for purpose, iam_role in IAM_ROLES.items():
                    binding = projects.IAMMember(
                        f"{name}-{purpose}{suffix}",
                        project=project,
                        role=iam_role,
                        member=principal.apply(lambda known: known.member),
                        condition=only_on(project, instance_name),
                        opts=pulumi.ResourceOptions(parent=self, depends_on=[last], hooks=retry_hooks),
                    )
                    admitted.append(binding)
            last = sql.User(
                f"{name}-user{suffix}",
                name=principal.apply(lambda known: known.role),
                type=principal.apply(lambda known: known.type),
                database_roles=[role],
                instance=parent_name,
                project=project,
                opts=child(depends_on=[last]),
            )
            admitted.append(last)

        deletion_guard(f"{name}-deletion-protection", parent=self, after=admitted, protect=deletion_protection)

        block = {
            "type": "cloudsql",
            "instance": instance.connection_name,
            "host": address(instance, ip_address_type),
            "port": PORT,
            "user": user.apply(lambda known: known.role),
            "database": database.name if division == "schema" else None,
            "ipAddressType": ip_address_type,
        }
        # Through the users' and their rights' ids, so that whoever uses an output waits until Backstage can log in.
        connection = pulumi.Output.all(block, *(one.id for one in admitted)).apply(lambda ready: ready[0])
        config = pulumi.Output.all(division, connection, role).apply(lambda known: cloud_sql_block(*known))

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.host = connection["host"]
        self.port = connection["port"]
        self.user = connection["user"]
        self.connection_name = instance.connection_name
        self.instance = instance.name
        self.database = database.name
        self.service_account_email = user.apply(lambda known: known.email if known.kind == "serviceAccount" else "")
        self.ip_address_type = pulumi.Output.from_input(ip_address_type)
        self.psql_command = pulumi.Output.all(
            ip_address_type, instance.connection_name, database.name, role, [user, *additional_users.values()]
        ).apply(lambda known: psql_command(*known))
        self.register_outputs(outputs(CloudSqlPostgres, self))


def provider_setting(
    inputs: Inputs, login: pulumi.Output[organizations.GetClientConfigResult], argument: str, rule: Validator[str]
) -> pulumi.Output[str]:
    """What the provider is configured with, for an argument that was left out."""
    return login.apply(
        lambda known: inputs.validate_default(
            argument, getattr(known, argument), rule, f"the provider's gcp:{argument}"
        )
    )


def created_account(
    name: str,
    instance_name: pulumi.Output[str],
    project: pulumi.Input[str],
    *,
    parent: pulumi.Resource,
    hooks: pulumi.ResourceHookBinding,
) -> serviceaccount.Account:
    """Whom Backstage runs as, where nobody else was named."""
    return serviceaccount.Account(
        f"{name}-account",
        account_id=instance_name.apply(validation.account_id),
        display_name=pulumi.Output.concat("Backstage, user of Cloud SQL instance ", instance_name),
        project=project,
        # It stays what it is if the instance gets another name or place: replaced, it would be deleted first.
        opts=pulumi.ResourceOptions(parent=parent, hooks=hooks, ignore_changes=["accountId", "displayName", "project"]),
    )


def only_on(project: pulumi.Input[str], instance: pulumi.Input[str]) -> projects.IAMMemberConditionArgs:
    """IAM grants these roles in a whole project; with this condition they count for one instance."""
    return projects.IAMMemberConditionArgs(
        title=instance,
        expression=pulumi.Output.format(
            'resource.type == "sqladmin.googleapis.com/Instance" && resource.name == "projects/{0}/instances/{1}"',
            project,
            instance,
        ),
    )


def instance_settings(
    inputs: Inputs, ip_address_type: str, deletion_protection: bool
) -> sql.DatabaseInstanceSettingsArgs:
    """All of the instance that can change without replacing it."""
    tier = inputs.get("tier", validation.machine, validation.DEFAULT_TIER)
    edition = inputs.get("edition", validation.edition, related=["tier"])
    high_availability = inputs.get("high_availability", validation.standby, False, related=["backup_retention"])
    require_connector = inputs.get("require_connector", boolean, True)
    flags = {
        # Nobody has a password.
        "cloudsql.iam_authentication": "on",
        **inputs.get_map("database_flags", validation.flag_name, parameter_value),
    }
    return sql.DatabaseInstanceSettingsArgs(
        tier=tier,
        # Unset it would mean ENTERPRISE_PLUS from PostgreSQL 16 on.
        edition=tier.apply(validation.edition_of) if edition is None else edition,
        availability_type=high_availability.apply(lambda wanted: "REGIONAL" if wanted else "ZONAL"),
        disk_size=inputs.get("disk_size_gb", validation.disk_size),
        connector_enforcement=require_connector.apply(lambda only: "REQUIRED" if only else "NOT_REQUIRED"),
        database_flags=[
            sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=flag, value=value) for flag, value in flags.items()
        ],
        backup_configuration=backups(inputs),
        ip_configuration=ip_configuration(inputs, ip_address_type),
        maintenance_window=maintenance_window(inputs),
        user_labels=validation.labels(inputs) or None,
        deletion_protection_enabled=deletion_protection,
    )


def backups(inputs: Inputs) -> sql.DatabaseInstanceSettingsBackupConfigurationArgs:
    """Daily ones and the log between them, or neither."""
    retention = inputs.get("backup_retention", validation.backup_count, 7)
    kept = retention.apply(lambda count: count or 7)  # How many there would be, where there are none.
    return sql.DatabaseInstanceSettingsBackupConfigurationArgs(
        enabled=retention.apply(bool),
        point_in_time_recovery_enabled=retention.apply(bool),
        start_time=inputs.get("backup_start_time", validation.start_time),
        # 7 days is what ENTERPRISE has; and the log may not reach back further than the backups.
        transaction_log_retention_days=kept.apply(lambda count: min(count, 7)),
        backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
            retained_backups=kept
        ),
    )


def maintenance_window(inputs: Inputs) -> sql.DatabaseInstanceSettingsMaintenanceWindowArgs | None:
    day = inputs.get("maintenance_day", integer(1, 7))
    hour = inputs.get("maintenance_hour", integer(0, 23))
    validation.check_maintenance(inputs)
    if day is None or hour is None:
        return None
    # The track, too, because the service answers with one, which would be a change at every `up`.
    return sql.DatabaseInstanceSettingsMaintenanceWindowArgs(day=day, hour=hour, update_track="stable")


def ip_configuration(inputs: Inputs, ip_address_type: str) -> sql.DatabaseInstanceSettingsIpConfigurationArgs:
    """One kind of address and no other, TLS always, and no network that may connect without a certificate."""
    private_network = inputs.get("private_network", validation.network_name)
    consumers = inputs.get("psc_consumer_projects", validation.consumer_projects)
    consumer_network = inputs.get("psc_consumer_network", validation.network_name)
    validation.check_network(inputs, ip_address_type)
    endpoints = (
        None
        if consumer_network is None
        else [
            sql.DatabaseInstanceSettingsIpConfigurationPscConfigPscAutoConnectionArgs(consumer_network=consumer_network)
        ]
    )
    psc = sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs(
        psc_enabled=True,
        allowed_consumer_projects=pulumi.Output.all(consumers, consumer_network).apply(
            lambda known: validation.allowed_projects(*known)
        ),
        psc_auto_connections=endpoints,
        psc_auto_dns_enabled=None if endpoints is None else True,
    )
    return sql.DatabaseInstanceSettingsIpConfigurationArgs(
        ipv4_enabled=ip_address_type == "PUBLIC",
        private_network=private_network,
        psc_configs=[psc] if ip_address_type == "PSC" else None,
        ssl_mode="ENCRYPTED_ONLY",
    )


def address(instance: sql.DatabaseInstance, ip_address_type: str) -> pulumi.Output[str]:
    """Where the instance is reached in the kind of network that was chosen for it."""
    found = {
        "PUBLIC": instance.public_ip_address,
        "PRIVATE": instance.private_ip_address,
        "PSC": instance.dns_name,
    }[ip_address_type]
    # Google writes a DNS name with the period that ends it.
    return found.apply(lambda known: known and known.rstrip("."))


def cloud_sql_block(division: str, connection: Mapping[str, Any], role: str) -> dict[str, Any]:
    return backstage.database_config(
        connection, pluginDivisionMode="schema" if division == "schema" else None, role=role
    )


def psql_command(
    ip_address_type: str, connection_name: str, database: str, role: str, users: Sequence[validation.Principal]
) -> str:
    """As a person if one may log in, as a member of a group if there is one, else in the name of the service account."""
    kinds = {principal.kind: principal for principal in reversed(users)}
    proxy = ["cloud-sql-proxy", "--auto-iam-authn", "--port", str(PROXY_PORT)]
    proxy += {"PUBLIC": [], "PRIVATE": ["--private-ip"], "PSC": ["--psc"]}[ip_address_type]
    if "user" in kinds:
        user = kinds["user"].role
    elif "group" in kinds:
        user = "$(gcloud config get account)"
    else:
        user = kinds["serviceAccount"].role
        proxy.append(f"--impersonate-service-account={kinds['serviceAccount'].email}")
    login = f"host=127.0.0.1 port={PROXY_PORT} dbname={database} user={user} options=-crole={role}"
    ready = f"pg_isready -q -h 127.0.0.1 -p {PROXY_PORT}"
    return (
        f'( {shlex.join([*proxy, connection_name])} & trap "kill $!" EXIT; '
        f'until {ready}; do kill -0 $! || exit 1; sleep 1; done; psql "{login}" )'
    )


async def wait_while_not_ready(component: pulumi.Resource, failure: pulumi.ErrorHookArgs) -> bool:
    """Whether to try again: only what passes by itself, and not for ever."""
    error = failure.errors[0]
    id_ = import_id(failure.type, failure.new_inputs or {})
    # For users Cloud SQL has words of its own (GoogleCloudPlatform/k8s-config-connector#2416).
    if id_ and re.search(r"already ?exists|user exists with the same name", error, re.IGNORECASE):
        await error_hooks.log_import_commands(failure, id_, component, "Google Cloud")
    # The provider writes every error as a list; of an object that exists all the same it says what it was creating.
    if "creating urn:" in error:
        return False
    waiting_for = next((what for pattern, what in TRANSIENT_ERRORS.items() if re.search(pattern, error)), None)
    return waiting_for is not None and await error_hooks.wait_and_retry(
        failure,
        waiting_for=waiting_for,
        timeout_message="Google was still not ready",
        max_retries=TRANSIENT_MAX_RETRIES,
        seconds=TRANSIENT_RETRY_DELAY_SECONDS,
    )


def import_id(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """What `pulumi import` calls a resource with these inputs."""
    match type_:
        case "gcp:serviceaccount/account:Account":
            email = f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"
            return f"projects/{inputs['project']}/serviceAccounts/{email}"
        case "gcp:sql/databaseInstance:DatabaseInstance":
            return f"projects/{inputs['project']}/instances/{inputs['name']}"
        case "gcp:sql/database:Database":
            return f"projects/{inputs['project']}/instances/{inputs['instance']}/databases/{inputs['name']}"
        case "gcp:sql/user:User":
            return f"{inputs['project']}/{inputs['instance']}/{inputs['name']}"
