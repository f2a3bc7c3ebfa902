"""Reads the arguments database_options, replicas and plugin_count, which all components have."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi

from .backstage.connection_budget import DEFAULT_PLUGINS, Capacity, pool_max, with_pool_max
from .backstage.options import database_options
from .inputs import Inputs
from .validators import integer, is_map

# Takes the arguments that decide a server's size. Returns the server's capacity, None if it is not known.
ReadCapacity = Callable[..., Capacity | None]

_plugin_count = integer(1, 1000)
_replica_count = integer(1, 1000)


def read_database_options(
    inputs: Inputs, division: str, capacity: ReadCapacity, size: Sequence[str] = (), decided: Sequence[str] = ()
) -> pulumi.Output[Mapping[str, Any]]:
    """Returns the keys to add to `backend.database`, with a pool size that fits when `replicas` is given.

    `division` is the component's default. `capacity` is called with the values of the arguments named in `size`, None
    for an absent one. `decided` names the keys that only this component decides.
    """

    def fitting_pool(replicas: Any, plugins: Any, options: Any, given_division: Any, *sizes: Any) -> int:
        count = _replica_count(replicas)
        allowed = capacity(*sizes)
        if allowed is None:
            raise ValueError(
                "must be left out, because it is not known how many connections a server of this size allows: "
                f"set max_connections in {size[-1]} too, or knexConfig.pool.max in database_options instead."
            )
        wanted = _given_pool_max(options)
        return pool_max(allowed, count, _plugin_count(plugins or DEFAULT_PLUGINS), given_division or division, wanted)

    def validate_options(value: Any) -> Mapping[str, Any]:
        return database_options(value, decided)

    options = inputs.get("database_options", validate_options, {})
    if inputs.is_set("plugin_count") and not inputs.is_set("replicas"):
        inputs.fail("plugin_count", "is for replicas: set that too, or leave it out.")
    inputs.get("plugin_count", _plugin_count)
    related = ["plugin_count", "database_options", "plugin_division_mode", *size]
    fitting = inputs.get("replicas", fitting_pool, related=related)
    if fitting is None:
        return options
    return pulumi.Output.all(options=options, pool_max=fitting).apply(
        lambda known: with_pool_max(known["options"], known["pool_max"])
    )


def _given_pool_max(options: Any) -> int | None:
    """Returns the pool size that the caller chose; None without one, or if its own validator refuses it."""
    value = options
    for key in ("knexConfig", "pool", "max"):
        value = value.get(key) if is_map(value) else None
    return int(value) if isinstance(value, int | float) else None
