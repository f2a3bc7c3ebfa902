"""What all four components return for Kubernetes: the chart and the API take it, and no secret is in plain text."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
import yaml

from components.backstage.kubernetes import CONFIG_FILE
from tests.kubernetes import LOADER, objects, pod
from tests.unit.azure import cases as azure
from tests.unit.cases import CASES, SETS, args_of, run_of
from tests.unit.cloud_sql import cases as cloud_sql
from tests.unit.existing import cases as existing
from tests.unit.inputs import unknown
from tests.unit.local import cases as local

OUTPUTS = ("helm_values", "kubernetes_manifests", "kubernetes_secret")
each_set = pytest.mark.parametrize(("component", "name"), SETS)


def substituted(block: Any, values: Mapping[str, str]) -> Any:
    """Returns what Backstage reads in the container."""
    if isinstance(block, Mapping):
        return {key: substituted(value, values) for key, value in block.items()}
    if isinstance(block, list):
        return [substituted(value, values) for value in block]
    if not isinstance(block, str):
        return block
    return re.sub(r"(\$?)\$\{([^{}]*)\}", lambda m: f"${{{m[2]}}}" if m[1] else values[m[2]], block)


# --- Every set of arguments that goes together


@each_set
def test_a_pod_reads_exactly_the_block(component: str, name: str) -> None:
    results, args = run_of(component, name), args_of(component, name)
    got = pod(results["helm_values"].value)
    manifests = objects(results["kubernetes_manifests"].value)
    secret = objects(results["kubernetes_secret"].value).get("Secret")
    values = secret["stringData"] if secret else {}
    assert substituted(got.app_config["backend"]["database"], values) == results["database_config"].value
    assert got.secrets == ([secret["metadata"]["name"]] if secret else [])
    assert results["kubernetes_secret"].secret == bool(secret)
    if account := args.get("kubernetes_service_account"):
        namespace, account_name = account.split("/")
        assert manifests["ServiceAccount"]["metadata"] == {
            "name": account_name,
            "namespace": namespace,
            "annotations": got.annotations,
        }
        assert got.service_account == account_name
    else:
        assert (got.service_account, got.labels, got.annotations) == ("default", {}, {})
    assert list(manifests["ConfigMap"]["data"]) == [CONFIG_FILE]


# --- Secrets


def strings(value: Any) -> Iterator[str]:
    """Yields every string of an output, and those of the documents in it."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
        if "\n" in value and "BEGIN" not in value.partition("\n")[0]:
            yield from strings(list(yaml.load_all(value, LOADER)))


SECRETS = [
    # The default of database_name is "backstage", too.
    pytest.param(
        component, name, argument, "portaluser" if value == "backstage" else value, id=f"{component}-{name}-{argument}"
    )
    for component, name in SETS
    for argument, value in CASES[component].SETS[name].items()
    if isinstance(value, str) and argument not in CASES[component].PLAIN
]


@pytest.mark.parametrize(("component", "name", "argument", "value"), SECRETS)
def test_no_argument_given_as_a_secret_is_readable_in_a_public_output(
    component: str, name: str, argument: str, value: str
) -> None:
    cases = CASES[component]
    results = cases.create(**{**cases.SETS[name], argument: lambda: pulumi.Output.secret(value)})
    for output in (*OUTPUTS, "app_config_from_env", "app_config", "database_config", "environment"):
        result = results[output]
        assert result.secret or value not in strings(result.value), output


