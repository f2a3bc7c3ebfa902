"""All four components, with a secret for each argument that does not become part of a resource's id."""

import os

import pulumi

import components

config = pulumi.Config()


def secret(name: str) -> pulumi.Output[str]:
    return config.require_secret(name)


def options(name: str) -> dict[str, pulumi.Input[dict[str, pulumi.Input[str]]]]:
    return {"knexConfig": {"version": secret(name)}}


made = [
    components.LocalPostgres(
        "local",
        {
            "port": int(os.environ["PORT"]),
            "user": secret("localUser"),
            "password": secret("localPassword"),
            "database_options": options("localOption"),
        },
    ),
    components.AzurePostgres(
        "azure",
        {
            "resource_group_name": "group",
            "admin_name": "backstage app",
            "admin_object_id": "00000000-0000-0000-0000-000000000001",
            "admin_type": "ServicePrincipal",
            "client_id": "00000000-0000-0000-0000-000000000003",
            "tenant_id": "22222222-2222-2222-2222-222222222222",
            "client_secret": secret("azureClientSecret"),
            "firewall_rules": {"office": secret("azureAddress")},
            "tags": {"owner": secret("azureTag")},
            "database_options": options("azureOption"),
            "deletion_protection": False,
        },
    ),
    components.CloudSqlPostgres(
        "google",
        {
            "labels": {"owner": secret("googleLabel")},
            "database_options": options("googleOption"),
            "deletion_protection": False,
        },
    ),
    components.ExistingPostgres(
        "existing",
        {
            "host": secret("existingHost"),
            "user": secret("existingUser"),
            "password": secret("existingPassword"),
            "ssl_ca_certificate": secret("existingCertificate"),
            "database_options": options("existingOption"),
        },
    ),
]
for database in made:
    for output in ("database_config", "app_config", "app_config_from_env", "environment", "host", "user"):
        pulumi.export(f"{database.pulumi_resource_name}_{output}", getattr(database, output))
    for output in ("psql_command", "bootstrap_sql"):
        if hasattr(database, output):
            pulumi.export(f"{database.pulumi_resource_name}_{output}", getattr(database, output))
