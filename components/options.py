"""Refuses resource options that Pulumi would ignore on a component, so that nobody relies on them."""

from typing import Optional

import pulumi

from .inputs import ArgumentError

_TRANSFORMS = "use `transforms`, which reach every child"

# Option → why it is refused, and what to do. All others act: see docs/reference.md.
REFUSED = {
    "additional_secret_outputs": "outputs are secret exactly when they hold a secret; or wrap them in Output.secret",
    "custom_timeouts": f"it belongs to the children: {_TRANSFORMS}",
    "delete_before_replace": f"it belongs to the children: {_TRANSFORMS}",
    "deleted_with": f"it belongs to the children: {_TRANSFORMS}",
    "ignore_changes": f"it belongs to the children: {_TRANSFORMS}",
    "import_": "import its children one by one: `pulumi import … --parent`",
    "replace_on_changes": f"it belongs to the children: {_TRANSFORMS}",
    "replace_with": f"it belongs to the children: {_TRANSFORMS}",
    "replacement_trigger": f"it belongs to the children: {_TRANSFORMS}",
}


def checked_options(
    component: str, name: str, opts: Optional[pulumi.ResourceOptions]
) -> Optional[pulumi.ResourceOptions]:
    """Returns the caller's options. Raises ArgumentError for one that would do nothing."""
    for option, reason in REFUSED.items():
        if opts is not None and getattr(opts, option, None):
            raise ArgumentError(f'{component} "{name}": the resource option {option} does nothing here: {reason}.')
    return opts
