"""A whole Backstage must start with the least rights that `bootstrap_sql` grants, and not start without them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.existing.login_proof import check_login
from components.existing.validation import connection_ssl
from components.login import LoginError
from tests.backstage.backend import TOKEN
from tests.backstage.existing import NAME, PASSWORD, USER, Existing, existing
from tests.backstage.runner import Runner, runner

VERSIONS = [pytest.param(version, marks=pytest.mark.xdist_group(f"existing_{version}")) for version in (17, 15)]
PLUGINS = ["auth", "catalog", "search"]
SCHEMA = {"plugin_division_mode": "schema"}
CATALOG = "/api/catalog/entities"

MODES: dict[str, dict[str, Any]] = {
    "databases": {},
    "schemas": SCHEMA,
    "databases made beforehand": {"ensure_exists": False, "plugins": PLUGINS},
    "schemas in a given database": {**SCHEMA, "ensure_exists": False, "ensure_schema_exists": True},
    "schemas made beforehand": {**SCHEMA, "ensure_exists": False, "plugins": PLUGINS},
    "databases with a prefix": {
        "ensure_exists": False,
        "plugins": PLUGINS,
        "database_options": {"prefix": "portal-1_"},
    },
    "schemas with a prefix": {
        **SCHEMA,
        "ensure_exists": False,
        "plugins": PLUGINS,
        "database_options": {"schemaPrefix": "portal_"},
    },
    "databases of a role": {"role": "backstage_owner"},
    "schemas of a role": {**SCHEMA, "role": "backstage_owner"},
    "schemas of a role made beforehand": {
        **SCHEMA,
        "role": "backstage_owner",
        "ensure_exists": False,
        "plugins": PLUGINS,
    },
}


@pytest.fixture(scope="module", params=VERSIONS)
def any_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Existing]:
    with existing(tmp_path_factory.mktemp("existing"), request.param) as running:
        yield running


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Starts the process in which logins and backends run one after another."""
    with runner(tmp_path_factory.mktemp("runner")) as running:
        yield running


@pytest.fixture
def server(any_server: Existing) -> Existing:
    any_server.reset()
    return any_server


