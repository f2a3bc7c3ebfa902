"""A whole Backstage must start on the emitted documents and keep its data in the database that the component made."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.backstage import node
from tests.backstage.backend import TOKEN, backend
from tests.backstage.databases import databases, drop_databases

pytestmark = pytest.mark.xdist_group("backstage_postgres")

PLUGINS = {"backstage_plugin_auth", "backstage_plugin_catalog", "backstage_plugin_search"}
CATALOG = "/api/catalog/entities"


@pytest.fixture
def first_start(administrator: psycopg.Connection[Any]) -> None:
    """Removes what another backend left."""
    drop_databases(administrator)


@pytest.mark.usefixtures("first_start")
@pytest.mark.parametrize("form", ["appConfig", "appConfigFromEnv"])
@node.both_releases
def test_a_backend_gets_ready_serves_the_catalog_and_uses_this_database(
    tmp_path: Path, postgres: dict[str, Any], administrator: psycopg.Connection[Any], form: str
) -> None:
    variables = postgres["environment"] if form == "appConfigFromEnv" else {}
    with backend(tmp_path, postgres[form], variables) as running:
        running.wait_until(running.is_ready, "being ready")
        assert running.status(CATALOG) == 401, "the catalog answers anyone"
        assert running.status(CATALOG, token=TOKEN) == 200, running.output
        assert running.status("/api/search/query?term=", token=TOKEN) == 200, running.output
    assert databases(administrator) >= PLUGINS


def test_a_backend_with_a_wrong_password_says_so_and_does_not_get_ready(
    tmp_path: Path, postgres: dict[str, Any]
) -> None:
    wrong = {**postgres["environment"], "POSTGRES_PASSWORD": "wrong"}
    with backend(tmp_path, postgres["appConfigFromEnv"], wrong) as running:
        running.wait_until(lambda: "Backend startup failed" in running.output, "giving up")
        assert f'password authentication failed for user "{postgres["user"]}"' in running.output
        assert not running.is_ready()
