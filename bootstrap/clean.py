"""Removes what bootstrap cached, built or started, for `make clean`, and prints what stays."""

import shutil
from pathlib import Path

from . import docker_engine, node_packages, paths, postgres_image
from .console import quote
from .steps import CommandError, Progress


def remove_everything() -> None:
    """Removes everything. The database must have been destroyed before."""
    progress = Progress("clean")
    if shutil.which("docker"):
        try:
            postgres_image.remove_stand_ins(progress)
        except CommandError as error:
            reason = error.output.strip().splitlines()[-1:] or [str(error)]
            progress.log(f"images that were built here stay: {reason[0]}")
    docker_engine.stop()
    for packages in (folder / "node_modules" for folder in node_packages.FOLDERS):
        if packages.is_symlink():  # It points into the cache.
            packages.unlink()
    remove(paths.VENV, progress)
    remove(paths.CACHE, progress)


def remove(folder: Path, progress: Progress) -> None:
    """Removes a folder, or only the link if it is one; prints what was removed and what stays."""
    if folder.is_symlink():
        target = folder.resolve()
        folder.unlink()
        progress.log(f"removed the link {quote(folder)}" + (f"; {quote(target)} stays" if target.exists() else ""))
    elif folder.exists():
        problems: list[str] = []
        shutil.rmtree(folder, onerror=lambda _function, path, error: problems.append(f"{quote(path)}: {error[1]}"))
        if problems:
            progress.log(f"{quote(folder)} is not completely removed: {problems[0]}")
        else:
            progress.log(f"removed {quote(folder)}")
