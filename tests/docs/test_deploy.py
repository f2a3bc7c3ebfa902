"""docs/deploy.md: each place gets the block, and the identity that may log in to the database."""

import base64
import json
from typing import Any

import pulumi
import pytest
import yaml

import components
from components.testing import Run, run

from .blocks import REPOSITORY, blocks

PROGRAMS = {
    block.heading: block.text for block in blocks(REPOSITORY / "docs" / "deploy.md") if block.language == "python"
}


@pytest.fixture
def of(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(__import__("sys").modules, "backstage_database", components)

    def follow(heading: str) -> Run:
        def program() -> dict[str, Any]:
            names: dict[str, Any] = {"__name__": "__main__", "pulumi": pulumi}
            exec(compile(PROGRAMS[heading], heading, "exec"), names)
            database = names["database"]
            account = getattr(database, "identity_id", None) or database.service_account_email
            return {"block": database.database_config, "document": database.app_config, "account": account}

        return run(program)

    return follow


@pytest.mark.parametrize(
    ("type_", "variables"),
    [
        ("azure-native:app:ContainerApp", lambda one: one["template"]["containers"][0]["env"]),
        ("azure-native:web:WebApp", lambda one: one["siteConfig"]["appSettings"]),
    ],
)
def test_azure_without_a_place_for_files_gets_identity_and_block(of: Any, type_: str, variables: Any) -> None:
    results = of("Azure")
    inputs = results.resource(type_).inputs
    assert inputs["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [results["account"].value]}
    (value,) = [one["value"] for one in variables(inputs) if one["name"] == "APP_CONFIG_backend_database"]
    assert json.loads(value) == results["block"].value


def test_a_machine_in_azure_gets_identity_and_file(of: Any) -> None:
    results = of("Azure")
    inputs = results.resource("azure-native:compute:VirtualMachine").inputs
    assert inputs["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [results["account"].value]}
    check_cloud_init(base64.b64decode(inputs["osProfile"]["customData"]).decode(), results)


def test_cloud_run_gets_account_and_block(of: Any) -> None:
    results = of("Google Cloud")
    template = results.resource("gcp:cloudrunv2/service:Service").inputs["template"]
    assert template["serviceAccount"] == results["account"].value
    (variable,) = template["containers"][0]["envs"]
    assert variable["name"] == "APP_CONFIG_backend_database"
    assert json.loads(variable["value"]) == results["block"].value


def test_a_machine_in_google_cloud_gets_account_and_file(of: Any) -> None:
    results = of("Google Cloud")
    inputs = results.resource("gcp:compute/instance:Instance").inputs
    assert inputs["serviceAccount"] == {"email": results["account"].value, "scopes": ["cloud-platform"]}
    check_cloud_init(inputs["metadata"]["user-data"], results)


def check_cloud_init(user_data: str, results: Run) -> None:
    """Checks the first line, then YAML, as cloud-init's documentation says under "User data formats"."""
    first, _, rest = user_data.partition("\n")
    assert first == "#cloud-config"
    (file,) = yaml.safe_load(rest)["write_files"]
    assert file["content"] == results["document"].value
