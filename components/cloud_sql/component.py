"""Creates a Google Cloud SQL for PostgreSQL instance with IAM database authentication and no passwords."""

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Optional

import pulumi
from pulumi_gcp import organizations, projects, serviceaccount, sql

from .. import backstage
from ..kubernetes_outputs import NO_IDENTITY, Blocks, PodIdentity, kubernetes_outputs
from ..options import checked_options
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once, protected
from ..protection import refuse_deletion
from .args import CloudSqlPostgresArgs
from .instance_settings import instance_settings
from .principals import Login, Principal, Users, account_email, account_id, account_resource
from .psc import working_endpoint
from .psql import psql_command
from .retry import retry_hooks
from .settings import CloudSqlSettings
from .validation import generated_name, validate

# IAM roles that a login needs: the first to reach the instance, the second to log in
# (hashicorp/terraform-provider-google#18405).
_IAM_ROLES = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}

PORT = 5432

# The default is not None, because Pulumi's component analysis would then not find the type of `args`.
_NO_ARGUMENTS: CloudSqlPostgresArgs = {}


class CloudSqlPostgres(pulumi.ComponentResource):
    """A Cloud SQL for PostgreSQL instance with IAM users and without passwords, and the block that logs in to it.

    `pulumi up` ends, and every output is known, when the users and their rights are in place. A wrong argument is
    refused before anything is created, if its value is known by then.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Not secret."""

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Not secret."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}` and `${POSTGRES_USER}`. Not secret; may be
    committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those variables and their values. Not secret."""

    helm_values: pulumi.Output[str]
    """Values for Backstage's Helm chart `backstage/backstage`, as a YAML document: the block, and with
    `kubernetes_service_account` the service account that gives Backstage its identity. Not secret."""

    kubernetes_manifests: pulumi.Output[str]
    """The same for a Backstage without Helm: the ServiceAccount, if there is one, and a ConfigMap with the app-config.
    Not secret."""

    kubernetes_secret: pulumi.Output[str]
    """The Secret that both refer to, as a YAML document: empty, because there is no password, unless an argument that
    the block holds was given as a secret."""

    host: pulumi.Output[str]
    """The instance's address: public, private, or its DNS name with PSC. Backstage's connector finds it by itself."""

    port: pulumi.Output[int]
    """The port of PostgreSQL at `host`: 5432."""

    user: pulumi.Output[str]
    """The PostgreSQL user that Backstage logs in as: its e-mail address, without .gserviceaccount.com."""

    connection_name: pulumi.Output[str]
    """Connection name of the instance, for connectors and the Auth Proxy: project:region:instance."""

    instance: pulumi.Output[str]
    """Name of the instance, given or generated."""

    database: pulumi.Output[str]
    """Name of the created database."""

    dns_name: pulumi.Output[str]
    """DNS name of the instance, for a Private Service Connect endpoint; empty if it has none."""

    public_ip_address: pulumi.Output[str]
    """Public address of the instance; empty if it has none."""

    private_ip_address: pulumi.Output[str]
    """Private address of the instance in `private_network`; empty if it has none."""

    psc_service_attachment: pulumi.Output[str]
    """Service attachment for a Private Service Connect endpoint; empty without PSC."""

    instance_service_account: pulumi.Output[str]
    """E-mail address of the instance's own service account, which reads and writes buckets for imports and exports."""

    self_link: pulumi.Output[str]
    """URI of the instance in Google's API."""

    service_account_email: pulumi.Output[str]
    """E-mail address of the service account that Backstage runs as, created or given; empty if Backstage runs as a
    person."""

    ip_address_type: pulumi.Output[str]
    """How Backstage reaches the instance: PUBLIC, PRIVATE or PSC."""

    psql_command: pulumi.Output[str]
    """A shell line that starts the Cloud SQL Auth Proxy, logs in through it with `gcloud auth application-default
    login`, and stops it."""

    def __init__(
        self, name: str, args: CloudSqlPostgresArgs = _NO_ARGUMENTS, opts: Optional[pulumi.ResourceOptions] = None
    ) -> None:
        settings = validate(name, args)
        super().__init__(
            "backstage-database:index:CloudSqlPostgres", name, None, checked_options("CloudSqlPostgres", name, opts)
        )
        settings.log_warnings(self)
        hooks = retry_hooks(name, self)

        project, region = self._location(name, settings)
        # Saved in the state before the instance is created, so an interrupted update reuses the same name.
        instance_name = settings.instance_name or persist_once(
            f"{name}-instance-name", generated_name(name, secrets.token_hex(4)), self
        )
        user = settings.user or self._service_account(name, instance_name, project, settings, hooks)
        instance = sql.DatabaseInstance(
            f"{name}-instance",
            name=instance_name,
            project=project,
            region=region,
            database_version=pulumi.Output.format("POSTGRES_{0}", settings.version),
            settings=instance_settings(settings),
            deletion_protection=settings.deletion_protection,
            encryption_key_name=settings.encryption_key_name,
            opts=pulumi.ResourceOptions(parent=self, protect=protected(settings.deletion_protection), hooks=hooks),
        )
        # If the instance is replaced, its children are replaced first. A protected instance cannot be, so its children
        # take the name from the input: otherwise `up --skip-preview` would delete them before it is refused.
        children = InstanceChildren(
            self,
            name,
            instance,
            instance_name if settings.deletion_protection else instance.name,
            project,
            working_endpoint(settings, project, instance),
            hooks,
        )
        children.add_database(settings.database_name, protect=settings.deletion_protection)
        users = settings.users(user)
        for suffix, (principal, role) in users.items():
            if settings.grant_iam_roles:
                children.add_iam_roles(suffix, principal, instance_name)
            children.add_user(suffix, principal, role)
        if settings.kubernetes_service_account is not None:
            children.add_workload_identity(user, settings.kubernetes_service_account, settings.workload_identity_pool)
        deletion_guard(
            f"{name}-deletion-protection",
            parent=self,
            after=children.login_prerequisites,
            protect=settings.deletion_protection,
            hooks=refuse_deletion(f'CloudSqlPostgres "{name}"') if settings.deletion_protection else None,
        )

        self._set_outputs(name, settings, project, region, instance_name, instance, users, children)
        self.register_outputs(outputs(CloudSqlPostgres, self))

    def _location(self, name: str, settings: CloudSqlSettings) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Returns project and region, from the provider's configuration where they are not given."""
        project, region = settings.project, settings.region
        if project is None or region is None:
            provider = organizations.get_client_config_output(pulumi.InvokeOutputOptions(parent=self))
            project = project or provider.apply(lambda v: settings.provider_default("project", v.project, self))
            region = region or provider.apply(lambda v: settings.provider_default("region", v.region, self))
        if settings.user is None:
            # Checked before anything is created: the created account needs a name that PostgreSQL accepts.
            instance_name = settings.instance_name or generated_name(name)
            project = pulumi.Output.all(project=project, instance_name=instance_name).apply(
                lambda v: settings.check_account(v["instance_name"], v["project"])
            )
        return project, region

    def _service_account(
        self,
        name: str,
        instance_name: pulumi.Output[str],
        project: pulumi.Output[str],
        settings: CloudSqlSettings,
        hooks: pulumi.ResourceHookBinding,
    ) -> pulumi.Output[Principal]:
        """Creates the service account that Backstage runs as when no user is given."""
        account = serviceaccount.Account(
            f"{name}-account",
            account_id=instance_name.apply(account_id),
            display_name=pulumi.Output.concat("Backstage, user of Cloud SQL instance ", instance_name),
            project=project,
            # Do not replace the account when the instance is renamed or moved: it would be deleted first.
            opts=pulumi.ResourceOptions(
                parent=self, hooks=hooks, ignore_changes=["accountId", "displayName", "project"]
            ),
        )
        # Mocks may leave out the e-mail address, which follows from the inputs.
        return pulumi.Output.all(
            email=account.email,
            account_id=account.account_id,
            account_project=account.project,
            project=project,
            # The others are only compared, so a secret address among them does not make this one secret.
            others=pulumi.Output.unsecret(pulumi.Output.all(*settings.additional_users.values())),
        ).apply(
            lambda v: settings.created_account(
                v["email"] or account_email(v["account_id"], v["account_project"] or v["project"]), v["others"]
            )
        )

    def _set_outputs(
        self,
        name: str,
        settings: CloudSqlSettings,
        project: pulumi.Output[str],
        region: pulumi.Output[str],
        instance_name: pulumi.Output[str],
        instance: sql.DatabaseInstance,
        users: Users,
        children: "InstanceChildren",
    ) -> None:
        user, role = users[""]
        values: Mapping[str, Any] = {
            "type": "cloudsql",
            "instance": pulumi.Output.concat(project, ":", region, ":", instance_name),
            "host": _address(instance, settings),
            "port": PORT,
            "user": user.apply(lambda v: v.role),
            "database": settings.database_name if settings.plugin_division_mode == "schema" else None,
            "ipAddressType": settings.ip_address_type,
        }
        config = _database_config(settings, children.when_ready(values), role)
        # Variables replace host and user, so a secret among them does not make this block secret.
        config_from_env = _database_config(settings, children.when_ready({**values, "host": "", "user": ""}), role)
        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config_from_env.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.helm_values, self.kubernetes_manifests, self.kubernetes_secret = kubernetes_outputs(
            name,
            Blocks(config, config, config_from_env),
            _pods(settings, user),
            remark=settings.inputs.spelled(NO_IDENTITY) if settings.kubernetes_service_account is None else None,
        )
        self.host = children.when_ready(values["host"])
        self.port = children.when_ready(values["port"])
        self.user = children.when_ready(values["user"])
        self.connection_name = children.when_ready(values["instance"])
        self.instance = children.when_ready(instance_name)
        self.database = children.when_ready(settings.database_name)
        self.dns_name = children.when_ready(instance.dns_name.apply(_without_period))
        self.public_ip_address = children.when_ready(instance.public_ip_address.apply(_without_period))
        self.private_ip_address = children.when_ready(instance.private_ip_address.apply(_without_period))
        self.psc_service_attachment = children.when_ready(instance.psc_service_attachment_link.apply(_without_period))
        self.instance_service_account = children.when_ready(
            instance.service_account_email_address.apply(lambda v: v or settings.unknown("service account", instance))
        )
        self.self_link = children.when_ready(
            instance.self_link.apply(lambda v: v or settings.unknown("self link", instance))
        )
        self.service_account_email = children.when_ready(
            user.apply(lambda v: v.email if v.kind == "serviceAccount" else "")
        )
        self.ip_address_type = pulumi.Output.from_input(settings.ip_address_type)
        self.psql_command = pulumi.Output.all(
            connection_name=self.connection_name,
            database=settings.database_name,
            principals=[one for one, _ in users.values()],
            roles=[one for _, one in users.values()],
        ).apply(
            lambda v: psql_command(
                settings.ip_address_type,
                v["connection_name"],
                v["database"],
                list(map(Login, v["principals"], v["roles"])),
            )
        )


