"""Reads what is not secret in the state of the stack dev in the checkout's own backend, and explains its damage."""

import json
import re
from pathlib import Path
from typing import Any

from . import containers, paths
from .console import quote
from .errors import SETTINGS, ExplainedError

STACK = "dev"


def find() -> Path | None:
    """Returns the state's file; None if there is no such stack, or it is in another backend."""
    return next((paths.STATE / "stacks").rglob(f"{STACK}.json"), None) if paths.uses_own_backend() else None


def is_of_this_project() -> bool:
    """Returns whether a state's file is where the project of Pulumi.yaml has it."""
    name = re.search(r"(?m)^name: ([\w.-]+)$", (paths.CHECKOUT / "Pulumi.yaml").read_text("utf-8", "replace"))
    return name is not None and (paths.STATE / "stacks" / name[1] / f"{STACK}.json").exists()


def refuse_copy() -> None:
    """Raises an error if the state was copied together with its checkout: both would manage the same database.

    A file next to the state names its checkout. A checkout that was moved is no longer where the file says.
    """
    mark, file = _mark(), find()
    if file and mark.exists():
        original = Path(mark.read_text(encoding="utf-8")) / file.relative_to(paths.CHECKOUT)
        if original.exists() and not original.samefile(file):
            raise ExplainedError(
                f"{paths.CHECKOUT} is a copy of {mark.read_text(encoding='utf-8')}.",
                "Its state was copied too, and names the database of the other checkout: `make up` would change that "
                "database, and `make down` delete it.",
                "Use the other checkout. Or give this one a database of its own: delete the copied state, which leaves "
                f"the database alone, and choose another `local.port`.\n\n  rm {quote(file)}*",
            )


def note_checkout() -> None:
    """Notes next to the state which checkout it is of."""
    _mark().write_text(str(paths.CHECKOUT), encoding="utf-8")


def _mark() -> Path:
    return paths.STATE / "checkout"


def ids(type_: str) -> list[str]:
    """Returns the ids of the resources of a type; none if the file cannot be read."""
    file = find()
    try:
        resources = _parsed(file)["checkpoint"]["latest"]["resources"] if file else []
        return [resource["id"] for resource in resources if resource["type"] == type_]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def explain_damage(words: str) -> ExplainedError:
    """Returns the error of a command that could not read the state."""
    file = find()
    meaning = "The state of the stack dev is damaged, as after a full disk or a power failure."
    backup = file and next((one for one in _backups(file) if _is_intact(one)), None)
    if not file or not backup:
        return ExplainedError(words, meaning, "Restore it from your own backup.")
    return ExplainedError(
        words,
        f"{meaning} Pulumi's copy from before the last change is intact.",
        "Restore the copy, then run `make up`, which compares it with what exists:\n\n"
        f"  cp -p {quote(backup)} {quote(file)}",
    )


def start_again() -> str:
    """Returns how to keep the data of a stack whose secrets are lost, as the end of a sentence."""
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
    """Returns the copies that Pulumi keeps, newest first."""
    kept = sorted((paths.STATE / "backups").rglob(f"{STACK}.*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
    return [file.with_name(f"{file.name}.bak"), *kept]


def _is_intact(file: Path) -> bool:
    try:
        return "checkpoint" in _parsed(file)
    except (OSError, ValueError, TypeError):
        return False


def _parsed(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
