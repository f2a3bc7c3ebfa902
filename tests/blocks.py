"""Blocks as Backstage sees them."""

from collections.abc import Mapping
from typing import Any


def seen(block: Any) -> Any:
    """Returns a block without its nulls, which remove keys of the app-config files below.

    seen({"client": "pg", "role": None})  # {"client": "pg"}
    """
    if isinstance(block, Mapping):
        return {key: seen(value) for key, value in block.items() if value is not None}
    return block
