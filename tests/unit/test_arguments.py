"""How every component takes its arguments: as plain values, as Outputs and unknown. What is wrong: test_refusals.py."""

from typing import Any

import pytest

import components
from components.outputs import camel_case
from tests.unit.cases import CASES, LEAST, SETS, args_of, run_of
from tests.unit.inputs import unknown

# Outputs that the program itself decides. ExistingPostgres is left out, because its server is there already.
KNOWN_IN_FIRST_PREVIEW = {
    "LocalPostgres": {"password"},
    "AzurePostgres": set[str](),
    "CloudSqlPostgres": {"ip_address_type"},
}

each_component = pytest.mark.parametrize("component", CASES)
each_set = pytest.mark.parametrize(("component", "name"), SETS)


def arguments(component: str) -> set[str]:
    """Returns all arguments that the component has."""
    return set(getattr(components, f"{component}Args").__annotations__)


@each_component
def test_the_sets_cover_every_argument(component: str) -> None:
    assert set().union(*CASES[component].SETS.values()) == arguments(component)


@each_component
def test_all_outputs_are_registered_in_camel_case(component: str) -> None:
    cases = CASES[component]
    results = cases.create(**LEAST[component])
    (registered,) = [outputs for urn, outputs in results.component_outputs.items() if cases.COMPONENT in urn]
    assert set(registered) == set(map(camel_case, results.outputs))


@pytest.mark.parametrize("component", KNOWN_IN_FIRST_PREVIEW)
def test_in_a_first_preview_nothing_claims_that_the_database_is_there(component: str) -> None:
    results = CASES[component].create(preview=True)
    known = {output for output, result in results.outputs.items() if result.known}
    assert known == KNOWN_IN_FIRST_PREVIEW[component]
    if component == "LocalPostgres":
        assert results["database_config"].secret, "also while it is unknown"


@each_set
def test_an_output_does_what_its_plain_value_does(component: str, name: str) -> None:
    cases = CASES[component]
    from_plain, from_outputs = run_of(component, name), cases.create(**cases.later(args_of(component, name)))
    assert from_outputs.outputs == from_plain.outputs
    assert {r.name: r.inputs for r in from_outputs.resources} == {r.name: r.inputs for r in from_plain.resources}


@each_set
def test_a_preview_survives_unknowns(component: str, name: str) -> None:
    cases = CASES[component]
    assert not cases.create(preview=True, **cases.not_known_yet(cases.SETS[name]))["app_config"].known


@pytest.mark.parametrize(
    ("component", "argument"),
    [
        (component, argument)
        for component in ("LocalPostgres", "ExistingPostgres")
        for argument in sorted(arguments(component) - CASES[component].PLAIN)
    ],
)
def test_what_needs_an_unknown_argument_is_unknown(component: str, argument: str) -> None:
    """In a first preview the clouds' components know nothing; these two know everything else."""
    cases = CASES[component]
    args: dict[str, Any] = next(args for args in cases.SETS.values() if argument in args)
    results = cases.create(preview=True, **{**args, argument: unknown})
    assert not results["app_config" if argument != "plugins" else "bootstrap_sql"].known
