"""Validators shared by the components: each returns the value to use, or raises ValueError saying what is allowed."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")

# A callable that returns the value to use, or raises ValueError saying what is allowed and what to do.
Validator = Callable[..., T]


def is_valid_string(given: Any) -> TypeGuard[str]:
    """Returns whether the value is a string without half of a surrogate pair, which JSON can hold but UTF-8 cannot."""
    return isinstance(given, str) and not re.search(r"[\ud800-\udfff]", given)


def is_map(given: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Returns whether the value is a map.

    Unlike isinstance(), it also tells the type checker the types of keys and values.
    """
    return isinstance(given, Mapping)


def is_list(given: Any) -> TypeGuard[Sequence[Any]]:
    """Returns whether the value is a list or a tuple."""
    return isinstance(given, list | tuple)


def with_integers(given: Any) -> Any:
    """Returns the value with integers instead of whole floats, which is how other languages send integers."""
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if is_map(given):
        return {key: with_integers(item) for key, item in given.items()}
    if is_list(given):
        return [with_integers(item) for item in given]
    return given


def regex(pattern: str, allowed: str) -> Validator[str]:
    """Returns a validator for strings that match `pattern`, in which \\w, \\d and \\s match ASCII only.

    `allowed` completes the sentence 'argument "x" is …, but it …'.
    """

    def validate(value: Any) -> str:
        if not is_valid_string(value) or not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(allowed)
        return value

    return validate


def one_of(*choices: str) -> Validator[str]:
    """Returns a validator for one of these strings, in exactly this spelling."""

    def validate(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}.")
        return value

    return validate


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false." + (" A string is neither." if isinstance(value, str) else ""))
    return value


def integer(lowest: int, highest: int) -> Validator[int]:
    """Returns a validator for an integer, which other languages send as a float and some callers as a string."""

    def validate(value: Any) -> int:
        allowed = f"must be an integer from {lowest} to {highest}."
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}(\.0)?", str(value), re.ASCII):
            raise ValueError(allowed)
        number = int(float(value))
        if not lowest <= number <= highest:
            raise ValueError(allowed)
        return number

    return validate


def parameter_value(value: Any) -> str:
    """Validates the value of a PostgreSQL parameter, which YAML may have read as a number. Returns a string."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    if not number and not (is_valid_string(value) and value.strip()):
        raise ValueError("must be the parameter's value as a non-empty string, such as on, 200 or PG_TRGM.")
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


port_number = integer(1, 65535)

role_name = regex(
    r"(?!pg_)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not with pg_, which PostgreSQL reserves.",
)
