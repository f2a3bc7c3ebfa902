"""How many connections Backstage may open to a server of a given size: pure arithmetic, no resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..validators import is_map

# knex, which Backstage pools its connections with, opens at most 10 for each plugin.
KNEX_POOL_MAX = 10
# With one connection a query would wait for the transaction that it is part of.
LEAST_POOL_MAX = 2
# A Backstage with the plugins of `create-app` and some more.
DEFAULT_PLUGINS = 20
# For people: psql, pgAdmin, a backup.
FOR_PEOPLE = 3


@dataclass(frozen=True)
class Capacity:
    """How many connections a server allows."""

    max_connections: int
    """PostgreSQL's setting of that name."""
    reserved: int
    """Those of them that PostgreSQL or the cloud keeps for itself."""
    source: str
    """Where the number is from, for messages: "Standard_B1ms"."""


def read_max_connections(parameters: Any) -> int | None:
    """Returns the max_connections in a map of PostgreSQL's parameters, None without a valid one."""
    text = str(parameters.get("max_connections")) if is_map(parameters) else ""
    return int(float(text)) if re.fullmatch(r"\d{1,6}(\.0)?", text, re.ASCII) else None


# A PostgreSQL whose max_connections nobody changed; 3 are for superusers.
DEFAULT_CAPACITY = Capacity(100, 3, "PostgreSQL with its default settings")


def pool_max(capacity: Capacity, replicas: int, plugins: int, division: str, wanted: int | None = None) -> int:
    """Returns how many connections each plugin's pool may open so that all replicas together fit.

    `wanted` is a pool size that the caller has chosen already. Raises ValueError if it does not fit, or if not even the
    least does, saying by how much.
    """
    admins = replicas * _admin_connections(division)
    usable = capacity.max_connections - capacity.reserved - FOR_PEOPLE
    fits = min(KNEX_POOL_MAX, (usable - admins) // (replicas * plugins))
    size = max(fits, LEAST_POOL_MAX) if wanted is None else wanted
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
