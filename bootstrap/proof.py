"""Checks that a login to the database of the stack dev really works, whatever its state says."""

import time
from collections.abc import Mapping
from typing import Any

from components.login import LoginError, log_in

from . import containers, signals
from .console import quote
from .containers import Container
from .errors import ExplainedError

# Seconds after which the login to a starting container must work.
_START_TIMEOUT = 60


def login_problem(outputs: Mapping[str, Any]) -> str | None:
    """Returns why a login from this machine with the stack's outputs fails; None if it works.

    The login counts even if `docker` does not find the container, because the provider may use another engine. A
    database on its own Docker network cannot be reached from here: then its container's health counts.
    """
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        container = containers.find(outputs["containerName"])
        problem = _problem(outputs, container)
        if problem is None or time.monotonic() > deadline or container is None or not container.is_starting:
            return problem
        signals.pause(0.5)


def require_login(outputs: Mapping[str, Any]) -> None:
    """Raises an ExplainedError with the end of the container's log if the login fails."""
    problem = login_problem(outputs)
    if problem is None:
        return
    name = outputs["containerName"]
    container = containers.find(name)
    if container is None:
        if refusal := containers.refusal():
            raise ExplainedError(
                f"{problem.rstrip('.')}.\n{refusal}",
                "The command `docker` does not reach the engine.",
                "Make `docker version` work, then run `make up` again.",
            )
        raise ExplainedError(
            problem,
            f"The engine that `docker` uses has no container {name}.",
            "If `docker:host` or `docker:context` names another engine, look there. Otherwise run `make up` again: it "
            "creates a new one.",
        )
    log = containers.end_of_log(name)
    data = f" Its data is in the volume {container.volumes[0]}." if container.volumes else ""
    raise ExplainedError(
        f"{problem}\n\n{log}".rstrip(),
        f"The container {name} {container.condition}, and nobody can log in.{data}",
        _remedy(container),
    )


def _problem(outputs: Mapping[str, Any], container: Container | None) -> str | None:
    if container is None:
        by_health = f"the container {outputs['containerName']} is not there"
    elif container.status == "running" and container.health == "healthy":
        by_health = None
    else:
        by_health = f"the container {container.name} {container.condition}"
    # A login to a paused container would only end with its timeout.
    if outputs["host"] == outputs["containerName"] or (container and container.status != "running"):
        return by_health
    connection = outputs["databaseConfig"]["connection"]
    try:
        log_in(connection["host"], connection["port"], connection["user"], connection["password"])
    except LoginError as error:
        # A missing container says more than a refused connection.
        return by_health if container is None or error.reason == "unsupported" else str(error)
    return None


def _remedy(container: Container) -> str:
    name = quote(container.name)
    if container.status == "paused":
        return f"Resume it: docker unpause {name}"
    if container.status == "running":
        return (
            f"Restart it, which sets the password again and allows the login: docker restart {name}\n"
            f"Then run `make up` again. If that does not help, its log says why: docker logs {name}"
        )
    return f"Find the cause in its log, docker logs {name}, and fix it; then run `make up` again."
