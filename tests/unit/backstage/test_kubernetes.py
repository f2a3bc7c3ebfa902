"""Values and manifests, from any block. What Helm and Kubernetes do with them is in tests/kubernetes.py."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from components import backstage
from components.backstage.kubernetes import (
    CONFIG_FILE,
    Workload,
    helm_values,
    host_remark,
    kubernetes_manifests,
    kubernetes_secret,
    object_name,
)
from tests.kubernetes import NAME, objects, pod, read_alike
from tests.unit.backstage.documents import read, tricky_strings

CONNECTION = {"host": "db.example.com", "port": 5432, "user": "jo", "password": "secret"}
PLAIN = Workload("portal-database")
ON_AKS = Workload(
    "portal-database",
    "platform/backstage",
    {"azure.workload.identity/client-id": "12345678", "azure.workload.identity/tenant-id": ""},
    {"azure.workload.identity/use": "true"},
)


def block(**connection: Any) -> dict[str, Any]:
    return backstage.database_config({**CONNECTION, **connection})


def test_the_values_read_as_an_admin_would_write_them() -> None:
    connection = {"host": "db.example.com", "port": 5432, "user": "jo", "ssl": {"rejectUnauthorized": True}}
    assert helm_values(ON_AKS, backstage.database_config(connection), []) == (
        "# Values for the Helm chart backstage/backstage of https://backstage.github.io/charts.\n"
        "# Install it with --namespace platform: the identity is bound to that namespace.\n"
        "backstage:\n"
        "  appConfig:\n"
        "    backend:\n"
        "      database:\n"
        "        client: pg\n"
        "        connection:\n"
        "          type: default\n"
        "          host: db.example.com\n"
        "          port: 5432\n"
        "          user: jo\n"
        "          ssl: true\n"
        "          password: null\n"
        "          connectionString: null\n"
        "        pluginDivisionMode: database\n"
        "        role: null\n"
        "        prefix: backstage_plugin_\n"
        "        ensureExists: true\n"
        "        plugin: null\n"
        "  podLabels:\n"
        "    azure.workload.identity/use: 'true'\n"
        "serviceAccount:\n"
        "  create: true\n"
        "  name: backstage\n"
        "  annotations:\n"
        "    azure.workload.identity/client-id: '12345678'\n"
        "postgresql:\n"
        "  enabled: false\n"
    )


@given(tricky_strings, tricky_strings)
@example("{{ .Values.password }}", "{{{`}}")
@example("a\x7fb{{", "a\u2028b")
@example("089", "on")
def test_any_user_and_password_reach_backstage_through_the_chart(user: str, password: str) -> None:
    config = block(user=user, password=password)
    got = pod(helm_values(PLAIN, config, ["POSTGRES_PASSWORD"]))
    secret = objects(kubernetes_secret(PLAIN, config, ["POSTGRES_PASSWORD"]))["Secret"]
    assert got.secrets == [secret["metadata"]["name"]]
    assert secret["stringData"] == {"POSTGRES_PASSWORD": password}
    assert got.app_config["backend"]["database"] == backstage.with_variables(config, ["POSTGRES_PASSWORD"])


@given(tricky_strings)
@example("{{ .Values.password }}")
def test_the_config_map_holds_the_same_document_without_helm(user: str) -> None:
    config = block(user=user)
    made = objects(kubernetes_manifests(PLAIN, config, ["POSTGRES_PASSWORD"]))
    document = made["ConfigMap"]["data"][CONFIG_FILE]
    assert read_alike(document) == pod(helm_values(PLAIN, config, ["POSTGRES_PASSWORD"])).app_config
    assert read(document, {"POSTGRES_PASSWORD": "secret"})["connection"]["user"] == user
    assert made.keys() == {"ConfigMap"}


def test_options_of_any_type_survive_the_chart() -> None:
    options = {"knexConfig": {"pool": {"max": 12_345_678, "a{{b": [1.5, "{{", None, False]}}}
    config = backstage.database_config(CONNECTION, options)
    assert (
        pod(helm_values(PLAIN, config, ["POSTGRES_PASSWORD"])).app_config["backend"]["database"]["knexConfig"]
        == (options["knexConfig"])
    )


def test_on_a_cluster_the_service_account_has_its_namespace_and_annotations() -> None:
    made = objects(kubernetes_manifests(ON_AKS, block(), ["POSTGRES_PASSWORD"]))
    assert made["ServiceAccount"]["metadata"] == {
        "name": "backstage",
        "namespace": "platform",
        "annotations": {"azure.workload.identity/client-id": "12345678"},
    }
    assert made["ConfigMap"]["metadata"] == {"name": "portal-database", "namespace": "platform"}
    secret = objects(kubernetes_secret(ON_AKS, block(), ["POSTGRES_PASSWORD"]))["Secret"]
    assert secret["metadata"] == {"name": "portal-database", "namespace": "platform"}


def test_without_a_variable_there_is_no_secret() -> None:
    assert kubernetes_secret(PLAIN, block(password=None), []) == ""
    assert pod(helm_values(PLAIN, block(password=None), [])).secrets == []


def test_an_address_that_means_the_pod_itself_is_warned_about() -> None:
    for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1"):
        assert f"# WARNING: no pod reaches this database: in a pod {host} is the pod itself.\n" in (
            helm_values(PLAIN, block(host=host), ["POSTGRES_PASSWORD"])
        )
    for host in ("db.example.com", "10.1.2.3", "portal-postgres", "", "${POSTGRES_HOST}"):
        assert host_remark(host) is None


@given(st.text())
@example("Portal_DB")
@example("a" * 300)
@example("a" * 53 + "-b")
def test_any_components_name_makes_a_name_for_kubernetes(name: str) -> None:
    made = object_name(name)
    assert NAME.fullmatch(made)
    assert len(made) <= 63, "a label of DNS, which is the least that any kind of object allows"
    assert object_name("portal") == "portal-database"
