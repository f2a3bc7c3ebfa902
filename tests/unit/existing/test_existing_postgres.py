"""ExistingPostgres: the block, the SQL and the login for a server that somebody else made."""

import shlex
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components.existing.sql import bootstrap_sql, psql_command
from components.existing.validation import Access, database_role
from components.inputs import ArgumentError
from tests.blocks import seen
from tests.unit.existing.cases import AUTHORITY, REMOTE, create
from tests.unit.inputs import output

STASH = "pulumi:index:Stash"
COMPONENT = "backstage-database:index:ExistingPostgres"


def block(**args: Any) -> dict[str, Any]:
    return seen(create(**{**REMOTE, **args})["database_config"].value)


# --- Outputs


def test_the_guides_server_gets_the_guides_block() -> None:
    results = create(host="127.0.0.1", user="postgres", password="secret")
    login = {"host": "127.0.0.1", "port": 5432, "user": "postgres", "password": "secret"}
    assert seen(results["database_config"].value) == {
        "client": "pg",
        "connection": {"type": "default", **login, "ssl": False},
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
    }


def test_every_output_agrees_with_the_block() -> None:
    results = create(**REMOTE, port=5433, password="${a} 'b'")
    assert (results["host"].value, results["port"].value, results["user"].value) == (
        "db.example.com",
        5433,
        "backstage",
    )
    assert results["environment"].value == {
        "POSTGRES_HOST": "db.example.com",
        "POSTGRES_PORT": "5433",
        "POSTGRES_USER": "backstage",
        "POSTGRES_PASSWORD": "${a} 'b'",
    }
    document = yaml.safe_load(results["app_config"].value)["backend"]["database"]
    assert document["connection"]["password"] == "$${a} 'b'", "escaped for Backstage's substitution"
    assert results["app_config_from_env"].value.count("${POSTGRES_") == 4


def test_without_a_password_none_is_in_the_block_and_nothing_is_secret() -> None:
    results = create(**REMOTE)
    assert results["database_config"].value["connection"]["password"] is None
    assert "POSTGRES_PASSWORD" not in results["app_config_from_env"].value
    assert {name for name, result in results.outputs.items() if result.secret} == set()


@pytest.mark.parametrize("password", ["x", output("x")])
def test_exactly_the_outputs_that_hold_the_password_are_secret(password: Any) -> None:
    results = create(**REMOTE, password=password, verify_login=True)
    secret = {name for name, result in results.outputs.items() if result.secret}
    assert secret == {"database_config", "app_config", "environment", "kubernetes_secret"}


def test_a_user_that_is_a_secret_stays_one_wherever_the_name_is() -> None:
    results = create(host="db.example.com", user=lambda: pulumi.Output.secret("jo"))
    public = {name for name, result in results.outputs.items() if not result.secret}
    assert public == {"host", "port", "app_config_from_env", "helm_values", "kubernetes_manifests"}
    assert not [name for name in public if "jo" in str(results[name].value)]


def test_a_server_that_is_not_this_machine_is_asked_for_verified_tls() -> None:
    assert block()["connection"]["ssl"] is True, "Node.js verifies unless it is told not to"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_on_this_machine_there_is_no_tls_unless_asked_for(host: str) -> None:
    assert block(host=host)["connection"]["ssl"] is False
    assert block(host=host, ssl_mode="require")["connection"]["ssl"] == {"rejectUnauthorized": False}


def test_the_authority_and_the_name_in_the_certificate_reach_nodes_tls() -> None:
    ssl = block(host="10.1.2.3", ssl_ca_certificate=AUTHORITY, ssl_server_name="db.example.com")["connection"]["ssl"]
    assert ssl == {"rejectUnauthorized": True, "ca": AUTHORITY, "servername": "db.example.com"}


def test_in_schema_mode_the_block_names_the_database() -> None:
    assert block(plugin_division_mode="schema") == {
        "client": "pg",
        "pluginDivisionMode": "schema",
        "ensureExists": True,
        "connection": {
            "type": "default",
            "host": "db.example.com",
            "port": 5432,
            "user": "backstage",
            "database": "backstage",
            "ssl": True,
        },
    }


def test_what_backstage_may_not_create_is_in_the_block() -> None:
    assert block(ensure_exists=False, plugins=["catalog"])["ensureExists"] is False
    schemas = block(plugin_division_mode="schema", ensure_exists=False, ensure_schema_exists=True)
    assert (schemas["ensureExists"], schemas["ensureSchemaExists"]) == (False, True)


def test_the_role_that_backstage_works_as_is_in_the_block() -> None:
    assert block(role="owner")["role"] == "owner"


MADE_BEFOREHAND = {**REMOTE, "ensure_exists": False, "plugins": ["catalog"]}


@pytest.mark.parametrize(
    ("args", "made"),
    [
        ({"database_options": {"prefix": "portal_"}}, "portal_catalog"),
        ({"plugin_division_mode": "schema", "database_options": {"schemaPrefix": "portal_"}}, "portal_catalog"),
        ({"plugin_division_mode": "schema", "database_options": {"prefix": "portal_"}}, "catalog"),
        ({"database_options": {"schemaPrefix": "portal_"}}, "backstage_plugin_catalog"),
    ],
)
def test_the_sql_makes_what_the_prefixes_name(args: dict[str, Any], made: str) -> None:
    sql = create(**MADE_BEFOREHAND, **args)["bootstrap_sql"].value
    assert f"'{made}'" in sql
    assert {f"'{name}'" in sql for name in {"portal_catalog", "catalog", "backstage_plugin_catalog"} - {made}} == {
        False
    }


