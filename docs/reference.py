"""Writes the reference of all arguments and outputs from the components' own docstrings: `python -m docs.reference`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import components
from components.__main__ import provider
from components.options import REFUSED
from components.outputs import camel_case

FILE = Path(__file__).with_name("reference.md")

_HEAD = """\
# Reference

Generated from the docstrings by `make docs`. Configuration, YAML, TypeScript and other languages use the names in the
first column, Python uses those in the second. Every argument accepts an Output, unless its type says plain: a plain
argument decides what is created. In the configuration of this repository's stacks, the arguments of LocalPostgres are
under `local`, those of AzurePostgres under `azure`, of CloudSqlPostgres under `cloudsql`, of ExistingPostgres under
`existing`.
"""

_WORDS = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}

# The sentence in an argument's description that states its default.
DEFAULT = re.compile(r"\s*Default: (.+?)\.(?=\s+[A-Z`0-9]|$)")

# Resource options that work on a component; the others are refused.
HONOURED = {
    "parent": "the component's parent; two components with the same name may have parents of different types",
    "depends_on": "the component's children are created after these resources",
    "aliases": "for the component itself; the aliases of its children follow from them",
    "protect": "inherited by every child, so that no child can be removed or replaced; prefer `deletion_protection`",
    "retain_on_delete": "inherited by every child",
    "provider, providers": "used for every child of that provider",
    "transforms, transformations": "applied to every child; use them to set what has no argument",
    "hooks": "run for the component itself, not for its children",
}


def reference() -> str:
    return "\n".join([_HEAD, *_options(), *_lines(schema())]) + "\n"


def _options() -> Iterator[str]:
    """Yields the table of Pulumi's resource options."""
    yield "## Resource options\n\n| option | |\n|---|---|"
    for option, meaning in HONOURED.items():
        yield f"| {', '.join(f'`{name}`' for name in option.split(', '))} | {meaning} |"
    for option, reason in REFUSED.items():
        yield f"| `{option}` | refused, because Pulumi would ignore it: {reason} |"
    yield ""


def schema() -> dict[str, Any]:
    """Returns the schema of the components for programs in other languages."""
    return json.loads(str(provider().schema))


def _lines(package: Mapping[str, Any]) -> Iterator[str]:
    for token, component in package["resources"].items():
        name = token.split(":")[-1]
        yield f"## {name}\n\n{component['description']}\n\n### Arguments\n"
        yield "| argument | in Python | type | required | default | description |\n|---|---|---|---|---|---|"
        python = {camel_case(field): field for field in getattr(components, f"{name}Args").__annotations__}
        required = component.get("requiredInputs", [])
        for argument, property_ in component["inputProperties"].items():
            text = property_["description"]
            default = DEFAULT.search(text)
            yield _row(
                f"`{argument}`",
                f"`{python[argument]}`",
                _type_in_words(property_),
                "yes" if argument in required else "no",
                default[1] if default else "",
                DEFAULT.sub("", text, count=1),
            )
        yield "\n### Outputs\n\n| output | in Python | type | description |\n|---|---|---|---|"
        python = {camel_case(field): field for field in getattr(components, name).__annotations__}
        for output, property_ in component["properties"].items():
            yield _row(f"`{output}`", f"`{python[output]}`", _type_in_words(property_), property_["description"])
        yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.strip().replace('|', chr(92) + '|') for cell in cells)} |"


def _type_in_words(property_: Mapping[str, Any]) -> str:
    plain = property_.get("plain", False)
    if "additionalProperties" in property_:
        return f"map of {_type_in_words(property_['additionalProperties'])}" + (", plain keys" if plain else "")
    if "items" in property_:
        return f"list of {_type_in_words(property_['items'])}"
    return _WORDS.get(property_.get("type", ""), "any") + (", plain" if plain else "")


if __name__ == "__main__":
    FILE.write_text(reference())
    print(f"wrote {FILE}")
