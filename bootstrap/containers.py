"""What Docker knows about the containers that matter to the stack dev."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import signals


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    status: str
    """created, running, paused, restarting, exited or dead."""
    health: str
    """starting, healthy, unhealthy, or empty for a container without a health check."""
    exit_code: int
    volumes: tuple[str, ...]
    """Those that have a name of their own."""

    @property
    def is_starting(self) -> bool:
        return self.status in ("created", "restarting") or (self.status == "running" and self.health == "starting")

    @property
    def condition(self) -> str:
        """For a sentence: the container … `is running and unhealthy`."""
        if self.status == "exited":
            return f"has stopped with exit code {self.exit_code}"
        return f"is {self.status}" + (f" and {self.health}" if self.health and self.status == "running" else "")


def find(name: str) -> Container | None:
    """The container of this name or id; None if there is none."""
    found = _docker("container", "inspect", name)
    return _container(json.loads(found)[0]) if found else None


def on_volume(volume: str) -> Container | None:
    """The newest container that uses this volume, running or not."""
    ids = (_docker("container", "ls", "--all", "--quiet", "--filter", f"volume={volume}") or "").split()
    return find(ids[0]) if ids else None


def last_words(name: str, lines: int = 10) -> str:
    """The end of the container's log, with a heading; empty if it has not said anything."""
    words = (_docker("container", "logs", "--tail", str(lines), name, merge=True) or "").strip()
    return f"The last words of the container {name}:\n{words}" if words else ""


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
    """What `docker` prints; None if it fails."""
    errors = subprocess.STDOUT if merge else subprocess.DEVNULL
    with signals.start(["docker", *arguments], stop=signals.ANYWHERE, stdout=subprocess.PIPE, stderr=errors) as process:
        printed = process.stdout.read() if process.stdout else ""
    signals.check()
    return printed if process.returncode == 0 else None
