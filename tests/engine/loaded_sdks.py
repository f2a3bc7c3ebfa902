"""What most programs of these tests load, in the process that their runners are forked from: see stack.py.

azure-native and our own package load a module when something of it is first used.
"""

import gc

import docker
import pg8000
import pulumi_docker
import pulumi_gcp
import yaml
from pulumi import automation
from pulumi_azure_native import authorization, dbforpostgresql, managedidentity, monitor, network, resources

import components

__all__ = ["automation", "docker", "pg8000", "pulumi_docker", "yaml"]

_ = (
    components.AzurePostgres,
    components.CloudSqlPostgres,
    components.ExistingPostgres,
    components.LocalPostgres,
    authorization.get_client_config_output,
    dbforpostgresql.Server,
    managedidentity.UserAssignedIdentity,
    monitor.DiagnosticSetting,
    network.PrivateEndpoint,
    resources.ResourceGroup,
    pulumi_gcp.organizations.get_client_config_output,
    pulumi_gcp.projects.IAMMember,
    pulumi_gcp.serviceaccount.Account,
    pulumi_gcp.sql.DatabaseInstance,
)

# A fork that collects garbage would copy every page of what is loaded here.
gc.freeze()
