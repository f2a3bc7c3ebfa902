"""`make up`, `make env` and `make down` on the stack dev, through the Automation API, which needs no language plugin.

Runs in the virtual environment: python -m bootstrap.stack up|env|down
"""

import os
import re
import runpy
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi import automation

from . import paths
from .dotenv import dotenv

NAME = "dev"
APP_CONFIG = paths.CHECKOUT / "app-config.local.yaml"
DOTENV = paths.CHECKOUT / ".env"
WORKSPACE = paths.STATE / "workspace"
"""Copies of Pulumi.yaml and Pulumi.dev.yaml: a run writes into them, and the checkout shall stay clean."""


def up() -> None:
    result = _engine(_stack().up)
    app_config = result.outputs["appConfig"].value
    _write_secret(APP_CONFIG, app_config)
    print("\n" + re.sub(r"(?m)^( *password: ).*", r'\1"[secret]"', app_config))
    print(f"Written to {APP_CONFIG.name}, with the password. Next, in the folder of your Backstage app:\n")
    print(f"  cp -p {APP_CONFIG} . && yarn start\n")


def env() -> None:
    outputs = _stack().outputs()
    if "environment" not in outputs:
        sys.exit("The stack dev has no database yet. Run: make up")
    try:
        text = dotenv(outputs["environment"].value)
    except ValueError as error:
        sys.exit(str(error))
    _write_secret(DOTENV, text)
    print(f"Written to {DOTENV.name}. Next, in the folder of your Backstage app:\n")
    print(f"  npx dotenv-cli -e {DOTENV} -- yarn start")


def down() -> None:
    stack = _stack()
    _engine(stack.destroy)
    stack.workspace.remove_stack(NAME, preserve_config=True)
    for file in (APP_CONFIG, DOTENV):
        file.unlink(missing_ok=True)
    if not any((paths.STATE / "stacks").rglob("*.json")):
        shutil.rmtree(paths.STATE, ignore_errors=True)
    print(f"The database, its data, {APP_CONFIG.name} and {DOTENV.name} are gone.")


def _stack() -> automation.Stack:
    _prepare_workspace()
    if not os.environ.get("PULUMI_CONFIG_PASSPHRASE") and not paths.PASSPHRASE.exists():
        _write_secret(paths.PASSPHRASE, secrets.token_urlsafe(32))
    workspace = automation.LocalWorkspace(work_dir=str(WORKSPACE), program=_program)
    return automation.Stack.create_or_select(NAME, workspace)


def _program() -> None:
    os.chdir(paths.CHECKOUT)
    runpy.run_path(str(paths.CHECKOUT / "__main__.py"), run_name="__main__")


def _prepare_workspace() -> None:
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    paths.STATE.chmod(0o700)
    shutil.copy(paths.CHECKOUT / "Pulumi.yaml", WORKSPACE)
    settings = f"Pulumi.{NAME}.yaml"
    text = (paths.CHECKOUT / settings).read_text()
    previous = WORKSPACE / settings
    if "encryptionsalt:" not in text and previous.exists():
        text += "".join(line for line in previous.read_text().splitlines(True) if line.startswith("encryptionsalt:"))
    previous.write_text(text)


def _engine(operation: Callable[..., Any]) -> Any:
    """Runs an operation, showing each resource as it comes; shows everything if it fails."""
    lines: list[str] = []

    def show(line: str) -> None:
        lines.append(line)
        if re.match(r" [-+~]", line) and "warning: using pulumi-resource-docker" not in line:
            print(f"  {'stack':<16}{line.strip()}", flush=True)

    try:
        return operation(on_output=show, color="never")
    except automation.ConcurrentUpdateError:
        sys.exit(
            "The stack dev is locked: another command is at work on it, or one was killed.\n"
            f"If none is at work, delete {paths.STATE / 'locks'} and try again."
        )
    except automation.CommandError:
        start = next((number for number, line in enumerate(lines) if line.startswith("Diagnostics:")), 0)
        sys.exit("\n".join(["", *lines[start:], _remedy("\n".join(lines))]))


def _remedy(output: str) -> str:
    if "port is already allocated" in output or "address already in use" in output:
        return (
            "Another program has the port. Free it, or choose another under `config:` in Pulumi.dev.yaml,\n\n"
            "  local:\n    port: 5433\n\nthen run `make up` again."
        )
    return "What was created is kept: mend the cause and run the same command again."


def _write_secret(file: Path, text: str) -> None:
    """Readable by its owner only from the first byte on, and never half-written."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    unfinished.rename(file)


if __name__ == "__main__":
    {"up": up, "env": env, "down": down}[sys.argv[1]]()
