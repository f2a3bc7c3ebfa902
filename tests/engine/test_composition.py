"""Components in users' programs: several of one name in one stack, and each with Pulumi's resource options."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .conftest import leave_nothing_of, reserve_port
from .docker import docker, exists, query
from .simulated_azure import SimulatedAzure
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import Stack, refused, succeeded

PROGRAM = Path(__file__).with_name("composition_program.py")
COMPONENTS = ["LocalPostgres", "AzurePostgres", "CloudSqlPostgres", "ExistingPostgres"]


@pytest.fixture
def azure(azure: SimulatedAzure) -> SimulatedAzure:
    azure.add_group("group", "westeurope")
    return azure


@pytest.fixture
def stack(tmp_path: Path, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql) -> Iterator[Stack]:
    """A stack with both simulated clouds and this machine's Docker."""
    both = ",".join(cloud.environment["PULUMI_DEBUG_PROVIDERS"] for cloud in (azure, cloud_sql))
    ports = f"{reserve_port()} {reserve_port()}"
    stack = Stack(tmp_path / "stack", program=PROGRAM, environment={"PULUMI_DEBUG_PROVIDERS": both, "PORTS": ports})
    stack.configure("azure-native:location", "westeurope")
    stack.configure("gcp:project", "portal-123")
    stack.configure("gcp:region", "europe-west1")
    yield stack
    if any(resource.get("protect") for resource in stack.resources()):
        stack.cli("state", "unprotect", "--all", "--yes", "--stack", stack.name, check=False)
    leave_nothing_of(stack)


def test_components_of_one_name_under_two_parents_are_independent(
    stack: Stack, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql
) -> None:
    stack.environment |= {"STEP": "under parents", "PARENTS": "north south"}
    succeeded(stack.preview())
    both = succeeded(stack.up()).outputs
    assert len(both) == 8
    assert [call.error for call in azure.calls + cloud_sql.calls if call.error] == [], "a cloud had to refuse something"
    for operation in (stack.preview, stack.up, stack.refresh):
        result = succeeded(operation())
        assert result.changed == {}, result.output

    stack.environment["PARENTS"] = "north"
    one = succeeded(stack.up()).outputs
    assert one == {key: block for key, block in both.items() if key.startswith("north")}
    assert [server["fullyQualifiedDomainName"] for server in azure.of_type("Server").values()] == [
        one["northAzure"]["connection"]["host"]
    ]
    assert [instance["connectionName"] for instance in cloud_sql.of_type("DatabaseInstance").values()] == [
        one["northCloudSql"]["connection"]["instance"]
    ]
    assert query(one["northLocal"], "SELECT 42") == 42
    assert query(one["northExisting"], "SELECT 42") == 42
    result = succeeded(stack.up())
    assert result.changed == {}, result.output


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_supported_resource_option_takes_effect(
    stack: Stack, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql, component: str
) -> None:
    """The table of resource options in docs/reference.md."""
    stack.environment |= {"STEP": "protected", "KIND": component}
    up = succeeded(stack.up())
    ours = below_component(stack)
    children = ours[1:]
    names = [name_of(resource) for resource in ours]
    first = by_name(stack)["first"]

    assert "test:index:North$" in ours[0]["urn"], "parent"
    assert [name_of(one) for one in ours if one["created"] < first["created"]] == [], "depends_on"
    assert [name_of(one) for one in ours if not one.get("protect")] == [], "protect"
    for one in children:
        if not one["type"].startswith("pulumi:"):
            assert "::explicit::" in one["provider"], f"providers: {name_of(one)}"
    for kind in ("transform", "transformation"):
        assert [name for name in names if f"{kind} was shown {name}\n" not in up.output] == [], f"{kind}s"
    assert "hook of db\n" in up.output, "hooks"
    assert up.output.count("hook of ") == up.output.count("hook of db\n"), "hooks of the component alone"

    there = everything(stack, azure, cloud_sql)
    assert "protected" in refused(stack.destroy())
    assert everything(stack, azure, cloud_sql) == there, "protect: nothing is gone after a refused destroy"

    # Without protect, under another name, and to be kept.
    stack.environment["STEP"] = "renamed"
    renamed = succeeded(stack.up())
    # A container says whose it is, so it gets another one; its data is in the volume.
    assert renamed.changed == ({"replace": 1, "update": 1} if component == "LocalPostgres" else {}), renamed.output
    assert {name_of(one) for one in below_component(stack)} == {name.replace("db", "renamed", 1) for name in names}

    kept = everything(stack, azure, cloud_sql)
    assert kept["clouds"] == there["clouds"], "aliases"
    stack.environment["STEP"] = "plain" if component == "ExistingPostgres" else "nothing"
    succeeded(stack.up())
    assert below_component(stack, named="renamed") == []
    try:
        assert everything(stack, azure, cloud_sql) | {"docker": kept["docker"]} == kept
        assert all(exists(kind, name) for kind, name in kept["docker"]), "retain_on_delete"
    finally:
        for kind, name in kept["docker"]:
            if component == "LocalPostgres":
                docker(kind, "rm", "--force", name)


def below_component(stack: Stack, named: str = "") -> list[dict[str, Any]]:
    """Returns the component that has the options, and its children, in the order of their creation."""
    return [
        resource
        for resource in stack.resources()
        if "test:index:North$backstage-database:" in resource["urn"] and name_of(resource).startswith(named)
    ]


def by_name(stack: Stack) -> dict[str, dict[str, Any]]:
    return {name_of(resource): resource for resource in stack.resources()}


def name_of(resource: Mapping[str, Any]) -> str:
    return resource["urn"].rpartition("::")[2]


def everything(stack: Stack, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql) -> dict[str, Any]:
    """Returns what exists in the clouds, and which of this stack's containers and volumes exist in Docker."""
    in_docker = [
        (kind, id_)
        for kind in ("container", "volume")
        for id_ in stack.ids(f"docker:index/{kind}:{kind.capitalize()}")
        if exists(kind, id_)
    ]
    return {"clouds": {**azure.resources, **cloud_sql.resources}, "docker": in_docker}
