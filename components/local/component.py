"""PostgreSQL in a local Docker container, for developing Backstage on a laptop."""

import secrets
from collections.abc import Mapping
from typing import Any, Optional

import pulumi
import pulumi_docker as docker

from .. import backstage
from ..error_hooks import unique_hook_name
from ..inputs import Inputs
from ..outputs import outputs
from ..persistence import persist_once
from ..validators import port_number, role_name
from . import validation
from .args import LocalPostgresArgs

DATA_DIR = "/var/lib/postgresql"
PASSWORD_FILE = "/run/postgres-password"

# A directory per major version under one volume: another major never touches the data of the one before.
# The official entrypoint reads the password only when it initialises; setting it at every start makes it declarative.
ENTRYPOINT_SCRIPT = rf"""
export PGDATA="{DATA_DIR}/$PG_MAJOR/data"
if [ -s "$PGDATA/PG_VERSION" ]; then
  password=$(cat "$POSTGRES_PASSWORD_FILE")
  printf '%s\n' "ALTER ROLE \"$POSTGRES_USER\" PASSWORD '${{password//\'/\'\'}}'" |
    gosu postgres postgres --single -D "$PGDATA" postgres >/dev/null
fi
exec docker-entrypoint.sh postgres "$@"
"""

# Over the container's own address: on its loopback any password is accepted, and the server that runs during
# initialisation listens on a socket only. Until the first login it looks at the port, often, because that costs the
# initialisation nothing, and `up` waits for it; after that it logs in seldom.
HEALTHCHECK_SCRIPT = f"""
address=$(hostname -i | cut -d" " -f1)
export PATH="/usr/lib/postgresql/$PG_MAJOR/bin:$PATH" PGPASSWORD="$(cat {PASSWORD_FILE})"
[ ! -e /tmp/answered ] || sleep 5
until (: <"/dev/tcp/$address/5432") 2>/dev/null &&
  psql -h "$address" -U "$POSTGRES_USER" -d postgres -qtAc "SELECT 1"; do
  [ ! -e /tmp/answered ] || exit 1
  sleep 0.05
done
touch /tmp/answered
"""


