"""What a component keeps in the stack itself, by `pulumi.Stash`: a resource of the engine's own, without a provider."""

from collections.abc import Sequence
from typing import TypeVar

import pulumi

T = TypeVar("T")


def persist_once(name: str, value: pulumi.Input[T], parent: pulumi.Resource) -> pulumi.Output[T]:
    """The value that the first run stored, whatever later ones propose."""
    opts = pulumi.ResourceOptions(parent=parent, ignore_changes=["input"])
    return pulumi.Stash(name, input=value, opts=opts).output


def deletion_guard(name: str, *, parent: pulumi.Resource, after: Sequence[pulumi.Resource], protect: bool) -> None:
    """`destroy` meets it first, because it depends on the last that was created, and stops before anything is touched."""
    pulumi.Stash(
        name,
        input="Set deletion_protection to false, then `pulumi up`, then `pulumi destroy`.",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after, protect=protect),
    )
