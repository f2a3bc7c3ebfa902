"""Two LocalPostgres on one volume, which the program gives up waiting for after seconds, not two minutes."""

import os

import pulumi

import components


def impatient(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if args.type_ == "docker:index/container:Container":
        return pulumi.ResourceTransformResult({**args.props, "waitTimeout": 30}, args.opts)
    return pulumi.ResourceTransformResult(args.props, args.opts)


pulumi.runtime.register_resource_transform(impatient)
for number, port in enumerate(os.environ["PORTS"].split()):
    components.LocalPostgres(f"db-{number}", {"volume": os.environ["VOLUME"], "port": int(port)})
