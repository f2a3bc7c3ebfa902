"""A copy of the repository as git has it, and `make` in it as a user runs it."""

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

# What the make around these tests has set up for them is not what a user has.
_OF_THE_TESTS = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "DOCKER_HOST")


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
        """Of the environment of every command."""
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
        """Where Pulumi's file backend keeps everything, the generated passphrase included."""
        return self.folder / ".pulumi"

    def configure(self, **local: Any) -> None:
        """Writes the configuration of the stack dev: its port, and other arguments of LocalPostgres."""
        values = {"config": {"database": "local", "local": {"port": self.port, **local}}}
        self.settings.write_text(yaml.safe_dump(values))

    def make(self, target: str, **variables: str) -> tuple[int, str]:
        """The exit code and all that was printed."""
        return self.run("make", target, **variables)

    def run(self, *command: str, **variables: str) -> tuple[int, str]:
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
        ours = {
            key: value for key, value in os.environ.items() if key not in _OF_THE_TESTS and not key.startswith("MAKE")
        }
        return {**ours, **self.variables, **variables}

    def up(self) -> str:
        """`make up` that must work; what it printed."""
        code, printed = self.make("up")
        assert code == 0, printed
        return printed

    def container(self) -> str:
        """The name of the container that publishes the port."""
        return docker("ps", "--all", "--filter", f"publish={self.port}", "--format", "{{.Names}}")

    def database_config(self) -> dict[str, Any]:
        return yaml.safe_load((self.folder / "app-config.local.yaml").read_text())["backend"]["database"]

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and not {".venv", "__pycache__"} & set(file.relative_to(self.folder).parts)
        }

    def keep_apart(self, folder: Path) -> None:
        """Gives it a home and a cache of its own, which `make clean` may remove, with what is in the real cache.

        To call again after a `make clean`. Docker shows it no images that were built here.
        """
        cache = folder / "cache" / "backstage-database"
        cache.mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir(exist_ok=True)
        for entry in paths.CACHE.iterdir():
            # Links, which a removal of the cache removes and does not follow.
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
        """Configuration and state are afterwards what they were; for changes that leave the container alone."""
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
