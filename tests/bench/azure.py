"""How long a first deployment on Azure takes against the least that the service's one-at-a-time rule allows."""

import statistics
import tempfile
from pathlib import Path

from tests.engine.cloud_stack import AzureStack
from tests.engine.simulated_azure import SimulatedAzure

SERVER_SECONDS = 4.0
CHILD_SECONDS = 0.5
"""Eight to one, about as on Azure, where a server takes minutes and each of its children part of one."""


def critical_path(rounds: int, rules: int) -> tuple[float, float]:
    """From the request for the server to the end of the last request, as a median; and the least: one by one."""
    taken: list[float] = []
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory() as folder,
            SimulatedAzure(server_seconds=SERVER_SECONDS, child_seconds=CHILD_SECONDS) as azure,
        ):
            stack = AzureStack(Path(folder) / "stack", azure.environment)
            stack.arguments(firewallRules={f"rule{number}": f"203.0.113.{number}" for number in range(rules)})
            up = stack.up()
            assert up.ok, up.output
            (server,) = [call for call in azure.calls if call.type == "Server"]
            taken.append(max(call.ended for call in azure.calls) - server.began)
    admin = 1
    return statistics.median(taken), SERVER_SECONDS + (admin + rules) * CHILD_SECONDS
