"""Runs Backstage on AKS or GKE, as the stack says, with its database, to which the pods log in without a secret.

pulumi stack init aks && pulumi install
pulumi config set kubernetes:context <the cluster's context, from `kubectl config get-contexts`>
pulumi config set image <your Backstage's image, such as registry.example.com/portal/backstage:1.2.3>
pulumi config set issuer <what `az aks show --query oidcIssuerProfile.issuerUrl` prints>
pulumi config set subnet <id of a subnet of the cluster's network, for the database's private endpoint>
pulumi config set dnsZone <id of the zone privatelink.postgres.database.azure.com that is linked to that network>
pulumi up

For GKE: `pulumi stack init gke`, then context, image and `pulumi config set gcp:project <the cluster's project>`.
"""

import backstage_database
import pulumi
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
stack = pulumi.get_stack()
namespace = kubernetes.core.v1.Namespace("portal", metadata={"name": "portal"})

if stack == "aks":
    database = backstage_database.AzurePostgres(
        "portal",
        {
            "resource_group_name": "portal",
            "location": "westeurope",
            "private_endpoint_subnet_id": config.require("subnet"),
            "private_dns_zone_id": config.require("dnsZone"),
            "kubernetes_service_account": "portal/backstage",
            "kubernetes_oidc_issuers": {"main": config.require("issuer")},
        },
    )
elif stack == "gke":
    database = backstage_database.CloudSqlPostgres("portal", {"kubernetes_service_account": "portal/backstage"})
else:
    raise pulumi.RunError(f"There is no cluster for the stack {stack!r}: use aks or gke.")

registry, _, path = config.require("image").partition("/")
repository, _, tag = path.rpartition(":")
kubernetes.helm.v4.Chart(
    "backstage",
    chart="backstage",
    version="2.8.2",
    repository_opts={"repo": "https://backstage.github.io/charts"},
    namespace="portal",
    # A file, because Helm merges files as on the command line, and keeps keys with null.
    value_yaml_files=[database.helm_values.apply(pulumi.StringAsset)],
    values={
        "backstage": {
            "image": {"registry": registry, "repository": repository, "tag": tag},
            # The files in the image: with an appConfig, the chart otherwise starts Backstage with that file only.
            "args": ["--config", "app-config.yaml", "--config", "app-config.production.yaml"],
        },
    },
    opts=pulumi.ResourceOptions(depends_on=[namespace]),
)

pulumi.export("helmValues", database.helm_values)
