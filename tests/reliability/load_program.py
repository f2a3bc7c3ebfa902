"""As many components of one kind in one stack as the configuration says."""

import pulumi
from pulumi_azure_native.resources import ResourceGroup

from components import AzurePostgres, CloudSqlPostgres

config = pulumi.Config()
numbers = range(config.require_int("count"))

databases: list[AzurePostgres] | list[CloudSqlPostgres]
if config.require("component") == "AzurePostgres":
    group = ResourceGroup("portal", location="westeurope").name
    databases = [
        AzurePostgres(
            f"db{number}",
            {
                "resource_group_name": group,
                "location": "westeurope",
                "firewall_rules": {"office": "203.0.113.7"},
                "deletion_protection": False,
            },
        )
        for number in numbers
    ]
else:
    teammates = {"jo": "jo@example.com"}
    databases = [
        CloudSqlPostgres(f"db{number}", {"additional_users": teammates, "deletion_protection": False})
        for number in numbers
    ]
for number, database in enumerate(databases):
    pulumi.export(f"db{number}", database.database_config)
