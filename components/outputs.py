"""Combines Outputs, and collects what a component registers as its outputs."""

import re
from dataclasses import dataclass
from typing import Any, cast

import pulumi


def outputs(class_: type, component: pulumi.ComponentResource) -> dict[str, pulumi.Output[Any]]:
    """Returns the outputs that the component's class annotates, under their names in other languages."""
    return {camel_case(name): getattr(component, name) for name in class_.__annotations__}


@dataclass(frozen=True)
class _Finished:
    """A value in which Output.all does not look for Outputs."""

    value: Any


def combine(**values: Any) -> pulumi.Output[dict[str, Any]]:
    """Returns what Output.all does, for Outputs whose values hold no other Outputs.

    Output.all looks for others in each key of a map, every time that the map is passed on.
    """
    finished = {
        name: cast(pulumi.Output[Any], value).apply(_Finished) if isinstance(value, pulumi.Output) else _Finished(value)
        for name, value in values.items()
    }
    return pulumi.Output.all(**finished).apply(lambda known: {name: one.value for name, one in known.items()})


def camel_case(name: str) -> str:
    """Returns the name in camelCase, as in other languages."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
