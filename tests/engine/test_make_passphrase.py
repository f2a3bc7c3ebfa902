"""The generated passphrase lives as long as anything that was encrypted with it, and no longer.

That `make down` removes it together with all else is in test_make.py. Where the database does not matter, the stack has
one that exists already, which takes no time.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .checkout import Checkout


def pulumi(checkout: Checkout, *words: str) -> str:
    """Runs `pulumi` as the README says, with the tools and the state of `make up`; returns what it printed."""
    code, printed = checkout.run("python3", "-m", "bootstrap", "run", "pulumi", *words)
    assert code == 0, printed
    return printed


def set_secret_password(checkout: Checkout, password: str) -> None:
    pulumi(checkout, "config", "set", "--stack", "dev", "--path", "--secret", "existing.password", password)
    assert "secure:" in checkout.settings.read_text()


@pytest.fixture
def quick(checkout: Checkout) -> Checkout:
    """A checkout whose stack has an existing database that nothing connects to, with a password to encrypt."""
    existing = {"host": "db.example.com", "user": "backstage", "password": "kept in the state"}
    checkout.settings.write_text(yaml.safe_dump({"config": {"database": "existing", "existing": existing}}))
    return checkout


def down(checkout: Checkout, **variables: str) -> str:
    """Runs `make down`, which must work; returns what it printed."""
    code, printed = checkout.make("down", **variables)
    assert code == 0, printed
    return printed


def test_up_down_up_works_with_secret_values_set_in_between(quick: Checkout) -> None:
    """One is set while the stack is down, when there is no passphrase any longer; one while it is up."""
    quick.up()
    down(quick)
    pulumi(quick, "stack", "init", "dev")
    set_secret_password(quick, "set while down")
    quick.up()
    assert quick.database_config()["connection"]["password"] == "set while down"

    set_secret_password(quick, "set while up")
    quick.up()
    assert "stays: Pulumi.dev.yaml may be encrypted with it" in down(quick)
    quick.up()
    assert quick.database_config()["connection"]["password"] == "set while up"


@pytest.mark.parametrize("style", [yaml.safe_dump, json.dumps], ids=["YAML", "JSON"])
def test_a_salt_taken_out_of_the_settings_does_not_come_back(quick: Checkout, style: Callable[[Any], str]) -> None:
    """As the message about an incorrect passphrase advises for settings of another stack."""
    settings = yaml.safe_load(quick.settings.read_text())
    quick.settings.write_text(style(settings))
    quick.up()
    foreign = "v1:QpKk1Y++kR8=:v1:kZt9Sy/scpXHmjlc:b5/C+vM="
    quick.settings.write_text(style({**settings, "encryptionsalt": foreign}))
    code, printed = quick.make("up")
    assert code != 0
    assert "delete its `encryptionsalt` line" in printed
    quick.settings.write_text(style(settings))
    quick.up()


def test_down_keeps_the_passphrase_of_another_stack_in_the_same_backend(quick: Checkout) -> None:
    quick.up()
    pulumi(quick, "stack", "init", "other")
    down(quick)
    assert (quick.state / "passphrase").exists()
    pulumi(quick, "config", "set", "--stack", "other", "--secret", "readable", "still")
    assert pulumi(quick, "config", "get", "--stack", "other", "readable").strip() == "still"
    pulumi(quick, "stack", "rm", "--yes", "--stack", "other")


def test_a_backend_of_the_users_own_keeps_its_passphrase(quick: Checkout, tmp_path: Path) -> None:
    """Other stacks there may be encrypted with it, and only the user knows when none is."""
    backend = tmp_path / "backend"
    backend.mkdir()
    own = {"PULUMI_BACKEND_URL": backend.as_uri()}
    code, printed = quick.make("up", **own)
    assert code == 0, printed
    passphrase = (quick.state / "passphrase").read_text()
    assert "stays: stacks in your own backend may be encrypted with it" in down(quick, **own)
    assert (quick.state / "passphrase").read_text() == passphrase


def test_two_backends_in_one_checkout_do_not_disturb_each_other(checkout: Checkout, tmp_path: Path) -> None:
    checkout.up()
    backend = tmp_path / "backend"
    backend.mkdir()
    own = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "of the user's own"}
    code, printed = checkout.make("env", **own)
    assert code != 0
    assert "The stack dev has no database. Run: make up" in printed
    code, printed = checkout.make("up", **own)
    assert code != 0, printed
    assert f"has port {checkout.port}" in printed, "it is another stack, with a database of its own"
    assert "Traceback" not in printed
    assert "Traceback" not in down(checkout, **own)
    checkout.up()
