"""Removes locks that a killed Pulumi CLI left on the stack, if their process is certainly dead.

A file backend has a file for each lock, which names the process and its host.
"""

import json
import os
import socket
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlparse

# Seconds by which the clocks of the lock and of the process table may differ.
_CLOCKS_DIFFER = 5


def remove(backend: str, stack: str) -> list[str]:
    """Removes the locks of `stack` whose process is dead; returns these processes, for messages."""
    url = urlparse(backend)
    if url.scheme != "file":
        return []
    # Pulumi accepts `file://~` and `file://./here` too.
    folder = Path(unquote(url.netloc + url.path)).expanduser()
    removed: list[str] = []
    for lock in sorted((folder / ".pulumi" / "locks").rglob(f"{stack}/*.json")):
        try:
            owner = json.loads(lock.read_text(encoding="utf-8"))
            pid, host, taken = owner["pid"], owner["hostname"], _seconds(owner["timestamp"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # Pulumi itself reports what is wrong with the file.
        if isinstance(pid, int) and host == socket.gethostname() and not _lives(pid, taken):
            lock.unlink(missing_ok=True)
            lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
            removed.append(f"process {pid}")
    return removed


def _lives(pid: int, taken: float) -> bool:
    """Returns whether the process that took the lock still lives. A later process may have the same id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    started = _started(pid)
    return started is None or started <= taken + _CLOCKS_DIFFER


def _started(pid: int) -> float | None:
    """Returns when a process started, in seconds since 1970; None if the system does not tell, or it has just ended."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def _seconds(timestamp: str) -> float:
    """Parses Go's RFC 3339 timestamps without their fraction, which is too long for Python 3.10."""
    date, _, rest = timestamp.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    return datetime.fromisoformat((date + zone).replace("Z", "+00:00")).timestamp()
