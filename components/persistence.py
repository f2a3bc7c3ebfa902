"""Keeps values of a component in the state, with `pulumi.Stash`, a resource that is built into the engine."""

from collections.abc import Sequence
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")


def persist_once(name: str, value: pulumi.Input[T], parent: pulumi.Resource) -> pulumi.Output[T]:
    """Returns the value that the first run stored, whatever later runs propose."""
    opts = pulumi.ResourceOptions(parent=parent, ignore_changes=["input"])
    stored = pulumi.Stash(name, input=value, opts=opts).output
    secret = pulumi.Output.from_input(pulumi.Output.from_input(value).is_secret())

    def choose(known: list[Any]) -> pulumi.Output[T]:
        # Mocks that do not know Stash leave its output empty; the proposed value then replaces it. In all other cases
        # the result does not depend on the proposed value, which a preview of an update may not know.
        kept, is_secret = known
        chosen = value if kept is None else kept
        return pulumi.Output.secret(chosen) if is_secret else pulumi.Output.from_input(chosen)

    return pulumi.Output.all(stored, secret).apply(choose)


def protected(deletion_protection: bool) -> bool | None:
    """Returns the option `protect` for a child that is protected on its own.

    It is None and not False, because a child with False would not inherit `protect` from the component.
    """
    return True if deletion_protection else None


def deletion_guard(
    name: str,
    *,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
    protect: bool,
    hooks: pulumi.ResourceHookBinding | None = None,
) -> None:
    """Makes `destroy` stop before it deletes anything: it reaches this protected resource first.

    `--ignore-protect` overrides `protect`; `hooks` may refuse that too.
    """
    pulumi.Stash(
        name,
        input="Set deletion_protection to false, then `pulumi up`, then `pulumi destroy`.",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after, protect=protected(protect), hooks=hooks),
    )
