"""Creates PostgreSQL in a local Docker container, for developing Backstage on a laptop."""

import importlib.resources
import secrets
import shlex
from collections.abc import Mapping
from typing import Any, Optional

import pulumi
import pulumi_docker as docker

from .. import backstage
from ..kubernetes_outputs import Blocks, kubernetes_outputs
from ..options import checked_options
from ..outputs import outputs
from ..persistence import persist_once
from .args import LocalPostgresArgs
from .checks import container_hooks, login_hooks
from .engine import OWNER_VARIABLE
from .validation import LocalSettings, is_loopback, validate

DATA_DIR = "/var/lib/postgresql"
PASSWORD_FILE = "/run/postgres-password"

_FOLDER = importlib.resources.files(__name__.rpartition(".")[0])
ENTRYPOINT_SCRIPT = (_FOLDER / "entrypoint.sh").read_text()
HEALTHCHECK_SCRIPT = (_FOLDER / "healthcheck.sh").read_text()

_NETWORK_REMARK = (
    "WARNING: the host is a container's name. Pods find it only if the cluster's nodes are containers on the same "
    "Docker network."
)

# The default is not None, because Pulumi's component analysis would then not find the type of `args`.
_NO_ARGUMENTS: LocalPostgresArgs = {}


class LocalPostgres(pulumi.ComponentResource):
    """PostgreSQL in a local Docker container, by default reachable from this machine only, and the block for it.

    `pulumi up` ends after a successful login from where the program runs; with `network`, after the container's health
    check, which logs in too. A wrong argument is refused before anything is created.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Secret: it holds the password.
    """

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Secret: it holds the password."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}`, `${POSTGRES_USER}` and `${POSTGRES_PASSWORD}`.
    Not secret; may be committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those four variables and their values. Secret: one is the password."""

    helm_values: pulumi.Output[str]
    """Values for Backstage's Helm chart `backstage/backstage`, as a YAML document with the block; its password comes
    from `kubernetes_secret`. Pods need a `host_address` that they can reach; otherwise the document holds a warning.
    Not secret."""

    kubernetes_manifests: pulumi.Output[str]
    """The same for a Backstage without Helm: a ConfigMap with the app-config. Not secret."""

    kubernetes_secret: pulumi.Output[str]
    """The Secret that both refer to, as a YAML document. Secret: it holds the password."""

    host: pulumi.Output[str]
    """Host that Backstage connects to: 127.0.0.1, the given `host_address`, or with `network` the container's name."""

    port: pulumi.Output[int]
    """The port to connect to at `host`."""

    user: pulumi.Output[str]
    """The PostgreSQL superuser that Backstage logs in as."""

    password: pulumi.Output[str]
    """That user's password, given or generated. Secret."""

    container_name: pulumi.Output[str]
    """Name of the Docker container, for `docker logs` and `docker exec`."""

    psql_command: pulumi.Output[str]
    """A shell line that opens psql in the container as `user`. It needs no password, because it does not leave the
    container."""

    def __init__(
        self, name: str, args: LocalPostgresArgs = _NO_ARGUMENTS, opts: Optional[pulumi.ResourceOptions] = None
    ) -> None:
        settings = validate(name, args)
        super().__init__(
            "backstage-database:index:LocalPostgres", name, None, checked_options("LocalPostgres", name, opts, args)
        )

        password = settings.password
        if password is None:
            password = persist_once(f"{name}-password", pulumi.Output.secret(secrets.token_hex(24)), self)
        password = pulumi.Output.secret(password)

        image = docker.RemoteImage(f"{name}-image", name=settings.image, keep_locally=True, opts=self._child())
        volume = settings.volume
        if volume is None:
            volume = docker.Volume(f"{name}-data", opts=self._child()).name
        container = self._container(name, settings, image.name, volume, password)
        container_name = container.name.apply(lambda known: known or f"{name}-postgres")

        connection = self._proven_connection(name, settings, container, container_name, password)
        values = pulumi.Output.all(connection=connection, options=settings.database_options)
        config = pulumi.Output.all(values=values, password=password).apply(
            lambda known: _database_config(settings, **known["values"], password=known["password"])
        )
        without_password = values.apply(lambda known: _database_config(settings, **known, password=""))
        # Variables replace host, port, user and password, so a secret among them does not make this output secret.
        config_from_env = pulumi.Output.all(
            ready=pulumi.Output.unsecret(connection.apply(lambda _: True)),
            database=settings.database_name if settings.plugin_division_mode == "schema" else None,
            options=settings.database_options,
        ).apply(lambda known: _database_config_from_env(settings, known["database"], known["options"]))

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config_from_env.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.helm_values, self.kubernetes_manifests, self.kubernetes_secret = kubernetes_outputs(
            name,
            Blocks(config, without_password, config_from_env, "POSTGRES_PASSWORD"),
            remark=None if settings.network is None else _NETWORK_REMARK,
        )
        self.host = connection["host"]
        self.port = connection["port"]
        self.user = connection["user"]
        self.password = password
        self.container_name = container_name
        self.psql_command = pulumi.Output.all(container=container_name, user=connection["user"]).apply(
            lambda known: _psql_command(known["container"], known["user"])
        )
        self.register_outputs(outputs(LocalPostgres, self))

    def _child(self, **options: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, **options)

    def _container(
        self,
        name: str,
        settings: LocalSettings,
        image: pulumi.Output[str],
        volume: pulumi.Output[str],
        password: pulumi.Output[str],
    ) -> docker.Container:
        owner = f'LocalPostgres "{name}" of stack {pulumi.get_project()}/{pulumi.get_stack()}'
        binding = "127.0.0.1"
        if settings.host_address is not None:
            binding = settings.host_address.apply(_bind_address)
            settings.host_address.apply(lambda address: _warn_about_exposure(name, address, self))
        return docker.Container(
            f"{name}-postgres",
            image=image,
            entrypoints=["sh", "-c", ENTRYPOINT_SCRIPT, "entrypoint.sh"],
            command=_server_settings(settings.timezone),
            envs=[
                pulumi.Output.concat("POSTGRES_USER=", settings.user),
                f"POSTGRES_PASSWORD_FILE={PASSWORD_FILE}",
                f"{OWNER_VARIABLE}={owner}",
            ],
            # A file, because the provider's debug log and `docker inspect` show the environment. Everyone in the
            # container may read it until the entrypoint script restricts it: an image that runs as postgres could not
            # read a file that only root may read.
            uploads=[docker.ContainerUploadArgs(file=PASSWORD_FILE, content=password, permissions="0444")],
            ports=[docker.ContainerPortArgs(internal=5432, external=settings.port, ip=binding)],
            volumes=[docker.ContainerVolumeArgs(volume_name=volume, container_path=DATA_DIR)],
            networks_advanced=None
            if settings.network is None
            else [docker.ContainerNetworksAdvancedArgs(name=settings.network)],
            healthcheck=docker.ContainerHealthcheckArgs(
                tests=["CMD", "sh", "-c", HEALTHCHECK_SCRIPT],
                interval="500ms",
                timeout="10s",
                retries=3,
                start_period="30s",
            ),
            wait=True,
            wait_timeout=120,
            restart="unless-stopped",
            destroy_grace_seconds=30,
            shm_size=128,
            opts=self._child(
                # Only one container can hold the port and the data, and a half-created one must be recreated. The
                # provider decides what else replaces a container, because it computes some arguments from others; but a
                # changed health check it only notes in the state, and the container keeps the old one.
                delete_before_replace=True,
                replace_on_changes=["#initerror", "healthcheck.tests"],
                hooks=container_hooks(name, owner, self),
            ),
        )

    def _proven_connection(
        self,
        name: str,
        settings: LocalSettings,
        container: docker.Container,
        container_name: pulumi.Output[str],
        password: pulumi.Output[str],
    ) -> pulumi.Output[Mapping[str, Any]]:
        """Returns the connection without its password, as an Output that resolves after a successful login."""
        if settings.network is None:
            reachable = {"host": settings.host_address or "127.0.0.1", "port": settings.port}
        else:
            reachable = {"host": container_name, "port": 5432}
        schema = settings.plugin_division_mode == "schema"
        connection = {**reachable, "user": settings.user, "database": settings.database_name if schema else None}
        record = {
            **reachable,
            "user": settings.user,
            "password": password,
            "container": container.id,
            "name": container_name,
            "network": settings.network is not None,
        }
        stash = pulumi.Stash(f"{name}-answered", input=record, opts=self._child(hooks=login_hooks(name, self)))
        # Depends on the record, so that consumers of an output wait for a database that accepts the login. The record
        # is secret because of its password; the connection is only as secret as the arguments.
        accepted = pulumi.Output.unsecret(stash.input.apply(lambda _: True))
        return pulumi.Output.all(accepted=accepted, connection=connection).apply(lambda known: known["connection"])


