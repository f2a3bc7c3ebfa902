"""docs/reliability.md lists every drill; what it says of arguments and of many components is true of small numbers."""

import re

import pytest

from components.validators import regex

from .__main__ import FILE
from .drills import drills
from .fuzz import Fuzzed, fuzz_rules
from .invariants import INVARIANTS, rules
from .load import loaded
from .whole_components import fuzz_components


def test_the_page_lists_exactly_the_drills_that_there_are() -> None:
    listed = re.findall(r"^\| (.*) \| (.*) \| [1-9]\d* \| `(test_\w+)` \|$", FILE.read_text(), re.MULTILINE)
    there_are = [(drill.broken, drill.survived, drill.test) for _, found in drills() for drill in found]
    assert listed == there_are, "run `make reliability`"


def test_every_validator_has_an_invariant_and_a_line_on_the_page() -> None:
    names = {name for name, _ in rules()}
    assert names == INVARIANTS.keys(), "tests/reliability/invariants.py has one for each rule"
    assert names <= set(re.findall(r"^\| `(\w+\.\w+)` \|", FILE.read_text(), re.MULTILINE)), "run `make reliability`"


def test_a_rule_accepts_what_it_should_or_says_what_is_allowed_whatever_it_is_given() -> None:
    # The same inputs in every run; `make reliability` takes others each time.
    assert_both_happened([*fuzz_rules(50, derandomize=True)])


def test_a_component_returns_its_block_or_says_what_is_wrong_whatever_it_is_given() -> None:
    assert_both_happened([*fuzz_components(50, derandomize=True)])


def assert_both_happened(fuzzed: list[Fuzzed]) -> None:
    one_sided = [one for one in fuzzed if not (one.accepted and one.refused)]
    assert not one_sided, "the inputs are all of one kind, and show nothing"


def test_a_rule_that_is_too_lax_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lax = regex(r"(?s:.*)", "must be a string.")
    monkeypatch.setattr("tests.reliability.fuzz.rules", lambda: [("cloud_sql.region", lax)])
    with pytest.raises(AssertionError, match=r"cloud_sql\.region\(.*\) is accepted"):
        list(fuzz_rules(200))


def test_some_components_in_one_stack_are_created_left_alone_and_destroyed() -> None:
    assert [run.count for run in loaded(3, operator=None)] == [3, 3]
