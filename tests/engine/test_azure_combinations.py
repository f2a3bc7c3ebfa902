"""Combinations of arguments: each is refused with a sentence, or Azure's rules have no objection to what is created."""

import itertools
import random
from typing import Any

import pulumi

from components import AzurePostgres
from components.testing import Mocks, run
from tests.engine.simulated_azure import RULES, SimulatedAzure
from tests.unit.azure.cases import (
    ENCRYPTION,
    GEO_BACKUP,
    GROUP,
    MAINTENANCE,
    PRINCIPAL,
    PRIVATELINK,
    REACHABLE,
    SUBNET,
    USER,
    VNET,
    WORKSPACE,
)

FACTORS: list[list[dict[str, Any]]] = [
    [{}, PRINCIPAL, {**PRINCIPAL, **USER}, {**GROUP, "create_identity": True}],
    [{}, REACHABLE, VNET, {"private_endpoint_subnet_id": SUBNET, "private_dns_zone_id": PRIVATELINK}],
    [{}, {"plugin_division_mode": "schema"}],
    [{"sku_name": "Standard_D2ds_v5"}, {"sku_name": "Standard_E2ds_v5"}, {"sku_name": "Standard_B2s"}],
    [{}, {"high_availability": "SameZone"}, {"high_availability": "ZoneRedundant"}],
    [{"storage_gb": size} for size in (32, 512, 4095, 8192)],
    [{}, {"storage_tier": "P10"}, {"storage_tier": "P50"}, {"storage_tier": "P80"}, {"storage_iops": 3000}],
    [{}, ENCRYPTION, {**ENCRYPTION, **GEO_BACKUP}, {"geo_redundant_backup": True}],
    [{}, MAINTENANCE, {"availability_zone": "3"}],
    [{}, {"delete_lock": True}, {"deletion_protection": False}],
    [{}, {"log_analytics_workspace_id": WORKSPACE}, {"tags": {"team": "platform"}}],
    [
        {},
        {"server_parameters": {"work_mem": "8192"}},
        {"admin_users": {"jo@example.com": USER["user_object_id"][:-1] + "9"}},
    ],
]


class ArmIds(Mocks):
    """Answers with resource ids of Azure, so that a resource can be checked against those that it belongs to."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ in RULES:
            id_ = RULES[args.typ].path.format(**args.inputs)
        return id_, outputs


def combinations(least: int) -> list[dict[str, Any]]:
    """Sets of arguments in which every pair of choices occurs: at least that many, the same in every run."""
    dice = random.Random(1)
    rows: list[tuple[int, ...]] = []
    for one, other in itertools.combinations(range(len(FACTORS)), 2):
        for choices in itertools.product(range(len(FACTORS[one])), range(len(FACTORS[other]))):
            if any((row[one], row[other]) == choices for row in rows):
                continue
            row = [dice.randrange(len(factor)) for factor in FACTORS]
            row[one], row[other] = choices
            rows.append(tuple(row))
    while len(rows) < least:
        rows.append(tuple(dice.randrange(len(factor)) for factor in FACTORS))
    return [
        {key: value for factor, choice in zip(FACTORS, row, strict=True) for key, value in factor[choice].items()}
        for row in rows
    ]


def objections(args: dict[str, Any]) -> list[str] | None:
    """What Azure's rules say against the resources; None where the component refused the arguments."""

    def program() -> None:
        AzurePostgres("db", {"resource_group_name": "group", "server_name": "srv", **args})  # pyright: ignore[reportArgumentType]

    try:
        results = run(program, mocks=ArmIds())
    except pulumi.RunError:
        return None
    azure = SimulatedAzure(server_seconds=0, child_seconds=0)
    azure.add_group("group", "westeurope")
    found: list[str] = []
    for resource in results.resources:
        if resource.type in RULES:
            inputs = (
                {"location": "westeurope", **resource.inputs}
                if RULES[resource.type].has_location
                else {**resource.inputs}
            )
            found += azure.objections(resource.type, inputs)
    return found


def test_azure_has_no_objection_to_what_the_component_does_not_refuse() -> None:
    answers = [(args, objections(args)) for args in combinations(300)]
    accepted = [answer for answer in answers if answer[1] is not None]
    assert [answer for answer in accepted if answer[1]] == []
    assert len(answers) >= 300
    assert len(accepted) >= 100
