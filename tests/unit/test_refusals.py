"""Wrong arguments: what each component says, and that nothing is created. The messages are in the cases.py of each."""

import importlib
from collections.abc import Sequence
from typing import Any

import pytest

import components
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.cases import CASES, LEAST
from tests.unit.inputs import materialize, unknown

# Misspelled arguments and the right ones.
MISTYPED = {
    "LocalPostgres": [("prot", "port")],
    "AzurePostgres": [("firewall_rule", "firewall_rules")],
    "CloudSqlPostgres": [("additional_user", "additional_users")],
    "ExistingPostgres": [("hots", "host")],
}

# Arguments that are maps of values, each of which may be an Output.
MAPS = {
    "AzurePostgres": ["admin_users", "firewall_rules", "server_parameters", "tags"],
    "CloudSqlPostgres": ["additional_users", "database_flags", "labels"],
}


def each(*tables: str) -> Any:
    """Parametrizes with all cases in these tables of all components."""
    cases: Sequence[Any] = [
        pytest.param(component, *case, id=f"{component}-{'-'.join(case[0])}")
        for component, module in CASES.items()
        for table in tables
        for case in getattr(module, table)
    ]
    return pytest.mark.parametrize(("component", "args", "message"), cases)


def create(component: str, args: dict[str, Any]) -> None:
    """Creates the component in a running program."""
    getattr(components, component)("db", materialize({**LEAST[component], **args}))


def validate(component: str, args: dict[str, Any]) -> None:
    """Validates the arguments, which is the first thing that the component does."""
    package = CASES[component].__name__.removeprefix("tests.unit.").removesuffix(".cases")
    importlib.import_module(f"components.{package}.validation").validate(
        "db", materialize({**LEAST[component], **args})
    )


@each("WRONG", "WRONG_TOGETHER")
def test_a_wrong_argument_is_refused_before_anything_is_registered(
    component: str, args: dict[str, Any], message: str
) -> None:
    refusals: list[str] = []

    def program() -> None:
        with pytest.raises(ArgumentError) as refused:
            create(component, args)
        refusals.append(str(refused.value))

    results = run(program)
    (refusal,) = refusals
    assert results.resources == []
    assert refusal.startswith(f'{component} "db": argument ')
    assert message in refusal
    assert "hunter2" not in refusal, "a secret is never repeated"


@each("WRONG")
def test_a_wrong_output_is_refused_with_the_same_words(component: str, args: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        run(lambda: validate(component, CASES[component].later(args)))
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value), "a secret is never repeated"


@pytest.mark.parametrize("component", CASES)
def test_a_wrong_output_fails_the_whole_component(component: str) -> None:
    """Each argument's own message is the test above, without the component around it."""
    args, message = CASES[component].WRONG[0]
    with pytest.raises(ArgumentError) as refused:
        run(lambda: create(component, CASES[component].later(args)))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("component", "wrong", "right"), [(component, *pair) for component, pairs in MISTYPED.items() for pair in pairs]
)
def test_a_mistyped_argument_is_refused_with_the_right_name(component: str, wrong: str, right: str) -> None:
    with pytest.raises(ArgumentError, match=rf'unknown argument "{wrong}"\. Did you mean "{right}"\?'):
        run(lambda: create(component, {wrong: {}}))


@pytest.mark.parametrize(
    ("component", "argument"),
    [(component, argument) for component, cases in CASES.items() for argument in sorted(cases.PLAIN)],
)
def test_what_decides_what_is_created_cannot_be_an_output(component: str, argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a plain value, not an Output, because it decides'):
        run(lambda: create(component, {argument: unknown}))


@pytest.mark.parametrize(
    ("component", "argument"), [(component, argument) for component, maps in MAPS.items() for argument in maps]
)
def test_the_keys_of_a_map_cannot_be_outputs(component: str, argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a map with plain keys'):
        run(lambda: create(component, {argument: unknown}))
