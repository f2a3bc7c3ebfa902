"""Whether somebody can really log in to the database of the stack dev, whatever its state says."""

import time
from collections.abc import Mapping
from typing import Any

from components.login import LoginError, log_in

from . import containers, signals
from .console import quote
from .containers import Container
from .errors import ExplainedError

# Seconds that a container which is starting has until the login must work.
PATIENCE = 60


def login_problem(outputs: Mapping[str, Any]) -> str | None:
    """Why nobody can log in from this machine with the emitted values; None if somebody can.

    A database on a Docker network of its own cannot be reached from here: then its container's health counts.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        container = containers.find(outputs["containerName"])
        problem = _problem(outputs, container)
        if problem is None or time.monotonic() > deadline or container is None or not container.is_starting:
            return problem
        signals.pause(0.5)


def require_login(outputs: Mapping[str, Any]) -> None:
    """Raises a ExplainedError that shows the container's last words if nobody can log in."""
    problem = login_problem(outputs)
    if problem is None:
        return
    name = outputs["containerName"]
    container = containers.find(name)
    if container is None:
        raise ExplainedError(
            problem, f"The container {name} is not there.", "Run `make up` again: it creates a new one."
        )
    words = containers.last_words(name)
    data = f" Its data is in the volume {container.volumes[0]}." if container.volumes else ""
    raise ExplainedError(
        f"{problem}\n\n{words}".rstrip(),
        f"The container {name} {container.condition}, and nobody can log in.{data}",
        _remedy(container),
    )


def _problem(outputs: Mapping[str, Any], container: Container | None) -> str | None:
    if container is None:
        return f"the container {outputs['containerName']} is not there"
    well = container.status == "running" and container.health == "healthy"
    by_health = None if well else f"the container {container.name} {container.condition}"
    if outputs["host"] == outputs["containerName"]:
        return by_health
    connection = outputs["databaseConfig"]["connection"]
    try:
        log_in(connection["host"], connection["port"], connection["user"], connection["password"])
    except LoginError as error:
        return by_health if error.reason == "unsupported" else str(error)
    return None


def _remedy(container: Container) -> str:
    name = quote(container.name)
    if container.status == "paused":
        return f"Let it go on: docker unpause {name}"
    if container.status == "running":
        return f"Restart it, which sets the password again: docker restart {name}\nThen run `make up` again."
    return f"Look into its whole log, docker logs {name}, correct the cause, then run `make up` again."
