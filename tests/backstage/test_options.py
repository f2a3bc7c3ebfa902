"""The keys that `database_options` takes are those of Backstage's own configuration schema."""

import json
from pathlib import Path

import pytest

from components.backstage.options import DECIDED, OPTIONS, PLUGIN_OPTIONS
from tests.backstage import node

PACKAGE = "node_modules/@backstage/backend-defaults/config.schema.json"


@pytest.mark.parametrize("folder", [node.FOLDER, node.FOLDER / "previous"], ids=["newest", "previous"])
def test_the_options_are_the_keys_of_backstages_schema(folder: Path) -> None:
    schema = json.loads((folder / PACKAGE).read_text())["properties"]["backend"]["properties"]["database"]
    plugin = schema["properties"]["plugin"]["additionalProperties"]
    if folder == node.FOLDER:
        assert {*OPTIONS, *DECIDED} == set(schema["properties"])
        assert {*PLUGIN_OPTIONS, *DECIDED} - {"pluginDivisionMode"} == set(plugin["properties"])
    else:
        assert set(schema["properties"]) <= {*OPTIONS, *DECIDED}, "an older Backstage knows no other keys"


@pytest.mark.parametrize("folder", [node.FOLDER, node.FOLDER / "previous"], ids=["newest", "previous"])
def test_the_division_modes_are_those_of_backstages_schema(folder: Path) -> None:
    schema = json.loads((folder / PACKAGE).read_text())["properties"]["backend"]["properties"]["database"]
    assert set(schema["properties"]["pluginDivisionMode"]["enum"]) == {"database", "schema"}
