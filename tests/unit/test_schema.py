"""What programs in other languages see of the components."""

import functools
import re
import sys
from typing import Any

import pytest

import components
from components.outputs import camel_case
from docs.reference import FILE, reference, schema

NAMES = ["LocalPostgres", "AzurePostgres", "CloudSqlPostgres", "ExistingPostgres"]
REQUIRED = {
    "LocalPostgres": [],
    "AzurePostgres": ["resourceGroupName"],
    "CloudSqlPostgres": [],
    "ExistingPostgres": ["host", "user"],
}


def arguments(name: str) -> dict[str, Any]:
    return getattr(components, f"{name}Args").__annotations__


# Pulumi reads it out of the source code of the components, each time again.
package = functools.cache(schema)


def component(name: str) -> dict[str, Any]:
    return package()["resources"][f"backstage-database:index:{name}"]


def test_the_package_has_its_name_its_version_and_all_components() -> None:
    assert (package()["name"], package()["version"]) == ("backstage-database", components.__version__)
    assert package()["resources"].keys() == {f"backstage-database:index:{name}" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_and_every_output_is_there_in_camel_case(name: str) -> None:
    class_ = getattr(components, name)
    assert component(name)["inputProperties"].keys() == {camel_case(field) for field in arguments(name)}
    assert component(name)["properties"].keys() == {camel_case(field) for field in class_.__annotations__}


@pytest.mark.parametrize("name", NAMES)
def test_exactly_what_has_no_default_is_required_and_every_output_is_always_there(name: str) -> None:
    assert component(name).get("requiredInputs", []) == REQUIRED[name]
    assert sorted(component(name)["required"]) == sorted(component(name)["properties"])


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_described_in_markdown(name: str) -> None:
    described = component(name)
    fields = {"the component": described, **described["inputProperties"], **described["properties"]}
    assert [field for field, property_ in fields.items() if not property_.get("description")] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_description_is_free_of_a_docstrings_line_breaks_and_indentation(name: str) -> None:
    """In Markdown indented text would be code; the component's own description may have paragraphs."""
    described = component(name)
    fields = {**described["inputProperties"], **described["properties"]}
    broken = [field for field, property_ in fields.items() if re.search(r"\s\s|\n", property_["description"])]
    assert broken == []
    assert not re.search(r"(?<!\n)\n(?!\n)|  |\n ", described["description"])


@pytest.mark.parametrize("name", NAMES)
def test_a_description_names_arguments_and_outputs_as_the_schema_does(name: str) -> None:
    described = component(name)
    properties = {**described["inputProperties"], **described["properties"]}
    texts = [described["description"], *(property_["description"] for property_ in properties.values())]
    quoted = {word for text in texts for word in re.findall(r"`(\w+)`", text)}
    pythons = {field for each in NAMES for field in (*arguments(each), *getattr(components, each).__annotations__)}
    assert [word for word in sorted(quoted & {*pythons, "depends_on"}) if "_" in word] == []
    assert quoted & properties.keys(), "no description names a property any more"


@pytest.mark.parametrize("name", NAMES)
def test_a_component_whose_packages_are_absent_says_how_to_install_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = getattr(components, name).__module__
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{name} needs .*: pip install -r requirements/\w+\.txt"):
        getattr(components, name)


def test_the_reference_says_what_programs_see_and_changes_on_purpose_only() -> None:
    assert FILE.read_text() == reference(), (
        "docs/reference.md is not what the docstrings and types say: run `make docs`"
    )
