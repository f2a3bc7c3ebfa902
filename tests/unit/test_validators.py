"""What holds for every rule of one argument's value."""

import contextlib
import inspect
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.existing import validation as existing
from tests.reliability.invariants import INVARIANTS, rules

# What people paste by mistake goes on and on, and then comes something that no pattern allows.
REPEATED = ["a", "A", "0", "-", "_", ".", "/", ":", "a.", "a-", "-a", "0.", "a/", "a b", "aA0_-"]
EXISTING = [
    (f"existing.{name}", rule)
    for name, rule in vars(existing).items()
    if inspect.isfunction(rule) and next(iter(inspect.signature(rule).parameters), None) == "value"
]


@contextlib.contextmanager
def seconds_at_most(seconds: int, what: str) -> Iterator[None]:
    def stop(*_: object) -> None:
        pytest.fail(f"no answer within {seconds} s: {what}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("name", "rule"), [*rules(), *EXISTING], ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_validator_answers_at_once_however_long_the_value_is(name: str, rule: Callable[..., Any]) -> None:
    """A pattern that can match one text in many ways would take years for some forty characters."""
    parameters = len(inspect.signature(rule).parameters)
    starts = ["", *(one for one in (INVARIANTS[name].examples if name in INVARIANTS else ()) if isinstance(one, str))]
    for start in starts:
        for unit in REPEATED:
            value = start + 200 * unit + "!"
            with seconds_at_most(20, value), contextlib.suppress(ValueError):
                rule(value, *(parameters - 1) * [None])
