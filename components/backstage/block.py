"""Renders the block that Backstage reads: `backend.database` of app-config.yaml, in Backstage's own spelling.

Pure functions, no resources. A component describes its connection; these functions render it, either with literal
values or with `${…}` references to environment variables.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..validators import is_map
from . import document

# Path of each environment variable in the block. The POSTGRES names are those of Backstage's guide; Azure's own
# libraries read the other one.
ENVIRONMENT_VARIABLES = {
    "POSTGRES_HOST": ("connection", "host"),
    "POSTGRES_PORT": ("connection", "port"),
    "POSTGRES_USER": ("connection", "user"),
    "POSTGRES_PASSWORD": ("connection", "password"),
    "AZURE_CLIENT_SECRET": ("connection", "tokenCredential", "clientSecret"),
}

_WHITESPACE = r"[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+"
# Whitespace that Backstage cuts off both ends of a variable's value, with JavaScript's trim().
WHITESPACE_AROUND = rf"\A{_WHITESPACE}|{_WHITESPACE}\Z"


def database_config(
    connection: Mapping[str, Any], options: Mapping[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    """Returns the value of `backend.database`, with literal values and in Backstage's key names.

    `settings` are the component's keys, `options` the caller's.

    Backstage merges its app-config files, so a key of an earlier file stays unless this block sets it. The block
    therefore sets every key that decides which database it is and how to log in to it. None, which is null in the
    document, removes a key, so the block means the same after any other file. Keys that decide how Backstage works with
    its database (`knexConfig`, `keepalive`, `skipMigrations`, other keys of `connection`) are left to the earlier file.
    """
    given = {**_without_none(settings), **(options or {})}
    division = given.get("pluginDivisionMode", "database")
    # Backstage ignores keys of `connection` that belong to another type, and `database` in database mode.
    connection = {
        "type": "default",
        **_without_none(connection),
        "password": connection.get("password"),
        "ssl": _ssl(connection.get("ssl") or False),
        "connectionString": None,
    }
    if connection["type"] == "azure":
        connection["tokenCredential"] = _token_credential(connection.get("tokenCredential") or {})
    names: dict[str, Any] = {"schemaPrefix": None} if division == "schema" else {"prefix": "backstage_plugin_"}
    if given.get("ensureExists") is False:
        names["ensureSchemaExists"] = False
    return {
        "client": "pg",
        "connection": connection,
        "pluginDivisionMode": division,
        "role": None,
        **names,
        "ensureExists": True,
        # Plugins may have their own client and connection there.
        "plugin": None,
        **given,
    }


def _ssl(ssl: bool | Mapping[str, Any]) -> bool | dict[str, Any]:
    """Returns a value of `ssl` that overrides all keys of an earlier file, because Backstage merges maps."""
    if isinstance(ssl, bool) or ssl == {"rejectUnauthorized": True}:
        return bool(ssl)
    return {**dict.fromkeys(("rejectUnauthorized", "ca", "cert", "key", "servername")), **ssl}


def _token_credential(credential: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns all keys that select the credential, because a key of an earlier file could select another one."""
    if not _without_none(credential):
        return None
    keys = ("clientId", "clientSecret", "tokenRenewalOffsetTime", "tokenRenewableOffsetTime")
    return {**dict.fromkeys(keys), **_without_none(credential)}


def app_config(config: Mapping[str, Any]) -> str:
    """Returns the block as an app-config.yaml document that Backstage's loader reads back as exactly `config`."""
    return document.render(_escaped(config))


def app_config_from_env(config: Mapping[str, Any]) -> str:
    """Returns the same document with `${POSTGRES_HOST}` and other variables in place of values: it holds no secret."""
    return document.render(with_variables(config))


def with_variables(config: Mapping[str, Any], variables: Collection[str] = ENVIRONMENT_VARIABLES) -> dict[str, Any]:
    """Returns the block as Backstage's loader must read it, with `${…}` in place of these variables' values."""
    block = _escaped(config)
    for variable in variables:
        *parents, key = path = ENVIRONMENT_VARIABLES[variable]
        if _lookup(block, path) is not None:
            holder = block
            for parent in parents:
                holder = holder[parent]
            holder[key] = f"${{{variable}}}"
    return block


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns every variable that `app_config_from_env` refers to, with its value."""
    values = {variable: _lookup(config, path) for variable, path in ENVIRONMENT_VARIABLES.items()}
    return {variable: str(value) for variable, value in values.items() if value is not None}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _lookup(block: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        block = block.get(key) if is_map(block) else None
    return block


def _escaped(value: Any) -> Any:
    """Returns a deep copy in which Backstage's substitution finds nothing to replace.

    The loader replaces a complete `${…}`, reads `$${…}` as a literal `${…}`, and leaves any other `$` alone. So only
    complete groups are escaped: escaping more would change the string.
    """
    if is_map(value):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, str):
        return re.sub(r"\$(\{[^{}]*\})", r"$$\1", value)
    return value
