"""A fake of those parts of Azure that a Backstage with AzurePostgres uses.

A PostgreSQL that refuses connections without TLS and takes a principal's token for its password, and the services that
hand out tokens: a virtual machine's metadata service, App Service's token endpoint, and login.microsoftonline.com.
They are strict: a wrong request gets no token.
"""

import base64
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.backstage import node
from tests.backstage.azure import HOST, PRINCIPAL, SERVER_NAME
from tests.backstage.databases import databases, drop_databases
from tests.backstage.fake_server import Handler, detours, postgres, single, web_service

RESOURCE = "https://ossrdbms-aad.database.windows.net"
LOGIN = "login.microsoftonline.com"
METADATA_SERVICE = "169.254.169.254"
PRIVATE_NAME = HOST.replace(".", ".privatelink.", 1)
"""What the server's name is an alias of on a private network; its certificate does not carry it."""

ADMINS = (SERVER_NAME, PRINCIPAL["admin_name"])
VERSION = 17
CERTIFICATES = f"""
authority ca "CA of the contract tests"
authority other "CA of the contract tests"
server ca {HOST} {HOST} {HOST}
server ca {LOGIN} {LOGIN} {LOGIN}
"""
SETTINGS = (
    f"-c allow_system_table_mods=on -c ssl=on -c ssl_cert_file=/tmp/tls/{HOST}.pem -c ssl_key_file=/tmp/tls/{HOST}.key"
)


