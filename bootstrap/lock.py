"""Allows one bootstrap at a time on this machine, because two would build into the same cache."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from . import paths, signals, steps
from .console import say


@contextmanager
def only_one_at_a_time(command: str) -> Iterator[None]:
    """Waits until no other bootstrap is running. The lock ends with its process, however that ends."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    # Not truncated when opened: until we have the lock, the content is its holder's.
    with os.fdopen(os.open(paths.CACHE / "lock", os.O_RDWR | os.O_CREAT, 0o644), "r+") as lock:
        _take(lock)
        lock.seek(0)
        lock.truncate()
        json.dump({"pid": os.getpid(), "command": command, "checkout": str(paths.CHECKOUT), "since": time.time()}, lock)
        lock.flush()
        try:
            yield
        finally:
            lock.seek(0)
            lock.truncate()


def _take(lock: TextIO) -> None:
    started = time.monotonic()
    said = 0.0
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        waited = time.monotonic() - started
        if not said or waited - said >= steps.HEARTBEAT:
            said = waited or 1e-9
            so_far = f", so far {waited:.0f} s" if waited >= 1 else ""
            say(f"  waiting for {_holder(lock)}; Ctrl-C stops waiting{so_far}")
        signals.pause(0.2)


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    try:
        holder = json.loads(lock.read())
        minutes, seconds = divmod(int(time.time() - holder["since"]), 60)
        return (
            f"`make {holder['command']}` in {holder['checkout']} to make this machine ready "
            f"(process {holder['pid']}, running for {minutes}:{seconds:02} min)"
        )
    except (ValueError, KeyError, TypeError):  # The holder has not written its name yet, or is of an older version.
        return "another bootstrap on this machine to finish"
