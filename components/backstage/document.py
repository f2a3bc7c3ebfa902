"""Writes YAML documents with PyYAML, so that every reader of an app-config or a manifest reads the same values."""

# PyYAML's stubs leave some parameters untyped.
# pyright: reportUnknownMemberType=false

import re
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from ..validators import is_map


class _Dumper(yaml.SafeDumper):
    """Writes a string without quotes where YAML 1.1 and YAML 1.2 both read it as that string.

    PyYAML knows YAML 1.1 only. Backstage reads YAML 1.2; Helm, kubectl and other tools read something in between.
    """

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002, the signature is PyYAML's
        """Writes equal values out instead of using anchors, which few people who edit app-config.yaml know."""
        return True


def _represent_string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Between single quotes PyYAML breaks the line at U+0085, U+2028 and U+2029, which YAML 1.2 reads as characters.
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


# Strings that some reader takes for a number (089, 1e5, 0o17, 1_000), a date or a boolean (y, n), although PyYAML does
# not: they get quotes. An IPv4 address gets none, because every reader takes it for a string.
_READ_AS_OTHER_TYPE = re.compile(
    r"(?=.*[-+.:_\d])(?!\d+\.\d+\.\d+\.)[-+.:_ \deETtZz]+$|[-+]?0_*[bBoOxX][-+\da-fA-F_]*$|[yYnN]$", re.ASCII
)
_FIRST_CHARACTERS = list("-+.:_0123456789eETtZzyYnN")

_Dumper.add_representer(str, _represent_string)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _READ_AS_OTHER_TYPE, _FIRST_CHARACTERS)


# First line of each document with a null.
_WHY_NULL = "# null removes a key that an earlier app-config file sets: this means the same after any other file.\n"


def render(config: Mapping[str, Any]) -> str:
    """Returns a document with `config` at `backend.database`: one key on each line, in the order of `config`."""
    return (_WHY_NULL if _holds_none(config) else "") + dump({"backend": {"database": config}})


def dump(value: Mapping[str, Any]) -> str:
    """Returns a document with `value`: one key on each line, in the order of `value`."""
    return yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=sys.maxsize,
    )


class Lines(str):
    """A string that `dump` writes as a block of lines, as people write a file into a ConfigMap."""


def _represent_lines(dumper: yaml.SafeDumper, text: Lines) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Dumper.add_representer(Lines, _represent_lines)


def _holds_none(value: Any) -> bool:
    return any(map(_holds_none, value.values())) if is_map(value) else value is None
