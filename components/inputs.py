"""Checking a component's arguments, so that a mistake is named before anything is created."""

import difflib
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any, NoReturn, TypeVar, overload

import pulumi

from .validators import Validator

T = TypeVar("T")


class ArgumentError(pulumi.RunError):
    """A wrong argument. Pulumi prints its message alone, without a traceback.

    Not a ValueError: Pulumi wraps those that arise in an Output into one of its own, with a traceback.
    """


class Inputs:
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
        self, argument: str, validator: Validator[T], default: T, *, secret: bool = ..., related: Sequence[str] = ...
    ) -> pulumi.Output[T]: ...
    @overload
    def get(
        self, argument: str, validator: Validator[T], *, secret: bool = ..., related: Sequence[str] = ...
    ) -> pulumi.Output[T] | None: ...
    def get(
        self,
        argument: str,
        validator: Validator[Any],
        default: Any = None,
        *,
        secret: bool = False,
        related: Sequence[str] = (),
    ) -> Any:
        """The argument after validation; `default`, or None without one, when it is absent or None.

        A plain value is checked here, an Output's when it is known. The message repeats the value unless it is
        `secret`, here or by the Output's own mark. The validator is also passed the arguments named in `related`, None for
        an absent one.
        """
        value = self._values.get(argument)
        if value is None:
            return None if default is None else pulumi.Output.from_input(default)
        return self._checked(
            f'argument "{argument}"', value, validator, secret, [self._values.get(name) for name in related]
        )

    def require(self, argument: str, validator: Validator[T]) -> pulumi.Output[T]:
        """The same of an argument that has no default."""
        value = self.get(argument, validator)
        if value is None:
            self.fail(argument, "is missing, and it has no default.")
        return value

    def get_plain(self, argument: str, validator: Validator[T], default: T) -> T:
        """An argument that decides what is created, so that it cannot be an Output."""
        value = self._values.get(argument)
        if value is None:
            return default
        if _contains_output(value):
            self.fail(argument, "must be a plain value, not an Output, because it decides what is created.")
        try:
            return validator(value)
        except ValueError as reason:
            self.fail(argument, f"is {value!r}, but it {reason}")

    def get_map(
        self, argument: str, key_validator: Validator[str], validator: Validator[T]
    ) -> dict[str, pulumi.Output[T]]:
        """A map's entries in the order of their keys, each after validation; values may be Outputs, keys are plain."""
        values = self._values.get(argument)
        if values is None:
            return {}
        if not isinstance(values, Mapping):
            self.fail(
                argument, "must be a map with plain keys, because they name resources; its values may be Outputs."
            )
        for key in values:
            try:
                key_validator(key)
            except ValueError as reason:
                self.fail(argument, f"has the key {key!r}, but it {reason}")
        return {
            key: self._checked(f'argument "{argument}", key "{key}",', values[key], validator, False, [])
            for key in sorted(values)
        }

    def raw(self, argument: str) -> Any:
        """What the caller passed, as it is."""
        return self._values.get(argument)

    def is_set(self, argument: str) -> bool:
        """Whether the caller passed it. None, False and an empty map are ways of leaving it out."""
        value = self._values.get(argument)
        return _contains_output(value) or (value is not None and value is not False and value != {})

    def validate_default(self, argument: str, value: Any, validator: Validator[T], source: str) -> T:
        """A value that stands in for an argument that was left out, after validation; `source` says where it is from."""
        try:
            return validator(value)
        except ValueError as reason:
            self.fail(argument, f"is missing, and {source} is {value!r}, but it {reason}")

    def warn(self, concern: pulumi.Input[str | None], component: pulumi.Resource) -> None:
        """Prints what is allowed but works badly, as soon as it is known; None is nothing to print."""

        def show(known: str | None) -> None:
            if known:
                pulumi.log.warn(f"{self._owner}: {known}", component)

        pulumi.Output.from_input(concern).apply(show)

    def fail(self, argument: str, reason: str) -> NoReturn:
        """Raises ArgumentError for arguments that are wrong together; `reason` says why and what to do."""
        raise ArgumentError(f'{self._owner}: argument "{argument}" {reason}')

    def _checked(
        self, what: str, value: Any, validator: Validator[Any], secret: bool, others: list[Any]
    ) -> pulumi.Output[Any]:
        def check(plain: Any, hidden: bool, related: list[Any]) -> Any:
            try:
                return validator(plain, *related)
            except ValueError as reason:
                shown = "" if hidden else f" is {plain!r}, but it"
                raise ArgumentError(f"{self._owner}: {what}{shown} {reason}") from None

        if not any(_contains_output(one) for one in (value, *others)):
            return pulumi.Output.from_input(check(value, secret, others))
        output = pulumi.Output.from_input(value)
        marked = pulumi.Output.from_input(output.is_secret())
        return pulumi.Output.all(output, marked, others).apply(
            lambda known: check(known[0], secret or known[1], known[2])
        )


def _contains_output(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_contains_output, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_contains_output, value))
    return isinstance(value, pulumi.Output) or isawaitable(value)
