"""Asks Docker and PostgreSQL about a database that a stack created."""

import subprocess
from collections.abc import Mapping
from typing import Any

import psycopg


def docker(*arguments: str, check: bool = True) -> str:
    """Runs `docker …`; returns what it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def exists(kind: str, name: str) -> bool:
    """Returns whether Docker has a `container`, `volume` or `image` of that name."""
    return subprocess.run(["docker", kind, "inspect", name], capture_output=True, check=False).returncode == 0


def volumes_of(container: str) -> set[str]:
    """Returns the named and the anonymous volumes that a container uses."""
    template = "{{range .Mounts}}{{.Name}} {{end}}"
    return set(docker("container", "inspect", "--format", template, container).split())


def login(database_config: Mapping[str, Any], **overrides: Any) -> psycopg.Connection[Any]:
    """Logs in with the values of the emitted block alone."""
    connection = {**database_config["connection"], **overrides}
    return psycopg.connect(
        host=connection["host"],
        port=connection["port"],
        user=connection["user"],
        password=connection["password"],
        dbname="postgres",
        autocommit=True,
        connect_timeout=60,
    )


def query(database_config: Mapping[str, Any], sql: str) -> Any:
    """Logs in with the emitted block and returns the first value of a query."""
    with login(database_config) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row[0] if row else None


def execute(database_config: Mapping[str, Any], sql: str) -> None:
    """Logs in with the emitted block and runs SQL statements."""
    with login(database_config) as connection:
        connection.execute(sql.encode())
