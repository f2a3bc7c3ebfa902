"""Asks Docker about the containers of the stack dev."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import signals


@dataclass(frozen=True)
class Container:
    """A container, running or not."""

    name: str
    image: str
    status: str
    """created, running, paused, restarting, exited or dead."""
    health: str
    """starting, healthy, unhealthy, or empty for a container without a health check."""
    exit_code: int
    volumes: tuple[str, ...]
    """The names of the volumes that have one."""

    @property
    def is_starting(self) -> bool:
        return self.status in ("created", "restarting") or (self.status == "running" and self.health == "starting")

    @property
    def condition(self) -> str:
        """Returns the end of a sentence about the container, such as `is running and unhealthy`."""
        if self.status == "exited":
            return f"has stopped with exit code {self.exit_code}"
        return f"is {self.status}" + (f" and {self.health}" if self.health and self.status == "running" else "")


def find(name: str) -> Container | None:
    """Returns the container with this name or id; None if there is none."""
    found = _docker("container", "inspect", name)
    return _container(json.loads(found)[0]) if found else None


def refusal() -> str:
    """Returns why the command `docker` does not reach an engine; an empty string if it does."""
    succeeded, printed = _run("version", merge=True)
    return "" if succeeded else printed.strip().rpartition("\n")[2]


def on_volume(volume: str) -> Container | None:
    """Returns the newest container that uses this volume, running or not; None if there is none."""
    ids = (_docker("container", "ls", "--all", "--quiet", "--filter", f"volume={volume}") or "").split()
    return find(ids[0]) if ids else None


def end_of_log(name: str, lines: int = 10) -> str:
    """Returns the end of the container's log, with a heading; an empty string for an empty log."""
    log = (_docker("container", "logs", "--tail", str(lines), name, merge=True) or "").strip()
    return f"The end of the log of the container {name}:\n{log}" if log else ""


def _container(found: Mapping[str, Any]) -> Container:
    state, config = found["State"], found["Config"]
    volumes = [mount["Name"] for mount in found["Mounts"] if mount["Type"] == "volume"]
    return Container(
        name=found["Name"].lstrip("/"),
        image=config["Image"],
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state["ExitCode"],
        volumes=tuple(name for name in volumes if not re.fullmatch(r"[0-9a-f]{64}", name)),
    )


def _docker(*arguments: str, merge: bool = False) -> str | None:
    """Returns the output of `docker`; None if it fails."""
    succeeded, printed = _run(*arguments, merge=merge)
    return printed if succeeded else None


def _run(*arguments: str, merge: bool) -> tuple[bool, str]:
    """Runs `docker`. Returns whether it succeeded, and its output, with `merge` including its errors."""
    errors = subprocess.STDOUT if merge else subprocess.DEVNULL
    with signals.start(["docker", *arguments], stop=signals.ANYWHERE, stdout=subprocess.PIPE, stderr=errors) as process:
        printed = process.stdout.read() if process.stdout else ""
    signals.check()
    return process.returncode == 0, printed
