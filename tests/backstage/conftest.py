"""One PostgreSQL for the folder, made by the real LocalPostgres on the real engine."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.backstage import node
from tests.backstage.ports import free_port
from tests.engine.stack import Stack

PASSWORD = 'pä漢😀 089 ${POSTGRES_USER} $${X} $HOME it\'s "#1": \\n {a} `'


@pytest.fixture(autouse=True)
def release(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The release of Backstage that the test runs with: the newest, unless node.both_releases says otherwise."""
    chosen = getattr(request, "param", node.NEWEST)
    monkeypatch.setattr(node, "release", chosen)
    return chosen


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The outputs of a stack that is up; its password is hard for every link of the chain."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.configure("local.port", free_port())
    stack.configure("local.password", PASSWORD, secret=True)
    try:
        result = stack.up()
        assert result.ok, f"the database for these tests did not come up:\n{result.output}"
        yield result.outputs
    finally:
        gone = stack.destroy()
        assert gone.ok, f"the database of these tests may still be there:\n{gone.output}"


@pytest.fixture
def administrator(postgres: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """A session on that PostgreSQL beside Backstage's own."""
    login = {key: postgres["databaseConfig"]["connection"][key] for key in ("host", "port", "user", "password")}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as connection:
        yield connection
