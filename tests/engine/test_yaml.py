"""examples/yaml: a program in another language with three components, on the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blocks import seen

from .conftest import leave_nothing_of
from .docker import query
from .simulated_azure import SimulatedAzure
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import REPOSITORY, Stack, refused, succeeded


@pytest.fixture
def azure(azure: SimulatedAzure) -> SimulatedAzure:
    azure.add_group("portal", "westeurope")
    return azure


@pytest.fixture
def stack(tmp_path: Path, port: int, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql) -> Iterator[Stack]:
    """The example in a folder of its own, with the components at the same relative path."""
    (tmp_path / "components").symlink_to(REPOSITORY / "components")
    stack = Stack(
        tmp_path / "examples" / "yaml",
        project=REPOSITORY / "examples" / "yaml",
        program=None,
        environment={"PULUMI_DEBUG_PROVIDERS": f"azure-native:{azure.port},gcp:{cloud_sql.port}"},
    )
    stack.bring_language_host()
    stack.configure("port", port)
    yield stack
    leave_nothing_of(stack)


def test_a_program_in_yaml_creates_keeps_and_destroys_three_databases(
    stack: Stack, azure: SimulatedAzure, cloud_sql: SimulatedCloudSql
) -> None:
    # Hooks run in the plugin's process.
    azure.refusals["AdministratorsMicrosoftEntra"] = ["ServerIsBusy"]
    up = succeeded(stack.up())
    assert "azure-admin: waiting 15 s for the server, which is busy (ServerIsBusy)" in up.output

    assert query(up.outputs["databaseConfig"], "SELECT 1") == 1
    (server,) = azure.of_type("Server").values()
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    assert seen(up.outputs["azureConfig"]) == {
        "client": "pg",
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
        "connection": {
            "type": "azure",
            "host": server["fullyQualifiedDomainName"],
            "port": 5432,
            "user": identity["name"],
            "ssl": True,
            "tokenCredential": {
                "clientId": identity["clientId"],
                "tokenRenewalOffsetTime": "PT4M",
                "tokenRenewableOffsetTime": "PT4M",
            },
        },
    }
    (instance,) = cloud_sql.of_type("DatabaseInstance").values()
    assert seen(up.outputs["cloudSqlConfig"]) == {
        "client": "pg",
        "ensureExists": True,
        "pluginDivisionMode": "schema",
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": instance["connectionName"],
            "host": instance["publicIpAddress"],
            "port": 5432,
            "user": up.outputs["serviceAccountEmail"].removesuffix(".gserviceaccount.com"),
            "database": "backstage",
            "ipAddressType": "PUBLIC",
            "ssl": False,
        },
    }
    assert sorted(up.secret_outputs) == ["appConfig", "databaseConfig", "environment"]
    password = up.outputs["databaseConfig"]["connection"]["password"]
    assert password not in stack.cli("stack", "export", "--stack", stack.name)

    for operation in (stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == up.outputs

    assert "deletion-protection" in refused(stack.destroy())
    assert azure.of_type("Server")
    stack.configure("deletionProtection", "false")
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert azure.of_type("Server") == cloud_sql.of_type("DatabaseInstance") == {}


@pytest.mark.drill(
    broken="an argument in a YAML program is wrong", survived="everything: it is named, without a traceback"
)
def test_a_wrong_argument_in_yaml_is_named(stack: Stack) -> None:
    stack.configure("port", 0)
    message = refused(stack.preview())
    assert 'LocalPostgres "local": argument "port" is 0, but it must be an integer from 1 to 65535.' in message
    assert "Traceback" not in message
    assert "component.py" not in message
