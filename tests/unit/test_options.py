"""Resource options on the components: each acts, or is refused with a reason."""

from typing import Any

import pulumi
import pytest

from components import AzurePostgres, CloudSqlPostgres, ExistingPostgres, LocalPostgres
from components.inputs import ArgumentError
from components.testing import Run, run

COMPONENTS: dict[type[Any], dict[str, Any]] = {
    LocalPostgres: {},
    AzurePostgres: {"resource_group_name": "group"},
    CloudSqlPostgres: {},
    ExistingPostgres: {"host": "db.example.com", "user": "backstage"},
}
IGNORED: dict[str, Any] = {
    "additional_secret_outputs": ["host"],
    "custom_timeouts": pulumi.CustomTimeouts(create="1h"),
    "delete_before_replace": True,
    "ignore_changes": ["tags"],
    "import_": "id",
    "replace_on_changes": ["*"],
    "replacement_trigger": "again",
}


def created(component: type[Any], opts: pulumi.ResourceOptions) -> Run:
    return run(lambda: {"host": component("db", COMPONENTS[component], opts).host})


@pytest.mark.parametrize("option", IGNORED)
@pytest.mark.parametrize("component", COMPONENTS)
def test_an_option_that_pulumi_would_ignore_is_refused(component: type[Any], option: str) -> None:
    with pytest.raises(
        ArgumentError, match=f'{component.__name__} "db": the resource option {option} does nothing here'
    ):
        created(component, pulumi.ResourceOptions(**{option: IGNORED[option]}))


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_resource_that_a_component_cannot_be_deleted_or_replaced_with_is_refused(component: type[Any]) -> None:
    for option in ("deleted_with", "replace_with"):

        def program(option: str = option) -> None:
            other = pulumi.Stash("other", input="value")
            value: Any = other if option == "deleted_with" else [other]
            component("db", COMPONENTS[component], pulumi.ResourceOptions(**{option: value}))

        with pytest.raises(ArgumentError, match=f"the resource option {option} does nothing here"):
            run(program)


@pytest.mark.parametrize("component", COMPONENTS)
def test_protect_reaches_every_child(component: type[Any]) -> None:
    resources = created(component, pulumi.ResourceOptions(protect=True)).resources
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
