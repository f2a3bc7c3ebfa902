"""A copy of the repository as git has it, without what building and testing leave behind."""

import shutil
import subprocess
from pathlib import Path

from .stack import REPOSITORY


def copy_checkout(folder: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in files.stdout.splitlines():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target)
