"""Generates and keeps the passphrase of the stack dev, as long as anything is encrypted with it."""

import hashlib
import os
import re
import secrets
from pathlib import Path

from . import paths

VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
# Copies of the project's files, one folder for each backend that was used in addition to the checkout's own.
OTHER_WORKSPACES = paths.STATE / "other-backends"
_MARK = "encrypted-with-our-passphrase"


def is_ours() -> bool:
    """Returns whether Pulumi uses the generated passphrase, and not one of the user's own."""
    return "PULUMI_CONFIG_PASSPHRASE" not in os.environ and paths.passphrase_file() == paths.PASSPHRASE


def workspace() -> Path:
    """Returns the folder with copies of Pulumi.yaml and Pulumi.dev.yaml, into which Pulumi writes an encryption salt.

    The salt belongs to the stack, and every backend has its own stack dev.
    """
    if paths.uses_own_backend():
        return paths.STATE / "workspace"
    return OTHER_WORKSPACES / hashlib.sha256(paths.backend().encode()).hexdigest()[:12]


def needed_by() -> list[str]:
    """Returns what in this checkout and its backend is encrypted with the passphrase, for messages."""
    settings = [paths.SETTINGS.name] if _has_ciphertext(paths.SETTINGS) else []
    stacks = [f"the stack {file.stem}" for file in sorted((paths.STATE / "stacks").rglob("*.json"))]
    others = ["stacks in your own backend"] if any(OTHER_WORKSPACES.rglob(_MARK)) else []
    return [*settings, *stacks, *others]


def may_be_needed_by() -> list[str]:
    """Returns the same, and the files that may be encrypted with it."""
    others = [file for file in sorted(paths.CHECKOUT.glob("Pulumi.*.yaml")) if file != paths.SETTINGS]
    return [*needed_by(), *(file.name for file in others if _has_ciphertext(file))]


def provide() -> None:
    """Generates a passphrase for the checkout's own backend, unless it exists or something needs an older one."""
    if paths.uses_own_backend() and is_ours() and not paths.PASSPHRASE.exists() and not needed_by():
        generate()


def generate() -> None:
    """Writes a new passphrase. The caller makes sure that nothing needs an older one."""
    paths.STATE.mkdir(mode=0o700, exist_ok=True)
    write_secret(paths.PASSPHRASE, secrets.token_urlsafe(32))


def note_use() -> None:
    """Remembers that a stack in the user's own backend needs the passphrase, so that it is not deleted."""
    if is_ours() and workspace().parent == OTHER_WORKSPACES:
        (workspace() / _MARK).touch()


def write_secret(file: Path, text: str) -> None:
    """Writes a file completely or not at all. From the start, only its owner can read it."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    unfinished.rename(file)


def _has_ciphertext(settings: Path) -> bool:
    try:
        text = settings.read_text(encoding="utf-8", errors="replace")
        return bool(re.search(r"(?m)^encryptionsalt:|\bsecure:", text))
    except OSError:
        return False
