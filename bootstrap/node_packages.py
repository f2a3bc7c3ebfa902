"""Installs the Node.js packages of tests/backstage: the real Backstage, and more versions of PostgreSQL."""

import hashlib
import re
import shutil
from pathlib import Path

from . import paths
from .steps import CommandError, Progress, StepError

FOLDER = paths.CHECKOUT / "tests" / "backstage"
# The newest release of Backstage, with the Node.js that it needs; the release before; PostgreSQL 16 and 18.
FOLDERS = (FOLDER, FOLDER / "previous", FOLDER / "postgres")
_FILES = ("package.json", "package-lock.json", ".npmrc")
_REMEDY = "Install Node.js 20 or newer with npm, from your system's packages or nodejs.org."


def ensure(progress: Progress) -> str:
    """Links node_modules of these folders to the cache, which all checkouts with the same lock files share."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise StepError("Node.js is missing", _REMEDY)
    version = progress.ask(["node", "--version"])
    major = re.match(r"v(\d+)", version)
    if not major or int(major[1]) < 20:
        raise StepError(f"Node.js is too old: {version}", _REMEDY)

    for folder in FOLDERS:
        _ensure_packages(progress, folder)
    return f"Backstage's packages on Node.js {version}"


def _ensure_packages(progress: Progress, folder: Path) -> None:
    lock = hashlib.sha256(b"".join((folder / file).read_bytes() for file in _FILES)).hexdigest()[:16]
    installed = paths.CACHE / f"node-{lock}"
    if not installed.is_dir():
        progress.begin(f"installing the node packages of {folder.relative_to(paths.CHECKOUT)}", "30 to 60 s")
        _install(progress, folder, installed)
    link = folder / "node_modules"
    if link.is_symlink():
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(installed / "node_modules")


def _install(progress: Progress, folder: Path, installed: Path) -> None:
    unfinished = installed.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for file in _FILES:
        shutil.copy(folder / file, unfinished)
    try:
        progress.run(["npm", "ci"], cwd=unfinished)
    except CommandError as error:
        where = folder.relative_to(paths.CHECKOUT)
        raise StepError(str(error), f"See the log; `npm ci` in {where} must work.") from error
    unfinished.rename(installed)
