"""How many connections an instance allows, by its tier."""

import re
from typing import Any

from ..backstage.connection_budget import Capacity, read_max_connections

DEFAULT_TIER = "db-custom-1-3840"

# Google's default of max_connections by the least MB of memory (Google's page on database flags).
_MAX_CONNECTIONS = {0: 50, 3750: 100, 6000: 200, 7500: 400, 15000: 500, 30000: 600, 60000: 800, 120000: 1000}

# PostgreSQL reserves these connections for superusers, which only Google has.
_RESERVED_CONNECTIONS = 3

_MB_OF_SHARED_CORE = {"db-g1-small": 1700}

# Memory of the families whose tiers do not contain it.
_MB_PER_VCPU = {"perf-optimized-N": 8192, "memory-optimized-N": 32768, "c4a-highmem": 8192}


def capacity(tier: Any, database_flags: Any) -> Capacity | None:
    """Returns how many connections an instance of this tier allows; None if its memory is not known."""
    tier = str(tier or DEFAULT_TIER)
    if (limit := read_max_connections(database_flags)) is not None:
        return Capacity(limit, _RESERVED_CONNECTIONS, "max_connections in database_flags")
    if tier == "db-f1-micro":
        return Capacity(25, _RESERVED_CONNECTIONS, tier)
    memory = _MB_OF_SHARED_CORE.get(tier)
    if custom := re.fullmatch(r"db-custom-(?:N4-)?\d+-(\d+)", tier):
        memory = int(custom[1])
    elif (predefined := re.fullmatch(r"db-([a-zA-Z0-9-]+)-(\d+)", tier)) and predefined[1] in _MB_PER_VCPU:
        memory = int(predefined[2]) * _MB_PER_VCPU[predefined[1]]
    if memory is None:
        return None
    allowed = max(limit for least, limit in _MAX_CONNECTIONS.items() if memory >= least)
    return Capacity(allowed, _RESERVED_CONNECTIONS, tier)
