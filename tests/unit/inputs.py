"""Arguments as Outputs and as unknowns, and finding what a program registered.

Outputs cannot be created before a program runs, so a test passes a function in place of a value:

    create(client_id=lambda: pulumi.Output.secret(CLIENT))  # `materialize` calls it inside the program
"""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components.testing import Registration, Run


def materialize(value: Any) -> Any:
    """Returns `value` with its functions called, inside a running program."""
    if isinstance(value, Mapping):
        return {key: materialize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [materialize(item) for item in value]
    return value() if callable(value) else value


def output(value: object) -> Any:
    return lambda: pulumi.Output.from_input(value)


def unknown() -> pulumi.Output[Any]:
    return pulumi.Output.from_input(pulumi.UNKNOWN)


def outputs(args: Mapping[str, Any], *, plain: set[str], single_value: set[str]) -> dict[str, Any]:
    """Returns the same arguments as Outputs, except those that must be `plain`."""
    return changed(args, output, plain=plain, single_value=single_value)


def unknowns(args: Mapping[str, Any], *, plain: set[str], single_value: set[str]) -> dict[str, Any]:
    """Returns the same arguments as unknown Outputs, except those that must be `plain`."""
    return changed(args, lambda _: unknown, plain=plain, single_value=single_value)


def changed(
    args: Mapping[str, Any], change: Callable[[Any], Any], *, plain: set[str], single_value: set[str]
) -> dict[str, Any]:
    """Changes each argument. In a map it changes the values, but a `single_value` is changed as a whole."""

    def value(argument: str, passed: Any) -> Any:
        if argument in plain:
            return passed
        if isinstance(passed, Mapping) and argument not in single_value:
            return {key: change(item) for key, item in passed.items()}
        return change(passed)

    return {argument: value(argument, passed) for argument, passed in args.items()}


def of_type(results: Run, type_: str) -> list[Registration]:
    return [resource for resource in results.resources if resource.type == type_]


def by_name(results: Run) -> dict[str, Registration]:
    return {resource.name: resource for resource in results.resources}


def name_of(urn: str) -> str:
    return urn.split("::")[-1]
