"""The names of servers and of what belongs to them, for both clouds."""

import pytest

import components
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.azure.cases import SERVER
from tests.unit.cases import CASES, LEAST
from tests.unit.cloud_sql.cases import INSTANCE
from tests.unit.inputs import by_name

# Names of components from which no name of a server can be made.
BAD_NAMES = {
    "AzurePostgres": ["Backstage", "back_stage", "a--b", "x" * 55, "login-db", "my-windows"],
    "CloudSqlPostgres": ["Backstage", "back_stage", "db-", "1db", "x" * 59],
}


@pytest.mark.parametrize(
    ("component", "name"), [(component, name) for component, names in BAD_NAMES.items() for name in names]
)
def test_a_component_name_that_makes_no_server_name_is_refused(component: str, name: str) -> None:
    class_, least = getattr(components, component), LEAST[component]
    with pytest.raises(ArgumentError, match="cannot be generated from the component's name"):
        run(lambda: class_(name, least) and None)
    run(lambda: class_(name, {**least, **CASES[component].FIXED}) and None)


@pytest.mark.parametrize(
    ("component", "stash", "server", "argument", "output"),
    [
        ("AzurePostgres", "db-server-name", SERVER, "serverName", "server_name"),
        ("CloudSqlPostgres", "db-instance-name", INSTANCE, "name", "instance"),
    ],
    ids=["AzurePostgres", "CloudSqlPostgres"],
)
def test_a_generated_name_starts_with_the_components_and_is_kept_in_the_state(
    component: str, stash: str, server: str, argument: str, output: str
) -> None:
    create = CASES[component].create
    results = create()
    kept = by_name(results)[stash]
    assert list(kept.options.ignoreChanges) == ["input"]
    assert results.resource(server).inputs[argument] == kept.inputs["input"] == results[output].value
    assert results[output].value.startswith("db-")
    (given,) = CASES[component].FIXED.values()
    fixed = create(**CASES[component].FIXED)
    assert fixed.resource(server).inputs[argument] == fixed[output].value == given
