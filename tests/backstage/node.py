"""Runs the folder's Node scripts and tools, with an environment that holds nothing of the developer's."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
DOTENV_TOOLS = {"dotenv-cli": "node_modules/.bin/dotenv", "env-cmd": "node_modules/.bin/env-cmd"}
"""The tools that start a Backstage with a .env file: `TOOL -- COMMAND` reads .env of the working folder."""


def command(script: str, *arguments: str) -> list[str]:
    """The command line for one script of this folder, or of node_modules. Fails the test if Node is not set up."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js is missing: install version 20 or newer, then run `make tools`.")
    if not (MODULES / "@backstage" / "backend-defaults" / "package.json").is_file():
        pytest.fail("The Backstage packages are missing: run `make tools`, or `npm ci` in tests/backstage.")
    return [node, str(FOLDER / script), *arguments]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """`variables` and nothing else that Backstage or the tools read, such as PGHOST, APP_CONFIG_… or NODE_ENV."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, **(variables or {})}


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
        timeout=120,
        check=False,
    )


def write_secret(file: Path, text: str) -> Path:
    """A file that only its owner can read, byte for byte `text`."""
    file.touch(mode=0o600)
    file.write_bytes(text.encode())
    return file
