"""Finds the process that uses a port. LocalPostgres itself checks for containers before it creates its own."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from . import signals
from .errors import SETTINGS, ExplainedError

# In the words of LocalPostgres, because each version of Docker has others.
TAKEN = re.compile(r"a program other than Docker's containers has port (\d+)")
TAKEN_BY_CONTAINER = re.compile(r"container \S+ \([^)]*\) has port (\d+)\. ")


def explain(words: str, port: int) -> ExplainedError:
    """Returns the error of an `up` whose port a program other than a container uses."""
    engine = os.environ.get("DOCKER_HOST", "")
    process = None if engine and not engine.startswith("unix://") else _listening_process(port)
    if process:
        pid, name = process
        meaning = f"The process {pid} ({name}) has port {port}."
        remedy = f"End it: kill {pid}"
    else:
        meaning = f"A program that is not visible from here has port {port} of the Docker engine's machine."
        remedy = f"Find it there, `sudo lsof -nP -iTCP:{port} -sTCP:LISTEN`, and end it."
    return ExplainedError(words, meaning, f"{remedy}\nOr choose another port {_how_to_choose(port)}")


def explain_container(words: str, port: int) -> ExplainedError:
    """Returns the error of an `up` whose port a container uses; `words` names it and says how to stop it."""
    return ExplainedError(words, "", f"Stop that container as it says. Or choose another port {_how_to_choose(port)}")


def _how_to_choose(taken: int) -> str:
    return f"under `config:` in {SETTINGS}:\n\n  local:\n    port: {_free_port(taken + 1)}\n\nThen run `make up` again."


def _free_port(first: int) -> int:
    for candidate in range(first, 65536):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return candidate
    return first


def _listening_process(port: int) -> tuple[int, str] | None:
    """Returns the id and name of the process that listens on the port; None if it is not visible."""
    if Path("/proc/net/tcp").exists():
        return _listening_on_linux(port)
    if shutil.which("lsof"):
        command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
        with signals.start(command, stop=signals.ANYWHERE, stdout=subprocess.PIPE) as process:
            fields = {line[0]: line[1:].strip() for line in process.stdout or ()}
        return (int(fields["p"]), fields["c"]) if {"p", "c"} <= fields.keys() else None
    return None


def _listening_on_linux(port: int) -> tuple[int, str] | None:
    listening = "0A"
    sockets: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(file.readlink()) in sockets for file in (process / "fd").iterdir()):
                return int(process.name), (process / "comm").read_text().strip()
        except OSError:
            continue  # The process has ended, or belongs to another user.
    return None