@pytest.mark.parametrize(
    ("component", "args"),
    [
        ("LocalPostgres", {"host_address": "db.example.com", "user": "portaluser", "password": "hush-hush"}),
        ("ExistingPostgres", {"host": "db.example.com", "user": "portaluser", "password": "hush-hush"}),
        (
            "ExistingPostgres",
            {"host": "db.example.com", "user": "portaluser", "ssl_ca_certificate": existing.AUTHORITY},
        ),
        ("AzurePostgres", {**azure.PRINCIPAL, "admin_name": "portaluser", "client_id": azure.CLIENT}),
        (
            "AzurePostgres",
            {**azure.PRINCIPAL, "admin_name": "portaluser", "client_id": azure.CLIENT, "client_secret": "hush"},
        ),
        ("CloudSqlPostgres", {"user": "portaluser@example.com"}),
    ],
    ids=["local", "existing", "existing with an authority", "azure", "azure with a client secret", "cloud sql"],
)
def test_a_secret_address_or_user_is_in_the_secret_and_everything_else_stays_public(
    component: str, args: dict[str, Any]
) -> None:
    hidden = {"host_address", "host", "user", "password", "admin_name", "client_secret"}
    secrets = {key: (lambda v=value: pulumi.Output.secret(v)) for key, value in args.items() if key in hidden}
    results = CASES[component].create(**{**args, **secrets})
    for output in ("app_config_from_env", "helm_values", "kubernetes_manifests"):
        assert not results[output].secret, output
        assert not [value for key, value in args.items() if key in hidden and value in results[output].value]
    secret = objects(results["kubernetes_secret"].value)["Secret"]["stringData"]
    assert secret == results["environment"].value
    assert results["kubernetes_secret"].secret


# --- Previews


@each_set
def test_in_a_first_preview_the_outputs_for_kubernetes_are_unknown(component: str, name: str) -> None:
    cases = CASES[component]
    results = cases.create(preview=True, **cases.SETS[name])
    known = [output for output in OUTPUTS if results[output].known]
    # ExistingPostgres creates nothing, so all is known.
    assert known == (list(OUTPUTS) if component == "ExistingPostgres" else [])


def test_a_service_account_that_is_not_known_yet_keeps_what_names_it_unknown() -> None:
    results = cloud_sql.create(kubernetes_service_account=unknown)
    assert not [output for output in OUTPUTS if results[output].known]
    assert results["app_config"].known


# --- Identity


def test_on_aks_pods_log_in_as_the_created_identity() -> None:
    results = azure.create(**azure.PODS)
    got = pod(results["helm_values"].value)
    assert got.labels == {"azure.workload.identity/use": "true"}
    assert got.annotations == {
        "azure.workload.identity/client-id": results["client_id"].value,
        "azure.workload.identity/tenant-id": results["tenant_id"].value,
    }
    assert results["kubernetes_secret"].value == ""


def test_on_aks_the_annotation_names_the_identity_that_the_block_leaves_out() -> None:
    results = azure.create(**azure.PODS, use_default_credential=True)
    got = pod(results["helm_values"].value)
    assert got.app_config["backend"]["database"]["connection"]["tokenCredential"] is None
    assert got.annotations["azure.workload.identity/client-id"] == azure.CLIENT


@pytest.mark.parametrize("args", [{}, {"user": cloud_sql.EMAIL}], ids=["created", "given"])
def test_on_gke_pods_act_as_the_service_account(args: dict[str, Any]) -> None:
    results = cloud_sql.create(kubernetes_service_account="platform/backstage", **args)
    got = pod(results["helm_values"].value)
    assert got.annotations == {"iam.gke.io/gcp-service-account": results["service_account_email"].value}
    assert got.labels == {}
    assert results["kubernetes_secret"].value == ""


@pytest.mark.parametrize("component", ["AzurePostgres", "CloudSqlPostgres"])
def test_without_a_service_account_the_document_says_that_pods_have_no_identity(component: str) -> None:
    says = "# WARNING: nothing here gives Backstage's pods the identity that it logs in as"
    for output in ("helm_values", "kubernetes_manifests"):
        assert says in CASES[component].create()[output].value
    assert says not in azure.create(**azure.PRINCIPAL, client_id=azure.CLIENT, client_secret="s")["helm_values"].value
    assert says not in cloud_sql.create(kubernetes_service_account="platform/backstage")["helm_values"].value


# --- A database that pods do not reach


def test_a_local_database_says_whether_pods_reach_it() -> None:
    warning = "# WARNING: "
    assert "in a pod 127.0.0.1 is the pod itself" in local.create()["helm_values"].value
    assert "a container's name" in local.create(network="kind")["kubernetes_manifests"].value
    assert warning not in local.create(host_address="build.example.com")["helm_values"].value
