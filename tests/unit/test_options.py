"""Resource options on the components: each acts, or is refused with a reason."""

import inspect
from typing import Any

import pulumi
import pytest

from components import AzurePostgres, CloudSqlPostgres, ExistingPostgres, LocalPostgres
from components.inputs import ArgumentError, CamelCaseArgs
from components.options import REFUSED
from components.testing import Run, run
from docs.reference import HONOURED

COMPONENTS: dict[type[Any], dict[str, Any]] = {
    LocalPostgres: {},
    AzurePostgres: {"resource_group_name": "group"},
    CloudSqlPostgres: {},
    ExistingPostgres: {"host": "db.example.com", "user": "backstage"},
}
# Arguments with which nothing but the option protects anything.
UNPROTECTED: dict[type[Any], dict[str, Any]] = {
    component: {**args, **({"deletion_protection": False} if component in (AzurePostgres, CloudSqlPostgres) else {})}
    for component, args in COMPONENTS.items()
}
IGNORED: dict[str, Any] = {
    "additional_secret_outputs": ["host"],
    "custom_timeouts": pulumi.CustomTimeouts(create="1h"),
    "delete_before_replace": True,
    "env_var_mappings": {"A": "B"},
    "hide_diffs": ["tags"],
    "id": "id",
    "ignore_changes": ["tags"],
    "import_": "id",
    "plugin_download_url": "https://example.com",
    "replace_on_changes": ["*"],
    "replacement_trigger": "again",
    "state_migrations": [lambda _: None],
    "urn": "urn:pulumi:dev::project::backstage-database:index:LocalPostgres::db",
    "version": "1.0.0",
}


def created(component: type[Any], opts: pulumi.ResourceOptions) -> Run:
    return run(lambda: {"host": component("db", COMPONENTS[component], opts).host})


def test_every_option_that_pulumi_has_is_honoured_or_refused() -> None:
    options = set(inspect.signature(pulumi.ResourceOptions).parameters)
    honoured = {option for row in HONOURED for option in row.split(", ")}
    assert honoured | REFUSED.keys() == options
    assert honoured & REFUSED.keys() == set()
    assert IGNORED.keys() | {"deleted_with", "replace_with"} == REFUSED.keys(), "each refusal is tested"


@pytest.mark.parametrize("option", IGNORED)
@pytest.mark.parametrize("component", COMPONENTS)
def test_an_option_that_pulumi_would_ignore_is_refused(component: type[Any], option: str) -> None:
    with pytest.raises(
        ArgumentError, match=f'{component.__name__} "db": the resource option {option} has no effect here'
    ):
        created(component, pulumi.ResourceOptions(**{option: IGNORED[option]}))


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_option_is_named_as_in_the_callers_language(component: type[Any]) -> None:
    opts = pulumi.ResourceOptions(ignore_changes=["tags"])
    with pytest.raises(ArgumentError, match="the resource option ignoreChanges has no effect here"):
        run(lambda: component("db", CamelCaseArgs(COMPONENTS[component]), opts) and None)


@pytest.mark.parametrize("component", COMPONENTS)
def test_options_that_are_a_dict_are_refused_in_one_sentence(component: type[Any]) -> None:
    with pytest.raises(ArgumentError, match=r'"db": opts must be pulumi\.ResourceOptions\(…\), not a dict\.'):
        run(lambda: component("db", COMPONENTS[component], {"protect": True}) and None)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_resource_that_a_component_cannot_be_deleted_or_replaced_with_is_refused(component: type[Any]) -> None:
    for option in ("deleted_with", "replace_with"):

        def program(option: str = option) -> None:
            other = pulumi.Stash("other", input="value")
            value: Any = other if option == "deleted_with" else [other]
            component("db", COMPONENTS[component], pulumi.ResourceOptions(**{option: value}))

        with pytest.raises(ArgumentError, match=f"the resource option {option} has no effect here"):
            run(program)


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("arguments", [COMPONENTS, UNPROTECTED], ids=["by default", "without deletion_protection"])
def test_protect_reaches_every_child(component: type[Any], arguments: dict[type[Any], dict[str, Any]]) -> None:
    opts = pulumi.ResourceOptions(protect=True)
    resources = run(lambda: {"host": component("db", arguments[component], opts).host}).resources
    assert [resource.name for resource in resources if not resource.options.protect] == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_is_where_its_parent_is(component: type[Any]) -> None:
    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Portal", "portal")
        component("db", COMPONENTS[component], pulumi.ResourceOptions(parent=parent))

    resources = run(program).resources
    assert all("test:index:Portal" in resource.options.parent for resource in resources[1:])


@pytest.mark.parametrize("component", [LocalPostgres, CloudSqlPostgres])
def test_arguments_may_be_left_out_where_none_is_required(component: type[Any]) -> None:
    results = run(lambda: {"port": component("db", opts=pulumi.ResourceOptions(protect=True)).port})
    assert results["port"].value == 5432
