"""One Node process in which logins and backends run one after another, so that Backstage's packages are loaded once."""

import itertools
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

from tests.backstage import node
from tests.backstage.backend import Backend, config_files

TIMEOUT = 300
"""Seconds that one login, or one start, may take."""


class Runner:
    """Runs what node.run(folder, "login.mjs", …) and backend(…) run, without a process of its own for each.

    Each has configuration, services and connections of its own, and an environment with nothing of the one before.

    with runner(folder) as one:
        one.login(folder, document)
        with one.backend(folder, document) as running:
            running.wait_until(running.is_ready, "being ready")
    """

    def __init__(self, process: subprocess.Popen[str], variables: Mapping[str, str], errors: Path) -> None:
        """Takes a process of runner.mjs, the variables that it was started with, and the file of Node's own errors."""
        self._process, self._variables, self._errors = process, variables, errors
        self._numbers = itertools.count()

    def login(
        self, folder: Path, *documents: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Lets a plugin use its database, with these documents as files of `--config`, the lowest first."""
        number = next(self._numbers)
        files = [
            node.write_secret(folder / f"login-{number}.{layer}.yaml", text) for layer, text in enumerate(documents)
        ]
        log = folder / f"login-{number}.log"
        answered = self._ask("login", folder, files, variables, log)
        if "error" in answered:
            return subprocess.CompletedProcess(files, 1, "", f"{_read(log)}{answered['error']}")
        return subprocess.CompletedProcess(files, 0, json.dumps(answered["answer"]), _read(log))

    @contextmanager
    def backend(self, folder: Path, document: str, variables: Mapping[str, str] | None = None) -> Iterator[Backend]:
        """Starts a backend on a config of its own and `document` after it. Returns once it has started or given up."""
        port, files = config_files(folder, document)
        log = folder / "backend.log"
        log.touch()
        self._ask("start", folder, files, variables, log)
        try:
            yield Backend(self._process, port, log)
        finally:
            self._send({"action": "stop"}, log)

    def _ask(
        self, action: str, folder: Path, files: Sequence[Path], variables: Mapping[str, str] | None, log: Path
    ) -> dict[str, Any]:
        request = {
            "action": action,
            "folder": str(folder),
            "argv": [word for file in files for word in ("--config", str(file))],
            "env": node.environment({**self._variables, **(variables or {})}),
            "log": str(log),
        }
        return self._send(request, log)

    def _send(self, request: Mapping[str, Any], log: Path) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        watchdog = Timer(TIMEOUT, self._process.kill)
        watchdog.start()
        try:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{json.dumps(request)}\n")
                self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"Node ended, or took more than {TIMEOUT} s:\n{_read(self._errors)}{_read(log)}"
        return json.loads(line)


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


@contextmanager
def runner(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Runner]:
    """Starts the process, with `variables` that Node itself reads, such as NODE_OPTIONS. `folder` is for its log."""
    errors = folder / "runner.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(
            node.command("runner.mjs"),
            cwd=folder,
            env=node.environment(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        )
    assert process.stdin
    assert process.stdout
    try:
        yield Runner(process, variables or {}, errors)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
