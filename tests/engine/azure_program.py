"""The repository's program, impatient, and broken on purpose in the way that the variable BREAK names."""

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi

from components import azure_postgres

azure_postgres.BUSY_WAIT_SECONDS = 0.05  # pyright: ignore[reportAttributeAccessIssue]

POSTGRESQL = "azure-native:dbforpostgresql:"


def drop(option: str, *types: str) -> None:
    """Takes an option away from the server's resources; the engine does not let a transform take them all."""
    register = pulumi.CustomResource.__init__

    def without(self: Any, t: str, name: str, props: Any = None, opts: Any = None, *rest: Any) -> None:
        if t.startswith(POSTGRESQL) and (not types or t.removeprefix(POSTGRESQL) in types):
            setattr(opts, option, None)
        register(self, t, name, props, opts, *rest)

    pulumi.CustomResource.__init__ = without  # pyright: ignore[reportAttributeAccessIssue]


def change(type_: str, spoil: Callable[[Any], None]) -> None:
    """Changes the inputs of one class, as a caller's transform would."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        if args.type_ == POSTGRESQL + type_:
            spoil(args.props)
        return pulumi.ResourceTransformResult(args.props, args.opts)

    pulumi.runtime.register_resource_transform(transform)


def auth(field: str) -> None:
    change("Server", lambda props: props["authConfig"].pop(field))


def admin(field: str, value: str) -> None:
    change("AdministratorsMicrosoftEntra", lambda props: props.update({field: value}))


WAYS: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "chain": lambda: drop("depends_on"),
    "hook": lambda: drop("hooks"),
    "database before admin": lambda: drop("depends_on", "Database"),
    "zones": lambda: drop("ignore_changes"),
    "deleted_with": lambda: drop("deleted_with"),
    "activeDirectoryAuth": lambda: auth("activeDirectoryAuth"),
    "passwordAuth": lambda: auth("passwordAuth"),
    "tenantId": lambda: auth("tenantId"),
    "the SDK's spelling of a principal": lambda: admin("principalType", "servicePrincipal"),
    "another tenant": lambda: admin("tenantId", "99999999-9999-9999-9999-999999999999"),
}

WAYS[os.environ.get("BREAK", "")]()
runpy.run_path(str(Path(__file__).parents[2] / "__main__.py"), run_name="__main__")
