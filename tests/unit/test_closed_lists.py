"""Every closed set of values in the product: what keeps it current, or the way past it when the vendor's set grows."""

import ast
import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_azure_native.dbforpostgresql._enums as azure_enums
import pytest
from pulumi_gcp import sql

from components import AzurePostgres
from components.azure import validators as azure
from components.azure.capacity import capacity as azure_capacity
from components.backstage.connection_budget import Capacity
from components.cloud_sql import validators as cloud_sql
from components.cloud_sql.capacity import capacity as cloud_sql_capacity
from components.testing import run
from tests.engine import arm_description
from tests.unit.azure import cases as azure_cases
from tests.unit.cloud_sql import cases as google_cases

COMPONENTS = Path(__file__).parents[2] / "components"
SERVER = arm_description.properties(azure_cases.SERVER)


def values(enum: Any) -> set[str]:
    return {str(member.value) for member in enum}


def documented(property_: Any, pattern: str) -> set[str]:
    """Returns what the description of an input of pulumi-gcp names. It is generated from Google's."""
    return set(re.findall(pattern, inspect.getdoc(property_) or ""))


def accepted(validator: Callable[[Any], Any], candidates: Collection[Any]) -> set[str]:
    """Returns the candidates that the validator accepts."""
    found: set[str] = set()
    for candidate in candidates:
        try:
            validator(candidate)
        except ValueError:
            continue
        found.add(str(candidate))
    return found


NUMBERS = [str(number) for number in range(1, 100)]


@dataclass(frozen=True)
class Current:
    """A set that is compared with a description which is updated with the SDK."""

    ours: set[str]
    theirs: set[str]
    left_out: frozenset[str] = frozenset()
    """What the vendor has and we refuse, because of what the reference or the message says."""


CURRENT = {
    # 11 to 13 are past PostgreSQL's own end of life.
    "Azure's PostgreSQL versions": Current(
        accepted(azure.major_version, NUMBERS),
        values(azure_enums.PostgresMajorVersion),
        frozenset({"11", "12", "13"}),
    ),
    "Azure's storage tiers": Current(
        set(azure.BASELINE_TIERS.values()),
        values(azure_enums.AzureManagedDiskPerformanceTier),
        frozenset({"P1", "P2", "P3"}),  # of disks below 32 GiB, which no server has
    ),
    # Ultra disks are in no documentation of the service.
    "Azure's storage types": Current(
        {"Premium_LRS", azure.PREMIUM_V2}, values(azure_enums.StorageType), frozenset({"UltraSSD_LRS"})
    ),
    "Azure's standby modes": Current(
        accepted(lambda mode: azure.standby_mode(mode, None), ["Disabled", "SameZone", "ZoneRedundant"]),
        values(azure_enums.PostgreSqlFlexibleServerHighAvailabilityMode),
    ),
    "Azure's compute tiers": Current(
        {azure.sku_tier(f"Standard_{letter}2ds_v5") for letter in "BDE"}, values(azure_enums.SkuTier)
    ),
    "Azure's types of principals": Current(
        accepted(azure.principal_type, ["User", "Group", "ServicePrincipal", "Unknown"]),
        set(arm_description.properties(azure_cases.ADMIN)["principalType"].values),
        frozenset({"Unknown"}),
    ),
    "Google's PostgreSQL versions": Current(
        accepted(cloud_sql.major_version, NUMBERS),
        documented(sql.database_instance.DatabaseInstanceArgs.database_version, r"`POSTGRES_(\d+)`"),
        frozenset({"10", "11", "12", "13"}),  # past PostgreSQL's own end of life
    ),
    "Google's editions": Current(
        accepted(lambda edition: cloud_sql.edition(edition, "db-unknown"), ["ENTERPRISE", "ENTERPRISE_PLUS"]),
        documented(sql.DatabaseInstanceSettingsArgs.edition, r"`(ENTERPRISE\w*)`"),
    ),
}


@pytest.mark.parametrize("current", CURRENT.values(), ids=CURRENT)
def test_a_closed_list_is_that_of_the_sdks_description(current: Current) -> None:
    assert current.ours == current.theirs - current.left_out
    assert current.left_out <= current.theirs, "it is no longer there: take it out of the exceptions"


