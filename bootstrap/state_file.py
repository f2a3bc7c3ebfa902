"""The state of the stack dev as the checkout's own backend has it on disk: what in it is not secret, and its damage."""

import json
from pathlib import Path
from typing import Any

from . import containers, paths
from .console import quote
from .errors import SETTINGS, ExplainedError

STACK = "dev"


def find() -> Path | None:
    """The state's file; None if there is no such stack, or it is in another backend."""
    return next((paths.STATE / "stacks").rglob(f"{STACK}.json"), None)


def ids(type_: str) -> list[str]:
    """The ids of the resources of a type, as far as the file can be read."""
    file = find()
    try:
        resources = _parsed(file)["checkpoint"]["latest"]["resources"] if file else []
        return [resource["id"] for resource in resources if resource["type"] == type_]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def explain_damage(words: str) -> ExplainedError:
    """The failure of a command that could not read the state."""
    file = find()
    meaning = "The state of the stack dev is damaged: a full disk or a power cut leaves such a file."
    backup = file and next((one for one in _backups(file) if _is_whole(one)), None)
    if not file or not backup:
        return ExplainedError(words, meaning, "Restore it from a backup of your own.")
    return ExplainedError(
        words,
        f"{meaning} Pulumi keeps a copy of before the last change, and that is whole.",
        "Go back to it, then run `make up`, which compares it with what is there:\n\n"
        f"  cp -p {quote(backup)} {quote(file)}",
    )


def start_again() -> str:
    """How to keep the data of a stack whose secrets are lost: the end of a sentence."""
    volume = next(iter(ids("docker:index/volume:Volume")), None)
    if not volume:
        return "create the stack again under another checkout."
    container = next(iter(ids("docker:index/container:Container")), None)
    found = containers.find(container) if container else None
    remove = f"  docker stop {quote(found.name)} && docker rm {quote(found.name)}\n" if found else ""
    return (
        "start again with the same data, which is in a Docker volume:\n\n"
        f"{remove}  mv {quote(paths.STATE)} {quote(f'{paths.STATE}.lost')}\n\n"
        f"then name the volume under `config:` in {SETTINGS}, and run `make up`:\n\n  local:\n    volume: {volume}"
    )


def _backups(file: Path) -> list[Path]:
    """The copies that Pulumi keeps, the newest first."""
    kept = sorted((paths.STATE / "backups").rglob(f"{STACK}.*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
    return [file.with_name(f"{file.name}.bak"), *kept]


def _is_whole(file: Path) -> bool:
    try:
        return "checkpoint" in _parsed(file)
    except (OSError, ValueError, TypeError):
        return False


def _parsed(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
