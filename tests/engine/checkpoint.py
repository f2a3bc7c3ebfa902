"""The file in which a file backend keeps a stack's state, read without starting the CLI."""

import json
from pathlib import Path
from typing import Any

# How the state marks an encrypted value: a map with this key.
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


class Checkpoint:
    """The state of the stack `name` in the file backend at `backend`; a stack that was never run has none."""

    def __init__(self, backend: Path, name: str) -> None:
        self.backend = backend
        self.name = name

    @property
    def file(self) -> Path | None:
        return next(self.backend.glob(f".pulumi/stacks/*/{self.name}.json"), None)

    def resources(self) -> list[dict[str, Any]]:
        """Returns the resources as they are stored, secrets encrypted."""
        latest = json.loads(self.file.read_text())["checkpoint"]["latest"] if self.file else None
        return (latest or {}).get("resources") or []

    def outputs(self) -> dict[str, Any]:
        """Returns the stack's outputs as they are stored, secrets encrypted."""
        stack = next((one for one in self.resources() if one["type"] == "pulumi:pulumi:Stack"), {})
        return stack.get("outputs") or {}

    def secret_outputs(self) -> set[str]:
        """Returns the names of the outputs that are secret or hold a secret."""
        return {key for key, value in self.outputs().items() if _holds_secret(value)}

    def is_whole(self) -> bool:
        """Returns whether the state and the checksum file next to it are completely written."""
        if self.file is None:
            return False
        try:
            for file in (self.file, self.file.with_name(f"{self.file.name}.attrs")):
                json.loads(file.read_text())
        except (OSError, ValueError):
            return False
        return True


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