# List, with its source: arguments that are past it.
PAST = {
    "Azure's sizes of Premium SSD disks (Microsoft, Premium SSD sizes): any size": (
        azure_cases.create,
        {**azure_cases.PREMIUM_V2, "storage_gb": 100},
    ),
    "Azure's memory for each vCPU (Microsoft, limits): max_connections": (
        azure_cases.create,
        {"sku_name": "Standard_DC2ads_v5", "server_parameters": {"max_connections": 1000}, "replicas": 2},
    ),
    "Google's machine families (Google, machine series overview): edition": (
        google_cases.create,
        {"tier": "db-n9-huge-2", "edition": "ENTERPRISE_PLUS"},
    ),
    "Google's memory for each vCPU (Google, flags): max_connections": (
        google_cases.create,
        {
            **{"tier": "db-n9-huge-2", "edition": "ENTERPRISE_PLUS", "replicas": 2},
            "database_flags": {"max_connections": "1000"},
        },
    ),
}


@pytest.mark.parametrize(("create", "args"), PAST.values(), ids=PAST)
def test_a_closed_list_without_a_description_has_a_way_past_it(
    create: Callable[..., Any], args: dict[str, Any]
) -> None:
    assert create(**args).resources


def test_a_zone_that_azure_adds_can_be_set_by_a_transform() -> None:
    """Azure numbers the zones of a region 1 to 3 (Microsoft, availability zones overview)."""

    def fourth(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        props = {**args.props, "availabilityZone": "4"} if args.type_ == azure_cases.SERVER else args.props
        return pulumi.ResourceTransformResult(props, args.opts)

    def program() -> None:
        opts = pulumi.ResourceOptions(transforms=[fourth])
        AzurePostgres("db", {"resource_group_name": "group", "availability_zone": "3"}, opts)

    assert run(program).resource(azure_cases.SERVER).inputs["availabilityZone"] == "4"


# `one_of` in the source: what the values are. Those that the vendors define are compared above; the others are ours, or
# Backstage's, of which tests/backstage asks Backstage's own schema.
CHOICES = {
    ("ENTERPRISE", "ENTERPRISE_PLUS"): "Google's editions",
    ("PUBLIC", "PRIVATE", "PSC"): "what Google's connector for Node.js takes as ipType",
    ("User", "Group", "ServicePrincipal"): "Azure's types of principals",
    ("Disabled", "SameZone", "ZoneRedundant"): "Azure's standby modes",
    ("database", "schema"): "Backstage's division modes",
    ("schema", "database"): "Backstage's division modes",
    ("disable", "require", "verify-full"): "ours, of libpq's sslmode those that Backstage's block can say",
    ("Premium_LRS", "PREMIUM_V2"): "Azure's storage types",
    ("*tiers",): "Azure's storage tiers",
}


def test_every_choice_in_the_source_is_named_here() -> None:
    found: set[tuple[str, ...]] = set()
    for file in COMPONENTS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "one_of":
                found.add(tuple(ast.unparse(choice).strip("'") for choice in node.args))
    assert found == CHOICES.keys()


# Memory of each size, by Microsoft's and Google's tables of machines, and max_connections by their tables of limits.
@pytest.mark.parametrize(
    ("capacity", "size", "limit"),
    [
        (azure_capacity, "Standard_B1ms", 50),
        (azure_capacity, "Standard_B2s", 429),
        (azure_capacity, "Standard_B2ms", 859),
        (azure_capacity, "Standard_B8ms", 3437),
        (azure_capacity, "Standard_B12ms", 5000),
        (azure_capacity, "Standard_D2ds_v5", 859),
        (azure_capacity, "Standard_D8ads_v5", 3437),
        (azure_capacity, "Standard_D16ds_v5", 5000),
        (azure_capacity, "Standard_D96ds_v5", 5000),
        (azure_capacity, "Standard_E2ds_v5", 1718),
        (azure_capacity, "Standard_E8ds_v5", 5000),
        (azure_capacity, "Standard_E64ds_v4", 5000),
        (cloud_sql_capacity, "db-f1-micro", 25),
        (cloud_sql_capacity, "db-g1-small", 50),
        (cloud_sql_capacity, "db-custom-1-3840", 100),
        (cloud_sql_capacity, "db-custom-2-7680", 400),
        (cloud_sql_capacity, "db-custom-N4-4-16384", 500),
        (cloud_sql_capacity, "db-custom-96-638976", 1000),
        (cloud_sql_capacity, "db-perf-optimized-N-2", 500),
        (cloud_sql_capacity, "db-perf-optimized-N-128", 1000),
        (cloud_sql_capacity, "db-memory-optimized-N-4", 1000),
        (cloud_sql_capacity, "db-c4a-highmem-1", 400),
        (cloud_sql_capacity, "db-c4a-highmem-16", 1000),
    ],
)
def test_the_connection_limit_of_a_size_is_the_vendors(
    capacity: Callable[[Any, Any], Capacity | None], size: str, limit: int
) -> None:
    found = capacity(size, None)
    assert found is not None
    assert found.max_connections == limit
