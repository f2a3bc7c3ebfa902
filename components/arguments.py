"""Checking a component's arguments, so that a mistake is named before anything is created."""

import difflib
import re
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, TypeVar, overload

import pulumi

T = TypeVar("T")

Rule = Callable[[Any], T]
"""Returns the value to use, or raises ValueError saying what is allowed and what to do."""


class ArgumentError(pulumi.RunError):
    """A wrong argument. Pulumi prints its message alone, without a traceback.

    Not a ValueError: Pulumi wraps those that arise in an Output into one of its own, with a traceback.
    """


class Arguments:
    """What the caller passed to one component: names are checked at once, values as they are read."""

    def __init__(self, component: str, name: str, values: Mapping[str, Any] | None, allowed: type) -> None:
        """`allowed` is the component's TypedDict. Raises ArgumentError for a name that is not in it."""
        self._owner = f'{component} "{name}"'
        self._values = values or {}
        names = list(allowed.__annotations__)
        for unknown in self._values:
            if unknown not in names:
                closest = difflib.get_close_matches(unknown, names, n=1)
                hint = f' Did you mean "{closest[0]}"?' if closest else ""
                raise ArgumentError(
                    f'{self._owner}: unknown argument "{unknown}".{hint} Valid arguments: {", ".join(sorted(names))}.'
                )

    @overload
    def get(self, argument: str, rule: Rule[T], default: T, *, secret: bool = ...) -> pulumi.Input[T]: ...
    @overload
    def get(self, argument: str, rule: Rule[T], *, secret: bool = ...) -> pulumi.Input[T] | None: ...
    def get(self, argument: str, rule: Rule[Any], default: Any = None, *, secret: bool = False) -> Any:
        """The argument after its rule; `default` when it is absent or None.

        A plain value is checked here and stays plain, an Output's is checked when it is known. The message repeats the value unless it is
        `secret`, here or by the Output's own mark.
        """
        value = self._values.get(argument)
        if value is None:
            return default

        def check(plain: Any, hidden: bool) -> Any:
            try:
                return rule(plain)
            except ValueError as reason:
                shown = "" if hidden else f" is {plain!r}, but it"
                raise ArgumentError(f'{self._owner}: argument "{argument}"{shown} {reason}') from None

        if not isinstance(value, pulumi.Output) and not isawaitable(value):
            return check(value, secret)
        output = pulumi.Output.from_input(value)
        marked = pulumi.Output.from_input(output.is_secret())
        return pulumi.Output.all(output, marked).apply(lambda known: check(known[0], secret or known[1]))


def matching(pattern: str, allowed: str) -> Rule[str]:
    """A rule for text of one form; `allowed` completes the sentence 'argument "x" is …, but it …'."""

    def rule(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(allowed)
        return value

    return rule


def port_number(value: Any) -> int:
    """A whole number from 1 to 65535. Other languages send numbers as floats and some callers as text."""
    allowed = "must be a whole number from 1 to 65535."
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,5}(\.0)?", str(value), re.ASCII):
        raise ValueError(allowed)
    port = int(float(value))
    if not 1 <= port <= 65535:
        raise ValueError(allowed)
    return port
