"""Compares a first deployment with the shortest time that the cloud's one-at-a-time rules allow."""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine.cloud_stack import AzureStack, CloudSqlStack, CloudStack
from tests.engine.simulated_azure import SimulatedAzure
from tests.engine.simulated_cloud_sql import SimulatedCloudSql
from tests.engine.simulated_provider import SimulatedProvider

SERVER_SECONDS = 4.0
CHILD_SECONDS = 0.5
"""Eight to one, about as in the clouds, where a server takes minutes and each of its children part of one."""


def azure(rounds: int, rules: int) -> tuple[float, float]:
    """Returns the median with that many firewall rules, and the least: one after another."""
    arguments = {"firewallRules": {f"rule{number}": f"203.0.113.{number}" for number in range(rules)}}
    taken = critical_path(
        rounds,
        lambda: SimulatedAzure(server_seconds=SERVER_SECONDS, child_seconds=CHILD_SECONDS),
        AzureStack,
        "Server",
        arguments,
    )
    admin = 1
    return taken, SERVER_SECONDS + (admin + rules) * CHILD_SECONDS


def cloud_sql(rounds: int, users: int) -> tuple[float, float]:
    """Returns the median with that many users, and the least: the instance, the database, one user after another."""
    arguments = {"additionalUsers": {f"user{number}": f"user{number}@example.com" for number in range(1, users)}}
    taken = critical_path(
        rounds,
        lambda: SimulatedCloudSql(
            instance_seconds=SERVER_SECONDS, child_seconds=CHILD_SECONDS, iam_seconds=CHILD_SECONDS
        ),
        CloudSqlStack,
        "DatabaseInstance",
        arguments,
    )
    database = 1
    return taken, SERVER_SECONDS + (database + users) * CHILD_SECONDS


def critical_path(
    rounds: int,
    simulate: Callable[[], SimulatedProvider],
    stack_class: Callable[[Path, SimulatedProvider], CloudStack],
    server: str,
    arguments: dict[str, Any],
) -> float:
    """Measures from the request for the server to the end of the last request. Returns the median."""
    taken: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, simulate() as cloud:
            stack = stack_class(Path(folder) / "stack", cloud)
            stack.arguments(**arguments)
            up = stack.up()
            assert up.ok, up.output
            began = next(call.began for call in cloud.calls if call.type == server)
            taken.append(max(call.ended for call in cloud.calls) - began)
    return statistics.median(taken)
