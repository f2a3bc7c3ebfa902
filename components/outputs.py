"""Collects what a component registers as its outputs, and makes them wait for its resources."""

import re
from typing import Any, TypeVar, cast

import pulumi

T = TypeVar("T")


def outputs(class_: type, component: pulumi.ComponentResource) -> dict[str, pulumi.Output[Any]]:
    """Returns the outputs that the component's class annotates, under their names in other languages."""
    return {camel_case(name): getattr(component, name) for name in class_.__annotations__}


def camel_case(name: str) -> str:
    """Returns the name in camelCase, as in other languages."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def resolved_after(value: pulumi.Input[Any], *others: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """Returns `value` as an Output that resolves after the others.

    Output.all would do the same, but it creates an Output for every value in a map again.
    """
    output = cast("pulumi.Output[Any]", value if isinstance(value, pulumi.Output) else pulumi.Output.from_input(value))
    for other in others:
        output = _first(output, other)
    return output


def _first(one: pulumi.Output[T], other: pulumi.Output[Any]) -> pulumi.Output[T]:
    return one.apply(lambda value: other.apply(lambda _: value))
