"""Creates Backstage's database: the key `database` names the component, and the key of that name has its arguments."""

from collections.abc import Mapping
from typing import Any

import pulumi

import components
from components import configuration


def resource_group(azure: Mapping[str, Any]) -> pulumi.Output[str]:
    """Creates a resource group for the stack if the configuration names none."""
    import pulumi_azure_native as azure_native

    from components.azure.known import known_or
    from components.azure.validation import validate

    # Refuses wrong arguments before a group is created with them.
    args = configuration.CamelCaseArgs({**azure, "resource_group_name": "backstage"}, "azure")
    settings = validate("backstage", args)  # pyright: ignore[reportArgumentType]
    group = azure_native.resources.ResourceGroup(
        "backstage",
        location=settings.location,
        tags=settings.tags,
        # Ignore the region: changing it would replace the group and everything in it.
        opts=pulumi.ResourceOptions(ignore_changes=["location"]),
    )
    # A preview of an update, for example of the tags, knows the id but not the name.
    return known_or(group.name, group.id.apply(lambda id_: id_.rpartition("/")[2]))


choice, args = configuration.read(
    "database",
    {
        "local": components.LocalPostgresArgs,
        "azure": components.AzurePostgresArgs,
        "cloudsql": components.CloudSqlPostgresArgs,
        "existing": components.ExistingPostgresArgs,
    },
    default="local",
)

if choice == "local":
    database = components.LocalPostgres("backstage", args)
    pulumi.export("containerName", database.container_name)
elif choice == "azure":
    if "resource_group_name" not in args:
        args["resource_group_name"] = resource_group(args)
    database = components.AzurePostgres("backstage", args)
    pulumi.export("resourceGroupName", database.resource_group_name)
    pulumi.export("serverId", database.server_id)
    pulumi.export("tenantId", database.tenant_id)
    pulumi.export("identityId", database.identity_id)
    pulumi.export("clientId", database.client_id)
    pulumi.export("psqlCommand", database.psql_command)
    pulumi.export("bootstrapSql", database.bootstrap_sql)
elif choice == "cloudsql":
    database = components.CloudSqlPostgres("backstage", args)
    pulumi.export("connectionName", database.connection_name)
    pulumi.export("instance", database.instance)
    pulumi.export("database", database.database)
    pulumi.export("serviceAccountEmail", database.service_account_email)
    pulumi.export("dnsName", database.dns_name)
    pulumi.export("publicIpAddress", database.public_ip_address)
    pulumi.export("privateIpAddress", database.private_ip_address)
    pulumi.export("pscServiceAttachment", database.psc_service_attachment)
    pulumi.export("instanceServiceAccount", database.instance_service_account)
    pulumi.export("selfLink", database.self_link)
    pulumi.export("psqlCommand", database.psql_command)
else:
    database = components.ExistingPostgres("backstage", args)
    pulumi.export("psqlCommand", database.psql_command)
    pulumi.export("bootstrapSql", database.bootstrap_sql)

pulumi.export("databaseConfig", database.database_config)
pulumi.export("appConfig", database.app_config)
pulumi.export("appConfigFromEnv", database.app_config_from_env)
pulumi.export("environment", database.environment)
pulumi.export("helmValues", database.helm_values)
pulumi.export("kubernetesManifests", database.kubernetes_manifests)
pulumi.export("kubernetesSecret", database.kubernetes_secret)
pulumi.export("host", database.host)
pulumi.export("port", database.port)
pulumi.export("user", database.user)
