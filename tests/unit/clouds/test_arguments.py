"""What is the same of both clouds' components: how they take arguments, and when their outputs are known."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

import components
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.azure import cases as azure
from tests.unit.cloud_sql import cases as cloud_sql
from tests.unit.inputs import unknown


@dataclass(frozen=True)
class Cloud:
    component: str
    cases: ModuleType
    required: dict[str, Any]
    """The arguments without a default."""
    given_name: dict[str, str]
    """The argument that names the database server, so that no name is generated."""
    bad_names: list[str]
    """Names of components from which no name of a server can be made."""
    maps: list[str]
    """Arguments that are maps of values which may be Outputs."""
    mistyped: dict[str, str]
    """A misspelled argument and the right one."""
    known_in_first_preview: set[str]
    """Outputs that the program itself decides."""


CLOUDS = [
    Cloud(
        "AzurePostgres",
        azure,
        {"resource_group_name": "group"},
        {"server_name": "srv"},
        ["Backstage", "back_stage", "a--b", "x" * 55],
        ["admin_users", "firewall_rules", "server_parameters", "tags"],
        {"firewall_rule": "firewall_rules"},
        set(),
    ),
    Cloud(
        "CloudSqlPostgres",
        cloud_sql,
        {},
        {"instance_name": "db-1"},
        ["Backstage", "back_stage", "db-", "1db", "x" * 59],
        ["additional_users", "database_flags", "labels"],
        {"additional_user": "additional_users"},
        {"ip_address_type"},
    ),
]
NAMES = [cloud.component for cloud in CLOUDS]
each_cloud = pytest.mark.parametrize("cloud", CLOUDS, ids=NAMES)
each_set = pytest.mark.parametrize(
    ("cloud", "args"),
    [
        pytest.param(cloud, args, id=f"{cloud.component}-{name}")
        for cloud in CLOUDS
        for name, args in cloud.cases.SETS.items()
    ],
)


@each_cloud
def test_all_outputs_are_registered_in_camel_case(cloud: Cloud) -> None:
    results = cloud.cases.create()
    registered = next(outputs for urn, outputs in results.component_outputs.items() if cloud.cases.COMPONENT in urn)
    names = {"".join(part.title() if i else part for i, part in enumerate(n.split("_"))) for n in results.outputs}
    assert set(registered) == names


@each_cloud
def test_in_a_first_preview_nothing_claims_that_the_database_is_there(cloud: Cloud) -> None:
    results = cloud.cases.create(preview=True)
    assert {name for name, result in results.outputs.items() if result.known} == cloud.known_in_first_preview


@each_cloud
def test_the_sets_cover_every_argument(cloud: Cloud) -> None:
    allowed = getattr(components, f"{cloud.component}Args").__annotations__
    assert {argument for args in cloud.cases.SETS.values() for argument in args} == set(allowed)


@each_set
def test_an_output_does_what_its_plain_value_does(cloud: Cloud, args: dict[str, Any]) -> None:
    fixed = {**cloud.given_name, **args}
    from_plain, from_outputs = cloud.cases.create(**fixed), cloud.cases.create(**cloud.cases.later(fixed))
    assert {name: result.value for name, result in from_outputs.outputs.items()} == {
        name: result.value for name, result in from_plain.outputs.items()
    }
    assert {r.name: r.inputs for r in from_outputs.resources} == {r.name: r.inputs for r in from_plain.resources}


@each_set
def test_a_preview_survives_unknowns(cloud: Cloud, args: dict[str, Any]) -> None:
    assert not cloud.cases.create(preview=True, **cloud.cases.not_known_yet(args))["app_config"].known


@pytest.mark.parametrize(
    ("cloud", "argument"),
    [pytest.param(cloud, argument, id=argument) for cloud in CLOUDS for argument in sorted(cloud.cases.PLAIN)],
)
def test_what_decides_what_is_created_cannot_be_an_output(cloud: Cloud, argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a plain value, not an Output, because it decides'):
        cloud.cases.create(**{argument: unknown})


@pytest.mark.parametrize(
    ("cloud", "argument"),
    [pytest.param(cloud, argument, id=argument) for cloud in CLOUDS for argument in cloud.maps],
)
def test_the_keys_of_a_map_cannot_be_outputs(cloud: Cloud, argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a map with plain keys'):
        cloud.cases.create(**{argument: unknown})


@pytest.mark.parametrize(
    ("cloud", "name"), [pytest.param(cloud, name, id=name[:9]) for cloud in CLOUDS for name in cloud.bad_names]
)
def test_a_component_whose_name_cannot_start_a_servers_says_so(cloud: Cloud, name: str) -> None:
    component = getattr(components, cloud.component)
    with pytest.raises(ArgumentError, match="none can be made from the component's name"):
        run(lambda: component(name, cloud.required) and None)
    run(lambda: component(name, {**cloud.required, **cloud.given_name}) and None)


@each_cloud
def test_a_mistyped_argument_is_refused_with_the_right_name(cloud: Cloud) -> None:
    for wrong, right in cloud.mistyped.items():
        with pytest.raises(ArgumentError, match=rf'unknown argument "{wrong}"\. Did you mean "{right}"\?'):
            cloud.cases.create(**{wrong: {}})
