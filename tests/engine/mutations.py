"""Breaking a component on purpose, from outside, to see that the simulated clouds notice."""

import os
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi


def drop(option: str, *types: str) -> None:
    """Takes an option away from resources whose types start so; the engine does not let a transform take them all."""
    register = pulumi.CustomResource.__init__

    def without(self: Any, t: str, name: str, props: Any = None, opts: Any = None, *rest: Any) -> None:
        if t.startswith(types):
            setattr(opts, option, None)
        register(self, t, name, props, opts, *rest)

    pulumi.CustomResource.__init__ = without  # pyright: ignore[reportAttributeAccessIssue]


def change(type_: str, spoil: Callable[[Any], Any]) -> None:
    """Changes the inputs of one class, as a caller's transform would."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        if args.type_ == type_:
            spoil(args.props)
        return pulumi.ResourceTransformResult(args.props, args.opts)

    pulumi.runtime.register_resource_transform(transform)


def run_broken(ways: Mapping[str, Callable[[], Any]]) -> None:
    """Runs the repository's program, broken in the way that the variable BREAK names, if any, or else an empty one."""
    how = os.environ.get("BREAK", "")
    if how == "gone":
        return
    ways[how]()
    runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
