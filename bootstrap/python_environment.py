"""The virtual environment of the checkout."""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from . import debian, paths
from .steps import CommandError, Progress


def ensure(progress: Progress, requirements: str) -> str:
    """.venv with everything in `requirements`, a file of the checkout."""
    wanted = "".join(lines(paths.CHECKOUT / requirements))
    stamp = paths.VENV / f".installed-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    if stamp.exists() and (paths.VENV / "bin" / "python").exists():
        return f".venv has what {requirements} asks for"

    if paths.VENV.is_dir() and not os.access(paths.VENV / "bin" / "python", os.X_OK):
        shutil.rmtree(paths.VENV)
    if not (paths.VENV / "bin" / "pip").exists():
        _create(progress)
    progress.begin(f"installing {requirements} into .venv", "10 to 90 s")
    pip_install(progress, "--requirement", paths.CHECKOUT / requirements)
    stamp.touch()
    return f".venv has what {requirements} asks for"


def pip_install(progress: Progress, *arguments: str | Path) -> None:
    """`pip install …` with the pip of .venv."""
    pip = [paths.VENV / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    progress.run([*pip, "install", *arguments])


def _create(progress: Progress) -> None:
    probe = "import ensurepip, venv"
    try:
        progress.run([sys.executable, "-c", probe])
    except CommandError:  # Debian splits the module off into a package.
        debian.install(progress, ["python3-venv"], "Python's venv module")
    progress.run([sys.executable, "-m", "venv", paths.VENV])


def lines(file: Path) -> list[str]:
    """The lines of a requirements file and of those that it includes."""
    found: list[str] = []
    for line in file.read_text().splitlines(keepends=True):
        included = re.match(r"-r\s+(\S+)", line)
        found += lines(file.parent / included[1]) if included else [line]
    return found
