"""Refuses to delete the resources of a database that its cloud protects, even with `--ignore-protect`."""

import pulumi

from .error_hooks import unique_hook_name

_REMEDY = "set deletion_protection to false, then `pulumi up`, then `pulumi destroy`"


def refuse_deletion(component: str, remedy: str = _REMEDY) -> pulumi.ResourceHookBinding:
    """Returns a hook for the deletion guard, which `destroy` reaches before anything else.

    The cloud would refuse the database itself, but only after its users, roles or rules were deleted or forgotten.
    While the state refers to such a hook, Pulumi refuses a `destroy` without `--run-program`, and shows the hook's
    name. With `--run-program` the hook itself refuses, in the preview too. An `up` of a program without the component
    is refused because the hook is missing.
    """

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        raise RuntimeError(f"{component} is protected, so nothing is deleted: {remedy}.")

    hook = pulumi.ResourceHook(
        unique_hook_name(f"{component} is protected: {remedy}"), refuse, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_delete=[hook])
