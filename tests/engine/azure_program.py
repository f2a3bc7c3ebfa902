"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names.

Each way is a transform, which is also how a caller of the component would break it.
"""

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pulumi

from components import azure_postgres

azure_postgres.BUSY_WAIT_SECONDS = 0.05  # pyright: ignore[reportAttributeAccessIssue]

POSTGRESQL = "azure-native:dbforpostgresql:"
Breaker = Callable[[pulumi.ResourceTransformArgs], None]


def without(option: str, *types: str) -> Breaker:
    """Takes an option away from resources of these types."""

    def breaker(args: pulumi.ResourceTransformArgs) -> None:
        if args.type_.startswith(POSTGRESQL) and (not types or args.type_.removeprefix(POSTGRESQL) in types):
            setattr(args.opts, option, None)

    return breaker


def auth(field: str) -> Breaker:
    """Leaves a field of the server's authentication to its default."""

    def breaker(args: pulumi.ResourceTransformArgs) -> None:
        if args.type_ == POSTGRESQL + "Server":
            del cast(Any, args.props)["authConfig"][field]

    return breaker


def admin(field: str, value: str) -> Breaker:
    def breaker(args: pulumi.ResourceTransformArgs) -> None:
        if args.type_ == POSTGRESQL + "AdministratorsMicrosoftEntra":
            cast(Any, args.props)[field] = value

    return breaker


BREAKERS: dict[str, Breaker] = {
    "chain": without("depends_on"),
    "hook": without("hooks"),
    "database before admin": without("depends_on", "Database"),
    "zones": without("ignore_changes"),
    "deleted_with": without("deleted_with"),
    "activeDirectoryAuth": auth("activeDirectoryAuth"),
    "passwordAuth": auth("passwordAuth"),
    "tenantId": auth("tenantId"),
    "the SDK's spelling of a principal": admin("principalType", "servicePrincipal"),
    "another tenant": admin("tenantId", "99999999-9999-9999-9999-999999999999"),
}


def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    if broken:
        BREAKERS[broken](args)
    return pulumi.ResourceTransformResult(args.props, args.opts)


broken = os.environ.get("BREAK")
pulumi.runtime.register_resource_transform(transform)
runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
