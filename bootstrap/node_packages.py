"""The real Backstage packages that tests/backstage runs the block against."""

import hashlib
import re
import shutil
from pathlib import Path

from . import paths
from .steps import CommandError, Progress, StepError

FOLDER = paths.CHECKOUT / "tests" / "backstage"
FILES = ("package.json", "package-lock.json", ".npmrc")
REMEDY = "Install Node.js 20 or newer with npm, from your system's packages or nodejs.org."


def ensure(progress: Progress) -> str:
    """tests/backstage/node_modules: a link into the cache, which every checkout with the same lock file shares."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise StepError("Node.js is missing", REMEDY)
    version = progress.run(["node", "--version"]).strip()
    major = re.match(r"v(\d+)", version)
    if not major or int(major[1]) < 20:
        raise StepError(f"Node.js is too old: {version}", REMEDY)

    lock = hashlib.sha256(b"".join((FOLDER / file).read_bytes() for file in FILES)).hexdigest()[:16]
    installed = paths.CACHE / f"node-{lock}"
    if not installed.is_dir():
        progress.begin("installing the Backstage packages of tests/backstage", "30 to 60 s")
        _install(progress, installed)
    link = FOLDER / "node_modules"
    if link.is_symlink():
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(installed / "node_modules")
    return f"Backstage's packages on Node.js {version}"


def _install(progress: Progress, installed: Path) -> None:
    unfinished = installed.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for file in FILES:
        shutil.copy(FOLDER / file, unfinished)
    try:
        progress.run(["npm", "ci"], cwd=unfinished)
    except CommandError as error:
        raise StepError(str(error), "See the log; `npm ci` in tests/backstage must work.") from error
    unfinished.rename(installed)
