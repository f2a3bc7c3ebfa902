"""Replaces values that a provider fills in, but that previews or mocks leave out."""

from typing import Any, TypeVar, cast

import pulumi
from pulumi.output import Unknown

T = TypeVar("T")


def known_or(value: pulumi.Output[T], fallback: pulumi.Input[Any]) -> pulumi.Output[T]:
    """Returns `value`, or `fallback` where a preview does not know it or mocks leave it out.

    A preview of an update does not know the values that the provider decides, although an update does not change them.
    Without a fallback, the preview would show everything that depends on such a value as replaced.
    """
    values = pulumi.Output.all(value=with_unknowns(value), fallback=with_unknowns(fallback))
    return values.apply(_choose, run_with_unknowns=True)


def require(value: pulumi.Output[T], what: str, component: pulumi.Resource) -> pulumi.Output[T]:
    """Returns `value`. If mocks leave it out, logs a warning and returns an unknown Output."""

    def check(known: T) -> pulumi.Input[T]:
        if known is not None:
            return known
        pulumi.log.warn(f"The provider, or a mock of it, returned no {what}. What needs it is unknown.", component)
        return cast(pulumi.Output[T], pulumi.Output.from_input(pulumi.UNKNOWN))

    return value.apply(check)


def _choose(values: Any) -> Any:
    value = values["value"]
    return values["fallback"] if value is None or isinstance(value, Unknown) else value


def with_unknowns(value: pulumi.Input[Any]) -> pulumi.Output[Any]:
    """Returns an Output in which an unknown value is `pulumi.UNKNOWN`."""
    return pulumi.Output.from_input(value).apply(lambda known: known, run_with_unknowns=True)
