"""Backstage's DatabaseManager must work with the emitted block against the database that the component made."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bootstrap.dotenv import dotenv
from components import backstage
from tests.backstage import node

pytestmark = pytest.mark.xdist_group("backstage_postgres")

DOTENV_PASSWORD = "pä漢😀089{a}[b]*?!^%@+,./:_-=x"
"""As hard as a .env file can carry."""


def login(folder: Path, document: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    file = node.write_secret(folder / "app-config.yaml", document)
    return node.run(folder, "login.mjs", "--config", str(file), variables=variables)


def assert_worked(done: subprocess.CompletedProcess[str], user: str) -> None:
    assert done.returncode == 0, f"Backstage could not use the database:\n{done.stderr}"
    answer = json.loads(done.stdout)
    assert answer["database"] == "backstage_plugin_contract"
    assert answer["user"] == user
    assert answer["read"] == answer["written"]


@node.both_releases
def test_a_plugin_creates_writes_and_reads_with_the_literal_document(tmp_path: Path, postgres: dict[str, Any]) -> None:
    assert_worked(login(tmp_path, postgres["appConfig"]), postgres["user"])


def test_a_plugin_creates_writes_and_reads_with_the_document_of_variables(
    tmp_path: Path, postgres: dict[str, Any]
) -> None:
    assert_worked(login(tmp_path, postgres["appConfigFromEnv"], postgres["environment"]), postgres["user"])


@pytest.mark.parametrize("tool", node.DOTENV_TOOLS)
def test_a_plugin_creates_writes_and_reads_with_a_dotenv_file(
    tmp_path: Path, postgres: dict[str, Any], administrator: psycopg.Connection[Any], tool: str
) -> None:
    variables = {**postgres["environment"], "POSTGRES_USER": tool, "POSTGRES_PASSWORD": DOTENV_PASSWORD}
    role = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
    administrator.execute(role.format(sql.Identifier(tool), sql.Literal(DOTENV_PASSWORD)))
    document = node.write_secret(tmp_path / "app-config.yaml", postgres["appConfigFromEnv"])
    node.write_secret(tmp_path / ".env", dotenv(variables))
    login = ("node", str(node.FOLDER / "login.mjs"), "--config", str(document))
    assert_worked(node.run(tmp_path, node.DOTENV_TOOLS[tool], "--", *login), user=tool)


def test_a_wrong_password_is_refused_by_the_server(tmp_path: Path, postgres: dict[str, Any]) -> None:
    config = postgres["databaseConfig"]
    wrong = {**config, "connection": {**config["connection"], "password": "wrong"}}
    done = login(tmp_path, backstage.app_config(wrong))
    assert done.returncode != 0, "the server takes any password, so the other tests prove nothing"
    assert f'password authentication failed for user "{postgres["user"]}"' in done.stderr
