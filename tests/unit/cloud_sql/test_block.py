"""CloudSqlPostgres: the block and the other outputs."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
import yaml

from components import CloudSqlPostgres
from components.testing import Mocks, run
from tests.blocks import seen
from tests.unit.cloud_sql.cases import (
    ACCOUNT,
    BINDING,
    EMAIL,
    INSTANCE,
    PRIVATE,
    PROJECT,
    PSC,
    TEAM,
    USER,
    block,
    create,
)
from tests.unit.inputs import of_type, output

# --- The block


def test_without_arguments_backstage_connects_as_a_created_service_account() -> None:
    results = create(instance_name="portal-db")
    assert seen(results["database_config"].value) == {
        "client": "pg",
        "ensureExists": True,
        "pluginDivisionMode": "schema",
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": f"{PROJECT}:europe-west1:portal-db",
            "host": "203.0.113.7",
            "port": 5432,
            "user": f"portal-db@{PROJECT}.iam",
            "database": "backstage",
            "ipAddressType": "PUBLIC",
            "ssl": False,
        },
    }
    assert results.resource(ACCOUNT).inputs["accountId"] == "portal-db"
    assert results["service_account_email"].value == f"portal-db@{PROJECT}.iam.gserviceaccount.com"
    assert results.resource(USER).inputs["type"] == "CLOUD_IAM_SERVICE_ACCOUNT"


@pytest.mark.parametrize(
    ("user", "type_", "member", "role"),
    [
        (EMAIL, "CLOUD_IAM_SERVICE_ACCOUNT", f"serviceAccount:{EMAIL}", f"backstage@{PROJECT}.iam"),
        (f"serviceAccount:{EMAIL}", "CLOUD_IAM_SERVICE_ACCOUNT", f"serviceAccount:{EMAIL}", f"backstage@{PROJECT}.iam"),
        (
            "123-compute@developer.gserviceaccount.com",
            "CLOUD_IAM_SERVICE_ACCOUNT",
            "serviceAccount:123-compute@developer.gserviceaccount.com",
            "123-compute@developer",
        ),
        ("Jo.O'Brien@Example.com", "CLOUD_IAM_USER", "user:jo.o'brien@example.com", "jo.o'brien@example.com"),
        ("user:jo@example.com", "CLOUD_IAM_USER", "user:jo@example.com", "jo@example.com"),
    ],
)
def test_a_user_has_the_name_that_each_of_google_iam_and_postgresql_knows_it_by(
    user: str, type_: str, member: str, role: str
) -> None:
    results = create(user=user)
    assert of_type(results, ACCOUNT) == []
    login = results.resource(USER).inputs
    assert (login["type"], login["name"]) == (type_, role)
    assert {binding.inputs["member"] for binding in of_type(results, BINDING)} == {member}
    assert results["user"].value == results["database_config"].value["connection"]["user"] == role


def test_the_service_account_is_an_output_if_backstage_runs_as_one() -> None:
    assert create(user=EMAIL.upper())["service_account_email"].value == EMAIL
    assert create(user="jo@example.com")["service_account_email"].value == ""


def test_in_database_mode_backstage_gets_no_database_and_keeps_the_role() -> None:
    assert seen(block(plugin_division_mode="database", instance_name="db-1", user=EMAIL)) == {
        "client": "pg",
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": f"{PROJECT}:europe-west1:db-1",
            "host": "203.0.113.7",
            "port": 5432,
            "user": f"backstage@{PROJECT}.iam",
            "ipAddressType": "PUBLIC",
            "ssl": False,
        },
    }


@pytest.mark.parametrize("role", ["cloudsqlsuperuser", "backstage"])
def test_backstages_user_is_granted_the_role_that_the_block_names_and_others_read(role: str) -> None:
    results = create(role=role, **TEAM)
    granted = [user.inputs["databaseRoles"] for user in of_type(results, USER)]
    assert granted == [[role], ["pg_read_all_data"], ["pg_read_all_data"]]
    assert results["database_config"].value["role"] == role


@pytest.mark.parametrize(
    ("network", "host"),
    [({}, "203.0.113.7"), (PRIVATE, "10.1.2.3"), (PSC, "a1b2.c3d4.europe-west1.sql.goog")],
)
def test_the_blocks_address_and_its_type_are_those_of_the_network(network: dict[str, Any], host: str) -> None:
    results = create(**network)
    connection = results["database_config"].value["connection"]
    assert (connection["host"], connection["port"]) == (host, 5432)
    assert (results["host"].value, results["port"].value) == (host, 5432)
    assert connection["ipAddressType"] == results["ip_address_type"].value == network.get("ip_address_type", "PUBLIC")


def test_no_output_is_secret_because_there_is_no_secret() -> None:
    results = create(**TEAM)
    assert {name for name, result in results.outputs.items() if result.secret} == set()
    assert {name for resource in results.resources for name in resource.secret_inputs} == set()


def test_the_environment_form_refers_to_the_variables_that_environment_holds() -> None:
    results = create(user=EMAIL)
    connection = yaml.safe_load(results["app_config_from_env"].value)["backend"]["database"]["connection"]
    assert (connection["host"], connection["port"], connection["user"]) == (
        "${POSTGRES_HOST}",
        "${POSTGRES_PORT}",
        "${POSTGRES_USER}",
    )
    assert results["environment"].value == {
        "POSTGRES_HOST": "203.0.113.7",
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": f"backstage@{PROJECT}.iam",
    }


# --- Mocks that only repeat their inputs, as in Pulumi's testing guide


class EchoMocks(Mocks):
    """Returns each resource's inputs as its outputs, and nothing for a call."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}_id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:  # noqa: ARG002
        return {}, []


