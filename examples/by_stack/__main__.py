"""Creates Backstage's database where the stack says: in Docker, on Azure or on Google Cloud.

pulumi stack init dev && pulumi install
pulumi up
"""

import backstage_database
import pulumi

stack = pulumi.get_stack()

# A component's SDK is loaded only where it is used, so `dev` needs no cloud's SDK.
if stack == "dev":
    database = backstage_database.LocalPostgres("portal", {})
elif stack == "staging":
    database = backstage_database.AzurePostgres(
        "portal",
        {
            "resource_group_name": "portal-staging",
            "location": "westeurope",
            "firewall_rules": {"office": "203.0.113.7"},
            "deletion_protection": False,
        },
    )
elif stack == "production":
    database = backstage_database.CloudSqlPostgres(
        "portal",
        {
            "project": "portal-123",
            "region": "europe-west1",
            "high_availability": True,
            "additional_users": {"operators": "group:portal-operators@example.com"},
        },
    )
else:
    raise pulumi.RunError(f"There is no database for the stack {stack!r}: use dev, staging or production.")

# The same outputs on every stack.
pulumi.export("appConfig", database.app_config)
pulumi.export("appConfigFromEnv", database.app_config_from_env)
pulumi.export("environment", database.environment)
