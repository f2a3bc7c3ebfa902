"""Runs a real Backstage backend as a process."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.backstage import node
from tests.engine.conftest import reserve_port

TOKEN = "token-of-the-contract-tests"
DEADLINE = 300
"""Seconds: a start takes three on a machine with nothing else to do."""


@dataclass
class Backend:
    process: subprocess.Popen[Any]
    port: int
    log: Path

    @property
    def output(self) -> str:
        """Returns everything that the backend has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def status(self, path: str, *, token: str | None = None) -> int | None:
        """Returns the HTTP status of a GET, or None while nothing listens."""
        try:
            return self.ask("GET", path, token=token)[0]
        except (OSError, HTTPException):
            return None

    def ask(self, method: str, path: str, body: object = None, *, token: str | None = None) -> tuple[int, str]:
        """Returns the HTTP status and the body of the answer to a request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None if body is None else json.dumps(body)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, content, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read().decode()

    def is_ready(self) -> bool:
        return self.status("/.backstage/health/v1/readiness") == 200

    def wait_until(self, condition: Callable[[], bool], wish: str) -> None:
        """Polls `condition`. Fails with the backend's output if the process ends first, or time is up."""
        began = time.monotonic()
        while not condition():
            ended = self.process.poll()
            assert ended is None, f"the backend ended with code {ended} before {wish}:\n{self.output}"
            passed = time.monotonic() - began
            assert passed < DEADLINE, f"not within {DEADLINE} s: {wish}. The backend said:\n{self.output}"
            # Less often on a loaded machine, where asking would slow the backend down further.
            time.sleep(0.1 + passed / 20)


@contextmanager
def backend(folder: Path, document: str, variables: Mapping[str, str] | None = None) -> Iterator[Backend]:
    """Starts a backend in `folder` with a config of its own and `document` after it, as two `--config` files.

    with backend(folder, document) as running:
        running.wait_until(running.is_ready, "being ready")
    """
    port, files = config_files(folder, document)
    log = folder / "backend.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            node.command("backend.mjs", *(word for file in files for word in ("--config", str(file)))),
            cwd=folder,
            env=node.environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Backend(process, port, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def config_files(folder: Path, document: str) -> tuple[int, list[Path]]:
    """Writes what a backend reads in `folder`. Returns its port, and the files for `--config`, `document` last."""
    port = reserve_port()
    # Backstage looks for the package that it runs in.
    (folder / "package.json").write_text('{"name": "backend", "private": true}')
    return port, [
        node.write_secret(folder / "app-config.yaml", json.dumps(base_config(port))),
        node.write_secret(folder / "app-config.local.yaml", document),
    ]


def base_config(port: int) -> dict[str, object]:
    """Returns what a backend needs in addition to its database."""
    url = f"http://127.0.0.1:{port}"
    access = {"type": "static", "options": {"token": TOKEN, "subject": "contract-tests"}}
    return {
        "app": {"baseUrl": url},
        "organization": {"name": "Contract tests"},
        "backend": {
            "baseUrl": url,
            "listen": {"host": "127.0.0.1", "port": port},
            "auth": {"externalAccess": [access]},
        },
        "auth": {"providers": {}},
    }
