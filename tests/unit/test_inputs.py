"""How a wrong argument is refused, for plain values and for Outputs."""

from collections.abc import Callable
from typing import Any, TypedDict

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.inputs import ArgumentError, Inputs
from components.testing import run
from components.validators import port_number, regex


class ExampleArgs(TypedDict, total=False):
    port: pulumi.Input[float]
    password: pulumi.Input[str]


word = regex(r"[a-z]+", "must be a word.")


def refusal(program: Callable[[], Any]) -> str:
    with pytest.raises(ArgumentError) as refused:
        run(lambda: {"value": program()})
    return str(refused.value)


def arguments(**values: Any) -> Inputs:
    return Inputs("Example", "db", values, ExampleArgs)


def test_an_unknown_argument_is_refused_with_the_closest_and_all_valid_names() -> None:
    assert refusal(lambda: arguments(prot=1)) == (
        'Example "db": unknown argument "prot". Did you mean "port"? Valid arguments: password, port.'
    )


def test_an_unknown_argument_like_no_other_gets_no_guess() -> None:
    assert "Did you mean" not in refusal(lambda: arguments(zzz=1))


def test_a_wrong_value_is_named_with_what_is_allowed() -> None:
    expected = 'Example "db": argument "port" is 70000, but it must be a whole number from 1 to 65535.'
    assert refusal(lambda: arguments(port=70000).get("port", port_number)) == expected
    assert refusal(lambda: arguments(port=pulumi.Output.from_input(70000)).get("port", port_number)) == expected


@pytest.mark.parametrize("as_input", [lambda text: text, pulumi.Output.from_input, pulumi.Output.secret])
def test_the_value_of_a_secret_argument_is_never_repeated(as_input: Callable[[str], Any]) -> None:
    message = refusal(lambda: arguments(password=as_input("hunter2")).get("password", word, secret=True))
    assert message == 'Example "db": argument "password" must be a word.'


def test_a_value_that_comes_as_a_secret_is_not_repeated_whatever_the_argument() -> None:
    message = refusal(lambda: arguments(port=pulumi.Output.secret("hunter2")).get("port", port_number))
    assert message == 'Example "db": argument "port" must be a whole number from 1 to 65535.'


def test_a_wrong_argument_ends_a_program_without_a_traceback() -> None:
    assert issubclass(ArgumentError, pulumi.RunError), "Pulumi prints a RunError's message alone"


def test_an_absent_argument_and_none_both_give_the_default() -> None:
    results = run(
        lambda: {
            "absent": arguments().get("port", port_number, 5432),
            "none": arguments(port=None).get("port", port_number, 5432),
        }
    )
    assert results["absent"].value == results["none"].value == 5432
    assert arguments().get("password", word) is None


def test_an_output_keeps_its_marks_through_the_check() -> None:
    result = run(lambda: {"port": arguments(port=pulumi.Output.secret(5433.0)).get("port", port_number)})["port"]
    assert (result.value, result.known, result.secret) == (5433, True, True)


def test_an_unknown_output_stays_unknown_and_is_not_refused() -> None:
    unknown = lambda: pulumi.Output.from_input(pulumi.UNKNOWN)  # noqa: E731
    result = run(lambda: {"port": arguments(port=unknown()).get("port", port_number)}, preview=True)["port"]
    assert not result.known


@given(st.integers(1, 65535))
def test_a_port_may_come_as_integer_float_or_text(port: int) -> None:
    assert port_number(port) == port_number(float(port)) == port_number(str(port)) == port


@given(
    st.one_of(
        st.integers(max_value=0),
        st.integers(min_value=65536),
        st.floats().filter(lambda number: not number.is_integer()),
        st.text().filter(lambda text: not text.isascii() or not text.isdigit()),
        st.booleans(),
        st.lists(st.integers()),
    )
)
def test_anything_else_is_no_port(value: object) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 65535"):
        port_number(value)
