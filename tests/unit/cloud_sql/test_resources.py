"""CloudSqlPostgres: the order of the resources and their options."""

import functools
import itertools
from typing import Any

import pytest

from components.testing import Run
from tests.unit.cloud_sql.cases import BINDING, COMPONENT, INSTANCE, PROJECT, STASH, TEAM, USER, create
from tests.unit.inputs import by_name, name_of


@functools.cache
def team() -> Run:
    return create(**TEAM)


def test_the_database_comes_after_the_instance() -> None:
    assert "db-instance" in set(map(name_of, by_name(team())["db-database"].options.dependencies))


def test_users_come_one_by_one_each_with_its_iam_roles_and_backstages_own_first() -> None:
    resources = by_name(team())
    for before, after in itertools.pairwise(["database", "user", "user-jo", "user-team"]):
        for one in (after, after.replace("user", "client"), after.replace("user", "login")):
            assert f"db-{before}" in set(map(name_of, resources[f"db-{one}"].options.dependencies))


def test_what_google_deletes_with_the_instance_is_not_deleted_one_by_one() -> None:
    gone_with = {one.name: name_of(one.options.deletedWith) for one in team().resources if one.options.deletedWith}
    assert gone_with == dict.fromkeys(["db-database", "db-user", "db-user-jo", "db-user-team"], "db-instance")


@pytest.mark.parametrize("protection", [True, False])
def test_one_switch_protects_instance_database_and_guard_at_every_level(
    protection: bool,
) -> None:
    """In Pulumi, in the provider and in Google's API."""
    args: dict[str, Any] = {**TEAM, **({} if protection else {"deletion_protection": False})}
    results = create(**args)
    protected = {resource.name for resource in results.resources if resource.options.protect}
    assert protected == ({"db-instance", "db-database", "db-deletion-protection"} if protection else set())
    inputs = results.resource(INSTANCE).inputs
    assert inputs["deletionProtection"] is inputs["settings"]["deletionProtectionEnabled"] is protection


def test_the_guard_waits_for_everything_so_that_a_destroy_meets_it_first() -> None:
    guarded = set(map(name_of, by_name(team())["db-deletion-protection"].options.dependencies))
    assert guarded == {one.name for one in team().resources if one.type in (USER, BINDING)}


def test_every_child_belongs_to_the_component_and_its_project() -> None:
    children = [one for one in team().resources if one.type != COMPONENT]
    assert {name_of(child.options.parent) for child in children} == {"db"}
    assert {child.inputs["project"] for child in children if child.type != STASH} == {PROJECT}


def test_the_retry_hook_is_bound_to_everything_that_google_creates() -> None:
    hooks = {tuple(one.options.hooks.on_error) for one in team().resources if one.type not in (COMPONENT, STASH)}
    assert hooks == {("CloudSqlPostgres db: wait while Google is not ready",)}
