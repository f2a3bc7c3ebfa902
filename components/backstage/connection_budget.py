"""How many connections Backstage may open to a server of a given size: pure arithmetic, no resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    """What a server allows."""

    max_connections: int
    """PostgreSQL's setting of that name."""
    reserved: int
    """Those of them that PostgreSQL or the cloud keeps for itself."""
    source: str
    """Where the number is from, for messages: "Standard_B1ms"."""


def pool_max(capacity: Capacity, replicas: int, plugins: int, division: str, wanted: int | None = None) -> int:
    """Returns how many connections each plugin's pool may open so that all replicas together fit.

    `wanted` is a pool size that the caller has chosen already. Raises ValueError if it does not fit, or if not even the
    least does, saying by how much.
    """
    admins = replicas * _admin_connections(division)
    usable = capacity.max_connections - capacity.reserved - FOR_PEOPLE
    fits = min(KNEX_POOL_MAX, (usable - admins) // (replicas * plugins))
    size = fits if wanted is None else wanted
    needed = replicas * plugins * max(size, LEAST_POOL_MAX if wanted is None else 1) + admins
    if needed > usable:
        raise ValueError(
            f"must be lower: {replicas} x {plugins} plugins with {max(size, LEAST_POOL_MAX if wanted is None else 1)} "
            f"connections each and {admins} to create databases and schemas are {needed}, but {capacity.source} leaves "
            f"{usable} of {capacity.max_connections}: {needed - usable} too many. Choose a larger size, or fewer "
            "replicas, or say with plugin_count how many plugins use the database."
        )
    return size


def with_pool_max(options: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Returns the options with that `knexConfig.pool.max`."""
    knex = options.get("knexConfig", {})
    return {**options, "knexConfig": {**knex, "pool": {**knex.get("pool", {}), "max": size}}}


def _admin_connections(division: str) -> int:
    # One to create databases, and one more to create schemas.
    return 2 if division == "schema" else 1
