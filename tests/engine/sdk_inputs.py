"""The types of inputs that Pulumi's SDK for Azure declares: which values of a resource they do not allow."""

import enum
import importlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def input_type(type_: str) -> type:
    """Returns the class of a resource's arguments, such as ServerArgs, for its type."""
    _, module, name = type_.split(":")
    package = importlib.import_module(f"pulumi_azure_native.{module}")
    resource = getattr(package, name)
    return getattr(importlib.import_module(resource.__module__), f"{name}Args")


def properties(cls: type) -> dict[str, Any]:
    """Returns the declared type of each property, under the name that the provider knows it by."""
    found: dict[str, Any] = {}
    for value in vars(cls).values():
        name = getattr(value.fget, "_pulumi_name", None) if isinstance(value, property) else None
        if name is not None:
            module = importlib.import_module(cls.__module__)
            found[name] = typing.get_type_hints(value.fget, vars(module))["return"]
    return found


def objections(cls: type, inputs: Mapping[str, Any], *, enums: bool, path: str = "") -> list[str]:
    """Returns what the declared types do not allow. `enums`: whether the SDK's enums are those of the service."""
    known = properties(cls)
    found = [f"{path}{name} is not declared" for name in inputs.keys() - known.keys()]
    for name, value in inputs.items():
        if name in known and value is not None:
            found += _problems(f"{path}{name}", value, list(_alternatives(known[name])), enums)
    return found


def _problems(path: str, value: Any, alternatives: Sequence[Any], enums: bool) -> list[str]:
    classes = [one for one in alternatives if isinstance(one, type)]
    if isinstance(value, Mapping):
        if nested := [one for one in classes if properties(one)]:
            return objections(nested[0], value, enums=enums, path=f"{path}.")
        for one in alternatives:
            if typing.get_origin(one) in (Mapping, dict):
                allowed = list(_alternatives(typing.get_args(one)[1]))
                return [
                    problem
                    for key, item in value.items()
                    for problem in _problems(f"{path}.{key}", item, allowed, enums)
                ]
    elif isinstance(value, (list, tuple)):
        for one in alternatives:
            if typing.get_origin(one) in (Sequence, list):
                allowed = list(_alternatives(typing.get_args(one)[0]))
                return [problem for item in value for problem in _problems(f"{path}[]", item, allowed, enums)]
    else:
        choices = [one for one in classes if issubclass(one, enum.Enum)]
        if choices and enums and value not in {choice.value for choice in choices[0]}:
            return [f"{path} is none of {[choice.value for choice in choices[0]]}: {value!r}"]
        if type(value) in classes or (isinstance(value, float) and int in classes and value == int(value)):
            return []
    return [f"{path} is none of {alternatives}: {value!r}"]


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yields the types that a value may have, without those that wrap one that comes later."""
    origin = typing.get_origin(annotation)
    if origin is None or origin in (Mapping, Sequence, dict, list):
        yield annotation
    elif origin is typing.Union:
        for argument in typing.get_args(annotation):
            yield from _alternatives(argument)
