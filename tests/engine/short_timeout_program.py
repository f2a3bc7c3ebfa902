"""The repository's program, for tests of a database that never answers: it gives up after seconds, not two minutes."""

import runpy
from pathlib import Path

import pulumi


def impatient(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if args.type_ == "docker:index/container:Container":
        return pulumi.ResourceTransformResult({**args.props, "waitTimeout": 12}, args.opts)
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(impatient)
runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
