"""A program with databases in Azure: for pods as an identity that is created, for pods as one of ours, for a person."""

from backstage_database import AzurePostgres

azure = AzurePostgres(
    "azure",
    {
        "resource_group_name": "portal",
        "kubernetes_service_account": "portal/backstage",
        "kubernetes_oidc_issuers": {"blue": "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"},
    },
)
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
portal = AzurePostgres(
    "portal",
    {
        "resource_group_name": "portal",
        "admin_name": "portal",
        "admin_object_id": "00000000-0000-0000-0000-000000000002",
        "admin_type": "ServicePrincipal",
        "client_id": "00000000-0000-0000-0000-000000000003",
        "identity_resource_id": "/subscriptions/s/resourceGroups/people/providers/Microsoft.ManagedIdentity/"
        "userAssignedIdentities/portal",
        "kubernetes_service_account": "portal/backstage",
        "kubernetes_oidc_issuers": {"blue": "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"},
    },
)
