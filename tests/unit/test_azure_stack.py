"""The root program's stack `azure`: what it adds to the component."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.testing import Run, run

from .test_azure_postgres import SERVER, Azure

REPOSITORY = Path(__file__).parents[2]
GROUP = "azure-native:resources:ResourceGroup"


def stack(azure: str = "{}") -> Run:
    def program() -> None:
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    return run(program, mocks=Azure(), config={"database": "azure", "azure": azure})


def test_a_resource_group_is_created_when_none_is_named() -> None:
    results = stack()
    assert results.resource(SERVER).inputs["resourceGroupName"] == "backstage"


def test_a_named_resource_group_is_used() -> None:
    results = stack('{"resourceGroupName": "mine"}')
    assert results.resource(SERVER).inputs["resourceGroupName"] == "mine"
    assert [resource for resource in results.resources if resource.type == GROUP] == []


def test_the_created_group_is_where_the_server_is_and_never_moves() -> None:
    group = stack('{"location": "westeurope"}').resource(GROUP)
    assert group.inputs["location"] == "westeurope"
    assert list(group.options.ignoreChanges) == ["location"], "moving it would delete everything inside"


def test_the_common_outputs_and_azures_own_are_exported() -> None:
    common = {"databaseConfig", "appConfig", "appConfigFromEnv", "environment", "host", "port", "user"}
    assert stack().outputs.keys() == common | {"serverId", "identityId", "clientId", "psqlCommand", "bootstrapSql"}


def test_an_unknown_database_is_refused_with_the_known_ones() -> None:
    def program() -> Any:
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    with pytest.raises(pulumi.RunError, match="is 'azur', but it must be local, azure or cloudsql"):
        run(program, config={"database": "azur"})


LOCAL_STACK = """
import runpy, sys
from components.testing import run

def program():
    runpy.run_path("__main__.py")

run(program)
assert "pulumi_azure_native" not in sys.modules
"""


def test_a_local_stack_does_not_load_azures_sdk() -> None:
    subprocess.run([sys.executable, "-c", LOCAL_STACK], cwd=REPOSITORY, check=True)
