"""What a component keeps in the state, under mocks that know `pulumi.Stash` and under those that do not."""

from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from components.persistence import persist_once
from components.testing import Mocks, run


class EchoingMocks(Mocks):
    """The mocks of Pulumi's testing guide: a resource has its inputs for outputs, and no others."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}_id", args.inputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:  # noqa: ARG002
        return {}, None


class StoredMocks(Mocks):
    """An earlier run stored a value."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}_id", {**args.inputs, "output": "stored"}


def program() -> dict[str, Any]:
    parent = pulumi.ComponentResource("test:index:Component", "parent")
    return {
        "plain": persist_once("plain", "proposed", parent),
        "secret": persist_once("secret", pulumi.Output.secret("proposed"), parent),
    }


@pytest.mark.parametrize("mocks", [Mocks(), EchoingMocks()])
def test_the_proposed_value_is_used_as_long_as_none_is_stored(mocks: Mocks) -> None:
    assert run(program, mocks=mocks)["plain"].value == "proposed"


@pytest.mark.parametrize("mocks", [Mocks(), EchoingMocks(), StoredMocks()])
def test_a_stored_value_is_as_secret_as_the_proposed_one(mocks: Mocks) -> None:
    results = run(program, mocks=mocks)
    assert (results["plain"].secret, results["secret"].secret) == (False, True)


def test_a_stored_value_wins_over_the_proposed_one() -> None:
    assert run(program, mocks=StoredMocks())["plain"].value == "stored"