def _pods(settings: CloudSqlSettings, user: pulumi.Output[Principal]) -> PodIdentity | None:
    """Returns the annotation with which GKE gives pods the identity that Backstage logs in as."""
    if settings.kubernetes_service_account is None:
        return None
    return PodIdentity(
        settings.kubernetes_service_account,
        annotations={"iam.gke.io/gcp-service-account": user.apply(lambda v: v.email)},
    )


def _database_config(
    settings: CloudSqlSettings, connection: pulumi.Output[Mapping[str, Any]], role: pulumi.Output[str]
) -> pulumi.Output[dict[str, Any]]:
    """Returns the block for this connection."""
    return pulumi.Output.all(connection=connection, role=role, options=settings.database_options).apply(
        lambda v: backstage.database_config(
            v["connection"],
            v["options"],
            pluginDivisionMode="schema" if settings.plugin_division_mode == "schema" else None,
            role=v["role"],
        )
    )


class InstanceChildren:
    """Creates an instance's resources one after another: the provider creates only one at a time anyway."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        instance: sql.DatabaseInstance,
        instance_name: pulumi.Output[str],
        project: pulumi.Output[str],
        endpoint: pulumi.Output[None],
        hooks: pulumi.ResourceHookBinding,
    ) -> None:
        self.login_prerequisites: list[pulumi.CustomResource] = []
        """Resources that must exist before anybody can log in."""
        self._component = component
        self._name = name
        self._instance = instance
        self._instance_name = instance_name
        self._project = project
        self._hooks = hooks
        self._previous: pulumi.CustomResource = instance
        self._endpoint = endpoint

    def add_database(self, database_name: pulumi.Output[str], *, protect: bool) -> None:
        """Adds the database.

        It comes before the users, which a new instance refuses for some seconds
        (hashicorp/terraform-provider-google#14233).
        """
        database = sql.Database(
            f"{self._name}-database",
            name=database_name,
            instance=self._instance_name,
            project=self._project,
            # The provider refuses a deletion too, because `--ignore-protect` overrides `protect`.
            deletion_policy="PREVENT" if protect else "DELETE",
            opts=self._child_opts(protect=protected(protect)),
        )
        self._previous = database

    def add_iam_roles(
        self, suffix: str, principal: pulumi.Output[Principal], condition_instance: pulumi.Output[str]
    ) -> None:
        """Grants a principal the IAM roles for a login. They apply to the project, so a condition limits them."""
        for purpose, iam_role in _IAM_ROLES.items():
            binding = projects.IAMMember(
                f"{self._name}-{purpose}{suffix}",
                project=self._project,
                role=iam_role,
                member=principal.apply(lambda v: v.member),
                condition=_instance_condition(self._project, condition_instance),
                opts=pulumi.ResourceOptions(parent=self._component, depends_on=[self._previous], hooks=self._hooks),
            )
            self.login_prerequisites.append(binding)

    def add_user(self, suffix: str, principal: pulumi.Output[Principal], role: pulumi.Output[str]) -> None:
        """Adds a user of the instance that is a member of a PostgreSQL role."""
        user = sql.User(
            f"{self._name}-user{suffix}",
            name=principal.apply(lambda v: v.role),
            type=principal.apply(lambda v: v.type),
            database_roles=[role],
            instance=self._instance_name,
            project=self._project,
            opts=self._child_opts(),
        )
        self.login_prerequisites.append(user)
        self._previous = user

    def add_workload_identity(
        self, user: pulumi.Output[Principal], service_account: pulumi.Output[str], pool: pulumi.Output[str] | None
    ) -> None:
        """Lets pods of a Kubernetes service account act as the service account that Backstage logs in as."""
        binding = serviceaccount.IAMMember(
            f"{self._name}-workload-identity",
            service_account_id=user.apply(lambda v: account_resource(v.email)),
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.all(
                pool=pool or pulumi.Output.concat(self._project, ".svc.id.goog"), account=service_account
            ).apply(lambda v: f"serviceAccount:{v['pool']}[{v['account']}]"),
            # Does not wait for the instance, so that a missing pool is reported at once.
            opts=pulumi.ResourceOptions(parent=self._component, hooks=self._hooks),
        )
        self.login_prerequisites.append(binding)

    def when_ready(self, value: Any) -> pulumi.Output[Any]:
        """Returns an Output that resolves only when Backstage can log in."""
        return pulumi.Output.all(value=value, ready=self._ready).apply(lambda v: v["value"])

    @cached_property
    def _ready(self) -> pulumi.Output[None]:
        """Resolves when the endpoint exists, and all users and IAM roles that were added before the first use."""
        ids: Sequence[pulumi.Output[str]] = [resource.id for resource in self.login_prerequisites]
        return pulumi.Output.all(self._endpoint, *ids).apply(lambda _: None)

    def _child_opts(self, *, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self._component,
            depends_on=[self._previous],
            deleted_with=self._instance,
            protect=protect,
            hooks=self._hooks,
        )


def _instance_condition(
    project: pulumi.Output[str], instance_name: pulumi.Output[str]
) -> projects.IAMMemberConditionArgs:
    """Returns the condition that limits an IAM role, which is granted in a project, to one instance."""
    return projects.IAMMemberConditionArgs(
        title=instance_name,
        expression=pulumi.Output.format(
            'resource.type == "sqladmin.googleapis.com/Instance" && resource.name == "projects/{0}/instances/{1}"',
            project,
            instance_name,
        ),
    )


def _address(instance: sql.DatabaseInstance, settings: CloudSqlSettings) -> pulumi.Output[str]:
    """Returns the address that Backstage uses; unknown, with a warning, if the provider does not return it."""
    address = {
        "PUBLIC": instance.public_ip_address,
        "PRIVATE": instance.private_ip_address,
        "PSC": instance.dns_name,
    }[settings.ip_address_type]
    return address.apply(
        lambda v: _without_period(v) if v else settings.unknown(f"{settings.ip_address_type} address", instance)
    )


def _without_period(value: str | None) -> str:
    """Returns an address without the period at the end of Google's DNS names; an empty string without an address."""
    return (value or "").rstrip(".")
