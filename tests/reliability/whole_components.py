"""Gives hostile arguments to whole components, under mocks: a block is returned, or one sentence says what is wrong."""

import contextlib
import functools
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import yaml
from hypothesis import strategies as st

import components
from components.testing import Run, run
from tests.unit.azure import cases as azure_cases
from tests.unit.cloud_sql import cases as cloud_sql_cases
from tests.unit.existing import cases as existing_cases
from tests.unit.inputs import materialize, outputs
from tests.unit.local import cases as local_cases

from .fuzz import ANYTHING, Fuzzed, count_outcomes, near

SETS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "LocalPostgres": [*local_cases.SETS.values()],
    "AzurePostgres": [{"resource_group_name": "portal", **args} for args in azure_cases.SETS.values()],
    "CloudSqlPostgres": [*cloud_sql_cases.SETS.values()],
    "ExistingPostgres": [*existing_cases.SETS.values()],
}
"""Component → sets of arguments that it accepts. Together they have every argument."""
PLAIN = {
    "LocalPostgres": local_cases.PLAIN,
    "AzurePostgres": azure_cases.PLAIN,
    "CloudSqlPostgres": cloud_sql_cases.PLAIN,
    "ExistingPostgres": existing_cases.PLAIN,
}


def fuzz_components(inputs: int, **options: Any) -> Iterator[Fuzzed]:
    """Gives each component that many sets of arguments. Raises AssertionError for the first that it gets wrong."""
    for component in SETS:
        yield count_outcomes(
            component, functools.partial(judge, component), inputs, mutated(component), st.booleans(), **options
        )


@st.composite
def mutated(draw: st.DrawFn, component: str) -> dict[str, Any]:
    """Generates arguments that a component accepts, of which some were dropped, changed or added."""
    args = {key: value for key, value in draw(st.sampled_from(SETS[component])).items() if draw(st.integers(0, 9))}
    for _ in range(draw(st.integers(0, 2))):
        key, value = draw(st.sampled_from([item for one in SETS[component] for item in one.items()]))
        args[key] = draw(ANYTHING | st.just(value) | near(value))
    return args


def judge(component: str, args: Mapping[str, Any], as_outputs: bool) -> bool:
    """Returns whether the component accepts the arguments. Raises AssertionError if it does neither properly."""

    def program() -> dict[str, Any]:
        passed = outputs(args, plain=PLAIN[component], single_value={"token_renewal_offset"}) if as_outputs else args
        database = getattr(components, component)("db", materialize(passed))
        return {"config": database.database_config, "document": database.app_config}

    call = f"{component}({args!r}), {'as Outputs' if as_outputs else 'plain'},"
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # warnings
            results = run(program)
    except pulumi.RunError as error:
        reason = str(error)
    except Exception as error:
        raise AssertionError(f"{call} ends with {error!r}") from error
    else:
        check_block(call, results)
        return True
    one_sentence = rf'{component} "db": .*\.'
    assert re.fullmatch(one_sentence, reason, re.DOTALL), f"{call} is refused with an unclear reason: {reason}"
    return False


def check_block(call: str, results: Run) -> None:
    block = yaml.safe_load(results["document"].value)["backend"]["database"]
    expected = json.loads(json.dumps(results["config"].value))
    assert without_strings(block) == without_strings(expected), f"{call} becomes {block}"


def without_strings(value: Any) -> Any:
    """Returns the value with all strings alike: tests/backstage reads those with Backstage's own loader."""
    if isinstance(value, Mapping):
        return {key: without_strings(item) for key, item in value.items()}
    return "string" if isinstance(value, str) else value