PLACE = {"project": PROJECT, "region": "europe-west1"}


@pytest.mark.parametrize("network", [{}, PRIVATE, PSC], ids=["public", "private", "psc"])
@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_with_echo_mocks_what_follows_from_the_inputs_is_known(
    network: dict[str, Any], preview: bool, caplog: pytest.LogCaptureFixture
) -> None:
    results = create(mocks=EchoMocks(), preview=preview, instance_name="portal-db", **PLACE, **network)
    assert results["connection_name"].value == f"{PROJECT}:europe-west1:portal-db"
    if not preview:
        assert results["service_account_email"].value == f"portal-db@{PROJECT}.iam.gserviceaccount.com"
    assert (results["instance"].value, results["database"].value) == ("portal-db", "backstage")


def test_with_echo_mocks_an_address_that_nobody_knows_is_unknown_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = create(mocks=EchoMocks(), instance_name="portal-db", **PLACE)
    unknown_outputs = {name for name, result in results.outputs.items() if not result.known}
    assert unknown_outputs == {
        *("database_config", "app_config", "environment", "host"),
        *("helm_values", "kubernetes_manifests", "kubernetes_secret"),
        *("instance_service_account", "self_link"),
    }
    assert "the provider did not return the PUBLIC address, so outputs that contain it are unknown" in caplog.text


def test_with_echo_mocks_a_project_that_nobody_knows_is_unknown_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = create(mocks=EchoMocks(), instance_name="portal-db")
    assert not results["database_config"].known
    assert not results["connection_name"].known
    for argument in ("project", "region"):
        assert f"the provider did not return the {argument}, so outputs that contain it are unknown" in caplog.text


def test_the_items_of_a_list_may_be_outputs() -> None:
    found = create(ip_address_type="PSC", psc_consumer_projects=[output("consumer-1")]).resource(INSTANCE).inputs
    assert found["settings"]["ipConfiguration"]["pscConfigs"][0]["allowedConsumerProjects"] == ["consumer-1"]


def test_a_service_account_of_the_same_program_can_be_the_user() -> None:
    def program() -> Mapping[str, Any]:
        import pulumi_gcp as gcp

        account = gcp.serviceaccount.Account("mine", account_id="my-backstage", project=PROJECT)
        return {"user": CloudSqlPostgres("db", {"user": account.email}).user}

    assert run(program)["user"].value == f"my-backstage@{PROJECT}.iam"
