"""Google Cloud SQL for PostgreSQL with IAM database authentication: no password anywhere."""

import functools
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Optional, TypedDict

import pulumi
from pulumi_gcp import organizations, projects, serviceaccount, sql

from . import backstage, retries
from . import google_rules as rules
from .arguments import Arguments, Rule, one_of, role_name, setting_value, true_or_false, whole_number
from .outputs import outputs
from .stash import deletion_guard, kept

IAM_ROLES = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}
"""What IAM asks of everybody who logs in: the first to reach the instance, the second to be let in (tpg#18405)."""

PORT = 5432
PROXY_PORT = 6543

# What Google refuses only for a moment: the account everywhere but in IAM itself, then in Cloud SQL's own words
# (GoogleCloudPlatform/terraform-google-three-tier-web-app#149); and users of an instance that was just made (tpg#14233).
PASSING = {
    r"(Service account|CLOUD_IAM_SERVICE_ACCOUNT:) \S+ does not exist": (
        "the service account, which Google does not know everywhere yet"
    ),
    r'role "cloudsqliam\w+" does not exist': "the instance, which does not take IAM users yet",
}
PASSING_TRIES = 6
PASSING_WAIT_SECONDS = 10


class CloudSqlPostgresArgs(TypedDict, total=False):
    """Arguments of CloudSqlPostgres, all optional."""

    user: pulumi.Input[str]
    """Who Backstage runs as: the e-mail address of a service account or a person; capitals do not matter. Default: a service account is created. Its name in PostgreSQL, without .gserviceaccount.com, becomes `connection.user`."""

    additional_users: Mapping[str, pulumi.Input[str]]
    """Who else may log in: a name of your choice → e-mail address of a person or service account, or group: and that of a group, whose members log in under their own names. The name names resources of the stack. Default: nobody."""

    role: pulumi.Input[str]
    """PostgreSQL role that every user is granted and that Backstage works as, so that all it creates belongs to this role. Default: cloudsqlsuperuser, which may create databases and schemas. Another one must exist: see the README for least privilege. It becomes `role`."""

    grant_iam_roles: bool
    """Whether to give every user the IAM roles roles/cloudsql.client and roles/cloudsql.instanceUser on this instance, without which nobody can log in. Default: true. False leaves that to you."""

    project: pulumi.Input[str]
    """Id of the Google Cloud project. Default: the provider's `gcp:project`. Changing it would replace the instance."""

    region: pulumi.Input[str]
    """Google Cloud region, such as europe-west1. Default: the provider's `gcp:region`. Changing it would replace the instance."""

    instance_name: pulumi.Input[str]
    """Name of the instance: a-z, 0-9 and hyphens, starting with a letter; together with the project at most 97 characters. Default: the component's name and eight random hex digits, generated once and kept in the stack. Changing it would replace the instance."""

    database_name: pulumi.Input[str]
    """Name of the database that is created. Default: backstage. With `plugin_division_mode` schema it becomes `connection.database`."""

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: schema, one schema for each in the database that is created here; or database, one database for each, which Backstage creates. Default: schema. It becomes `pluginDivisionMode`."""

    version: pulumi.Input[str]
    """PostgreSQL major version, 14 to 18. Default: 17. Raising it upgrades in place; Google drops other changes of the same update, so raise it alone. Google refuses to lower it."""

    tier: pulumi.Input[str]
    """Machine by Google's name: db-custom-CPUS-MEMORY, db-perf-optimized-N-CPUS, or the small db-g1-small and db-f1-micro. Default: db-custom-1-3840, which allows about 100 connections. Changing it restarts the instance."""

    edition: pulumi.Input[str]
    """Cloud SQL edition: ENTERPRISE or ENTERPRISE_PLUS. Default: the one that has the tier. It is always sent, because Google's own default has no cheap tiers."""

    high_availability: pulumi.Input[bool]
    """Whether a standby in another zone takes over when the instance fails. Default: false. Needs backups."""

    disk_size_gb: pulumi.Input[float]
    """Size of the disk in GB, 10 to 65536. Default: 10. Google grows it when it is nearly full; it never shrinks."""

    backup_retention: pulumi.Input[float]
    """How many daily backups are kept, 1 to 365, with the log for going back to any moment of the last 7 days. Default: 7. 0 means neither."""

    backup_start_time: pulumi.Input[str]
    """Start of the four hours in which the daily backup is made, HH:MM in UTC. Default: Google's choice."""

    maintenance_day: pulumi.Input[float]
    """Day of the week on which Google may restart the instance for maintenance: 1, Monday, to 7, Sunday. With `maintenance_hour`. Default: any."""

    maintenance_hour: pulumi.Input[float]
    """Hour in UTC, 0 to 23, at which that may be. With `maintenance_day`. Default: any."""

    ip_address_type: str
    """How Backstage reaches the instance: PUBLIC, over an address that only IAM opens; PRIVATE, inside a VPC network; or PSC, Private Service Connect. Default: PUBLIC. Away from PRIVATE only by replacing the instance. It becomes `connection.ipAddressType`."""

    private_network: pulumi.Input[str]
    """Id of the VPC network for PRIVATE: projects/…/global/networks/…. It needs a private services connection; where that is made in the same program, pass it in `depends_on`. Default: none."""

    psc_consumer_projects: Sequence[pulumi.Input[str]]
    """Ids of the projects that may connect, for PSC. Default: that of `psc_consumer_network`."""

    psc_consumer_network: pulumi.Input[str]
    """Id of a VPC network in which Google makes an endpoint and its DNS name, for PSC: projects/…/global/networks/…. Default: none; you make the endpoint."""

    require_connector: pulumi.Input[bool]
    """Whether only Google's connectors, which Backstage uses, and the Auth Proxy may connect. Default: true."""

    database_flags: Mapping[str, pulumi.Input[str]]
    """Database flags: name → value, such as max_connections → 200. A change may restart the instance. Default: only the one that switches IAM authentication on."""

    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the instance; nothing else here can have any. Default: none."""

    deletion_protection: bool
    """Refuse whatever would delete or replace the instance or its database, here and in Google's API. Default: true. To take it down: set it to false, `pulumi up`, `pulumi destroy`."""


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
        arguments = Arguments("CloudSqlPostgres", name, args, CloudSqlPostgresArgs)
        user = arguments.get("user", rules.backstage_principal)
        additional_users = arguments.each("additional_users", rules.user_key, rules.principal)
        role = arguments.get("role", role_name, "cloudsqlsuperuser")
        grant_iam_roles = arguments.plain("grant_iam_roles", true_or_false, True)
        project = arguments.get("project", rules.project_id)
        region = arguments.get("region", rules.region)
        instance_name = arguments.get("instance_name", rules.instance_name, beside=["project"])
        database_name = arguments.get("database_name", rules.database_name, "backstage")
        division = arguments.plain("plugin_division_mode", one_of("schema", "database"), "schema")
        version = arguments.get("version", rules.major_version, 17)
        ip_address_type = arguments.plain("ip_address_type", one_of("PUBLIC", "PRIVATE", "PSC"), "PUBLIC")
        deletion_protection = arguments.plain("deletion_protection", true_or_false, True)
        settings = instance_settings(arguments, ip_address_type, deletion_protection)
        rules.check_principals(arguments)
        if instance_name is None:
            rules.check_generated_name(arguments, name)

        super().__init__("backstage-database:index:CloudSqlPostgres", name, None, opts)

        arguments.warn(version.apply(rules.version_concern), self)
        arguments.warn(pulumi.Output.from_input(settings.tier).apply(rules.machine_concern), self)

        # Kept in the stack before the instance exists, so that a run that was killed meets the same instance again.
        if instance_name is None:
            instance_name = kept(f"{name}-instance-name", f"{name}-{secrets.token_hex(4)}", self)

        if project is None or region is None:
            login = organizations.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
            configured = functools.partial(provider_setting, arguments, login)
            project = configured("project", rules.project_id) if project is None else project
            region = configured("region", rules.region) if region is None else region

        patience = retries.patience(
            f"CloudSqlPostgres {name}: wait while Google is not ready", wait_while_not_ready, self
        )
        if user is None:
            account = created_account(name, instance_name, project, parent=self, hooks=patience)
            user = account.email.apply(
                lambda email: arguments.found("user", email, rules.backstage_principal, "the created service account")
            )

        instance = sql.DatabaseInstance(
            f"{name}-instance",
            name=instance_name,
            project=project,
            region=region,
            database_version=pulumi.Output.format("POSTGRES_{0}", version),
            settings=settings,
            deletion_protection=deletion_protection,
            opts=pulumi.ResourceOptions(parent=self, protect=deletion_protection, hooks=patience),
        )

        # The children of a replaced instance are replaced, and deleted before it. Under protection they do not depend
        # on its outputs, or `up --skip-preview` would delete the users and only then be refused the instance.
        parent_name = instance_name if deletion_protection else instance.name
        child = functools.partial(pulumi.ResourceOptions, parent=self, deleted_with=instance, hooks=patience)
        database = sql.Database(
            f"{name}-database",
            name=database_name,
            instance=parent_name,
            project=project,
            opts=child(depends_on=[instance], protect=deletion_protection),
        )

        # One user after another, because the provider makes one at a time, and many that wait would take up all the
        # places of the engine. None before the database: Cloud SQL refuses IAM users for some seconds (tpg#14233).
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
                        opts=pulumi.ResourceOptions(parent=self, depends_on=[last], hooks=patience),
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
    arguments: Arguments, login: pulumi.Output[organizations.GetClientConfigResult], argument: str, rule: Rule[str]
) -> pulumi.Output[str]:
    """What the provider is configured with, for an argument that was left out."""
    return login.apply(
        lambda known: arguments.found(argument, getattr(known, argument), rule, f"the provider's gcp:{argument}")
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
        account_id=instance_name.apply(rules.account_id),
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
    arguments: Arguments, ip_address_type: str, deletion_protection: bool
) -> sql.DatabaseInstanceSettingsArgs:
    """All of the instance that can change without replacing it."""
    tier = arguments.get("tier", rules.machine, rules.DEFAULT_TIER)
    edition = arguments.get("edition", rules.edition, beside=["tier"])
    high_availability = arguments.get("high_availability", rules.standby, False, beside=["backup_retention"])
    require_connector = arguments.get("require_connector", true_or_false, True)
    flags = {
        # Nobody has a password.
        "cloudsql.iam_authentication": "on",
        **arguments.each("database_flags", rules.flag_name, setting_value),
    }
    return sql.DatabaseInstanceSettingsArgs(
        tier=tier,
        # Unset it would mean ENTERPRISE_PLUS from PostgreSQL 16 on.
        edition=tier.apply(rules.edition_of) if edition is None else edition,
        availability_type=high_availability.apply(lambda wanted: "REGIONAL" if wanted else "ZONAL"),
        disk_size=arguments.get("disk_size_gb", rules.disk_size),
        connector_enforcement=require_connector.apply(lambda only: "REQUIRED" if only else "NOT_REQUIRED"),
        database_flags=[
            sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=flag, value=value) for flag, value in flags.items()
        ],
        backup_configuration=backups(arguments),
        ip_configuration=ip_configuration(arguments, ip_address_type),
        maintenance_window=maintenance_window(arguments),
        user_labels=rules.labels(arguments) or None,
        deletion_protection_enabled=deletion_protection,
    )


