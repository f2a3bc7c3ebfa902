"""Two LocalPostgres on one volume. The program waits 20 s for the one that cannot start, instead of two minutes."""

import os

import pulumi

import components


def shorten_wait(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if args.type_ == "docker:index/container:Container":
        return pulumi.ResourceTransformResult({**args.props, "waitTimeout": 20}, args.opts)
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(shorten_wait)
for number, port in enumerate(os.environ["PORTS"].split()):
    components.LocalPostgres(f"db-{number}", {"volume": os.environ["VOLUME"], "port": int(port)})