def _database_config(
    settings: LocalSettings, connection: Mapping[str, Any], options: Mapping[str, Any], password: str
) -> dict[str, Any]:
    return backstage.database_config(
        {**connection, "password": password}, options, pluginDivisionMode=settings.plugin_division_mode
    )


def _database_config_from_env(
    settings: LocalSettings, database: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    variables = {key: f"${{POSTGRES_{key.upper()}}}" for key in ("host", "port", "user")}
    return _database_config(settings, {**variables, "database": database}, options, "${POSTGRES_PASSWORD}")


def _psql_command(container: str, user: str) -> str:
    return shlex.join(["docker", "exec", "-it", container, "psql", "-U", user, "-d", "postgres"])


def _server_settings(timezone: pulumi.Output[str] | None) -> list[pulumi.Output[str]] | None:
    """Returns the command-line arguments that make PostgreSQL start with these settings."""
    if timezone is None:
        return None
    return [pulumi.Output.concat(f"--{setting}=", timezone) for setting in ("timezone", "log_timezone")]


def _bind_address(host_address: str) -> str:
    if is_loopback(host_address):
        return "::1" if host_address == "::1" else "127.0.0.1"
    # Behind NAT, for example, the machine itself does not have this address and cannot bind it.
    return "::" if ":" in host_address else "0.0.0.0"  # noqa: S104


def _warn_about_exposure(name: str, host_address: str, component: pulumi.Resource) -> None:
    if not is_loopback(host_address):
        pulumi.log.warn(
            f'LocalPostgres "{name}": with host_address {host_address}, PostgreSQL listens on all addresses of the '
            "Docker engine's machine, without TLS. Anyone who reaches that port needs only the password, and may read "
            "it on the way. Prefer a tunnel, `ssh -N -L`, with host_address left out.",
            component,
        )