@dataclass
class Azure:
    """The fake, while it runs."""

    container: str
    """That of its PostgreSQL."""
    tls: Path
    """ca.pem, which its certificates can be checked with, and other.pem, an authority of the same name."""
    port: int
    password: str = field(repr=False)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    """Client id → the token that it gets."""
    secrets: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """Client id → its tenant and the secret, or signed assertion, that proves it at login.microsoftonline.com."""
    _issued: dict[str, str] = field(default_factory=dict, repr=False)
    header: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    """What App Service's token endpoint asks of its callers."""
    asked: list[str] = field(default_factory=list)
    """The token services that were asked, in order, such as "App Service" or "App Service: refused"."""
    ports: dict[str, int] = field(default_factory=dict)
    """Where the token services listen, by http and https."""

    def variables(self, authority: str = "ca", **more: str) -> dict[str, str]:
        """Returns the environment in which Node finds the fake where Azure would be, and trusts `authority` too."""
        places = {
            f"{HOST}:5432": self.port,
            f"{PRIVATE_NAME}:5432": self.port,
            f"{LOGIN}:443": self.ports["https"],
            f"{METADATA_SERVICE}:80": self.ports["http"],
        }
        return {**detours(places, self.tls / f"{authority}.pem"), **more}

    def app_service(self) -> dict[str, str]:
        """Returns the variables that App Service and Container Apps set for an application with a managed identity."""
        endpoint = f"http://127.0.0.1:{self.ports['http']}/msi/token"
        return {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": self.header}

    def workload_identity(self, folder: Path, client_id: str, tenant_id: str) -> dict[str, str]:
        """Returns the variables that AKS sets for a pod whose service account is that of `client_id`."""
        assertion = secrets.token_hex(32)
        self.secrets[client_id] = (tenant_id, assertion)
        return {
            "AZURE_CLIENT_ID": client_id,
            "AZURE_TENANT_ID": tenant_id,
            "AZURE_AUTHORITY_HOST": f"https://{LOGIN}/",
            "AZURE_FEDERATED_TOKEN_FILE": str(node.write_secret(folder / "token", assertion)),
        }

    def administrator(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Opens a session of the superuser that Azure keeps to itself."""
        return self.session("postgres", self.password, database)

    def psql(self, user: str, token: str, script: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        """Runs a script as `psqlCommand` would."""
        login = (
            f"host={HOST} hostaddr=127.0.0.1 port={self.port} dbname={database} user={conninfo_literal(user)} "
            f"sslmode=verify-full sslrootcert={self.tls / 'ca.pem'}"
        )
        environment = {**os.environ, "PGPASSWORD": token}
        return subprocess.run(
            ["psql", "--no-psqlrc", login], input=script, env=environment, capture_output=True, text=True, check=False
        )

    def session(self, user: str, password: str, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=HOST,
            hostaddr="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            dbname=database,
            sslmode="verify-full",
            sslrootcert=str(self.tls / "ca.pem"),
            connect_timeout=30,
            autocommit=True,
        )

    def databases(self) -> set[str]:
        with self.administrator() as session:
            return databases(session)

    def reset(self) -> None:
        """Makes the server as it is after its deployment: the admins, no databases, no other roles, no principals."""
        self.tokens, self.secrets, self.asked = {}, {}, []
        with self.administrator() as session:
            drop_databases(session)
            roles = session.execute("SELECT rolname FROM pg_roles WHERE oid >= 16384").fetchall()
            for database in ("template1", "postgres"):
                with self.administrator(database) as inside:
                    inside.execute("ALTER SCHEMA public OWNER TO pg_database_owner")
                    for (name,) in roles:
                        inside.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
            for (name,) in roles:
                session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
            session.execute("CREATE ROLE azure_pg_admin")
            for name in ADMINS:
                create = "CREATE ROLE {} LOGIN CREATEDB CREATEROLE IN ROLE azure_pg_admin"
                session.execute(sql.SQL(create).format(sql.Identifier(name)))
        # The schema public belongs to azure_pg_admin in all versions.
        for database in ("postgres", "template1"):
            with self.administrator(database) as session:
                session.execute("ALTER SCHEMA public OWNER TO azure_pg_admin")

    def allow_login(self, role: str, client_id: str) -> str:
        """Makes `client_id` the principal behind `role`. Returns its token, which is always the same."""
        token = self.tokens[client_id] = self._issued.setdefault(client_id, new_token())
        with self.administrator() as session:
            session.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(token)))
        return token


def conninfo_literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def label_provider(folder: Path, version: int) -> Path:
    """Compiles a module for this version with which PostgreSQL accepts security labels for pgaadauth."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.fail("A C compiler is missing: install gcc.")
    library = folder / "pgaadauth.so"
    source = Path(__file__).with_name("pgaadauth.c")
    subprocess.run([compiler, "-shared", "-fPIC", f"-DPG_MAJOR={version}", "-o", library, source], check=True)
    return library


def new_token() -> str:
    """Returns a token as long as Microsoft's, and of their form."""
    return ".".join(base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (90, 990, 258))


@contextmanager
def azure(folder: Path, version: int = VERSION) -> Iterator[Azure]:
    """Runs the fake for the time of a with block. `folder` is for its certificates."""
    with ExitStack() as stack:
        server = stack.enter_context(
            postgres(
                folder,
                version,
                certificates=CERTIFICATES,
                superuser="postgres",
                rule="hostssl all all all password",
                settings=f"{SETTINGS} -c shared_preload_libraries=/tmp/pgaadauth.so",
                options=("--volume", f"{label_provider(folder, version)}:/tmp/pgaadauth.so:ro"),
            )
        )
        running = Azure(server.container, server.tls, server.port, server.password)
        running.ports["http"] = stack.enter_context(web_service(token_service(running, "http")))
        secure = web_service(token_service(running, "https"), server.tls / f"{LOGIN}.pem")
        running.ports["https"] = stack.enter_context(secure)
        yield running


def token_service(running: Azure, scheme: str) -> type[Handler]:
    """Returns the metadata service and App Service's endpoint for http, login.microsoftonline.com for https."""

    class TokenService(Handler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = single(address.query)
            version = query.get("api-version")
            if scheme == "https":
                self.grant(None, f"unexpected {address.path}")
            elif address.path == "/metadata/identity/oauth2/token":
                self.managed_identity("metadata service", query, version == "2018-02-01", "Metadata", "true")
            elif address.path == "/msi/token":
                self.managed_identity(
                    "App Service", query, version == "2019-08-01", "X-IDENTITY-HEADER", running.header
                )
            else:
                self.grant(None, f"unexpected {address.path}")

        def do_POST(self) -> None:
            form = single(self.read())
            client_id = form.get("client_id", "")
            tenant, proof = running.secrets.get(client_id, (None, None))
            allowed = (
                scheme == "https"
                and self.path.split("?")[0] == f"/{tenant}/oauth2/v2.0/token"
                and form.get("grant_type") == "client_credentials"
                and f"{RESOURCE}/.default" in form.get("scope", "").split()
                and proof in (form.get("client_secret"), form.get("client_assertion"))
            )
            kind = "assertion" if "client_assertion" in form else "secret"
            self.grant(client_id if allowed else None, f"{LOGIN} by {kind}")

        def managed_identity(
            self, service: str, query: Mapping[str, str], version: bool, header: str, value: str
        ) -> None:
            allowed = version and self.headers[header] == value and query.get("resource") == RESOURCE
            self.grant(query.get("client_id") if allowed else None, service)

        def grant(self, client_id: str | None, service: str) -> None:
            token = running.tokens.get(client_id or "")
            running.asked.append(service if token else f"{service}: refused")
            lifetime = 24 * 3600
            body: dict[str, Any] = {"error": "invalid_client", "error_description": "refused by the fake"}
            if token:
                expiry = int(time.time()) + lifetime
                body = {"token_type": "Bearer", "access_token": token, "client_id": client_id, "resource": RESOURCE}
                body |= {"expires_in": lifetime} if scheme == "https" else {"expires_on": str(expiry)}
            self.answer(200 if token else 400, body)

    return TokenService
