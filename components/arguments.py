"""Checking a component's arguments, so that a mistake is named before anything is created."""

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Any, NoReturn, TypeGuard, TypeVar, overload

import pulumi

T = TypeVar("T")

Rule = Callable[..., T]
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
    def get(
        self, argument: str, rule: Rule[T], default: T, *, secret: bool = ..., beside: Sequence[str] = ...
    ) -> pulumi.Output[T]: ...
    @overload
    def get(
        self, argument: str, rule: Rule[T], *, secret: bool = ..., beside: Sequence[str] = ...
    ) -> pulumi.Output[T] | None: ...
    def get(
        self, argument: str, rule: Rule[Any], default: Any = None, *, secret: bool = False, beside: Sequence[str] = ()
    ) -> Any:
        """The argument after its rule; `default`, or None without one, when it is absent or None.

        A plain value is checked here, an Output's when it is known. The message repeats the value unless it is
        `secret`, here or by the Output's own mark. The rule is also passed the arguments named in `beside`, None for
        an absent one.
        """
        value = self._values.get(argument)
        if value is None:
            return None if default is None else pulumi.Output.from_input(default)
        return self._checked(f'argument "{argument}"', value, rule, secret, [self._values.get(name) for name in beside])

    def require(self, argument: str, rule: Rule[T]) -> pulumi.Output[T]:
        """The same of an argument that has no default."""
        value = self.get(argument, rule)
        if value is None:
            self.refuse(argument, "is missing, and it has no default.")
        return value

    def plain(self, argument: str, rule: Rule[T], default: T) -> T:
        """An argument that decides what is created, so that it cannot be an Output."""
        value = self._values.get(argument)
        if value is None:
            return default
        if _arrives_later(value):
            self.refuse(argument, "must be a plain value, not an Output, because it decides what is created.")
        try:
            return rule(value)
        except ValueError as reason:
            self.refuse(argument, f"is {value!r}, but it {reason}")

    def each(self, argument: str, key_rule: Rule[str], rule: Rule[T]) -> dict[str, pulumi.Output[T]]:
        """A map's entries in the order of their keys, each after its rule; values may be Outputs, keys are plain."""
        values = self._values.get(argument)
        if values is None:
            return {}
        if not isinstance(values, Mapping):
            self.refuse(
                argument, "must be a map with plain keys, because they name resources; its values may be Outputs."
            )
        for key in values:
            try:
                key_rule(key)
            except ValueError as reason:
                self.refuse(argument, f"has the key {key!r}, but it {reason}")
        return {
            key: self._checked(f'argument "{argument}", key "{key}",', values[key], rule, False, [])
            for key in sorted(values)
        }

    def passed(self, argument: str) -> Any:
        """What the caller passed, as it is."""
        return self._values.get(argument)

    def given(self, argument: str) -> bool:
        """Whether the caller passed it. None, False and an empty map are ways of leaving it out."""
        value = self._values.get(argument)
        return _arrives_later(value) or (value is not None and value is not False and value != {})

    def found(self, argument: str, value: Any, rule: Rule[T], source: str) -> T:
        """A value that stands in for an argument that was left out, after its rule; `source` says where it is from."""
        try:
            return rule(value)
        except ValueError as reason:
            self.refuse(argument, f"is missing, and {source} is {value!r}, but it {reason}")

    def warn(self, concern: pulumi.Input[str | None], component: pulumi.Resource) -> None:
        """Prints what is allowed but works badly, as soon as it is known; None is nothing to print."""

        def show(known: str | None) -> None:
            if known:
                pulumi.log.warn(f"{self._owner}: {known}", component)

        pulumi.Output.from_input(concern).apply(show)

    def refuse(self, argument: str, reason: str) -> NoReturn:
        """Raises ArgumentError for arguments that are wrong together; `reason` says why and what to do."""
        raise ArgumentError(f'{self._owner}: argument "{argument}" {reason}')

    def _checked(self, what: str, value: Any, rule: Rule[Any], secret: bool, others: list[Any]) -> pulumi.Output[Any]:
        def check(plain: Any, hidden: bool, beside: list[Any]) -> Any:
            try:
                return rule(plain, *beside)
            except ValueError as reason:
                shown = "" if hidden else f" is {plain!r}, but it"
                raise ArgumentError(f"{self._owner}: {what}{shown} {reason}") from None

        if not any(_arrives_later(one) for one in (value, *others)):
            return pulumi.Output.from_input(check(value, secret, others))
        output = pulumi.Output.from_input(value)
        marked = pulumi.Output.from_input(output.is_secret())
        return pulumi.Output.all(output, marked, others).apply(
            lambda known: check(known[0], secret or known[1], known[2])
        )


def _arrives_later(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_arrives_later, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_arrives_later, value))
    return isinstance(value, pulumi.Output) or isawaitable(value)


def is_text(given: Any) -> TypeGuard[str]:
    """Whether it is text that can be sent anywhere: half of a surrogate pair, which JSON may hold, cannot."""
    return isinstance(given, str) and not re.search(r"[\ud800-\udfff]", given)


def matching(pattern: str, allowed: str) -> Rule[str]:
    """A rule for text of one form, in which \\w, \\d and \\s are those of ASCII.

    `allowed` completes the sentence 'argument "x" is …, but it …'.
    """

    def rule(value: Any) -> str:
        if not is_text(value) or not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(allowed)
        return value

    return rule


def one_of(*choices: str) -> Rule[str]:
    """A rule for a closed set of texts, in exactly this spelling."""

    def rule(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}.")
        return value

    return rule


def true_or_false(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false.")
    return value


def whole_number(lowest: int, highest: int) -> Rule[int]:
    """A rule for a whole number. Other languages send numbers as floats and some callers as text."""

    def rule(value: Any) -> int:
        allowed = f"must be a whole number from {lowest} to {highest}."
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}(\.0)?", str(value), re.ASCII):
            raise ValueError(allowed)
        number = int(float(value))
        if not lowest <= number <= highest:
            raise ValueError(allowed)
        return number

    return rule


def setting_value(value: Any) -> str:
    """A rule for the value of a PostgreSQL parameter, which YAML may have read as a number."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    if not number and not (is_text(value) and value.strip()):
        raise ValueError("must be the parameter's value as text and not empty, such as on, 200 or PG_TRGM.")
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


port_number = whole_number(1, 65535)

role_name = matching(
    r"(?!pg_)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not with pg_, which PostgreSQL reserves.",
)
