"""Logging in as a person, and least privilege."""

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components.azure.sql import bootstrap_sql, psql_command

from .cases import (
    GROUP,
    OBJECT,
    PRINCIPAL,
    TENANT,
    USER,
    USER_OBJECT,
    create,
)


def test_the_psql_line_is_for_a_person_if_one_is_an_admin() -> None:
    line = create(server_name="srv", admin_groups={"DB Admins": USER_OBJECT}, tenant_id=TENANT)["psql_command"].value
    assert line == (
        f'PGPASSWORD="$(az account get-access-token --tenant {TENANT} --resource-type oss-rdbms '
        '--query accessToken --output tsv)" '
        "psql 'host=srv.postgres.database.azure.com port=5432 dbname=postgres user='\"'\"'DB Admins'\"'\"' "
        "sslmode=verify-full sslrootcert=system'"
    )
    assert " user=srv " in create(server_name="srv")["psql_command"].value


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@example('it\'s \\ $HOME `id` "x"')
def test_any_name_survives_the_shell_and_libpq(user: str) -> None:
    assert conninfo_to_dict(shlex.split(psql_command("srv", user, TENANT))[-1])["user"] == user


def test_in_database_mode_the_user_may_create_databases_and_tables_in_them() -> None:
    sql = create(**PRINCIPAL, **USER)["bootstrap_sql"].value
    assert 'CREATE ROLE "backstage" LOGIN CREATEDB;\n' in sql
    label = f"aadauth,oid={USER_OBJECT},type=service"
    assert f'SECURITY LABEL FOR "pgaadauth" ON ROLE "backstage" IS \'{label}\';\n' in sql
    on_template = sql.split("\\connect template1\n")[1]
    assert 'GRANT CREATE ON SCHEMA public TO "backstage";\n' in on_template


def test_in_schema_mode_the_user_may_create_schemas_and_no_databases() -> None:
    sql = create(**PRINCIPAL, **USER, plugin_division_mode="schema")["bootstrap_sql"].value
    assert 'CREATE ROLE "backstage" LOGIN;\n' in sql
    assert 'GRANT CONNECT, CREATE ON DATABASE "backstage" TO "backstage";\n' in sql
    assert "CREATEDB" not in sql


def test_a_created_identity_without_admin_rights_is_let_in_by_the_same_sql() -> None:
    sql = create(**GROUP, create_identity=True, server_name="srv")["bootstrap_sql"].value
    assert 'CREATE ROLE "srv" LOGIN CREATEDB;' in sql
    assert f"aadauth,oid={OBJECT},type=service" in sql


@pytest.mark.parametrize("division", ["database", "schema"])
def test_names_are_quoted_in_the_sql(division: str) -> None:
    sql = bootstrap_sql(division, 'back"stage', "o'neil\"; --\\ $check$", OBJECT, "User")
    assert 'CREATE ROLE "o\'neil""; --\\ $check$" LOGIN' in sql
    assert "rolname = E'o''neil\"; --\\\\ $check$'" in sql
    assert "DO $check_$" in sql


def test_without_such_a_user_there_is_nothing_to_run() -> None:
    assert create()["bootstrap_sql"].value == "-- Nothing to run: Backstage connects as the server's admin.\n"
