"""examples/kubernetes: what its objects are worth to Kubernetes and to the chart. Its own tests are next to it."""

import runpy
from typing import Any

import pytest
import yaml

import components
from components.testing import Run, run
from docs.reference import FILE
from tests.kubernetes import pod, validate
from tests.unit.azure.cases import ISSUER, PRIVATELINK, SUBNET

EXAMPLE = FILE.parents[1] / "examples" / "kubernetes"
CONFIG = {
    "aks": {"image": "example.com/portal/backstage:1", "issuer": ISSUER, "subnet": SUBNET, "dnsZone": PRIVATELINK},
    "gke": {"image": "example.com/portal/backstage:1"},
}


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(__import__("sys").modules, "backstage_database", components)

    def of(stack: str) -> Run:
        return run(lambda: runpy.run_path(str(EXAMPLE / "__main__.py")) and None, stack=stack, config=CONFIG[stack])

    return of


@pytest.mark.parametrize("stack", CONFIG)
def test_kubernetes_takes_each_object_of_the_program(example: Any, stack: str) -> None:
    made = [one for one in example(stack).resources if one.type.startswith("kubernetes:")]
    charts = [one for one in made if one.type == "kubernetes:helm.sh/v4:Chart"]
    assert len(charts) == 1
    for one in made:
        if one not in charts:
            validate(dict(one.inputs))


@pytest.mark.parametrize("stack", CONFIG)
def test_the_chart_takes_the_databases_values_and_the_programs(example: Any, stack: str) -> None:
    chart = example(stack).resource("kubernetes:helm.sh/v4:Chart").inputs
    (file,) = chart["valueYamlFiles"]
    merged = yaml.safe_load(file.text)
    merged["backstage"].update(chart["values"]["backstage"])
    got = pod(yaml.safe_dump(merged))
    assert got.service_account == "backstage"
    assert got.annotations
    assert got.app_config["backend"]["database"]["client"] == "pg"
    # Both are lists or maps that the other does not have: nothing is overwritten.
    assert not chart["values"]["backstage"].keys() & yaml.safe_load(file.text)["backstage"].keys()
