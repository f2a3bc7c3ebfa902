"""Collects what a component registers as its outputs."""

import re
from typing import Any

import pulumi


def outputs(class_: type, component: pulumi.ComponentResource) -> dict[str, pulumi.Output[Any]]:
    """Returns the outputs that the component's class annotates, under their names in other languages."""
    return {camel_case(name): getattr(component, name) for name in class_.__annotations__}


def camel_case(name: str) -> str:
    """Returns the name in camelCase, as in other languages."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
