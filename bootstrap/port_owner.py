"""Whose a taken port is: looked up before anything is advised, because the wrong advice costs data."""

import os
import shutil
import socket
import subprocess
from collections.abc import Collection
from pathlib import Path

from . import containers, signals
from .console import quote
from .containers import Container
from .errors import SETTINGS, ExplainedError


def explain(words: str, port: int, volumes: Collection[str]) -> ExplainedError:
    """The failure of an `up` whose port was taken; `volumes` are those that hold the data of the stack dev."""
    holder = containers.on_port(port)
    if holder and holder.is_local_postgres:
        return _ours(words, port, holder, volumes)
    if holder:
        project = f", of the Compose project {holder.compose_project}" if holder.compose_project else ""
        meaning = f"The container {holder.name} (image {holder.image}{project}) has port {port}."
        return ExplainedError(words, meaning, f"Free the port: docker stop {quote(holder.name)}\n{_or_another(port)}")
    engine = os.environ.get("DOCKER_HOST", "")
    if engine and not engine.startswith("unix://"):
        meaning = f"A program on the machine of the Docker engine ({engine}) has port {port}."
        return ExplainedError(words, meaning, f"Free the port there.\n{_or_another(port)}")
    process = _listening_process(port)
    if process:
        pid, name = process
        return ExplainedError(
            words, f"The process {pid} ({name}) has port {port}.", f"End it: kill {pid}\n{_or_another(port)}"
        )
    return ExplainedError(
        words,
        f"A program that you may not look at has port {port}.",
        f"Find it: sudo lsof -nP -iTCP:{port} -sTCP:LISTEN, and end it.\n{_or_another(port)}",
    )


def _ours(words: str, port: int, holder: Container, volumes: Collection[str]) -> ExplainedError:
    name = quote(holder.name)
    held = [volume for volume in holder.volumes if volume in volumes]
    if held:
        return ExplainedError(
            words,
            f"The container {holder.name} has port {port} and this stack's data, in the volume {held[0]}: an earlier "
            "run of this stack, or another stack with the same `local.volume`, created it.",
            f"If nothing else uses it, remove it: docker stop {name} && docker rm {name}\n"
            f"The data stays in the volume {held[0]}. Then run `make up` again. Do not choose another port while this "
            "container is there: two servers must never share one volume.",
        )
    where = f"; its data is in the volume {holder.volumes[0]}" if holder.volumes else ""
    return ExplainedError(
        words,
        f"The container {holder.name}, the LocalPostgres of another stack or checkout, has port {port}{where}.",
        f"Stop it: docker stop {name}\n"
        f"It keeps its data, and `make up` in its own checkout starts it again.\n{_or_another(port)}",
    )


def _or_another(port: int) -> str:
    return (
        f"Or choose another port under `config:` in {SETTINGS}:\n\n  local:\n    port: {_free_port(port + 1)}\n\n"
        "Then run `make up` again."
    )


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
    """Id and name of the process that listens on the port, if it can be seen."""
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
            continue  # It has ended, or is another user's.
    return None
