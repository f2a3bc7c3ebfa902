"""CloudSqlPostgres: the order of the resources and their options."""

import functools
import itertools

import pytest

from components.testing import Run
from tests.unit.cloud_sql.cases import BINDING, INSTANCE, TEAM, USER, create
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
def test_one_switch_protects_the_instance_in_the_provider_and_in_googles_api_too(protection: bool) -> None:
    inputs = create(deletion_protection=protection).resource(INSTANCE).inputs
    assert inputs["deletionProtection"] is inputs["settings"]["deletionProtectionEnabled"] is protection


def test_the_guard_waits_for_everything_so_that_a_destroy_meets_it_first() -> None:
    guarded = set(map(name_of, by_name(team())["db-deletion-protection"].options.dependencies))
    assert guarded == {one.name for one in team().resources if one.type in (USER, BINDING)}
