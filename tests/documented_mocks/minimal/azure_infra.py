"""A program with databases in Azure: as an identity that is created, and as a person."""

from backstage_database import AzurePostgres

azure = AzurePostgres("azure", {"resource_group_name": "portal"})
jo = AzurePostgres(
    "jo",
    {
        "resource_group_name": "portal",
        "server_name": "portal-db",
        "admin_name": "jo@example.com",
        "admin_object_id": "00000000-0000-0000-0000-000000000001",
        "admin_type": "User",
        "firewall_rules": {"office": "203.0.113.7"},
    },
)
