"""Reads a component's arguments from the stack's configuration, and refuses configuration that has no effect."""

import difflib
import json
import re
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import pulumi
import yaml
from pulumi.runtime import config as runtime_config

from .inputs import ArgumentError, CamelCaseArgs, annotations, as_string, is_map_of_strings, is_plain, without_secrets
from .outputs import camel_case
from .validators import is_list, is_map

# Providers that a stack of these components may configure.
_PROVIDERS = ("azure-native", "docker", "gcp")

# Names that people give these providers by mistake. No Pulumi provider has one of them.
_FOREIGN_NAMES = {"google": "gcp", "gcloud": "gcp", "cloud-sql": "gcp", "azurerm": "azure-native"}


def read(
    selector: str, sections: Mapping[str, type], default: str, *, also_read: Collection[str] = ()
) -> tuple[str, Any]:
    """Returns the section that the key `selector` chooses, and the section's arguments with their Python names.

    `sections` maps each section to the TypedDict of its arguments. Any other key in the project's configuration is
    refused, except those in `also_read`, which the program reads itself.
    """
    choice = pulumi.Config().get(selector) or default
    if choice not in sections:
        names = list(sections)
        raise ArgumentError(
            f'config "{selector}" is {choice!r}, but it must be {", ".join(names[:-1])} or {names[-1]}. '
            f"Run `pulumi config set {selector} {_closest(choice.lower(), sections) or 'NAME'}`."
        )
    for key, value in runtime_config.CONFIG.get().items():
        _refuse_unread(key, value, selector, sections, choice, also_read)
    for name in _stack_file():
        if name.removeprefix(f"{pulumi.get_project()}:") in (selector, *sections):
            raise ArgumentError(
                f'Pulumi.{pulumi.get_stack()}.yaml has "{name}" at the top level, where it has no effect. '
                "Indent it below `config:`."
            )
    return choice, arguments(choice, sections[choice])


def arguments(key: str, allowed: type) -> CamelCaseArgs:
    """Returns the map under `key`, with Python names for the arguments of the TypedDict `allowed`.

    Other names stay as they are, so that the component refuses them. A value that was set with --secret becomes a
    secret Output.
    """
    values = _map(key)
    names = {camel_case(name): name for name in annotations(allowed)}
    for name in sorted(values.keys() & names.keys()):
        if names[name] != name and names[name] in values:
            raise ArgumentError(
                f'config "{key}" has {name} and {names[name]}, which are the same argument. '
                f"Run `pulumi config rm --path {key}.{names[name]}`."
            )
    shown = _shown(key)
    values = {name: _as_written(value, shown.get(name)) for name, value in values.items()}
    if pulumi.runtime.is_config_secret(_qualified(key)):
        values = {
            name: value if _must_stay_plain(names.get(name, name), allowed, shown) else _marked(value, shown.get(name))
            for name, value in values.items()
        }
    python = {names.get(name, name): value for name, value in values.items() if value is not None}
    for name in python.keys() & {
        name for name, annotation in annotations(allowed).items() if is_map_of_strings(annotation)
    }:
        if isinstance(python[name], dict):
            written = shown.get(camel_case(name), shown.get(name))
            python[name] = {
                key: _string(value, written.get(key) if is_map(written) else None)
                for key, value in python[name].items()
            }
    return CamelCaseArgs(python, key)


def _map(key: str) -> Mapping[str, Any]:
    text = pulumi.Config().get(key)
    if not text or text == "null":
        return {}
    try:
        values = json.loads(text)
    except ValueError:
        values = text
    if isinstance(values, dict):
        return cast(dict[str, Any], values)
    kind = "a list" if isinstance(values, list) else "a single value"
    raise ArgumentError(
        f'config "{key}" is {kind}, but it must be a map of arguments. Run `pulumi config rm {key}`, and then set each '
        f"argument by its path: `pulumi config set --path {key}.ARGUMENT VALUE`."
    )


# --- What YAML and the CLI made of the text in the stack's file


def _as_written(value: Any, shown: Any) -> Any:
    """Returns the value, with each date as it is in the stack's file, because the CLI adds a time to it."""
    if is_map(value):
        return {key: _as_written(item, shown.get(key) if is_map(shown) else None) for key, item in value.items()}
    day = re.fullmatch(r"(\d{4}-\d\d-\d\d) 00:00:00 \+0000 UTC", value) if isinstance(value, str) else None
    return shown if day and shown == day[1] else value


def _string(value: Any, shown: Any) -> Any:
    """Returns a number as it is in the stack's file, such as 1.10 or 0123; other values as `as_string` does."""
    if isinstance(shown, str) and isinstance(value, int | float) and not isinstance(value, bool):
        # Both ways of reading: PyYAML takes 1e5 for a string.
        for read in (yaml.safe_load, float):
            try:
                same = read(shown) == value
            except (ValueError, yaml.YAMLError):
                continue
            if same:
                return shown
    return as_string(value)


# --- Secrets


