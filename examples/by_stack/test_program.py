"""Tests what each stack tells Backstage, without an engine, Docker or a cloud: run with `pytest`."""

import runpy
from pathlib import Path

import pulumi
import pytest
import yaml
from backstage_database.testing import Run, run


def program() -> None:
    runpy.run_path(str(Path(__file__).with_name("__main__.py")))


def of(stack: str) -> Run:
    return run(program, stack=stack)


@pytest.mark.parametrize(
    ("stack", "type_", "secret"),
    [("dev", "default", True), ("staging", "azure", False), ("production", "cloudsql", False)],
)
def test_every_stack_has_a_block_and_only_a_password_makes_it_secret(stack: str, type_: str, secret: bool) -> None:
    block = of(stack)["appConfig"]
    connection = yaml.safe_load(block.value)["backend"]["database"]["connection"]
    assert connection["type"] == type_
    assert block.secret == secret


def test_production_is_protected() -> None:
    protected = {resource.name for resource in of("production").resources if resource.options.protect}
    assert {"portal-instance", "portal-database"} <= protected


def test_another_stack_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="use dev, staging or production"):
        of("test")
