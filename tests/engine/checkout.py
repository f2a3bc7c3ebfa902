"""Copies the repository as git has it, and runs `make` in the copy as users do."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bootstrap import paths

from .docker import docker
from .stack import REPOSITORY

# Variables that are set for the tests, and that users do not have.
_TEST_VARIABLES = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "DOCKER_HOST")


def copy_checkout(folder: Path) -> None:
    """Copies the files that git tracks, or would track, as they are now."""
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


class Checkout:
    """A copy of the repository, with the virtual environment of the one under test and a port of its own.

    As a context manager it takes down in the end what `make` has created:

        with Checkout(folder, port) as checkout:
            checkout.up()
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.variables: dict[str, str] = {}
        """Variables of every command."""
        copy_checkout(folder)
        (folder / ".venv").symlink_to(REPOSITORY / ".venv")
        self.configure()

    def __enter__(self) -> "Checkout":
        return self

    def __exit__(self, *_: object) -> None:
        code, printed = self.make("down")
        assert code == 0, printed

    @property
    def settings(self) -> Path:
        return self.folder / "Pulumi.dev.yaml"

    @property
    def state(self) -> Path:
        """The folder of Pulumi's file backend, with the generated passphrase."""
        return self.folder / ".pulumi"

    def configure(self, **local: Any) -> None:
        """Writes the configuration of the stack dev: the port, and other arguments of LocalPostgres."""
        values = {"config": {"database": "local", "local": {"port": self.port, **local}}}
        self.settings.write_text(yaml.safe_dump(values))

    def make(self, target: str, **variables: str) -> tuple[int, str]:
        """Runs `make`; returns the exit code and everything that was printed."""
        return self.run("make", target, **variables)

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
        """Runs a command in the checkout; returns the exit code and everything that was printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def environment(self, variables: Mapping[str, str] = {}) -> dict[str, str]:
        """Returns the environment of a command: a user's, and these variables."""
        ours = {
            key: value for key, value in os.environ.items() if key not in _TEST_VARIABLES and not key.startswith("MAKE")
        }
        return {**ours, **self.variables, **variables}

    def up(self) -> str:
        """Runs `make up`, which must work; returns what it printed."""
        code, printed = self.make("up")
        assert code == 0, printed
        return printed

    def container(self) -> str:
        """Returns the name of the container that publishes the port."""
        return docker("ps", "--all", "--filter", f"publish={self.port}", "--format", "{{.Names}}")

    def database_config(self) -> dict[str, Any]:
        """Returns the block that `make up` has written."""
        return yaml.safe_load((self.folder / "app-config.local.yaml").read_text())["backend"]["database"]

    def files(self) -> dict[str, bytes]:
        """Returns the content of all files, by name, without the virtual environment and Python's caches."""
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and not {".venv", "__pycache__"} & set(file.relative_to(self.folder).parts)
        }

    def keep_apart(self, folder: Path) -> None:
        """Gives the checkout a home and a cache of its own, with links to the real one, for `make clean` to remove.

        Call it again after a `make clean`. Images that were built here are hidden from the checkout.
        """
        cache = folder / "cache" / "backstage-database"
        cache.mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir(exist_ok=True)
        for entry in paths.CACHE.iterdir():
            # Removing the cache removes these links and does not follow them.
            if entry.is_dir() and entry.name != "logs" and not (cache / entry.name).exists():
                (cache / entry.name).symlink_to(entry)
        venv = self.folder / ".venv"
        if not venv.is_symlink():
            venv.symlink_to(REPOSITORY / ".venv")
        programs = folder / "programs"
        programs.mkdir(exist_ok=True)
        shim = programs / "docker"
        shim.write_text(f'#!/bin/sh\n[ "$1 $2" != "image ls" ] || exit 0\nexec {shutil.which("docker")} "$@"\n')
        shim.chmod(0o755)
        self.variables = {
            "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restores configuration and state afterwards. Do not change the container meanwhile."""
        kept = self.folder.with_name(f"{self.folder.name}.kept")
        shutil.copytree(self.state, kept, symlinks=True)
        settings, project = self.settings.read_text(), (self.folder / "Pulumi.yaml").read_text()
        try:
            yield
        finally:
            shutil.rmtree(self.state, ignore_errors=True)
            kept.rename(self.state)
            self.settings.write_text(settings)
            (self.folder / "Pulumi.yaml").write_text(project)
