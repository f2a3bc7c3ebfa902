"""Validates the keys of `backend.database` that a caller may add, by Backstage's own configuration schema."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..validators import is_map, with_integers

# Keys of config.schema.json of @backstage/backend-defaults, except those that the component decides.
# tests/backstage/test_options.py compares them with the schema.
OPTIONS = (
    "prefix",
    "schemaPrefix",
    "ensureExists",
    "ensureSchemaExists",
    "knexConfig",
    "keepalive",
    "skipMigrations",
    "plugin",
)
PLUGIN_OPTIONS = ("ensureExists", "ensureSchemaExists", "knexConfig", "skipMigrations")
# Keys that decide which database it is and how Backstage logs in to it.
DECIDED = ("client", "connection", "role", "pluginDivisionMode")
# Keys of knexConfig: Backstage would overwrite the first two; the third decides where a plugin's tables are.
_DECIDED_OF_KNEX = ("client", "connection", "searchPath")


def database_options(value: Any, decided: Sequence[str] = ()) -> dict[str, Any]:
    """Validates keys to add to `backend.database`, and returns them with integers that came as floats restored.

    `decided` names keys that this component decides in addition to DECIDED.
    """
    options = _map(value, "")
    _check_keys(options, "", OPTIONS, (*DECIDED, *decided))
    for key, option in options.items():
        _check_value(key, key, option)
    for plugin, keys in options.get("plugin", {}).items():
        if not isinstance(plugin, str) or not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", plugin, re.IGNORECASE):
            raise ValueError(f"must have ids of plugins under plugin, such as catalog, but {plugin!r} is not one.")
        _check_keys(_map(keys, f"plugin.{plugin}"), f"plugin.{plugin}.", PLUGIN_OPTIONS, DECIDED)
        for key, option in keys.items():
            _check_value(key, f"plugin.{plugin}.{key}", option)
    return with_integers(options)


def _check_keys(given: Mapping[str, Any], path: str, allowed: tuple[str, ...], decided: tuple[str, ...]) -> None:
    for key in given:
        if key in decided:
            raise ValueError(
                f"must not have {path}{key}, because the component decides it: use the component's own arguments."
            )
        if key not in allowed:
            closest = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f" Did you mean {path}{closest[0]}?" if closest else ""
            raise ValueError(
                f"must have keys that Backstage reads, but {path}{key} is not one.{hint} "
                f"Allowed are {', '.join(path + name for name in allowed)}."
            )


def _check_value(key: str, path: str, option: Any) -> None:
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "prefix": (lambda text: isinstance(text, str) and bool(text), "a non-empty string"),
        # Backstage refuses any other when it starts.
        "schemaPrefix": (
            lambda text: isinstance(text, str) and bool(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", text)),
            "a string of A-Z, a-z, 0-9 and _ that does not start with a digit",
        ),
        "knexConfig": (is_map, "a map"),
        "plugin": (is_map, "a map"),
    }
    is_right, expected = checks.get(key, (lambda flag: isinstance(flag, bool), "true or false"))
    if not is_right(option):
        raise ValueError(f"must have {expected} under {path}.")
    if key == "knexConfig":
        for decided in _DECIDED_OF_KNEX:
            if decided in option:
                raise ValueError(f"must not have {path}.{decided}, because the component decides it.")


def _map(value: Any, path: str) -> Mapping[Any, Any]:
    if not is_map(value):
        where = f" under {path}" if path else ", such as {'knexConfig': {'pool': {'max': 5}}}"
        raise ValueError(f"must be a map{where}.")
    return value