def _shown(key: str) -> Mapping[str, Any]:
    """Returns the section as it is in the stack's file: only the file says which values inside a map are secret."""
    settings = _stack_file().get("config")
    if not is_map(settings):
        return {}
    section = settings.get(_qualified(key), settings.get(key))
    return section if is_map(section) and "secure" not in section else {}


def _marked(value: Any, shown: Any) -> Any:
    """Returns the value, in which everything that the stack's file does not show in plain text is a secret Output."""
    if is_map(value):
        inside: Mapping[str, Any] = shown if is_map(shown) else {}
        return {key: _marked(item, inside.get(key)) for key, item in value.items()}
    if is_list(value):
        listed = shown if is_list(shown) and len(shown) == len(value) else [None] * len(value)
        return [_marked(item, listed[index]) for index, item in enumerate(value)]
    return value if shown is not None and _string(value, shown) == shown else pulumi.Output.secret(value)


def _must_stay_plain(name: str, allowed: type, shown: Mapping[str, Any]) -> bool:
    """Returns whether the argument decides what is created, and its own value was not set with --secret."""
    secured = is_map(shown.get(camel_case(name))) or is_map(shown.get(name))
    return name in annotations(allowed) and is_plain(annotations(allowed)[name]) and not secured


def _stack_file() -> Mapping[str, Any]:
    """Returns the content of the stack's file, with strings as values; empty if the program cannot find the file."""
    for folder in (pulumi.runtime.get_root_directory(), "."):
        file = Path(folder or ".") / f"Pulumi.{pulumi.get_stack()}.yaml"
        if file.is_file():
            settings = yaml.load(file.read_bytes(), yaml.BaseLoader)  # noqa: S506 - it makes strings only
            return settings if is_map(settings) else {}
    return {}


# --- Configuration without effect


def _refuse_unread(
    key: str, value: Any, selector: str, sections: Mapping[str, type], choice: str, also_read: Collection[str]
) -> None:
    namespace, _, name = key.partition(":")
    if namespace != pulumi.get_project():
        _refuse_mistaken_namespace(namespace, name, value, sections)
    elif name not in (selector, choice, *also_read):
        _refuse(name, _remedy(key, name, value, selector, sections, choice))


def _remedy(key: str, name: str, value: Any, selector: str, sections: Mapping[str, type], choice: str) -> str:
    """Returns what to do about a key in the project's own namespace that has no effect."""
    if name in sections:
        return (
            f'because "{selector}" is {choice}. Remove it: `pulumi config rm {name}`. Or use it in its own stack: '
            f"`pulumi stack init {name}`, then `pulumi config set {selector} {name}`."
        )
    first, _, rest = name.partition(".")
    section = _closest(first, sections)
    if section and rest:
        return (
            f"because it was set without --path. Run {_move(key, name, f'{section}.{rest}', value)}. "
            "With `pulumi up --config`, add --config-path."
        )
    known = _closest(name, [selector, *sections])
    if known:
        return f'. Did you mean "{known}"? To remove it, run `pulumi config rm {shlex.quote(name)}`.'
    names = {
        spelling: camel_case(name) for name in annotations(sections[choice]) for spelling in (name, camel_case(name))
    }
    argument = _closest(name, names)
    if argument:
        return f"because it is not in {choice}. Run {_move(key, name, f'{choice}.{names[argument]}', value)}."
    return f". The keys in use are {selector} and {choice}. To remove it, run `pulumi config rm {shlex.quote(name)}`."


def _refuse_mistaken_namespace(namespace: str, name: str, value: Any, sections: Mapping[str, type]) -> None:
    """Refuses a namespace that is a section's name, or a misspelled one. Others may belong to providers."""
    key = f"{namespace}:{name}"
    if namespace in sections:
        _refuse(key, f"because of the colon. Run {_move(key, key, f'{namespace}.{name}', value)}.")
    known = [pulumi.get_project(), *_PROVIDERS]
    # difflib finds a short name with two letters exchanged, such as gpc, too different.
    exchanged = next((name for name in known if sorted(name) == sorted(namespace)), None)
    closest = _FOREIGN_NAMES.get(namespace) or exchanged or _closest(namespace, known)
    if closest and closest != namespace:
        _refuse(key, f". Did you mean {closest}:{name}? To remove it, run `pulumi config rm {shlex.quote(key)}`.")


def _refuse(name: str, remedy: str) -> NoReturn:
    separator = "" if remedy.startswith(".") else ", "
    raise ArgumentError(f'config "{name}" is not used{separator}{remedy}')


def _move(key: str, name: str, path: str, value: Any) -> str:
    """Returns the two commands that move a value to the right place."""
    secret = (
        pulumi.runtime.is_config_secret(key)
        or re.search("password|secret", path, re.IGNORECASE)
        or without_secrets(value) != value
    )
    setting = f"--secret {path}" if secret else f"{path} {shlex.quote(str(value))}"
    return f"`pulumi config rm {shlex.quote(name)}`, then `pulumi config set --path {setting}`"


def _closest(name: str, known: Collection[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.75)), None)


def _qualified(key: str) -> str:
    return f"{pulumi.get_project()}:{key}"