def lock_down(server: Existing, mode: dict[str, Any]) -> None:
    """Does what a careful DBA does: creates the databases, in which nobody may do anything."""
    server.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
    prefix = mode.get("database_options", {}).get("prefix", "backstage_plugin_")
    made = [f"{prefix}{plugin}" for plugin in mode.get("plugins", [])]
    for database in ["backstage"] if "plugin_division_mode" in mode else made:
        server.execute(f'CREATE DATABASE "{database}"', f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        server.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC", database=database)


def start(runs: Runner, folder: Path, document: str) -> str:
    """Returns what the backend printed until it had started, with its plugins, or given up."""
    folder.mkdir()
    with runs.backend(folder, document) as running:
        running.wait_until(
            lambda: running.is_ready() or "Backend startup failed" in running.output, "being ready or giving up"
        )
        if running.is_ready():
            assert running.status(CATALOG, token=TOKEN) == 200, running.output
            assert running.status("/api/search/query?term=", token=TOKEN) == 200, running.output
            return f"{running.output}\nready"
        return running.output


def is_ready(output: str) -> bool:
    return output.endswith("\nready")


# Every mode on the newest server; on the oldest one what differs by version, the rights on databases and on schemas.
STARTS = [
    pytest.param(version.values[0], mode, marks=version.marks)
    for version, modes in zip(VERSIONS, (MODES, ("databases made beforehand", "schemas made beforehand")), strict=True)
    for mode in modes
]


@pytest.mark.parametrize(("any_server", "mode"), STARTS, indirect=["any_server"])
def test_backstage_starts_on_a_locked_down_server_after_the_sql_and_not_before(
    tmp_path: Path, runs: Runner, server: Existing, mode: str
) -> None:
    outputs = server.outputs(**MODES[mode])
    lock_down(server, MODES[mode])
    server.create_role(USER)
    before = start(runs, tmp_path / "before", outputs["app_config"])
    assert not is_ready(before), "the rights are not needed, so that the SQL proves nothing"
    assert re.search("permission denied|no schema has been selected|does not exist", before), before

    done = server.psql(outputs["bootstrap_sql"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Backstage has the rights it needs.\n")
    after = start(runs, tmp_path / "after", outputs["app_config"])
    assert is_ready(after), after


@pytest.mark.parametrize("mode", MODES)
def test_an_administrator_who_is_no_superuser_may_run_the_sql_and_run_it_again(server: Existing, mode: str) -> None:
    server.create_role("dba", "LOGIN CREATEROLE CREATEDB")
    script = server.outputs(**MODES[mode])["bootstrap_sql"]
    first, second = (server.psql(script, user="dba") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert not re.search("CREATE|GRANT|ALTER", second.stdout), "the second run did something"


@pytest.mark.parametrize("mode", MODES)
def test_the_sql_grants_nothing_more_than_is_needed(server: Existing, mode: str) -> None:
    args = MODES[mode]
    lock_down(server, args)
    assert server.psql(server.outputs(**args)["bootstrap_sql"]).returncode == 0
    with server.session() as session:
        roles = session.execute(
            "SELECT rolname FROM pg_roles WHERE rolcreatedb AND oid >= 16384"
            " UNION SELECT rolname FROM pg_roles WHERE (rolcreaterole OR rolsuper) AND oid >= 16384"
        ).fetchall()
        creates = session.execute(
            "SELECT datname FROM pg_database, pg_roles WHERE pg_roles.oid >= 16384"
            " AND has_database_privilege(pg_roles.oid, pg_database.oid, 'CREATE')"
        ).fetchall()
    creates_databases = args.get("ensure_exists", True) and "plugin_division_mode" not in args
    assert {name for (name,) in roles} == ({args.get("role", USER)} if creates_databases else set())
    creates_schemas = "plugin_division_mode" in args and "plugins" not in args
    assert {name for (name,) in creates} == ({"backstage"} if creates_schemas else set())


def test_an_administrator_who_may_not_grant_is_told_what_is_missing(server: Existing) -> None:
    """PostgreSQL itself only warns when a GRANT has no effect."""
    server.create_role("dba", "LOGIN CREATEROLE CREATEDB")
    server.execute("CREATE DATABASE backstage")
    done = server.psql(server.outputs(**SCHEMA)["bootstrap_sql"], user="dba")
    assert done.returncode != 0
    assert "has the rights it needs" not in done.stdout
    assert "Backstage still lacks: CREATE ON DATABASE backstage for backstage" in done.stderr


@pytest.mark.parametrize("name", ["o'neil", 'a"b', "back\\slash", "$check$ x", "100%s %I", ":name :'name'", "ünï cödé"])
def test_any_name_of_a_role_gets_its_rights(server: Existing, name: str) -> None:
    outputs = server.outputs(**SCHEMA, user=name, role=f"{name} owner")
    done = server.psql(outputs["bootstrap_sql"])
    assert done.returncode == 0, done.stderr
    with server.session() as session:
        roles = session.execute("SELECT rolname FROM pg_roles WHERE oid >= 16384").fetchall()
    assert {role for (role,) in roles} == {name, f"{name} owner"}


def test_search_may_fill_its_temporary_table_on_a_locked_down_server(server: Existing) -> None:
    args = MODES["schemas made beforehand"]
    lock_down(server, args)
    server.create_role(USER)
    as_backstage = (f"SET ROLE {USER}", "CREATE TEMP TABLE documents (id int)")
    with pytest.raises(psycopg.Error, match="permission denied to create temporary tables"):
        server.execute(*as_backstage, database="backstage")
    assert server.psql(server.outputs(**args)["bootstrap_sql"]).returncode == 0
    server.execute(*as_backstage, database="backstage")


TLS: dict[str, tuple[dict[str, Any], str]] = {
    "none, and the server wants it": ({"ssl_mode": "disable"}, "no pg_hba.conf entry"),
    "encrypted": ({"ssl_mode": "require"}, ""),
    "the authority and the name": ({"ssl_mode": "verify-full", "ca": "ca", "ssl_server_name": NAME}, ""),
    "another authority": ({"ssl_mode": "verify-full", "ca": "other", "ssl_server_name": NAME}, "certificate|TLS"),
    "no authority": ({"ssl_mode": "verify-full", "ssl_server_name": NAME}, "certificate|TLS"),
    "another name": ({"ssl_mode": "verify-full", "ca": "ca", "ssl_server_name": "db.example.org"}, "altnames|TLS"),
    "only the address": ({"ssl_mode": "verify-full", "ca": "ca"}, "altnames|TLS"),
}
"""Arguments, and a pattern of the error if the login must fail; `ca` names a certificate of the server's."""


@pytest.mark.parametrize("case", TLS)
def test_backstage_and_the_proof_of_the_login_agree_about_tls(
    server: Existing, runs: Runner, tmp_path: Path, case: str
) -> None:
    args, refusal = TLS[case]
    server.create_role("vendor", "LOGIN CREATEDB")
    given = {name: value for name, value in args.items() if name != "ca"}
    if "ca" in args:
        given["ssl_ca_certificate"] = (server.server.tls / f"{args['ca']}.pem").read_text()
    done = runs.login(tmp_path, server.outputs(user="vendor", **given)["app_config"])
    place = {"host": server.host, "port": server.server.port, "ssl": ssl_of(**given)}
    if refusal:
        assert done.returncode != 0
        assert re.search(refusal, done.stderr), done.stderr
        with pytest.raises(LoginError, match=refusal):
            check_login(place, "vendor", PASSWORD, "postgres")
    else:
        assert done.returncode == 0, done.stderr
        check_login(place, "vendor", PASSWORD, "postgres")


def ssl_of(ssl_mode: str, ssl_ca_certificate: str | None = None, ssl_server_name: str | None = None) -> Any:
    return connection_ssl(ssl_mode, ssl_ca_certificate, ssl_server_name)
