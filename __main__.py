"""One stack, one database for Backstage: `database` picks the component, an object of that name holds its arguments."""

import re
from typing import Any

import pulumi

import components


def arguments(key: str) -> Any:
    """The config object `key`, its camelCase names as Python ones; the component checks what is in it."""
    values = config.get_object(key) or {}
    return {re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name): value for name, value in values.items()}


config = pulumi.Config()
choice = config.get("database") or "local"

if choice == "local":
    database = components.LocalPostgres("backstage", arguments("local"))
else:
    raise pulumi.RunError(
        f'config "{pulumi.get_project()}:database" is {choice!r}, but it must be local. '
        "Run `pulumi config set database local`."
    )

pulumi.export("databaseConfig", database.database_config)
pulumi.export("appConfig", database.app_config)
pulumi.export("appConfigFromEnv", database.app_config_from_env)
pulumi.export("environment", database.environment)
pulumi.export("host", database.host)
pulumi.export("port", database.port)
pulumi.export("user", database.user)
