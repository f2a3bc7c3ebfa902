"""Sets of arguments for AzurePostgres. The fewer there are, the fewer first deployments the tests need."""

from typing import Any

from .simulated_azure import TENANT, SimulatedAzure

OBJECT = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
CLIENT = "00000000-0000-0000-0000-000000000003"
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/s"
PRIVATELINK = f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com"
ZONE = f"{NETWORK}/privateDnsZones/backstage.postgres.database.azure.com"
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/logs"

PRINCIPAL = {"adminName": "backstage app", "adminObjectId": OBJECT, "adminType": "ServicePrincipal"}
TEAM = {"adminName": "DB Admins", "adminObjectId": OBJECT, "adminType": "Group"}
RULES = {"office": "203.0.113.7", "vpn": "203.0.113.0/28"}
DATABASE: dict[str, Any] = {"firewallRules": RULES, "pluginDivisionMode": "schema"}
"""A database that Backstage shares, and two rules."""

BLUE = f"https://westeurope.oic.prod-aks.azure.com/{TENANT}/blue/"
GREEN = f"https://northeurope.oic.prod-aks.azure.com/{TENANT}/green/"
PODS: dict[str, Any] = {
    "kubernetesServiceAccount": "portal/backstage",
    "kubernetesOidcIssuers": {"blue": BLUE, "green": GREEN},
}
EVERYTHING: dict[str, Any] = {
    **DATABASE,
    **PODS,
    "adminGroups": {"DB Admins": OTHER},
    "serverParameters": {"azure.extensions": "PG_TRGM", "work_mem": 8192},
    "privateEndpointSubnetId": SUBNET,
    "privateDnsZoneId": PRIVATELINK,
    "highAvailability": "ZoneRedundant",
    "logAnalyticsWorkspaceId": WORKSPACE,
}
"""Something of every kind, but for a lock."""


def add_identity(azure: SimulatedAzure) -> dict[str, Any]:
    """Adds an identity that pods of another application log in as too; returns the arguments that name it."""
    id_ = azure.add_identity("people", "portal")
    azure.add_credential(id_, "other", BLUE, "system:serviceaccount:other:other")
    return {
        "adminName": "portal",
        "adminObjectId": OBJECT,
        "adminType": "ServicePrincipal",
        "clientId": CLIENT,
        "identityResourceId": id_,
    }
