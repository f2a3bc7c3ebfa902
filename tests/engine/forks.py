"""Processes that have loaded the SDKs when they start, which takes longer than most operations."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

_SDKS_LOADED = multiprocessing.get_context("forkserver")
_SDKS_LOADED.set_forkserver_preload(["tests.engine.loaded_sdks"])


def fork(function: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Runs a function in a process that ends with this one at the latest."""
    process = _SDKS_LOADED.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process
