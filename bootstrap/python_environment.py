"""Creates the checkout's virtual environment and installs packages into it."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from . import debian, paths
from .steps import CommandError, Progress


def ensure(progress: Progress, requirements: str) -> str:
    """Installs everything in `requirements`, a file of the checkout, into .venv, as its lock file says."""
    lock = lock_file(paths.CHECKOUT / requirements)
    stamp = paths.VENV / f".installed-{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if stamp.exists() and (paths.VENV / "bin" / "python").exists():
        return f".venv has what {requirements} asks for"

    if paths.VENV.is_dir() and not os.access(paths.VENV / "bin" / "python", os.X_OK):
        shutil.rmtree(paths.VENV)
    if not (paths.VENV / "bin" / "pip").exists():
        _create(progress)
    progress.begin(f"installing {requirements} into .venv", "10 to 90 s")
    for outdated in paths.VENV.glob(f".installed-{lock.stem}-*"):
        outdated.unlink()
    pip_install(progress, lock)
    stamp.touch()
    return f".venv has what {requirements} asks for"


def lock_file(requirements: Path) -> Path:
    """Returns the lock file of a requirements file, with exact versions and hashes; `make lock` writes it."""
    return requirements.with_suffix(".lock")


def pip_install(progress: Progress, lock: Path, *options: str | Path) -> None:
    """Installs what a lock file lists, with the pip of .venv. Refuses files with another hash."""
    pip = [paths.VENV / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    progress.run([*pip, "install", *options, "--require-hashes", "--requirement", lock])


def _create(progress: Progress) -> None:
    probe = "import ensurepip, venv"
    try:
        progress.run([sys.executable, "-c", probe])
    except CommandError:  # Debian has the module in a separate package.
        debian.install(progress, ["python3-venv"], "Python's venv module")
    progress.run([sys.executable, "-m", "venv", paths.VENV])
