"""A fake instance of Cloud SQL, for a Backstage with CloudSqlPostgres.

It is a PostgreSQL with Cloud SQL's roles and rights, in which `deploy` creates what CloudSqlPostgres has registered.
Google's connector reaches it through cloud_sql_edge.mjs, which replaces the Admin API and the guard of the instance,
and refuses principals without IAM bindings.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.backstage import node
from tests.backstage.cloud_sql import BINDING, DATABASE, INSTANCE, PROJECT, REGION, SERVER, USER, Declared
from tests.backstage.databases import databases, drop_databases
from tests.backstage.fake_server import Server, postgres

SUPERUSER = "cloudsqladmin"
CERTIFICATES = f'authority instance "{PROJECT}:{INSTANCE}"\n'
# The guard decides who may log in; PostgreSQL itself asks only the superuser, which Google keeps to itself.
RULE = f"host all {SUPERUSER} all password\nhost all all all trust"

PRELOAD = {"NODE_OPTIONS": f"--import={(node.FOLDER / 'cloud_sql_edge.mjs').as_uri()}"}
"""What Node reads when it starts, so that its Cloud SQL connector finds the instance."""

# https://cloud.google.com/sql/docs/postgres/users: no user of the public is a superuser.
SERVICE_ROLES = {
    "cloudsqlsuperuser": "NOLOGIN CREATEDB CREATEROLE",
    "cloudsqliamuser": "NOLOGIN",
    "cloudsqliamserviceaccount": "NOLOGIN",
    "cloudsqliamgroup": "NOLOGIN",
}
LOGINS = {
    "CLOUD_IAM_USER": "LOGIN IN ROLE cloudsqliamuser",
    "CLOUD_IAM_SERVICE_ACCOUNT": "LOGIN IN ROLE cloudsqliamserviceaccount",
    "CLOUD_IAM_GROUP": "NOLOGIN IN ROLE cloudsqliamgroup",
}


@dataclass
class Instance:
    server: Server
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Role in PostgreSQL → what was declared of it."""
    bindings: list[dict[str, Any]] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    """Kind of address, as the Admin API calls it → address."""

    def reset(self) -> None:
        """Makes the instance as a new one: Cloud SQL's own roles, and the databases that belong to them."""
        self.users, self.bindings, self.addresses = {}, [], {}
        with self.administrator() as session:
            drop_databases(session)
            for (name,) in session.execute("SELECT rolname FROM pg_roles WHERE oid >= 16384").fetchall():
                self.execute("REASSIGN OWNED BY {0} TO cloudsqladmin; DROP OWNED BY {0}; DROP ROLE {0}", name)
            for name, attributes in SERVICE_ROLES.items():
                self.execute(f"CREATE ROLE {{}} {attributes}", name)
            # hashicorp/terraform-provider-google#12968: the databases of a new instance belong to cloudsqlsuperuser.
            for name in ("postgres", "template1"):
                self.execute("ALTER DATABASE {} OWNER TO cloudsqlsuperuser", name)

    def deploy(self, declared: Declared) -> None:
        """Does what `pulumi up` does: first creates what is new, then drops what is gone."""
        (server,) = declared.of_type(SERVER)
        assert {"name": "cloudsql.iam_authentication", "value": "on"} in server["settings"]["databaseFlags"]
        network, outputs = server["settings"]["ipConfiguration"], declared.outputs
        kind = "PRIMARY" if network["ipv4Enabled"] else "PRIVATE" if "privateNetwork" in network else "PSC"
        self.addresses = {kind: outputs["host"]}
        self.bindings = declared.of_type(BINDING)
        users = {user["name"]: user for user in declared.of_type(USER)}
        for name in {database["name"] for database in declared.of_type(DATABASE)} - self.databases():
            self.execute("CREATE DATABASE {} OWNER cloudsqlsuperuser", name)
        for name, user in users.items():
            if name not in self.users:
                self.execute(f"CREATE ROLE {{}} {LOGINS[user['type']]}", name)
            # The API's `databaseRoles` with `revokeExistingRoles`.
            for role in set(self.users.get(name, {}).get("databaseRoles", [])) - set(user["databaseRoles"]):
                self.execute("REVOKE {1} FROM {0}", name, sql.Identifier(role))
            for role in user["databaseRoles"]:
                self.execute("GRANT {1} TO {0}", name, sql.Identifier(role))
        for name in self.users.keys() - users.keys():
            self.execute("DROP ROLE {}", name)
        self.users = users

    def join(self, group: str, member: str) -> None:
        """Adds a member to a group: at the first login Cloud SQL creates a role for the member."""
        self.execute("CREATE ROLE {} LOGIN", member)
        self.execute("GRANT {1} TO {0}", member, sql.Identifier(group))

    def environment(self, email: str, folder: Path) -> dict[str, str]:
        """Returns the variables with which the connector runs as that principal. Its log is in `folder`."""
        edge = {
            "project": PROJECT,
            "region": REGION,
            "instance": INSTANCE,
            "addresses": self.addresses,
            "port": self.server.port,
            "certificate": (self.server.tls / "instance.pem").read_text(),
            "roles": [one["role"] for one in self.bindings if one["member"].partition(":")[2] == email],
            "log": str(folder / "edge.log"),
        }
        return {**PRELOAD, "CLOUD_SQL_EDGE": json.dumps(edge)}

    def psql(self, command: str, as_member: str | None = None) -> psycopg.Connection[Any]:
        """Opens the session that psql of the output psql_command opens through the Auth Proxy."""
        (login,) = re.findall(r"psql (\"[^\"]*\")", command)
        told = conninfo_to_dict(shlex.split(login)[0].replace("$(gcloud config get account)", as_member or ""))
        place = {"hostaddr": "127.0.0.1", "port": self.server.port, "autocommit": True}
        return psycopg.connect(**{**told, "host": "localhost", **place})

    def administrator(self) -> psycopg.Connection[Any]:
        """Opens a session of the superuser that Google keeps to itself."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.server.port,
            user=SUPERUSER,
            password=self.server.password,
            dbname="postgres",
            autocommit=True,
        )

    def execute(self, statement: str, name: str, *more: sql.Composable) -> None:
        with self.administrator() as session:
            session.execute(sql.SQL(statement).format(sql.Identifier(name), *more))  # pyright: ignore[reportArgumentType]

    def databases(self) -> set[str]:
        with self.administrator() as session:
            return databases(session)


@contextmanager
def cloud_sql(folder: Path, version: int) -> Iterator[Instance]:
    """Runs the fake for the time of a with block."""
    with postgres(folder, version, certificates=CERTIFICATES, superuser=SUPERUSER, rule=RULE) as server:
        yield Instance(server)


def asked(folder: Path) -> list[Mapping[str, Any]]:
    """Returns what the connector asked and reached, in order."""
    log = folder / "edge.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
