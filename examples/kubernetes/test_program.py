"""Tests what each stack passes to the chart, without an engine, a cluster or a cloud: run with `pytest`."""

import runpy
from pathlib import Path

import pulumi
import pytest
import yaml
from backstage_database.testing import Run, run

NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
CONFIG = {
    "aks": {
        "image": "registry.example.com/portal/backstage:1.2.3",
        "issuer": "https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000002/cluster/",
        "subnet": f"{NETWORK}/virtualNetworks/v/subnets/s",
        "dnsZone": f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com",
    },
    "gke": {"image": "registry.example.com/portal/backstage:1.2.3"},
}


def program() -> None:
    runpy.run_path(str(Path(__file__).with_name("__main__.py")))


def of(stack: str) -> Run:
    return run(program, stack=stack, config=CONFIG.get(stack, {}))


@pytest.mark.parametrize("stack", CONFIG)
def test_backstage_runs_as_the_service_account_that_the_cloud_trusts(stack: str) -> None:
    results = of(stack)
    account = yaml.safe_load(results["helmValues"].value)["serviceAccount"]
    namespace = results.resource("kubernetes:core/v1:Namespace").inputs["metadata"]["name"]
    if stack == "aks":
        trust = results.resource("azure-native:managedidentity:FederatedIdentityCredential").inputs
        assert trust["subject"] == f"system:serviceaccount:{namespace}:{account['name']}"
    else:
        trust = results.resource("gcp:serviceaccount/iAMMember:IAMMember").inputs
        assert trust["member"].endswith(f".svc.id.goog[{namespace}/{account['name']}]")


@pytest.mark.parametrize("stack", CONFIG)
def test_the_chart_gets_the_databases_values_and_the_image(stack: str) -> None:
    results = of(stack)
    chart = results.resource("kubernetes:helm.sh/v4:Chart").inputs
    (file,) = chart["valueYamlFiles"]
    assert file.text == results["helmValues"].value
    assert chart["values"]["backstage"]["image"] == {
        "registry": "registry.example.com",
        "repository": "portal/backstage",
        "tag": "1.2.3",
    }
    assert chart["namespace"] == "portal"


@pytest.mark.parametrize("stack", CONFIG)
def test_there_is_no_secret(stack: str) -> None:
    assert not of(stack)["helmValues"].secret
    assert not [one for one in of(stack).resources if one.type == "kubernetes:core/v1:Secret"]


def test_another_stack_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="use aks or gke"):
        of("test")
