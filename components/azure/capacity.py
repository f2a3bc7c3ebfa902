"""How many connections a flexible server allows, by its size."""

import re
from typing import Any

from ..backstage.connection_budget import Capacity, read_max_connections

DEFAULT_SKU = "Standard_D2ds_v5"

# Azure keeps these connections for replication and monitoring.
_RESERVED_CONNECTIONS = 15

# GiB of memory for each vCPU of a series, and of the smallest burstable sizes.
_GIB_PER_VCPU = {"B": 4, "D": 4, "E": 8}

_GIB_OF_SMALL = {"standard_b1ms": 2, "standard_b2s": 4}


def capacity(sku_name: Any, server_parameters: Any) -> Capacity | None:
    """Returns how many connections a server of this size allows; None if its memory is not known."""
    sku_name = str(sku_name or DEFAULT_SKU)
    if (limit := read_max_connections(server_parameters)) is not None:
        return Capacity(limit, _RESERVED_CONNECTIONS, "max_connections in server_parameters")
    size = re.match(r"Standard_([BDE])(\d+)", sku_name)
    if not size:
        return None
    gib = _GIB_OF_SMALL.get(sku_name.lower(), int(size[2]) * _GIB_PER_VCPU[size[1]])
    return Capacity(_max_connections(gib), _RESERVED_CONNECTIONS, sku_name)


def _max_connections(gib: int) -> int:
    """Returns Azure's default of max_connections for this memory, by Microsoft's formula."""
    return gib * 25 if gib <= 2 else min(int(gib * 1024 * 0.1049164697034809), 5000)
