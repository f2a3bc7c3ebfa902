"""Refuses to delete a protected instance's users and roles, also with `pulumi destroy --ignore-protect`."""

import pulumi

from ..error_hooks import unique_hook_name

_REMEDY = "set deletion_protection to false, then `pulumi up`, then `pulumi destroy`"


def refuse_deletion(name: str) -> pulumi.ResourceHookBinding:
    """Returns a hook for the deletion guard, which `destroy` reaches before anything else.

    Pulumi refuses a `destroy` without `--run-program` while such a hook exists, and shows its name. With
    `--run-program` the hook itself refuses, in the preview too.
    """

    def refuse(_: pulumi.ResourceHookArgs) -> None:
        raise RuntimeError(f'CloudSqlPostgres "{name}" is protected, so nothing is deleted: {_REMEDY}.')

    hook_name = unique_hook_name(f'CloudSqlPostgres "{name}" is protected: {_REMEDY}')
    hook = pulumi.ResourceHook(hook_name, refuse, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_delete=[hook])
