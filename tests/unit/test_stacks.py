"""The root program: what its stacks add to the components."""

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from components.testing import Run, run
from tests.unit.azure.cases import SERVER
from tests.unit.cloud_sql.cases import INSTANCE

REPOSITORY = Path(__file__).parents[2]
GROUP = "azure-native:resources:ResourceGroup"


COMMON = {"databaseConfig", "appConfig", "appConfigFromEnv", "environment", "host", "port", "user"} | {
    *("helmValues", "kubernetesManifests", "kubernetesSecret"),
}


def program() -> None:
    runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")


def azure_stack(azure: str = "{}") -> Run:
    return run(program, config={"database": "azure", "azure": azure})


def gcp_stack(cloudsql: str = "{}") -> Run:
    return run(program, config={"database": "cloudsql", "cloudsql": cloudsql})


def test_a_resource_group_is_created_when_none_is_named() -> None:
    results = azure_stack()
    assert results.resource(SERVER).inputs["resourceGroupName"] == "backstage-0000000"


def test_a_named_resource_group_is_used() -> None:
    results = azure_stack('{"resourceGroupName": "mine"}')
    assert results.resource(SERVER).inputs["resourceGroupName"] == "mine"
    assert [resource for resource in results.resources if resource.type == GROUP] == []


def test_the_created_group_is_where_the_server_is_and_never_moves() -> None:
    group = azure_stack('{"location": "westeurope"}').resource(GROUP)
    assert group.inputs["location"] == "westeurope"
    assert list(group.options.ignoreChanges) == ["location"], "moving it would delete everything inside"


def test_the_common_outputs_and_azures_own_are_exported() -> None:
    own = {"resourceGroupName", "serverId", "tenantId", "identityId", "clientId", "psqlCommand", "bootstrapSql"}
    assert azure_stack().outputs.keys() == COMMON | own


def test_the_common_outputs_and_googles_own_are_exported() -> None:
    own = {"connectionName", "instance", "database", "serviceAccountEmail", "psqlCommand", "dnsName", "selfLink"}
    own |= {"publicIpAddress", "privateIpAddress", "pscServiceAttachment", "instanceServiceAccount"}
    assert gcp_stack().outputs.keys() == COMMON | own


@pytest.mark.parametrize("stack", [azure_stack, gcp_stack])
def test_values_for_helm_name_the_missing_argument_as_it_is_configured(stack: Callable[[], Run]) -> None:
    assert "set kubernetesServiceAccount" in stack()["helmValues"].value


def test_an_existing_server_exports_the_common_outputs_and_an_administrators() -> None:
    existing = '{"host": "db.example.com", "user": "backstage", "pluginDivisionMode": "schema"}'
    results = run(program, config={"database": "existing", "existing": existing})
    assert results.outputs.keys() == COMMON | {"psqlCommand", "bootstrapSql"}
    assert results["databaseConfig"].value["pluginDivisionMode"] == "schema"


def test_arguments_in_the_configuration_reach_the_component_in_snake_case() -> None:
    results = gcp_stack('{"instanceName": "portal-db", "additionalUsers": {"jo": "jo@example.com"}, "diskSizeGb": 20}')
    instance = results.resource(INSTANCE).inputs
    assert (instance["name"], instance["settings"]["diskSize"]) == ("portal-db", 20)
    assert results.resource("gcp:sql/user:User", "backstage-user-jo").inputs["name"] == "jo@example.com"


def test_an_unknown_database_is_refused_with_the_known_ones() -> None:
    with pytest.raises(pulumi.RunError, match="is 'azur', but it must be local, azure, cloudsql or existing"):
        run(program, config={"database": "azur"})


LOCAL_STACK = """
import runpy, sys
from components.testing import run

def program():
    runpy.run_path("__main__.py")

run(program)
assert not {"pulumi_azure_native", "pulumi_gcp"} & sys.modules.keys()
"""


def test_a_local_stack_does_not_load_a_clouds_sdk() -> None:
    subprocess.run([sys.executable, "-c", LOCAL_STACK], cwd=REPOSITORY, check=True)
