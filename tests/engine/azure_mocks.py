"""What a program under mocks creates, held against the simulated Azure without an engine."""

from typing import Any

import pulumi

from components.testing import Mocks

from .simulated_azure import RULES, SimulatedAzure


class ArmIds(Mocks):
    """Answers with resource ids of Azure, so that a resource can be checked against those that it belongs to."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ in RULES:
            id_ = RULES[args.typ].path.format(**args.inputs)
        return id_, outputs


def simulated_azure() -> SimulatedAzure:
    """With what is there before: the resource group, and an identity of the caller's in another one."""
    azure = SimulatedAzure(server_seconds=0, child_seconds=0)
    azure.add_group("group", "westeurope")
    azure.add_group("people", "westeurope")
    azure.add_identity("people", "portal")
    return azure
