"""What is the same of everything that the clouds' components create: parent, place, protection and retries."""

import functools
from dataclasses import dataclass
from typing import Any

import pytest

from components.testing import Run
from tests.unit.azure.cases import DIAGNOSTICS, EVERYTHING, LOCK
from tests.unit.cases import CASES
from tests.unit.cloud_sql.cases import PROJECT, TEAM
from tests.unit.inputs import name_of

STASH = "pulumi:index:Stash"


@dataclass(frozen=True)
class Cloud:
    component: str
    args: dict[str, Any]
    """Arguments that make the component create resources of many kinds."""
    unprotected: dict[str, Any]
    """Those that switch deletion protection off."""
    protected: set[str]
    """Names of the resources that are protected."""
    place: tuple[str, str]
    """The input that says where a resource is, and its value."""
    elsewhere: set[str]
    """Types of resources that are not in that place."""
    retry_hook: str


CLOUDS = [
    Cloud(
        component="AzurePostgres",
        args=EVERYTHING,
        unprotected={"deletion_protection": False, "delete_lock": False},
        protected={"db-server", "db-database", "db-deletion-protection"},
        place=("resourceGroupName", "group"),
        elsewhere={STASH, LOCK, DIAGNOSTICS},
        retry_hook="AzurePostgres db: wait while the server is busy",
    ),
    Cloud(
        component="CloudSqlPostgres",
        args=TEAM,
        unprotected={"deletion_protection": False},
        protected={"db-instance", "db-database", "db-deletion-protection"},
        place=("project", PROJECT),
        elsewhere={STASH},
        retry_hook="CloudSqlPostgres db: wait while Google is not ready",
    ),
]
each_cloud = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.component)


@functools.cache
def created(component: str) -> Run:
    """Creates the component with its cloud's arguments, once."""
    (args,) = [cloud.args for cloud in CLOUDS if cloud.component == component]
    return CASES[component].create(**args)


@each_cloud
def test_every_child_belongs_to_the_component_and_is_in_its_place(cloud: Cloud) -> None:
    children = [one for one in created(cloud.component).resources if one.type != CASES[cloud.component].COMPONENT]
    assert {name_of(child.options.parent) for child in children} == {"db"}
    place, value = cloud.place
    assert {child.inputs[place] for child in children if child.type not in cloud.elsewhere} == {value}


@each_cloud
def test_one_switch_protects_server_database_and_guard_and_nothing_else(cloud: Cloud) -> None:
    unprotected = CASES[cloud.component].create(**{**cloud.args, **cloud.unprotected})
    for results, expected in ((created(cloud.component), cloud.protected), (unprotected, set[str]())):
        assert {resource.name for resource in results.resources if resource.options.protect} == expected


@each_cloud
def test_the_retry_hook_is_bound_to_everything_in_the_cloud(cloud: Cloud) -> None:
    ours = (CASES[cloud.component].COMPONENT, STASH)
    hooks = {tuple(one.options.hooks.on_error) for one in created(cloud.component).resources if one.type not in ours}
    assert hooks == {(cloud.retry_hook,)}
