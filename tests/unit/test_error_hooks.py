"""Names of hooks, which the engine takes once per program."""

from typing import Any

import pulumi
import pytest

from components import AzurePostgres, CloudSqlPostgres, LocalPostgres
from components.testing import run

COMPONENTS: dict[type[pulumi.ComponentResource], dict[str, Any]] = {
    LocalPostgres: {},
    AzurePostgres: {"resource_group_name": "group"},
    CloudSqlPostgres: {},
}


def hook_names(component: type[Any], args: dict[str, Any], parents: list[str]) -> list[set[str]]:
    """Returns the hooks of a component of the same name under each of these parents."""

    def program() -> None:
        for parent in parents:
            # Only the types of the parents are part of a URN.
            group = pulumi.ComponentResource(f"test:index:{parent}", "same")
            component("answers", args, pulumi.ResourceOptions(parent=group))

    names: dict[str, set[str]] = {parent: set() for parent in parents}
    for resource in run(program).resources:
        hooks = resource.options.hooks
        for parent in parents:
            if f"{parent}$" in resource.options.parent:
                names[parent] |= {*hooks.on_error, *hooks.after_create, *hooks.before_create, *hooks.before_update}
    return list(names.values())


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_of_one_name_under_different_parents_share_no_hook(component: type[Any]) -> None:
    first, second, third = hook_names(component, COMPONENTS[component], ["One", "Two", "Three"])
    assert first
    assert len(first) == len(second) == len(third)
    assert not first & second | first & third | second & third


@pytest.mark.parametrize("component", COMPONENTS)
def test_hooks_have_the_same_names_in_every_run(component: type[Any]) -> None:
    """A delete looks its hook up by the name in the state."""
    runs = [hook_names(component, COMPONENTS[component], ["One", "Two"]) for _ in range(2)]
    assert runs[0] == runs[1]
