"""Refuses resource options that Pulumi would ignore on a component, so that nobody relies on them."""

from typing import Any, Optional

import pulumi

from .inputs import ArgumentError, CamelCaseArgs, kind_of
from .outputs import camel_case

_TRANSFORMS = "use `transforms`, which reach every child"

_INSTALLED = "the installed package or plugin is used; for the cloud's provider use `provider`"

# Why each option is refused, and what to do instead. All other options work: see docs/reference.md.
REFUSED = {
    "additional_secret_outputs": "an output is secret if it holds a secret; wrap others in Output.secret",
    "custom_timeouts": f"it belongs to the children: {_TRANSFORMS}",
    "delete_before_replace": f"it belongs to the children: {_TRANSFORMS}",
    "deleted_with": f"it belongs to the children: {_TRANSFORMS}",
    "env_var_mappings": "it belongs to a provider: give it to the one in `provider`",
    "hide_diffs": f"it belongs to the children: {_TRANSFORMS}",
    "id": "a component has no id; to use one of another stack, read its outputs with pulumi.StackReference",
    "ignore_changes": f"it belongs to the children: {_TRANSFORMS}",
    "import_": "import its children one by one: `pulumi import … --parent`",
    "plugin_download_url": _INSTALLED,
    "replace_on_changes": f"it belongs to the children: {_TRANSFORMS}",
    "replace_with": f"it belongs to the children: {_TRANSFORMS}",
    "replacement_trigger": f"it belongs to the children: {_TRANSFORMS}",
    "state_migrations": "the component itself keeps no state to migrate",
    "urn": "to use a component of another stack, read its outputs with pulumi.StackReference",
    "version": _INSTALLED,
}


def checked_options(
    component: str, name: str, opts: Optional[pulumi.ResourceOptions], args: Any
) -> Optional[pulumi.ResourceOptions]:
    """Returns the caller's options. Raises ArgumentError for an option that would have no effect.

    `args` are the component's arguments, from which follows how the caller writes names.
    """
    given: Any = opts  # Python checks no types.
    if given is not None and not isinstance(given, pulumi.ResourceOptions):
        raise ArgumentError(f'{component} "{name}": opts must be pulumi.ResourceOptions(…), not {kind_of(given)}.')
    for option, reason in REFUSED.items():
        if opts is not None and getattr(opts, option, None):
            shown = camel_case(option.rstrip("_")) if isinstance(args, CamelCaseArgs) else option
            raise ArgumentError(f'{component} "{name}": the resource option {shown} has no effect here: {reason}.')
    return opts
