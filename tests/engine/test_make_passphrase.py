"""The generated passphrase lives as long as anything that was encrypted with it, and no longer."""

from pathlib import Path

import pytest

from .checkout import Checkout


def pulumi(checkout: Checkout, *words: str) -> str:
    """`pulumi` as the README says: with the tools and the state of `make up`."""
    code, printed = checkout.run("python3", "-m", "bootstrap", "run", "pulumi", *words)
    assert code == 0, printed
    return printed


def set_secret_password(checkout: Checkout, password: str) -> None:
    pulumi(checkout, "config", "set", "--stack", "dev", "--path", "--secret", "local.password", password)
    assert "secure:" in checkout.settings.read_text()


@pytest.mark.parametrize("order", ["while it is up", "while it is down"])
def test_up_down_up_works_with_a_secret_value_set_in_between(checkout: Checkout, order: str) -> None:
    checkout.up()
    if order == "while it is up":
        set_secret_password(checkout, "x")
        checkout.up()
    code, printed = checkout.make("down")
    assert code == 0, printed
    if order == "while it is up":
        assert "stays: Pulumi.dev.yaml may be encrypted with it" in printed
    else:
        pulumi(checkout, "stack", "init", "dev")
        set_secret_password(checkout, "x")
    checkout.up()
    assert checkout.database_config()["connection"]["password"] == "x"


def test_down_leaves_nothing_where_nothing_needs_the_passphrase(checkout: Checkout) -> None:
    checkout.up()
    code, printed = checkout.make("down")
    assert code == 0, printed
    assert "stays" not in printed
    assert not checkout.state.exists()
    assert checkout.make("down") == (0, "There is nothing to take down.\n")


def test_down_keeps_the_passphrase_of_another_stack_in_the_same_backend(checkout: Checkout) -> None:
    checkout.up()
    pulumi(checkout, "stack", "init", "other")
    code, printed = checkout.make("down")
    assert code == 0, printed
    assert (checkout.state / "passphrase").exists()
    pulumi(checkout, "config", "set", "--stack", "other", "--secret", "readable", "still")
    assert pulumi(checkout, "config", "get", "--stack", "other", "readable").strip() == "still"
    pulumi(checkout, "stack", "rm", "--yes", "--stack", "other")


def test_a_backend_of_the_users_own_keeps_its_passphrase(checkout: Checkout, tmp_path: Path) -> None:
    """Other stacks there may be encrypted with it, and only the user knows when none is."""
    backend = tmp_path / "backend"
    backend.mkdir()
    own = {"PULUMI_BACKEND_URL": backend.as_uri()}
    code, printed = checkout.make("up", **own)
    assert code == 0, printed
    passphrase = (checkout.state / "passphrase").read_text()
    code, printed = checkout.make("down", **own)
    assert code == 0, printed
    assert "stays: stacks in a backend of your own may be encrypted with it" in printed
    assert (checkout.state / "passphrase").read_text() == passphrase


def test_two_backends_in_one_checkout_do_not_disturb_each_other(checkout: Checkout, tmp_path: Path) -> None:
    checkout.up()
    backend = tmp_path / "backend"
    backend.mkdir()
    own = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "of the user's own"}
    code, printed = checkout.make("env", **own)
    assert code != 0
    assert "The stack dev has no database. Run: make up" in printed
    code, printed = checkout.make("up", **own)
    assert f"has port {checkout.port}" in printed, "it is another stack, with a database of its own"
    code, printed = checkout.make("down", **own)
    assert code == 0, printed
    checkout.up()
    assert "Traceback" not in printed
