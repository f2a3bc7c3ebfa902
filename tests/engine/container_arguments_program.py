"""The repository's program, with a transform that gives the container the arguments in CONTAINER_ARGUMENTS (JSON)."""

import json
import os
import runpy
from pathlib import Path

import pulumi


def set_arguments(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if args.type_ == "docker:index/container:Container":
        arguments = json.loads(os.environ["CONTAINER_ARGUMENTS"])
        return pulumi.ResourceTransformResult({**args.props, **arguments}, args.opts)
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(set_arguments)
runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
