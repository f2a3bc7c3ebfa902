"""The SQL of AzurePostgres and of docs/azure.md, on servers with the roles and rights that Azure documents."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from tests.backstage.azure import CLIENT, IDENTITY_CLIENT, PRINCIPAL, SERVER_NAME, USER, outputs
from tests.backstage.fake_azure import Azure

APPLICATION = PRINCIPAL["admin_name"]
PAGE = Path(__file__).parents[2] / "docs" / "azure.md"


pytestmark = pytest.mark.xdist_group("backstage_azure")


@pytest.fixture(params=[15, 16, 17, 18])
def server(request: pytest.FixtureRequest, azure_server: Callable[[int], Azure]) -> Azure:
    server = azure_server(request.param)
    server.allow_login(APPLICATION, CLIENT)
    server.allow_login(SERVER_NAME, IDENTITY_CLIENT)
    return server


def create_database(server: Azure, owner: str) -> None:
    """Creates the database, as Azure does for the component in schema mode."""
    with server.administrator() as session:
        session.execute(sql.SQL("CREATE DATABASE backstage OWNER {}").format(sql.Identifier(owner)))


def on_the_page(name: str) -> str:
    """Returns the block of docs/azure.md that starts with ```sql NAME."""
    found = re.search(rf"^```sql {name}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/azure.md has no block {name}"
    return found[1]


@pytest.mark.parametrize("division", ["database", "schema"])
def test_bootstrap_sql_gives_the_rights_that_backstage_needs(server: Azure, division: str) -> None:
    create_database(server, owner=APPLICATION)
    script = outputs(**PRINCIPAL, **USER, client_id=CLIENT, plugin_division_mode=division)["bootstrap_sql"]
    done = server.psql(APPLICATION, server.tokens[CLIENT], script)
    assert (done.returncode, done.stderr) == (0, "")
    token = server.allow_login(USER["user"], CLIENT)
    work = "CREATE SCHEMA catalog; CREATE TABLE catalog.entities ();"
    if division == "database":
        work = "CREATE DATABASE backstage_plugin_x;\n\\connect backstage_plugin_x\nCREATE TABLE entities ();"
    done = server.psql(USER["user"], token, "\\set ON_ERROR_STOP on\n" + work, "backstage")
    assert done.returncode == 0, done.stderr


def test_bootstrap_sql_ends_with_an_error_when_a_grant_only_warned(server: Azure) -> None:
    create_database(server, owner=SERVER_NAME)
    script = outputs(**PRINCIPAL, **USER, client_id=CLIENT, plugin_division_mode="schema")["bootstrap_sql"]
    done = server.psql(APPLICATION, server.tokens[CLIENT], script)
    assert done.returncode != 0
    assert "it may not create schemas in the database backstage" in done.stderr
    with server.administrator() as session:
        assert session.execute("SELECT FROM pg_roles WHERE rolname = %s", [USER["user"]]).fetchall() == []


def test_a_second_run_of_bootstrap_sql_changes_nothing_and_says_so(server: Azure) -> None:
    script = outputs(**PRINCIPAL, **USER, client_id=CLIENT)["bootstrap_sql"]
    assert server.psql(APPLICATION, server.tokens[CLIENT], script).returncode == 0
    done = server.psql(APPLICATION, server.tokens[CLIENT], script)
    assert done.returncode != 0
    assert "already exists" in done.stderr


def work_as(server: Azure, user: str, token: str) -> None:
    script = "\\set ON_ERROR_STOP on\nCREATE DATABASE backstage_plugin_x;\n\\connect backstage_plugin_x\n"
    done = server.psql(user, token, script + "CREATE TABLE entities (); CREATE SCHEMA s;")
    assert done.returncode == 0, done.stderr


def test_a_new_admin_can_work_with_what_the_old_one_handed_over(server: Azure) -> None:
    old, new = server.tokens[IDENTITY_CLIENT], server.tokens[CLIENT]
    work_as(server, SERVER_NAME, old)
    alter = "\\set ON_ERROR_STOP on\nALTER TABLE entities ADD x int; CREATE TABLE s.more ();"
    assert "must be owner" in server.psql(APPLICATION, new, alter, "backstage_plugin_x").stderr
    done = server.psql(SERVER_NAME, old, on_the_page("hand-over"), "backstage_plugin_x")
    assert (done.returncode, done.stderr) == (0, "")
    done = server.psql(APPLICATION, new, alter, "backstage_plugin_x")
    assert done.returncode == 0, done.stderr


def test_an_admin_can_take_over_when_the_old_principal_is_gone(server: Azure) -> None:
    """Azure lets members of azure_pg_admin manage other roles, which plain PostgreSQL says by ADMIN OPTION."""
    new = server.tokens[CLIENT]
    work_as(server, SERVER_NAME, server.tokens[IDENTITY_CLIENT])
    with server.administrator() as session:
        session.execute(
            sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(sql.Identifier(SERVER_NAME), sql.Identifier(APPLICATION))
        )
    script = on_the_page("take-over").replace("old principal", SERVER_NAME)
    done = server.psql(APPLICATION, new, "\\set ON_ERROR_STOP on\n" + script, "backstage_plugin_x")
    assert done.returncode == 0, done.stderr
    done = server.psql(
        APPLICATION, new, "\\set ON_ERROR_STOP on\nALTER TABLE entities ADD x int;", "backstage_plugin_x"
    )
    assert done.returncode == 0, done.stderr
