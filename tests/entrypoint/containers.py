"""Containers that run the entry script without Pulumi, and what is in their databases."""

import functools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.engine.conftest import reserve_port
from tests.engine.stack import REPOSITORY

SCRIPT = (REPOSITORY / "components" / "local" / "entrypoint.sh").read_text()
PASSWORD = 'it\'s \\ $x "quoted"'
# The table of a server that gets data, and what it has.
KEEP = "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number"
ROWS = "SELECT count(*), sum(number) FROM kept"
KEPT = [(1000, 500500)]
# An ordinary volume, of this process alone, with a folder for each kind of data that give_data has made.
PREPARED = f"backstage-database-test-prepared-{os.getpid()}"
_prepared: set[str] = set()
# Seconds. A start takes two or three on a machine with nothing else to do.
START_TIMEOUT = 300

# How an image is made that behaves as others do: by Alpine's number of the postgres user, and by images that start as
# that user and lack gosu, such as timescaledb-ha.
DERIVED = {
    "uid-70": "FROM postgres:17-trixie\n"
    "RUN usermod -u 70 postgres && groupmod -g 70 postgres && chown -R postgres: /var/lib/postgresql /run/postgresql\n",
    "user-postgres": "FROM postgres:17-trixie\n"
    'RUN rm "$(command -v gosu)" && chown -R postgres: /var/lib/postgresql /run/postgresql\n'
    "USER postgres\n",
    "no-bash": "FROM postgres:17-trixie\n"
    "RUN sed -i -e 's,^#!.*,#!/bin/sh,' -e 's,<(\\(.*\\)) --auth-host,/tmp/p --auth-host,' "
    '-e \'s,^  initdb,  printf "%s\\\\\\\\n" "$password" >/tmp/p; initdb,\' '
    '"$(command -v docker-entrypoint.sh)" && rm -f /bin/bash /usr/bin/bash\n',
}


def docker(*arguments: str, check: bool = True, stdin: str | None = None) -> str:
    """Runs a command of Docker's; returns all that it printed."""
    done = subprocess.run(
        ["docker", *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)[:200]}: {done.stdout}"
    return done.stdout.strip()


@functools.cache
def image(name: str) -> str:
    """Returns the tag of an image: an official one, or one of DERIVED, which is built."""
    if name not in DERIVED:
        return name
    docker("build", "--quiet", "--tag", tag(name), "-", stdin=DERIVED[name])
    return tag(name)


def tag(name: str) -> str:
    """Returns the tag of one of DERIVED, of this process alone: another one removes its own when it ends."""
    return f"backstage-database-test:{name}-{os.getpid()}"


@dataclass
class Server:
    """A container that starts PostgreSQL on a volume by the entry script."""

    container: str
    port: int

    @property
    def log(self) -> str:
        return docker("logs", self.container)

    @property
    def is_running(self) -> bool:
        return docker("container", "inspect", "--format", "{{.State.Running}}", self.container) == "true"

    def ended(self) -> str:
        """Waits until it has ended by itself. Returns its log."""
        assert docker("wait", self.container) != "0", self.log
        return self.log

    def answers(self) -> "Server":
        """Waits until it accepts a login, and is still running."""
        self.sql("SELECT 1")
        return self

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Returns the rows of a statement, as soon as the server takes it. Fails if the container has ended."""
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            # Asking Docker takes longer than a login does, so that it is asked once in ten attempts.
            for _ in range(10):
                with suppress(psycopg.OperationalError):
                    return self._sql(statement)
                time.sleep(0.1)
            assert self.is_running, f"it has ended:\n{self.log}"
            assert time.monotonic() < deadline, f"no login within {START_TIMEOUT} s:\n{self.log}"

    def _sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=PASSWORD, dbname="postgres", connect_timeout=30
        ) as session:
            rows = session.execute(statement.encode())
            return rows.fetchall() if rows.description else []


@contextmanager
def server(of_image: str, volume: str, *options: str, script: bool = True) -> Iterator[Server]:
    """Runs a server on the volume for the time of a with block. Without `script` it is as a plain `docker run`.

    with server("postgres:17-trixie", volume) as one:
        one.sql("SELECT 1")
    """
    port = reserve_port()
    environment = ["--env", "POSTGRES_USER=postgres"]
    entry = []
    if script:
        environment += ["--env", "POSTGRES_PASSWORD_FILE=/run/postgres-password"]
        options = ("--volume", f"{volume}:/var/lib/postgresql", "--entrypoint", "sh", *options)
        entry = ["-c", SCRIPT, "entrypoint.sh"]
    else:
        environment += ["--env", f"POSTGRES_PASSWORD={PASSWORD}"]
    container = docker("create", "--publish", f"127.0.0.1:{port}:5432", *environment, *options, image(of_image), *entry)
    try:
        if script:
            _upload(container)
        docker("start", container)
        yield Server(container, port)
    finally:
        docker("rm", "--force", "--volumes", container, check=False)


def _upload(container: str) -> None:
    """Puts the password where the Docker provider puts it."""
    file = Path(f"/tmp/backstage-database-test-{container[:12]}")
    file.write_text(PASSWORD)
    file.chmod(0o444)
    with suppress(FileNotFoundError):
        docker("cp", str(file), f"{container}:/run/postgres-password")
        file.unlink()


@contextmanager
def new_volume(name: str) -> Iterator[str]:
    """Creates a volume for the time of a with block. It is in memory: what is killed here are processes, not machines.

    Such a volume is empty again as soon as no container uses it. So one does all the time, that of in_volume.
    """
    docker("volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs", name)
    try:
        volumes = ("--volume", f"{name}:/volume", "--volume", f"{PREPARED}:/prepared")
        mount = (*volumes, "--workdir", "/volume", "--user", "root")
        docker("run", "--detach", "--name", name, *mount, "--entrypoint", "sleep", "postgres:17-trixie", "infinity")
        yield name
    finally:
        docker("rm", "--force", "--volumes", name, check=False)
        docker("volume", "rm", "--force", name)


def give_data(volume: str, image: str, *, script: bool = True, after: str = "kill") -> None:
    """Leaves on an empty volume what a server with the table `kept` left there `after` a stop or a kill.

    It was initialised by the entry script, or without `script` by a plain `docker run`, as in the guide. That happens
    once; later volumes get a copy.
    """
    kind = f"{image.replace(':', '-')}-{'script' if script else 'plain'}-{after}"
    if kind in _prepared:
        in_volume(volume, f"cp -a /prepared/{kind}/. .")
        return
    options = () if script else ("--volume", f"{volume}:/var/lib/postgresql/data")
    with server(image, volume, *options, script=script) as made:
        made.sql(KEEP)
        docker(after, made.container)
    in_volume(volume, f"cp -a . /prepared/{kind}")
    _prepared.add(kind)


def in_volume(volume: str, command: str) -> str:
    """Runs a shell command as root in a volume's root directory. Returns what it printed."""
    return docker("exec", volume, "sh", "-ec", command)


def files(volume: str) -> str:
    """Lists every file of a volume with what would change if it were written, except the lock's record."""
    return in_volume(volume, "find . ! -name .backstage-database-holder -printf '%p %u %m %s %T@\\n' | sort")
