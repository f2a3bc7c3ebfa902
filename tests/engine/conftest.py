"""A fresh stack and a free port for each test, and nothing left of either afterwards."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .docker import docker
from .stack import Stack

_next_port = itertools.count(20000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


@pytest.fixture
def port() -> int:
    """A free port that no test beside this one gets: each worker counts through a thousand of its own."""
    for candidate in _next_port:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return candidate
    raise AssertionError("no free port")


@pytest.fixture
def stack(tmp_path: Path, port: int) -> Iterator[Stack]:
    """A stack of the repository's program, with LocalPostgres on a port of its own."""
    stack = Stack(tmp_path / "stack")
    stack.configure("local.port", port)
    yield stack
    leave_nothing_of(stack)


def leave_nothing_of(stack: Stack) -> None:
    """Destroys a stack that has a LocalPostgres, and removes what that should have removed from Docker."""
    destroyed = stack.destroy()
    for container in stack.ids("docker:index/container:Container"):
        docker("rm", "--force", "--volumes", container, check=False)
    for volume in stack.ids("docker:index/volume:Volume"):
        docker("volume", "rm", "--force", volume, check=False)
    assert destroyed.ok, f"the stack could not be destroyed:\n{destroyed.output}"
