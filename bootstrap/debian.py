"""Installs packages of the operating system as root; otherwise names the command that does."""

import os
import shutil
import threading

from .steps import CommandError, Progress, StepError

_apt = threading.Lock()


def install(progress: Progress, packages: list[str], why: str) -> None:
    """Installs Debian packages when running as root; otherwise raises StepError with the command to run."""
    command = f"apt-get update && apt-get install --yes --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise StepError(f"{why} is missing", f"Install {' and '.join(packages)} with your system's package manager.")
    if os.geteuid() != 0:
        raise StepError(f"{why} is missing", f'Run: sudo sh -c "{command}"')
    with _apt:
        progress.begin(f"installing {', '.join(packages)} with apt-get", "15 to 60 s")
        try:
            # -o: wait while another apt is running, instead of failing.
            options = ["-q", "-o", "DPkg::Lock::Timeout=300"]
            env = {"DEBIAN_FRONTEND": "noninteractive"}
            progress.run(["apt-get", *options, "update"], env=env)
            progress.run(["apt-get", *options, "install", "--yes", "--no-install-recommends", *packages], env=env)
        except CommandError as error:
            raise StepError(f"{error}, and {why} is missing", f"Make this work, then try again: {command}") from error