def test_the_psql_command_opens_the_database_with_the_prefix() -> None:
    results = create(**MADE_BEFOREHAND, database_options={"prefix": "portal_"})
    assert "dbname=portal_catalog" in results["psql_command"].value


def test_a_secret_option_does_not_make_the_user_secret() -> None:
    results = create(**MADE_BEFOREHAND, database_options={"prefix": lambda: pulumi.Output.secret("portal_")})
    assert results["bootstrap_sql"].secret
    assert not results["user"].secret


@pytest.mark.parametrize("prefix", ["a b_", "dbname=x ", '"', "x" * 60])
def test_a_prefix_that_makes_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(
        ArgumentError, match='"database_options" has a prefix that gives no valid name with the plugin catalog'
    ):
        create(**MADE_BEFOREHAND, database_options={"prefix": prefix})


def test_the_elements_of_a_list_may_be_outputs() -> None:
    args = {**REMOTE, "ensure_exists": False}
    assert create(**args, plugins=[output("catalog"), "auth"]).outputs == (
        create(**args, plugins=["catalog", "auth"]).outputs
    )


# --- The proof of the login


def test_nothing_is_created_unless_a_login_is_asked_for() -> None:
    assert [resource.type for resource in create(**REMOTE).resources] == [COMPONENT]


def test_the_record_of_the_login_keeps_the_password_secret() -> None:
    """The login happens before the record is created."""
    record = create(**REMOTE, password="hunter2", verify_login=True).resource(STASH, "db-login")
    assert record.secret_inputs == {"input"}
    assert list(record.options.replaceOnChanges) == ["input"], "an update keeps the first password in the state"
    assert list(record.options.hooks.before_create) == ["db-logs-in"]
    assert record.options.parent.endswith(f"{COMPONENT}::db")


def test_the_login_is_on_the_database_that_backstage_opens_first() -> None:
    def database(**args: Any) -> str:
        return create(**REMOTE, verify_login=True, **args).resource(STASH).inputs["input"]["database"]

    assert database() == "postgres"
    assert database(plugin_division_mode="schema") == "postgres"
    schemas = {"plugin_division_mode": "schema", "ensure_exists": False}
    assert database(**schemas, ensure_schema_exists=True) == "backstage"
    assert database(ensure_exists=False, plugins=["catalog"]) == "backstage_plugin_catalog"


# --- SQL and the command line


def access(**values: Any) -> Access:
    defaults = {"role": None, "division": "database", "database_name": "backstage", "ensure_exists": True}
    return Access(**{"user": "backstage", **defaults, "ensure_schema_exists": False, "plugins": (), **values})


def test_the_sql_holds_no_password_and_stops_at_the_first_error() -> None:
    sql = create(**REMOTE, password="hunter2")["bootstrap_sql"].value
    assert "hunter2" not in sql
    assert "\\set ON_ERROR_STOP on\n" in sql
    assert "'ALTER ROLE %I CREATEDB', 'backstage'" in sql


@pytest.mark.parametrize("user", ["o'neil", 'a"b', "back\\slash", "$check$ x", "100%s %I", ":name :'name'", "ünï cödé"])
def test_every_name_is_one_literal_in_the_sql(user: str) -> None:
    quoted = user.replace("'", "''").replace("\\", "\\\\")
    sql = bootstrap_sql(access(user=user))
    assert (f"E'{quoted}'" if "\\" in user else f"'{quoted}'") in sql
    assert sql.count("$check_$" if "$check$" in user else "$check$") == 2, "the name ends the text that it stands in"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=15))
def test_the_command_line_logs_in_as_any_user(user: str) -> None:
    place = {"host": "db.example.com", "port": 5433, "ssl": None}
    program, login = shlex.split(psql_command(place, access(user=user)))
    assert program == "psql"
    assert conninfo_to_dict(login) == {
        "host": "db.example.com",
        "port": "5433",
        "dbname": "postgres",
        "user": user,
        "sslmode": "disable",
    }


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, {"sslmode": "verify-full", "sslrootcert": "system", "dbname": "postgres"}),
        ({"ssl_mode": "require"}, {"sslmode": "require"}),
        ({"ssl_ca_certificate": AUTHORITY}, {"sslmode": "verify-full", "sslrootcert": "ca.pem"}),
        ({"host": "10.1.2.3", "ssl_server_name": "db"}, {"host": "db", "hostaddr": "10.1.2.3"}),
        ({"plugin_division_mode": "schema", "database_name": "portal"}, {"dbname": "portal"}),
        ({"ensure_exists": False, "plugins": ["catalog"]}, {"dbname": "backstage_plugin_catalog"}),
    ],
)
def test_the_command_line_checks_what_backstage_checks(args: dict[str, Any], expected: dict[str, str]) -> None:
    line = create(**{**REMOTE, "password": "hunter2", **args})["psql_command"].value
    assert "hunter2" not in line
    assert conninfo_to_dict(shlex.split(line)[1]).items() >= expected.items()


# --- Wrong arguments


@pytest.mark.parametrize("argument", ["host", "user"])
def test_what_has_no_default_must_be_given(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'argument "{argument}" is missing, and it has no default'):
        create(**{name: value for name, value in REMOTE.items() if name != argument})


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=15))
def test_any_printable_name_of_a_role_is_a_user(user: str) -> None:
    assert database_role(user) == user
