"""Runs the folder's Node scripts and tools, with an environment that holds nothing of the developer's."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
NEWEST, PREVIOUS = "backend-defaults 0.19", "backend-defaults 0.18"
RELEASES = {NEWEST: FOLDER, PREVIOUS: FOLDER / "previous"}
"""The releases of Backstage that the block is tested with, and the folders of their packages."""
release = NEWEST
"""The one that scripts run with now. The fixture of that name in conftest.py sets it."""
both_releases = pytest.mark.parametrize("release", RELEASES, indirect=True)
"""Runs a test with either."""
DOTENV_TOOLS = {"dotenv-cli": "node_modules/.bin/dotenv", "env-cmd": "node_modules/.bin/env-cmd"}
"""The tools that start a Backstage with a .env file: `TOOL -- COMMAND` reads .env of the working folder."""


def command(script: str, *arguments: str) -> list[str]:
    """Returns the command line for a script of this folder, or of node_modules. Fails if Node is not set up."""
    if not (RELEASES[release] / "node_modules" / "@backstage" / "backend-defaults" / "package.json").is_file():
        pytest.fail("The Backstage packages are missing: run `make tools`.")
    return [_node(), str(_scripts(release) / script), *arguments]


def _node() -> str:
    """Returns the packages' own Node.js, because Google's connector needs a newer one than many machines have."""
    brought = sorted(RELEASES[release].glob("node_modules/node-*-*/bin/node"))
    node = str(brought[0]) if brought else shutil.which("node")
    return node or pytest.fail("Node.js is missing: install version 20 or newer, then run `make tools`.")


@functools.cache
def _scripts(release: str) -> Path:
    """Returns the folder with the scripts: they import the packages that are next to them."""
    if release == NEWEST:
        return FOLDER
    copies = Path(tempfile.mkdtemp(prefix="backstage-scripts-"))
    atexit.register(shutil.rmtree, copies, ignore_errors=True)
    for script in FOLDER.glob("*.mjs"):
        shutil.copy(script, copies)
    (copies / "node_modules").symlink_to((RELEASES[release] / "node_modules").resolve())
    return copies


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns `variables` and nothing else that Backstage or the tools read, such as PGHOST, APP_CONFIG_… or NODE_ENV.

    Node.js 22 keeps compiled modules next to the packages, which saves a fifth of a backend's start.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    compiled = str(RELEASES[release] / "node_modules" / ".cache" / "compiled")
    return {**kept, "NODE_COMPILE_CACHE": compiled, **(variables or {})}


def run(
    folder: Path,
    script: str,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end in `folder`."""
    return subprocess.run(
        command(script, *arguments),
        cwd=folder,
        env=environment(variables),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def write_secret(file: Path, text: str) -> Path:
    """Writes a file that only its owner can read, byte for byte `text`."""
    file.touch(mode=0o600)
    file.write_bytes(text.encode())
    return file
