"""A PostgreSQL server that Pulumi did not create, and the outputs of ExistingPostgres for it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from components import ExistingPostgres
from components.testing import run
from tests.backstage.databases import drop_databases
from tests.backstage.fake_server import Server, postgres
from tests.backstage.postgres_versions import IMAGES

# The name is in the certificate; nothing resolves it.
NAME = "db.example.com"
CERTIFICATES = f'authority ca "Company CA"\nserver ca db {NAME} {NAME}\nauthority other "Company CA"\n'
SETTINGS = "-c ssl=on -c ssl_cert_file=/tmp/tls/db.pem -c ssl_key_file=/tmp/tls/db.key"
RULE = "hostssl all all all scram-sha-256\nhostnossl all postgres,dba,backstage all scram-sha-256"

USER = "backstage"
PASSWORD = "of all roles but the superuser"


@dataclass
class Existing:
    server: Server
    version: int

    @property
    def image(self) -> str:
        """Returns the image whose psql is used."""
        return IMAGES.get(self.version, IMAGES[17])

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def outputs(self, **args: Any) -> dict[str, Any]:
        """Returns the values of the component's outputs for this server."""

        def program() -> dict[str, Any]:
            arguments: Any = {"host": self.host, "port": self.server.port, "user": USER, "password": PASSWORD, **args}
            database = ExistingPostgres("db", arguments)
            return {name: getattr(database, name) for name in ExistingPostgres.__annotations__}

        return {name: resolved.value for name, resolved in run(program).outputs.items()}

    @contextmanager
    def session(self, database: str = "postgres", user: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        password = {"postgres": self.server.password}.get(user, PASSWORD)
        login = {"host": self.host, "port": self.server.port, "user": user, "password": password}
        with psycopg.connect(**login, dbname=database, autocommit=True) as session:
            yield session

    def execute(self, *statements: str, database: str = "postgres", user: str = "postgres") -> None:
        with self.session(database, user) as session:
            for statement in statements:
                session.execute(statement.encode())

    def create_role(self, name: str, attributes: str = "LOGIN") -> None:
        """Creates a role whose password is PASSWORD."""
        role = sql.SQL(f"CREATE ROLE {{}} {attributes} PASSWORD {{}}")  # pyright: ignore[reportArgumentType]
        with self.session() as session:
            session.execute(role.format(sql.Identifier(name), sql.Literal(PASSWORD)))

    def psql(self, script: str, user: str = "postgres") -> subprocess.CompletedProcess[str]:
        """Runs a script as an administrator does: `psql … < script`, with the psql next to the server."""
        login = ("-h", "127.0.0.1", "-U", user, "-d", "postgres")
        return subprocess.run(
            ["docker", "exec", "--interactive", "--env", "PGPASSWORD", self.server.container, "psql", "-X", *login],
            env={**os.environ, "PGPASSWORD": self.server.password if user == "postgres" else PASSWORD},
            input=script,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    def reset(self) -> None:
        """Makes the server as it was when it was installed."""
        with self.session() as session:
            drop_databases(session)
            session.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")
            for (name,) in session.execute("SELECT rolname FROM pg_roles WHERE oid >= 16384").fetchall():
                role = sql.Identifier(name)
                session.execute(sql.SQL("DROP OWNED BY {}").format(role))
                session.execute(sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def existing(folder: Path, version: int) -> Iterator[Existing]:
    """Runs such a server for the time of a with block. `folder` is for its certificates."""
    with postgres(
        folder, version, certificates=CERTIFICATES, superuser="postgres", rule=RULE, settings=SETTINGS
    ) as server:
        yield Existing(server, version)
