"""The repository's program, for a database that never answers: it gives up after seconds, not after two minutes."""

import runpy
from pathlib import Path

import pulumi


def shorten_wait(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if args.type_ == "docker:index/container:Container":
        return pulumi.ResourceTransformResult({**args.props, "waitTimeout": 8}, args.opts)
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(shorten_wait)
runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
