"""Creates a Google Cloud SQL for PostgreSQL instance with IAM database authentication and no passwords."""

import secrets
from collections.abc import Mapping
from typing import Any, Optional

import pulumi
from pulumi_gcp import organizations, serviceaccount, sql

from .. import backstage
from ..kubernetes_outputs import NO_IDENTITY, Blocks, PodIdentity, kubernetes_outputs
from ..options import checked_options
from ..outputs import outputs
from ..persistence import deletion_guard, persist_once, protected
from ..protection import refuse_deletion
from .args import CloudSqlPostgresArgs
from .instance_children import InstanceChildren
from .instance_settings import instance_settings
from .principals import Login, Principal, Users, account_display_name, account_email, account_id
from .psc import working_endpoint
from .psql import psql_command
from .retry import retry_hooks
from .settings import CloudSqlSettings
from .validation import generated_name, validate

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
            "backstage-database:index:CloudSqlPostgres",
            name,
            None,
            checked_options("CloudSqlPostgres", name, opts, args),
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

        connection_name = pulumi.Output.concat(project, ":", region, ":", instance_name)
        address = _address(instance, settings)
        self._set_block_outputs(name, settings, children, connection_name, address, *users[""])
        self._set_outputs(settings, children, connection_name, address, instance_name, users)
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
            display_name=instance_name.apply(account_display_name),
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

    def _set_block_outputs(
        self,
        name: str,
        settings: CloudSqlSettings,
        children: InstanceChildren,
        connection_name: pulumi.Output[str],
        address: pulumi.Output[str],
        user: pulumi.Output[Principal],
        role: pulumi.Output[str],
    ) -> None:
        """Sets the outputs that contain the block or a part of it."""
        connection: Mapping[str, Any] = {
            "type": "cloudsql",
            "instance": connection_name,
            "host": address,
            "port": PORT,
            "user": user.apply(lambda v: v.role),
            "database": settings.database_name if settings.plugin_division_mode == "schema" else None,
            "ipAddressType": settings.ip_address_type,
        }
        config = _database_config(settings, children.ready(connection), role)
        # Variables replace host and user, so a secret among them does not make this block secret.
        config_from_env = _database_config(settings, children.ready({**connection, "host": "", "user": ""}), role)
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

    def _set_outputs(
        self,
        settings: CloudSqlSettings,
        children: InstanceChildren,
        connection_name: pulumi.Output[str],
        address: pulumi.Output[str],
        instance_name: pulumi.Output[str],
        users: Users,
    ) -> None:
        """Sets the other outputs. Each waits until Backstage can log in."""
        instance = children.instance
        user, _ = users[""]
        self.host = children.ready(address)
        self.port = children.ready(PORT)
        self.user = children.ready(user.apply(lambda v: v.role))
        self.connection_name = children.ready(connection_name)
        self.instance = children.ready(instance_name)
        self.database = children.ready(settings.database_name)
        self.dns_name = children.ready(instance.dns_name.apply(_without_period))
        self.public_ip_address = children.ready(instance.public_ip_address.apply(_without_period))
        self.private_ip_address = children.ready(instance.private_ip_address.apply(_without_period))
        self.psc_service_attachment = children.ready(instance.psc_service_attachment_link.apply(_without_period))
        self.instance_service_account = children.ready(
            instance.service_account_email_address.apply(lambda v: v or settings.unknown("service account", instance))
        )
        self.self_link = children.ready(
            instance.self_link.apply(lambda v: v or settings.unknown("self link", instance))
        )
        self.service_account_email = children.ready(user.apply(lambda v: v.email if v.kind == "serviceAccount" else ""))
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
