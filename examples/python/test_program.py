"""Tests what Backstage is told, without an engine or Docker: run with `pytest`."""

import runpy
from pathlib import Path

import yaml
from backstage_database.testing import run

CONTAINER = "docker:index/container:Container"


def program() -> None:
    runpy.run_path(str(Path(__file__).with_name("__main__.py")))


def test_backstage_finds_its_database_on_the_network_that_both_are_on() -> None:
    results = run(program, config={"image": "backstage"})
    backstage, database = results.resource(CONTAINER, "portal"), results.resource(CONTAINER, "portal-database-postgres")
    assert backstage.inputs["networksAdvanced"] == database.inputs["networksAdvanced"]
    (upload,) = backstage.inputs["uploads"]
    connection = yaml.safe_load(upload["content"])["backend"]["database"]["connection"]
    assert (connection["host"], connection["port"]) == ("portal-database-postgres-0000000", 5432)


def test_the_password_is_a_secret_on_its_way_to_backstage() -> None:
    backstage = run(program, config={"image": "backstage"}).resource(CONTAINER, "portal")
    assert "uploads" in backstage.secret_inputs
