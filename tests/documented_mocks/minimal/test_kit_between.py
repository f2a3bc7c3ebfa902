"""The package's own test kit in the same run: the modules before and after it must not notice."""

from backstage_database import LocalPostgres
from backstage_database.testing import run


def program():
    return {"block": LocalPostgres("kit", {"port": 5434}).database_config}


def test_the_kit_gives_values_without_apply():
    assert run(program)["block"].value["connection"]["port"] == 5434


def test_the_kit_shows_what_a_preview_cannot_know():
    assert not run(program, preview=True)["block"].known
