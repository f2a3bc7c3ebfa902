"""One stack, one database for Backstage: `database` picks the component, an object of that name holds its arguments."""

import re
from typing import Any

import pulumi

import components


def arguments(key: str) -> Any:
    """The config object `key`, its camelCase names as Python ones; the component checks what is in it."""
    values = config.get_object(key) or {}
    return {re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name): value for name, value in values.items()}


def resource_group(location: str | None) -> pulumi.Output[str]:
    """A resource group of the stack's own, for when none is named."""
    import pulumi_azure_native as azure_native

    # Where a group is matters to nobody, and moving it would replace it with everything inside.
    group = azure_native.resources.ResourceGroup(
        "backstage", location=location, opts=pulumi.ResourceOptions(ignore_changes=["location"])
    )
    return group.name


config = pulumi.Config()
choice = config.get("database") or "local"

if choice == "local":
    database = components.LocalPostgres("backstage", arguments("local"))
    pulumi.export("containerName", database.container_name)
elif choice == "azure":
    azure = arguments("azure")
    if "resource_group_name" not in azure:
        azure["resource_group_name"] = resource_group(azure.get("location"))
    database = components.AzurePostgres("backstage", azure)
    pulumi.export("serverId", database.server_id)
    pulumi.export("identityId", database.identity_id)
    pulumi.export("clientId", database.client_id)
    pulumi.export("psqlCommand", database.psql_command)
    pulumi.export("bootstrapSql", database.bootstrap_sql)
elif choice == "cloudsql":
    database = components.CloudSqlPostgres("backstage", arguments("cloudsql"))
    pulumi.export("connectionName", database.connection_name)
    pulumi.export("instance", database.instance)
    pulumi.export("database", database.database)
    pulumi.export("serviceAccountEmail", database.service_account_email)
    pulumi.export("psqlCommand", database.psql_command)
elif choice == "existing":
    database = components.ExistingPostgres("backstage", arguments("existing"))
    pulumi.export("psqlCommand", database.psql_command)
    pulumi.export("bootstrapSql", database.bootstrap_sql)
else:
    raise pulumi.RunError(
        f'config "{pulumi.get_project()}:database" is {choice!r}, but it must be local, azure, cloudsql or existing. '
        "Run `pulumi config set database local`."
    )

pulumi.export("databaseConfig", database.database_config)
pulumi.export("appConfig", database.app_config)
pulumi.export("appConfigFromEnv", database.app_config_from_env)
pulumi.export("environment", database.environment)
pulumi.export("host", database.host)
pulumi.export("port", database.port)
pulumi.export("user", database.user)
