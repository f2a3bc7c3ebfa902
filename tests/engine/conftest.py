"""A fresh stack and a free port for each test, and nothing left of either afterwards."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from . import cloud_sql_cases
from .checkout import Checkout
from .cloud_stack import AzureStack, CloudSqlStack
from .deployments import Deployments
from .docker import docker
from .simulated_azure import SimulatedAzure
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import Stack

_reserved: list[TextIO] = []


@pytest.fixture
def azure() -> Iterator[SimulatedAzure]:
    """A simulated Azure that nothing was created in."""
    with SimulatedAzure() as simulated:
        yield simulated


@pytest.fixture
def cloud_sql() -> Iterator[SimulatedCloudSql]:
    """A simulated Google Cloud that nothing was created in, with accounts, a network and a pool from before."""
    with SimulatedCloudSql() as simulated:
        simulated.known_accounts |= {cloud_sql_cases.EMAIL, cloud_sql_cases.OTHER_EMAIL}
        simulated.connected_networks.add(cloud_sql_cases.NETWORK)
        simulated.pools.add(cloud_sql_cases.POOL)
        yield simulated


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Deployments:
    """First deployments, which the workers of a run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "deployments"
    folder.mkdir(exist_ok=True)
    return Deployments(folder)


@pytest.fixture
def azure_stack(tmp_path: Path, azure: SimulatedAzure, deployments: Deployments) -> AzureStack:
    """A stack of the repository's program for Azure, with nothing deployed yet."""
    return AzureStack(tmp_path / "stack", azure, deployments)


@pytest.fixture
def cloud_sql_stack(tmp_path: Path, cloud_sql: SimulatedCloudSql, deployments: Deployments) -> CloudSqlStack:
    """A stack of the repository's program for Google Cloud, with nothing deployed yet."""
    return CloudSqlStack(tmp_path / "stack", cloud_sql, deployments)


@pytest.fixture
def port() -> int:
    """A free port that no other test gets, in this run or in another one on this machine."""
    return reserve_port()


def reserve_port() -> int:
    for candidate in range(20000, 30000):
        # The lock is held until this process ends; the port itself is only taken when a container publishes it.
        file = Path(tempfile.gettempdir(), f"backstage-database-test-port-{candidate}")
        reservation = file.open("w")
        try:
            fcntl.flock(reservation, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", candidate))
        except OSError:
            reservation.close()
            continue
        _reserved.append(reservation)
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
    if not stack.resources():
        return  # The test has destroyed it.
    destroyed = stack.destroy()
    for container in stack.ids("docker:index/container:Container"):
        docker("rm", "--force", "--volumes", container, check=False)
    for volume in stack.ids("docker:index/volume:Volume"):
        docker("volume", "rm", "--force", volume, check=False)
    assert destroyed.ok, f"the stack could not be destroyed:\n{destroyed.output}"


@pytest.fixture
def checkout(tmp_path: Path, port: int) -> Iterator[Checkout]:
    """A copy of the repository; afterwards nothing is left of what `make` made in it."""
    with Checkout(tmp_path / "checkout", port) as checkout:
        yield checkout
