"""Names of servers that are made from a component's, for both clouds."""

import pytest

import components
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.cases import CASES, LEAST

BAD_NAMES = {
    "AzurePostgres": ["Backstage", "back_stage", "a--b", "x" * 55],
    "CloudSqlPostgres": ["Backstage", "back_stage", "db-", "1db", "x" * 59],
}
"""Names of components from which no name of a server can be made."""


@pytest.mark.parametrize(
    ("component", "name"), [(component, name) for component, names in BAD_NAMES.items() for name in names]
)
def test_a_component_whose_name_cannot_start_a_servers_says_so(component: str, name: str) -> None:
    class_, least = getattr(components, component), LEAST[component]
    with pytest.raises(ArgumentError, match="cannot be generated from the component's name"):
        run(lambda: class_(name, least) and None)
    run(lambda: class_(name, {**least, **CASES[component].FIXED}) and None)
