"""Asks the Docker engine what the provider does not say, such as why a container failed.

The answers only explain a failure, or show it earlier. A program that cannot ask the engine, for example over SSH
without the package paramiko, works the same and says less.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pulumi

T = TypeVar("T")

# Names the LocalPostgres that a container belongs to. It is not a label, because the provider reads all labels back,
# and would see those of other tools as changes.
OWNER_VARIABLE = "BACKSTAGE_DATABASE_OWNER"


@dataclass(frozen=True)
class RunningContainer:
    """A running container."""

    id: str
    name: str
    image: str
    owner: str | None
    """The LocalPostgres that it belongs to; None for a container of anything else."""
    volumes: frozenset[str]
    """The names of the volumes that it can write to."""
    is_postgres: bool
    """Whether its image is of the official `postgres` kind."""

    def __str__(self) -> str:
        return f"{self.name} ({self.owner or f'image {self.image}'})"

    @property
    def removal_command(self) -> str:
        """Returns the shell command that removes the container and keeps its volume."""
        return f"docker stop {self.name} && docker rm {self.name}"


@dataclass(frozen=True)
class Engine:
    """The Docker engine that the provider uses."""

    host: str
    """Its address."""
    certificates: str | None = None
    """The folder with ca.pem, cert.pem and key.pem, for an address with tcp."""

    @property
    def other_machine(self) -> str | None:
        """Returns the machine in the address, with the SSH user if there is one; None for this machine."""
        address = urlsplit(self.host)
        if address.scheme not in ("tcp", "ssh", "http", "https") or not address.hostname:
            return None
        if address.hostname in ("localhost", "127.0.0.1", "::1"):
            return None
        return f"{address.username}@{address.hostname}" if address.username else address.hostname

    def running_containers(self, **filters: str) -> list[RunningContainer]:
        """Returns the running containers that match, such as `publish="5432"` or `volume="data"`.

        Returns none if the engine does not answer.
        """

        def find(client: Any) -> list[RunningContainer]:
            found = client.containers.list(filters={**filters, "status": "running"}, ignore_removed=True)
            return [_describe(container.attrs) for container in found]

        return self._ask(find) or []

    def state_and_log(self, container: str) -> tuple[str, str] | None:
        """Returns the state of a container, such as `exited, exit code 1`, and the end of its log.

        Returns None if the engine does not answer.
        """

        def read(client: Any) -> tuple[str, str]:
            found = client.containers.get(container)
            state = found.attrs["State"]
            status = f"{state['Status']}, exit code {state['ExitCode']}" if state["ExitCode"] else str(state["Status"])
            return status, found.logs(tail=15).decode(errors="replace").strip()

        return self._ask(read)

    def is_healthy(self, container: str) -> bool | None:
        """Returns whether the last health check of a container succeeded; None if the engine does not answer."""
        return self._ask(
            lambda client: client.containers.get(container).attrs["State"]["Health"]["Status"] == "healthy"
        )

    def _ask(self, question: Callable[[Any], T]) -> T | None:
        """Returns the engine's answer; None if the engine cannot be reached or does not know the container."""
        try:
            # Imported only when the engine is asked, because they take a moment to import.
            import docker
            import docker.errors
            import requests
        except ImportError as error:
            # The program may have its own module named docker.
            pulumi.log.debug(f"the Docker engine could not be asked: {error}")
            return None
        try:
            client = docker.DockerClient(base_url=self.host, tls=self._tls(), version="auto", timeout=10)
            with contextlib.closing(client):
                return question(client)
        except (docker.errors.DockerException, requests.RequestException, OSError, KeyError) as error:
            pulumi.log.debug(f"the Docker engine could not be asked: {error}")
            return None

    def _tls(self) -> Any:
        import docker.tls

        if not self.certificates or not self.host.startswith("tcp:"):
            return False
        pem = {name: str(Path(self.certificates) / f"{name}.pem") for name in ("ca", "cert", "key")}
        return docker.tls.TLSConfig(client_cert=(pem["cert"], pem["key"]), ca_cert=pem["ca"], verify=True)


async def engine_of(component: pulumi.Resource) -> Engine:
    """Returns the Docker engine of the component's containers: that of an explicit provider, else the default one.

    A component in its own process cannot see how an explicit provider is configured, and assumes the default one.
    """
    provider = component.get_provider("docker:index/container:Container")
    if provider is None or not hasattr(provider, "host"):
        return default_engine()
    given = [
        await pulumi.Output.from_input(getattr(provider, name)).future() for name in ("context", "host", "cert_path")
    ]
    return _engine(*given)


def default_engine() -> Engine:
    """Returns the Docker engine of the stack's default provider."""
    config = pulumi.Config("docker")
    return _engine(config.get("context"), config.get("host"), config.get("certPath"))


def _engine(context: str | None, host: str | None, certificates: str | None) -> Engine:
    """Returns the engine that the provider chooses by its settings and the environment."""
    certificates = certificates or os.environ.get("DOCKER_CERT_PATH")
    context = context or os.environ.get("DOCKER_CONTEXT")
    if context and (of_context := _context_host(context)):
        return Engine(of_context, certificates)
    return Engine(host or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock", certificates)


def _context_host(name: str) -> str | None:
    import docker.context

    context: Any = docker.context.ContextAPI.get_context(name)
    return context.Host if context else None


def _describe(attributes: Mapping[str, Any]) -> RunningContainer:
    entries: list[str] = attributes["Config"]["Env"] or []
    environment = {name: value for name, _, value in (entry.partition("=") for entry in entries)}
    return RunningContainer(
        id=attributes["Id"],
        name=attributes["Name"].removeprefix("/"),
        image=attributes["Config"]["Image"],
        owner=environment.get(OWNER_VARIABLE),
        volumes=frozenset(mount["Name"] for mount in attributes["Mounts"] if mount["Type"] == "volume" and mount["RW"]),
        is_postgres="PGDATA" in environment or "PG_MAJOR" in environment,
    )
