"""Servers that tests of several files share: each test finds its server as it was when it was new.

One is made by the real LocalPostgres on the real engine; the others are fakes of Azure's and Google's.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.backstage import fake_azure, fake_cloud_sql, node
from tests.engine.conftest import reserve_port
from tests.engine.stack import Stack

PASSWORD = 'pä漢😀 089 ${POSTGRES_USER} $${X} $HOME it\'s "#1": \\n {a} `'


@pytest.fixture(autouse=True)
def release(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sets the release of Backstage that the test runs with: the newest, unless node.both_releases says otherwise."""
    chosen = getattr(request, "param", node.NEWEST)
    monkeypatch.setattr(node, "release", chosen)
    return chosen


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Yields the outputs of a stack that is up; its password is hard for every link of the chain."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.configure("local.port", reserve_port())
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
    """Opens a session on that PostgreSQL, next to Backstage's own."""
    login = {key: postgres["databaseConfig"]["connection"][key] for key in ("host", "port", "user", "password")}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def _azure_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], fake_azure.Azure]]:
    with ExitStack() as running:
        yield functools.cache(
            lambda version: running.enter_context(fake_azure.azure(tmp_path_factory.mktemp("azure"), version))
        )


@pytest.fixture
def azure_server(_azure_servers: Callable[[int], fake_azure.Azure]) -> Callable[[int], fake_azure.Azure]:
    """Returns a function: major version of PostgreSQL → fake Azure, as it is after its deployment."""

    def server(version: int) -> fake_azure.Azure:
        _azure_servers(version).reset()
        return _azure_servers(version)

    return server


@pytest.fixture(scope="session")
def _cloud_sql_instances(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[int], fake_cloud_sql.Instance]]:
    with ExitStack() as running:
        yield functools.cache(
            lambda version: running.enter_context(
                fake_cloud_sql.cloud_sql(tmp_path_factory.mktemp("instance"), version)
            )
        )


@pytest.fixture
def cloud_sql_instance(
    _cloud_sql_instances: Callable[[int], fake_cloud_sql.Instance],
) -> Callable[[int], fake_cloud_sql.Instance]:
    """Returns a function: major version of PostgreSQL → fake instance of Cloud SQL, without users."""

    def instance(version: int) -> fake_cloud_sql.Instance:
        _cloud_sql_instances(version).reset()
        return _cloud_sql_instances(version)

    return instance
