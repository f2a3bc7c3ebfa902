"""The block's rendering. That Backstage's own loader agrees is tested in tests/backstage."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given

from components import backstage

from .documents import read, tricky_strings

CONNECTION = {"host": "127.0.0.1", "port": 5432, "user": "postgres", "password": "secret"}


def test_the_document_reads_as_the_guide_writes_it() -> None:
    assert backstage.app_config(backstage.database_config(CONNECTION)) == (
        "# null removes a key that an earlier app-config file sets: this means the same after any other file.\n"
        "backend:\n"
        "  database:\n"
        "    client: pg\n"
        "    connection:\n"
        "      type: default\n"
        "      host: 127.0.0.1\n"
        "      port: 5432\n"
        "      user: postgres\n"
        "      password: secret\n"
        "      ssl: false\n"
        "      connectionString: null\n"
        "    pluginDivisionMode: database\n"
        "    role: null\n"
        "    prefix: backstage_plugin_\n"
        "    ensureExists: true\n"
        "    plugin: null\n"
    )


def test_the_environment_form_names_the_guides_variables() -> None:
    literal = backstage.app_config(backstage.database_config(CONNECTION))
    assert backstage.app_config_from_env(backstage.database_config(CONNECTION)) == (
        literal.replace("127.0.0.1", "${POSTGRES_HOST}")
        .replace("5432", "${POSTGRES_PORT}")
        .replace("user: postgres", "user: ${POSTGRES_USER}")
        .replace("secret", "${POSTGRES_PASSWORD}")
    )


def test_the_environment_holds_a_string_for_every_variable_of_the_block() -> None:
    assert backstage.environment(backstage.database_config(CONNECTION)) == {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "secret",
    }


def test_a_connection_without_password_removes_one_and_names_no_variable() -> None:
    config = backstage.database_config({"type": "azure", "host": "db", "port": 5432, "user": "me", "password": None})
    assert "password: null\n" in backstage.app_config(config)
    assert "PASSWORD" not in backstage.app_config_from_env(config)
    assert "POSTGRES_PASSWORD" not in backstage.environment(config)


def test_the_connection_comes_first_and_absent_settings_have_their_default() -> None:
    config = backstage.database_config({"host": "db"}, pluginDivisionMode="schema", ensureExists=False, role=None)
    assert list(config)[:3] == ["client", "connection", "pluginDivisionMode"]
    assert (config["pluginDivisionMode"], config["ensureExists"], config["role"]) == ("schema", False, None)


@pytest.mark.parametrize("ssl", [None, False, True, {"rejectUnauthorized": True}])
def test_tls_that_needs_no_map_is_not_written_as_one(ssl: Any) -> None:
    """A map would be merged with the certificate authority of a file below."""
    assert backstage.database_config({"ssl": ssl})["connection"]["ssl"] is bool(ssl)


def test_rendering_leaves_the_block_as_it_is() -> None:
    config = backstage.database_config({**CONNECTION, "password": "${X}"})
    backstage.app_config(config)
    backstage.app_config_from_env(config)
    assert config["connection"]["password"] == "${X}"


def test_numbers_and_booleans_stay_bare() -> None:
    config = backstage.database_config({"port": 5432, "ssl": True})
    assert "port: 5432\n" in backstage.app_config(config)
    assert "ssl: true\n" in backstage.app_config(config)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "db-1.postgres.database.azure.com",
        "my-project:europe-west1:my-instance",
        "backstage@my-project.iam",
        "jo@example.com",
        "platform team",
        "5 minutes",
        "e",
        "0000000c-0000-4000-8000-00000000000a",
        "/cloudsql/my-project:region:db",
        "pa$$word",
    ],
)
def test_what_every_reader_takes_for_a_string_has_no_quotes(text: str) -> None:
    assert f"user: {text}\n" in backstage.app_config(backstage.database_config({"user": text}))


@pytest.mark.parametrize(
    "text", ["089", "1e5", "0o17", "0x1F", "1_000", "12:30:45", "2026-01-01", "yes", "y", "No", "null", "~", "", "5432"]
)
def test_what_some_reader_takes_for_something_else_has_quotes(text: str) -> None:
    assert f"user: '{text}'\n" in backstage.app_config(backstage.database_config({"user": text}))


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\u2028b", "a\x85b", "\ufeffa"])
def test_a_value_stays_on_its_line(text: str) -> None:
    document = backstage.app_config(backstage.database_config({"user": text}))
    same_lines = backstage.app_config(backstage.database_config({"user": "text"})).splitlines()
    assert len(document.splitlines()) == len(same_lines), document
    assert yaml.safe_load(document)["backend"]["database"]["connection"]["user"] == text


def test_equal_values_are_written_out_without_anchors() -> None:
    pool = {"max": 4}
    config = backstage.database_config(
        {}, knexConfig={"pool": pool}, plugin={"catalog": {"knexConfig": {"pool": pool}}}
    )
    assert backstage.app_config(config).count("max: 4\n") == 2


@given(tricky_strings)
@example("a${b}c")
@example("$${b}")
@example("${a{b}}")
@example("089")
@example("1e5")
@example("\x7f\x85\u2028\ufeff")
@example("😀")
def test_any_password_is_read_back_exactly_from_the_literal_form(password: str) -> None:
    config = backstage.database_config({**CONNECTION, "password": password})
    assert read(backstage.app_config(config)) == config


@given(tricky_strings)
def test_any_value_without_outer_spaces_survives_the_environment_form(user: str) -> None:
    config = backstage.database_config({**CONNECTION, "user": user.strip() or "x"})
    environment = backstage.environment(config)
    expected = {**config, "connection": {**config["connection"], "port": "5432"}}
    assert read(backstage.app_config_from_env(config), environment) == expected


@given(tricky_strings.filter(lambda text: len(text) > 3))
def test_the_environment_form_never_holds_the_password(password: str) -> None:
    config = backstage.database_config({"host": "h", "port": 1, "user": "u", "password": password})
    same_without = backstage.database_config({"host": "h", "port": 1, "user": "u", "password": "another"})
    assert backstage.app_config_from_env(config) == backstage.app_config_from_env(same_without)