class LocalPostgres(pulumi.ComponentResource):
    """PostgreSQL in a local Docker container, reachable from this machine only, and the block that logs in to it.

    `pulumi up` ends when a real login has worked. Raises ArgumentError for a wrong argument, before anything is created.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Secret: it holds the password."""

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Secret: it holds the password."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}`, `${POSTGRES_USER}` and `${POSTGRES_PASSWORD}`. Not secret; may be committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those four variables and their values. Secret: one is the password."""

    host: pulumi.Output[str]
    """Where Backstage connects: 127.0.0.1, or with `network` the container's name."""

    port: pulumi.Output[int]
    """The port to connect to at `host`."""

    user: pulumi.Output[str]
    """The PostgreSQL superuser that Backstage logs in as."""

    password: pulumi.Output[str]
    """That user's password, given or generated. Secret."""

    container_name: pulumi.Output[str]
    """Name of the Docker container, for `docker logs` and `docker exec`."""

    def __init__(self, name: str, args: LocalPostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        inputs = Inputs("LocalPostgres", name, args, LocalPostgresArgs)
        image = inputs.get("image", validation.image_reference, "postgres:17-trixie")
        port = inputs.get("port", port_number, 5432)
        user = inputs.get("user", role_name, "postgres")
        password = inputs.get("password", validation.password_text, secret=True)
        timezone = inputs.get("timezone", validation.time_zone)
        network = inputs.get("network", validation.network_name)
        volume = inputs.get("volume", validation.volume_name)

        super().__init__("backstage-database:index:LocalPostgres", name, None, opts)

        if password is None:
            password = persist_once(f"{name}-password", pulumi.Output.secret(secrets.token_hex(24)), self)
        secret = pulumi.Output.secret(password)

        local_image = docker.RemoteImage(
            f"{name}-image",
            name=image,
            keep_locally=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

        if volume is None:
            volume = docker.Volume(f"{name}-data", opts=pulumi.ResourceOptions(parent=self)).name

        record_login, require_login = login_hooks(name)
        container = docker.Container(
            f"{name}-postgres",
            image=local_image.name,
            entrypoints=["bash", "-ec", ENTRYPOINT_SCRIPT, "postgres"],
            command=None if timezone is None else server_settings(timezone=timezone, log_timezone=timezone),
            envs=[pulumi.Output.concat("POSTGRES_USER=", user), f"POSTGRES_PASSWORD_FILE={PASSWORD_FILE}"],
            # A file, because the provider's debug log prints the environment and `docker inspect` shows it.
            uploads=[docker.ContainerUploadArgs(file=PASSWORD_FILE, content=secret)],
            ports=[docker.ContainerPortArgs(internal=5432, external=port, ip="127.0.0.1")],
            volumes=[docker.ContainerVolumeArgs(volume_name=volume, container_path=DATA_DIR)],
            networks_advanced=None if network is None else [docker.ContainerNetworksAdvancedArgs(name=network)],
            healthcheck=docker.ContainerHealthcheckArgs(
                tests=["CMD", "bash", "-c", HEALTHCHECK_SCRIPT],
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
            opts=pulumi.ResourceOptions(
                parent=self,
                # One at a time on the port and the data; and a container whose creation failed half-way is made anew.
                delete_before_replace=True,
                replace_on_changes=["*"],
                hooks=pulumi.ResourceHookBinding(after_create=[record_login]),
            ),
        )

        answered = pulumi.Stash(
            f"{name}-answered",
            input=container.id,
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=pulumi.ResourceHookBinding(before_create=[require_login], before_update=[require_login]),
            ),
        )

        reachable = {"host": "127.0.0.1", "port": port} if network is None else {"host": container.name, "port": 5432}
        # Through the record, so that whoever uses an output waits for a database that answers.
        connection = pulumi.Output.all(answered.input, {**reachable, "user": user}).apply(lambda ready: ready[1])
        config = pulumi.Output.all(connection, secret).apply(
            lambda both: backstage.database_config({**both[0], "password": both[1]})
        )

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = pulumi.Output.unsecret(config.apply(backstage.app_config_from_env))
        self.environment = config.apply(backstage.environment)
        self.host = connection["host"]
        self.port = connection["port"]
        self.user = connection["user"]
        self.password = secret
        self.container_name = container.name
        self.register_outputs(outputs(LocalPostgres, self))


def login_hooks(name: str) -> tuple[pulumi.ResourceHook, pulumi.ResourceHook]:
    """Keeps a record of the last container that answered a login honest.

    Creating a container ends with a login. If that fails, the next `up` makes the container anew; but a refresh in
    between takes it for a good one. Then the record would change without a container being created: that is refused.
    """
    answering: set[str] = set()

    def note(container: pulumi.ResourceHookArgs) -> None:
        answering.add(container.id)

    def refuse(record: pulumi.ResourceHookArgs) -> None:
        if record.new_inputs and record.new_inputs["input"] not in answering:
            raise pulumi.RunError(
                f'LocalPostgres "{name}": its container was created by an update that failed, and never answered a '
                "login. Find the cause with `docker logs`, then have the container made anew: "
                f"`pulumi up --replace '**::{name}-postgres'`."
            )

    return (
        pulumi.ResourceHook(unique_hook_name(f"{name}-answers"), note),
        pulumi.ResourceHook(unique_hook_name(f"{name}-never-answered"), refuse),
    )


def server_settings(**settings: pulumi.Input[str]) -> list[pulumi.Output[str]]:
    """Command-line arguments that make PostgreSQL start with these settings."""
    return [pulumi.Output.concat("--", name, "=", value) for name, value in settings.items()]
