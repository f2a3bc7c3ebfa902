"""Logging in as a person, and least privilege."""

import shlex

from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components.azure.sql import bootstrap_sql, psql_command

from .cases import OBJECT, PRINCIPAL, USER, USER_OBJECT, create

# --- Logging in as a person, and least privilege


def test_the_psql_line_is_for_a_person_if_one_is_an_admin() -> None:
    line = create(server_name="srv", admin_groups={"DB Admins": USER_OBJECT})["psql_command"].value
    assert line == (
        'PGPASSWORD="$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)" '
        "psql 'host=srv.postgres.database.azure.com port=5432 dbname=postgres user='\"'\"'DB Admins'\"'\"' "
        "sslmode=verify-full sslrootcert=system'"
    )
    assert " user=srv " in create(server_name="srv")["psql_command"].value


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@example('it\'s \\ $HOME `id` "x"')
def test_any_name_survives_the_shell_and_libpq(user: str) -> None:
    assert conninfo_to_dict(shlex.split(psql_command("srv", user))[-1])["user"] == user


def test_in_database_mode_the_user_gets_the_right_to_create_databases() -> None:
    assert create(**PRINCIPAL, **USER)["bootstrap_sql"].value == (
        "-- Run once as an admin, on the database postgres.\n"
        f"SELECT * FROM pgaadauth_create_principal_with_oid('backstage', '{USER_OBJECT}', 'service', false, false);\n"
        'ALTER ROLE "backstage" CREATEDB;\n'
    )


def test_in_schema_mode_the_user_gets_the_right_to_create_schemas() -> None:
    sql = create(**PRINCIPAL, **USER, plugin_division_mode="schema")["bootstrap_sql"].value
    assert sql.endswith('GRANT CONNECT, CREATE ON DATABASE "backstage" TO "backstage";\n')


def test_names_are_quoted_in_the_sql() -> None:
    sql = bootstrap_sql("database", "backstage", "o'neil\"; --\\", OBJECT, "User")
    assert "(E'o''neil\"; --\\\\', " in sql
    assert 'ALTER ROLE "o\'neil""; --\\" CREATEDB;' in sql


def test_without_such_a_user_there_is_nothing_to_run() -> None:
    assert create()["bootstrap_sql"].value == "-- Nothing to run: Backstage connects as the server's admin.\n"
