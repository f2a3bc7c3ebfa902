"""Calculates how many connections Backstage may open to a server of a given size. No resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..validators import is_map

# knex, Backstage's connection pool, opens at most 10 connections for each plugin.
_KNEX_POOL_MAX = 10
# With a single connection, a query could wait forever for the transaction that it is part of.
_MIN_POOL_MAX = 2
# The plugins of `create-app`, and some more.
DEFAULT_PLUGINS = 20
# Connections that stay free for psql, pgAdmin or a backup.
_ADMIN_RESERVE = 3


@dataclass(frozen=True)
class Capacity:
    """How many connections a server allows."""

    max_connections: int
    """PostgreSQL's setting of that name."""
    reserved: int
    """The part of them that PostgreSQL or the cloud keeps for itself."""
    source: str
    """The source of the number, for messages, such as "Standard_B1ms"."""


def read_max_connections(parameters: Any) -> int | None:
    """Returns max_connections from a map of PostgreSQL parameters; None if it is absent or invalid."""
    text = str(parameters.get("max_connections")) if is_map(parameters) else ""
    return int(float(text)) if re.fullmatch(r"\d{1,6}(\.0)?", text, re.ASCII) else None


# PostgreSQL's own default of max_connections, of which 3 are for superusers.
DEFAULT_CAPACITY = Capacity(100, 3, "PostgreSQL with its default settings")


def pool_max(capacity: Capacity, replicas: int, plugins: int, division: str, wanted: int | None = None) -> int:
    """Returns how many connections each plugin's pool may open so that all replicas together fit.

    `wanted` is a pool size that the caller has chosen. Raises ValueError if it does not fit, or if the smallest pool
    does not; the message says by how many connections.
    """
    admins = replicas * _admin_connections(division)
    usable = capacity.max_connections - capacity.reserved - _ADMIN_RESERVE
    fits = min(_KNEX_POOL_MAX, (usable - admins) // (replicas * plugins))
    size = max(fits, _MIN_POOL_MAX) if wanted is None else wanted
    needed = replicas * plugins * size + admins
    if needed > usable:
        raise ValueError(
            f"must be lower: {replicas} replicas of {plugins} plugins with {size} connections each, and {admins} to "
            f"create databases and schemas, are {needed} connections, but {capacity.source} leaves {usable} of "
            f"{capacity.max_connections}: {needed - usable} too many. Choose a larger size or fewer replicas, or say "
            "with plugin_count how many plugins use the database."
        )
    return size


def with_pool_max(options: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Returns the options with that `knexConfig.pool.max`."""
    knex = options.get("knexConfig", {})
    return {**options, "knexConfig": {**knex, "pool": {**knex.get("pool", {}), "max": size}}}


def _admin_connections(division: str) -> int:
    # One to create databases, and one more to create schemas.
    return 2 if division == "schema" else 1