def backups(arguments: Arguments) -> sql.DatabaseInstanceSettingsBackupConfigurationArgs:
    """Daily ones and the log between them, or neither."""
    retention = arguments.get("backup_retention", rules.backup_count, 7)
    kept = retention.apply(lambda count: count or 7)  # How many there would be, where there are none.
    return sql.DatabaseInstanceSettingsBackupConfigurationArgs(
        enabled=retention.apply(bool),
        point_in_time_recovery_enabled=retention.apply(bool),
        start_time=arguments.get("backup_start_time", rules.start_time),
        # 7 days is what ENTERPRISE has; and the log may not reach back further than the backups.
        transaction_log_retention_days=kept.apply(lambda count: min(count, 7)),
        backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
            retained_backups=kept
        ),
    )


def maintenance_window(arguments: Arguments) -> sql.DatabaseInstanceSettingsMaintenanceWindowArgs | None:
    day = arguments.get("maintenance_day", whole_number(1, 7))
    hour = arguments.get("maintenance_hour", whole_number(0, 23))
    rules.check_maintenance(arguments)
    if day is None or hour is None:
        return None
    # The track, too, because the service answers with one, which would be a change at every `up`.
    return sql.DatabaseInstanceSettingsMaintenanceWindowArgs(day=day, hour=hour, update_track="stable")


def ip_configuration(arguments: Arguments, ip_address_type: str) -> sql.DatabaseInstanceSettingsIpConfigurationArgs:
    """One kind of address and no other, TLS always, and no network that may connect without a certificate."""
    private_network = arguments.get("private_network", rules.network_name)
    consumers = arguments.get("psc_consumer_projects", rules.consumer_projects)
    consumer_network = arguments.get("psc_consumer_network", rules.network_name)
    rules.check_network(arguments, ip_address_type)
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
            lambda known: rules.allowed_projects(*known)
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
    ip_address_type: str, connection_name: str, database: str, role: str, users: Sequence[rules.Principal]
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
        await retries.explain_take_over(failure, id_, component, "Google Cloud")
    # The provider writes every error as a list; of an object that exists all the same it says what it was creating.
    if "creating urn:" in error:
        return False
    waiting_for = next((what for pattern, what in PASSING.items() if re.search(pattern, error)), None)
    return waiting_for is not None and await retries.try_again(
        failure,
        waiting_for=waiting_for,
        in_the_end="Google was still not ready",
        tries=PASSING_TRIES,
        seconds=PASSING_WAIT_SECONDS,
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
