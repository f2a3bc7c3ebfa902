"""What a program under mocks creates, held against the simulated Azure without an engine."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components import AzurePostgres
from components.testing import Mocks, Registration, run

from .simulated_azure import RULES, SimulatedAzure


class ArmIds(Mocks):
    """Answers with resource ids of Azure, so that a resource can be checked against those that it belongs to."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ in RULES:
            id_ = RULES[args.typ].path.format(**args.inputs)
        return id_, outputs


def registered(args: Mapping[str, Any]) -> Sequence[Registration]:
    """Returns what AzurePostgres creates with these arguments."""

    def program() -> None:
        AzurePostgres("db", {"resource_group_name": "group", "server_name": "srv", **args})  # pyright: ignore[reportArgumentType]

    return run(program, mocks=ArmIds()).resources


def simulated_azure() -> SimulatedAzure:
    """Returns a simulated Azure with the resource group, and in another one an identity of the caller's."""
    azure = SimulatedAzure(server_seconds=0, child_seconds=0)
    azure.add_group("group", "westeurope")
    azure.add_group("people", "westeurope")
    azure.add_identity("people", "portal")
    return azure
