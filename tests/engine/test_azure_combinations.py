"""Combinations of arguments: each is refused with a sentence, or Azure's rules have no objection to what is created."""

import functools
import itertools
import random
import re
from typing import Any

import pulumi
import pytest

from components import AzurePostgres
from components.testing import run
from tests.engine import arm_description, sdk_inputs
from tests.engine.azure_mocks import ArmIds, simulated_azure
from tests.engine.simulated_azure import RULES
from tests.unit.azure.cases import (
    ENCRYPTION,
    GEO_BACKUP,
    GROUP,
    ISSUER,
    MAINTENANCE,
    OWN_IDENTITY,
    PODS,
    PRINCIPAL,
    PRIVATELINK,
    REACHABLE,
    SERVER,
    SUBNET,
    USER,
    VNET,
    WORKSPACE,
)

# They judge the same programs, which one worker runs once.
pytestmark = pytest.mark.xdist_group("azure_combinations")

FACTORS: list[list[dict[str, Any]]] = [
    [
        *({}, PRINCIPAL, {**PRINCIPAL, **USER}, {**GROUP, "create_identity": True}),
        *(PODS, {**OWN_IDENTITY, **PODS}, {**OWN_IDENTITY, **USER, **PODS, "use_default_credential": True}),
        {**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER, "green": "https://example.com/green"}},
    ],
    [{}, REACHABLE, VNET, {"private_endpoint_subnet_id": SUBNET, "private_dns_zone_id": PRIVATELINK}],
    [{}, {"plugin_division_mode": "schema"}],
    [{"sku_name": "Standard_D2ds_v5"}, {"sku_name": "Standard_E2ds_v5"}, {"sku_name": "Standard_B2s"}],
    [{}, {"high_availability": "SameZone"}, {"high_availability": "ZoneRedundant"}],
    [{"storage_gb": size} for size in (32, 512, 4095, 8192)],
    [
        {},
        {"storage_tier": "P10"},
        {"storage_tier": "P50"},
        {"storage_tier": "P80"},
        {"storage_type": "PremiumV2_LRS"},
        {"storage_type": "PremiumV2_LRS", "storage_iops": 16000, "storage_throughput": 1200},
    ],
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

WINDOW = ("customWindow", "dayOfWeek", "startHour", "startMinute")


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


def registered(args: dict[str, Any]) -> list[tuple[str, dict[str, Any]]] | None:
    """Type and inputs of what is created in Azure; None where the component refused the arguments."""

    def program() -> None:
        AzurePostgres("db", {"resource_group_name": "group", "server_name": "srv", **args})  # pyright: ignore[reportArgumentType]

    try:
        results = run(program, mocks=ArmIds())
    except pulumi.RunError:
        return None
    # The provider fills in the location of the resource group.
    return [
        (one.type, {**({"location": "westeurope"} if RULES[one.type].has_location else {}), **one.inputs})
        for one in results.resources
        if one.type in RULES
    ]


@functools.cache
def answers() -> list[tuple[dict[str, Any], list[tuple[str, dict[str, Any]]] | None]]:
    return [(args, registered(args)) for args in combinations(300)]


def accepted() -> list[tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]]:
    return [(args, resources) for args, resources in answers() if resources is not None]


def test_at_least_300_combinations_are_tried_and_many_of_them_accepted() -> None:
    assert len(answers()) >= 300
    assert len(accepted()) >= 100


def test_the_simulated_azure_has_no_objection_to_what_is_not_refused() -> None:
    for args, resources in accepted():
        azure = simulated_azure()
        assert [found for type_, inputs in resources for found in azure.objections(type_, inputs)] == [], args


def test_microsofts_api_description_has_no_objection_to_what_is_not_refused() -> None:
    for args, resources in accepted():
        for type_, inputs in resources:
            if type_ in arm_description.DESCRIPTION:
                found = arm_description.objections(type_, inputs) + arm_description.objections(type_, inputs, inputs)
                # Azure takes a maintenance window for an existing server only, which the first `up` says.
                window = {f"maintenanceWindow.{key} is only taken by a request to update" for key in WINDOW}
                assert set(found) == (window if "maintenanceWindow" in inputs else set()), (type_, args)


def test_the_sdks_own_input_types_have_no_objection_to_what_is_not_refused() -> None:
    """Its enums are judged where there is no API description: in the others some are those of another service."""
    judged: set[str] = set()
    for args, resources in accepted():
        for type_, inputs in resources:
            judged.add(type_)
            enums = type_ not in arm_description.DESCRIPTION
            assert sdk_inputs.objections(sdk_inputs.input_type(type_), inputs, enums=enums) == [], (type_, args)
    assert judged - arm_description.DESCRIPTION.keys() == {
        "azure-native:authorization:ManagementLockByScope",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "azure-native:monitor:DiagnosticSetting",
    }


@pytest.mark.parametrize("type_", arm_description.DESCRIPTION)
def test_the_api_description_and_the_sdk_name_the_same_properties(type_: str) -> None:
    """So that a new release of the SDK, with another version of the API, is noticed."""
    described = {re.split(r"[.\[]", path)[0] for path in arm_description.properties(type_)}
    assert described - sdk_inputs.properties(sdk_inputs.input_type(type_)).keys() == set()


SMALLEST: dict[str, Any] = {
    **{"resourceGroupName": "group", "serverName": "srv", "location": "westeurope"},
    "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
}


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"sku": {"name": "Standard_D2ds_v5", "tier": "General"}}, "sku.tier is none of"),
        ({"sku": {"name": "Standard_D2ds_v5"}}, "sku.tier is missing"),
        ({"storage": {"storageSizeGB": "32"}}, "storage.storageSizeGB is no integer"),
        ({"state": "Ready"}, "state is not described"),
        ({"serverName": "-db"}, "serverName does not match"),
        ({"maintenanceWindow": {"customWindow": "Enabled"}}, "is only taken by a request to update"),
    ],
)
def test_what_the_api_description_objects_to(change: dict[str, Any], objection: str) -> None:
    assert arm_description.objections(SERVER, SMALLEST) == []
    assert objection in str(arm_description.objections(SERVER, {**SMALLEST, **change}))


def test_the_api_description_objects_to_a_change_of_what_is_fixed() -> None:
    moved = arm_description.objections(SERVER, {**SMALLEST, "location": "northeurope"}, SMALLEST)
    assert moved == ["location is only taken by a request to create"]


@pytest.mark.parametrize(
    ("type_", "change", "objection"),
    [
        ("authorization:ManagementLockByScope", {"level": "Locked"}, "level is none of"),
        ("authorization:ManagementLockByScope", {"levels": "CanNotDelete"}, "levels is not declared"),
        ("monitor:DiagnosticSetting", {"logs": [{"enabled": "yes"}]}, "logs[].enabled is none of"),
        ("monitor:DiagnosticSetting", {"workspaceId": 1}, "workspaceId is none of"),
    ],
)
def test_what_the_sdks_input_types_object_to(type_: str, change: dict[str, Any], objection: str) -> None:
    cls = sdk_inputs.input_type(f"azure-native:{type_}")
    assert objection in str(sdk_inputs.objections(cls, change, enums=True))
