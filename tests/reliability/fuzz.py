"""Gives hostile values to every rule: it accepts them, and then its invariant is true, or it says what is allowed."""

import functools
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .invariants import INVARIANTS, Invariant, is_sendable, rules

# Characters that have been mistaken for harmless ones: whitespace of other languages, digits and letters that only look
# like those of ASCII or fold to them, halves of surrogate pairs.
HOSTILE = (
    "\0\t\n\r \x1c\x85\u00a0\u2028\ufeff" + "٣²①" + "K\u017f\u0130Éé" + "\ud800\udfff😀" + "$'\"`\\{}<>%&?/:@.,-_=;|"
)

CHARACTERS = st.one_of(st.sampled_from(HOSTILE), st.sampled_from(string.printable), st.characters())
TEXTS = st.text(CHARACTERS, max_size=40)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 0.0, -0.0, 0.5, 10**400, 2**53, 1e16, 1e308, float("inf"), float("nan")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=4,
)


@dataclass(frozen=True)
class Fuzzed:
    name: str
    accepted: int
    refused: int


def fuzz_rules(inputs: int, **options: Any) -> Iterator[Fuzzed]:
    """Gives each rule that many inputs. Raises AssertionError for the first that the rule gets wrong."""
    for name, rule in rules():
        invariant = INVARIANTS[name]
        accepted = st.sampled_from(invariant.examples)
        values = ANYTHING | accepted | accepted.flatmap(near) | accepted.flatmap(near)
        yield count_outcomes(
            name, functools.partial(judge, name, rule, invariant), inputs, values, invariant.related, **options
        )


def count_outcomes(
    name: str, judge: Callable[..., bool], inputs: int, *values: st.SearchStrategy[Any], **options: Any
) -> Fuzzed:
    """Counts how many of that many inputs `judge` accepts, and how many it refuses."""
    seen: Counter[bool] = Counter()

    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink],
        **options,
    )
    @given(st.tuples(*values))
    def check(drawn: tuple[Any, ...]) -> None:
        seen[judge(*drawn)] += 1

    check()
    return Fuzzed(name, seen[True], seen[False])


def judge(name: str, rule: Callable[..., Any], invariant: Invariant, value: Any, related: tuple[Any, ...]) -> bool:
    """Returns whether the rule accepts the value. Raises AssertionError if it does neither properly."""
    call = f"{name}({', '.join(map(repr, (value, *related)))})"
    try:
        result = rule(value, *related)
    except ValueError as error:
        reason = str(error)
    except Exception as error:
        raise AssertionError(f"{call} ends with {error!r}") from error
    else:
        assert is_sendable(result), f"{call} is accepted, and cannot be sent anywhere"
        assert invariant.check(result, value, *related), f"{call} is accepted, and becomes {result!r}"
        return True
    assert re.fullmatch(r"must .*\.", reason, re.DOTALL), f"{call} is refused with an unclear reason: {reason}"
    return False


def near(example: Any) -> st.SearchStrategy[Any]:
    """Generates values that differ little from an accepted one."""
    if isinstance(example, bool):
        return st.sampled_from([int(example), str(example), str(example).lower(), [example]])
    if isinstance(example, str):
        return near_string(example)
    if isinstance(example, dict):
        entry = st.tuples(st.sampled_from([*example]) | TEXTS, ANYTHING)
        return st.lists(entry, max_size=2).map(lambda entries: {**example, **dict(entries)})
    if isinstance(example, list):
        return st.lists(st.sampled_from(example).flatmap(near) | st.sampled_from(example), max_size=3)
    shifted = st.sampled_from([example - 1, example, example + 1, example * 2, example * 1000, -example])
    return shifted.flatmap(
        lambda number: st.sampled_from([number, float(number), str(number), f" {number}", f"{number}.0"])
    )


@st.composite
def near_string(draw: st.DrawFn, example: str) -> str:
    text = example
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 3)))
        put = draw(CHARACTERS) * draw(st.integers(0, 3) | st.integers(0, 100))
        text = text[:start] + put + text[end:]
    return text
