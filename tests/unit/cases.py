"""The four components, each with the arguments that the tests give it."""

import functools
from types import ModuleType
from typing import Any

from components.testing import Run
from tests.unit.azure import cases as azure
from tests.unit.cloud_sql import cases as cloud_sql
from tests.unit.existing import cases as existing
from tests.unit.local import cases as local

# Component: its cases. These modules have the same names: COMPONENT, LEAST, FIXED, SETS, PLAIN, WRONG, create, …
CASES: dict[str, ModuleType] = {
    "LocalPostgres": local,
    "AzurePostgres": azure,
    "CloudSqlPostgres": cloud_sql,
    "ExistingPostgres": existing,
}

# The arguments that each component needs.
LEAST: dict[str, dict[str, Any]] = {component: cases.LEAST for component, cases in CASES.items()}

# Every set of arguments that go together: the component's name and the set's.
SETS: list[tuple[str, str]] = [(component, name) for component, cases in CASES.items() for name in cases.SETS]


def args_of(component: str, name: str) -> dict[str, Any]:
    """Returns the arguments of a set, with nothing left to be generated."""
    cases = CASES[component]
    return {**cases.FIXED, **cases.SETS[name]}


@functools.cache
def run_of(component: str, name: str) -> Run:
    """Creates the component from a set, once for all tests; they only read the result."""
    return CASES[component].create(**args_of(component, name))
