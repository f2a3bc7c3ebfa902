"""Stands in for values that a provider fills in, where previews or mocks do not."""

from typing import Any, TypeVar

import pulumi
from pulumi.output import Unknown

T = TypeVar("T")


def known_or(value: pulumi.Output[T], fallback: pulumi.Input[Any]) -> pulumi.Output[T]:
    """Returns `value`, or `fallback` where a preview does not know it or mocks leave it out.

    A preview of an update knows nothing that the provider decides, although an update changes none of it. Without a
    fallback, everything that depends on such a value would be previewed as replaced.
    """
    values = pulumi.Output.all(value=_with_unknowns(value), fallback=_with_unknowns(fallback))
    return values.apply(_choose, run_with_unknowns=True)


def require(value: pulumi.Output[T], what: str, component: pulumi.Resource) -> pulumi.Output[T]:
    """Returns `value`. Where mocks leave it out, warns about it and returns an unknown Output."""

    def check(known: T) -> pulumi.Input[T]:
        if known is not None:
            return known
        pulumi.log.warn(f"The provider, or a mock of it, returned no {what}. What needs it is unknown.", component)
        return pulumi.Output.from_input(pulumi.UNKNOWN)  # pyright: ignore[reportReturnType]

    return value.apply(check)


def _choose(values: Any) -> Any:
    value = values["value"]
    return values["fallback"] if value is None or isinstance(value, Unknown) else value


def _with_unknowns(value: pulumi.Input[Any]) -> pulumi.Output[Any]:
    """Returns an Output in which an unknown value is `pulumi.UNKNOWN`."""
    return pulumi.Output.from_input(value).apply(lambda known: known, run_with_unknowns=True)
