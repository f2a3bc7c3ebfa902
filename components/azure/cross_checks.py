"""Checks of several values together, some of which may be Outputs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import pulumi

from .known import with_unknowns

T = TypeVar("T")


def check_together(values: Sequence[Any], check: Callable[[Any], None]) -> pulumi.Output[None]:
    """Checks values together: plain ones at once, and all when the Outputs among them are known.

    Returns an Output that fails when the second check does. In the first check, `check` receives Outputs as they are;
    in the second, `pulumi.UNKNOWN` for an unknown value.
    """
    check(values)
    return pulumi.Output.all(*map(with_unknowns, values)).apply(check, run_with_unknowns=True)


def after(check: pulumi.Output[None], value: pulumi.Output[T]) -> pulumi.Output[T]:
    """Returns `value` as an Output that fails if `check` does. It is as known and as secret as `value`."""

    async def checked() -> T:
        await check.future(with_unknowns=True)
        return cast(T, await value.future(with_unknowns=True))

    # Tasks, because a program that fails earlier would leave coroutines that were never awaited.
    return pulumi.Output(
        asyncio.ensure_future(value.resources()),
        asyncio.ensure_future(checked()),
        asyncio.ensure_future(value.is_known()),
        asyncio.ensure_future(value.is_secret()),
    )
