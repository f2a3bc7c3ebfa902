"""A whole Backstage must start with the emitted block, Azure's own libraries and a PostgreSQL as strict as Azure's."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from components import backstage
from tests.backstage import node
from tests.backstage.azure import CLIENT, HOST, IDENTITY_CLIENT, PRINCIPAL, SERVER_NAME, TENANT, USER, outputs
from tests.backstage.backend import TOKEN, Backend, backend
from tests.backstage.fake_azure import LOGIN, PRIVATE_NAME, VERSION, Azure
from tests.backstage.runner import Runner, runner

pytestmark = pytest.mark.xdist_group("backstage_azure")

PLUGINS = {"backstage_plugin_auth", "backstage_plugin_catalog", "backstage_plugin_search"}
APPLICATION = PRINCIPAL["admin_name"]
SECRET = "p~.Q ${POSTGRES_USER} 089"
WITH_SECRET = {**PRINCIPAL, "client_id": CLIENT, "client_secret": SECRET, "tenant_id": TENANT}


@pytest.fixture
def server(azure_server: Callable[[int], Azure]) -> Azure:
    return deployed(azure_server(VERSION))


@pytest.fixture(params=[16, 17, 18])
def any_version(request: pytest.FixtureRequest, azure_server: Callable[[int], Azure]) -> Azure:
    return deployed(azure_server(request.param))


@pytest.fixture(scope="module")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Azure], Runner]]:
    """Returns a function: server → the process in which backends on it run one after another.

    Microsoft's library keeps the token of a managed identity for the whole process. So a test of which requests are
    made for one has a process of its own.
    """
    with ExitStack() as running:
        started: dict[int, Runner] = {}

        def of(server: Azure) -> Runner:
            if server.port not in started:
                process = runner(tmp_path_factory.mktemp("runner"), server.variables())
                started[server.port] = running.enter_context(process)
            return started[server.port]

        yield of


def deployed(running: Azure) -> Azure:
    """Returns the server, on which the created identity and the application are now the admins."""
    running.allow_login(SERVER_NAME, IDENTITY_CLIENT)
    running.allow_login(APPLICATION, CLIENT)
    running.secrets[CLIENT] = (TENANT, SECRET)
    return running


def login(folder: Path, document: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Lets one plugin use its database."""
    file = node.write_secret(folder / "app-config.yaml", document)
    return node.run(folder, "login.mjs", "--config", str(file), variables=variables)


def assert_worked(done: subprocess.CompletedProcess[str], user: str, database: str) -> None:
    assert done.returncode == 0, f"Backstage could not use the database:\n{done.stderr}"
    answer = json.loads(done.stdout)
    assert (answer["user"], answer["database"], answer["read"]) == (user, database, answer["written"])


def failed_start(folder: Path, document: str, variables: Mapping[str, str]) -> str:
    """Returns the output of a backend that cannot start."""
    with backend(folder, document, variables) as running:
        running.wait_until(lambda: "Backend startup failed" in running.output or running.is_ready(), "giving up")
        assert not running.is_ready(), f"the backend works, although it should not be able to:\n{running.output}"
        return running.output


def without_ssl(block: Mapping[str, Any]) -> str:
    connection = {key: value for key, value in block["connection"].items() if key != "ssl"}
    return backstage.app_config({**block, "connection": connection})


# --- A whole backend


def assert_starts(
    start: Callable[..., AbstractContextManager[Backend]],
    folder: Path,
    document: str,
    variables: Mapping[str, str],
    server: Azure,
) -> None:
    with start(folder, document, variables) as running:
        running.wait_until(running.is_ready, "being ready")
        assert running.status("/api/catalog/entities", token=TOKEN) == 200, running.output
        assert running.status("/api/search/query?term=", token=TOKEN) == 200, running.output
    assert server.databases() >= PLUGINS


def test_a_backend_on_a_virtual_machine_starts_with_the_created_identity(tmp_path: Path, server: Azure) -> None:
    assert_starts(backend, tmp_path, outputs()["app_config"], server.variables(), server)
    assert set(server.asked) == {"metadata service"}


def test_a_backend_with_workload_identity_starts_with_the_default_credential(
    tmp_path: Path, runners: Callable[[Azure], Runner], server: Azure
) -> None:
    known = outputs(use_default_credential=True)
    pod = server.workload_identity(tmp_path, known["client_id"], TENANT)
    document, environment = known["app_config_from_env"], known["environment"]
    assert_starts(runners(server).backend, tmp_path, document, server.variables(**pod, **environment), server)
    assert set(server.asked) == {f"{LOGIN} by assertion"}


def test_a_backend_anywhere_starts_with_a_client_secret(
    tmp_path: Path, runners: Callable[[Azure], Runner], server: Azure
) -> None:
    known = outputs(**WITH_SECRET)
    document, environment = known["app_config_from_env"], known["environment"]
    assert_starts(runners(server).backend, tmp_path, document, server.variables(**environment), server)
    assert set(server.asked) == {f"{LOGIN} by secret"}


def test_a_backend_does_not_start_with_the_same_block_without_its_ssl(tmp_path: Path, server: Azure) -> None:
    said = failed_start(tmp_path, without_ssl(outputs()["database_config"]), server.variables())
    assert "Failed to connect to the database to make sure that 'backstage_plugin_" in said
    assert "no pg_hba.conf entry for host" in said
    assert f'user "{SERVER_NAME}", database "postgres", no encryption' in said
    assert server.asked, "it failed before it had a token"
    assert server.databases() == set()


def test_a_backend_does_not_start_when_another_authority_signed_the_certificate(tmp_path: Path, server: Azure) -> None:
    said = failed_start(tmp_path, outputs()["app_config"], server.variables(authority="other"))
    assert "Failed to connect to the database to make sure that 'backstage_plugin_" in said
    assert "unable to verify the first certificate" in said
    assert server.databases() == set()


# --- One plugin: the other places and principals


@pytest.mark.parametrize("form", ["app_config", "app_config_from_env"])
def test_on_app_service_the_created_identity_lets_backstage_in(tmp_path: Path, server: Azure, form: str) -> None:
    known = outputs()
    environment = known["environment"] if form == "app_config_from_env" else {}
    done = login(tmp_path, known[form], server.variables(**server.app_service(), **environment))
    assert_worked(done, SERVER_NAME, "backstage_plugin_contract")
    assert set(server.asked) == {"App Service"}


def test_the_created_identitys_client_id_does_not_prevent_workload_identity(tmp_path: Path, server: Azure) -> None:
    pod = server.workload_identity(tmp_path, IDENTITY_CLIENT, TENANT)
    done = login(tmp_path, outputs()["app_config"], server.variables(**pod))
    assert_worked(done, SERVER_NAME, "backstage_plugin_contract")
    assert set(server.asked) == {f"{LOGIN} by assertion"}


PODS: dict[str, Any] = {
    "kubernetes_service_account": "portal/backstage",
    "kubernetes_oidc_issuers": {"blue": "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"},
}
OWN_IDENTITY: dict[str, Any] = {
    **PRINCIPAL,
    "client_id": CLIENT,
    "identity_resource_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/"
    "userAssignedIdentities/portal",
}


@node.both_releases
@pytest.mark.parametrize("credential", [{}, {"use_default_credential": True}], ids=["default block", "no client id"])
@pytest.mark.parametrize("identity", [{}, OWN_IDENTITY], ids=["created", "given"])
def test_a_pod_of_the_kubernetes_service_account_logs_in_without_a_secret(
    tmp_path: Path, server: Azure, identity: dict[str, Any], credential: dict[str, Any]
) -> None:
    known = outputs(**PODS, **identity, **credential)
    pod = server.workload_identity(tmp_path, known["client_id"], TENANT)
    document, environment = known["app_config_from_env"], known["environment"]
    done = login(tmp_path, document, server.variables(**pod, **environment))
    assert_worked(done, known["user"], "backstage_plugin_contract")
    assert set(server.asked) == {f"{LOGIN} by assertion"}


def test_the_pods_token_is_exchanged_for_the_blocks_client_id(tmp_path: Path, server: Azure) -> None:
    """Even if the pod's own environment names another one."""
    known = outputs(**PODS)
    pod = server.workload_identity(tmp_path, known["client_id"], TENANT)
    for other in ({"AZURE_CLIENT_ID": CLIENT}, {"AZURE_CLIENT_ID": ""}):
        done = login(tmp_path, known["app_config"], server.variables(**{**pod, **other}))
        assert_worked(done, known["user"], "backstage_plugin_contract")
    assert set(server.asked) == {f"{LOGIN} by assertion"}


def test_a_pod_without_the_label_for_workload_identity_has_no_token_to_exchange(tmp_path: Path, server: Azure) -> None:
    pod = {"AZURE_CLIENT_ID": IDENTITY_CLIENT, "AZURE_TENANT_ID": TENANT}
    login(tmp_path, outputs(**PODS)["app_config"], server.variables(**pod))
    assert set(server.asked) == {"metadata service"}, "which is that of the node, and has the node's identities"


def test_the_literal_document_carries_the_client_secret_to_microsofts_login(tmp_path: Path, server: Azure) -> None:
    done = login(tmp_path, outputs(**WITH_SECRET)["app_config"], server.variables())
    assert_worked(done, APPLICATION, "backstage_plugin_contract")
    assert set(server.asked) == {f"{LOGIN} by secret"}


def test_the_default_credential_finds_a_service_principal_in_the_environment(tmp_path: Path, server: Azure) -> None:
    of_libraries = {"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_SECRET": SECRET}
    done = login(tmp_path, outputs(**PRINCIPAL)["app_config"], server.variables(**of_libraries))
    assert_worked(done, APPLICATION, "backstage_plugin_contract")
    assert set(server.asked) == {f"{LOGIN} by secret"}


def test_in_schema_mode_a_plugin_uses_the_database_that_the_admin_owns(tmp_path: Path, server: Azure) -> None:
    create_database(server, "portal", owner=SERVER_NAME)
    known = outputs(plugin_division_mode="schema", database_name="portal")
    assert_worked(login(tmp_path, known["app_config"], server.variables()), SERVER_NAME, "portal")


@pytest.mark.parametrize("division", ["database", "schema"])
def test_after_bootstrap_sql_a_user_without_admin_rights_is_enough(
    tmp_path: Path, runners: Callable[[Azure], Runner], any_version: Azure, division: str
) -> None:
    known = outputs(**PRINCIPAL, **USER, client_id=CLIENT, plugin_division_mode=division)
    if division == "schema":
        create_database(any_version, "backstage", owner=APPLICATION)
    done = any_version.psql(APPLICATION, any_version.tokens[CLIENT], known["bootstrap_sql"])
    assert done.returncode == 0, done.stderr
    any_version.allow_login(USER["user"], CLIENT)
    with runners(any_version).backend(tmp_path, known["app_config"], any_version.variables()) as running:
        running.wait_until(running.is_ready, "being ready")
        assert running.status("/api/catalog/entities", token=TOKEN) == 200, running.output
    assert any_version.databases() == ({"backstage"} if division == "schema" else PLUGINS)


def create_database(server: Azure, name: str, owner: str) -> None:
    """Creates the database, as Azure does for the component in schema mode."""
    create = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
    with server.administrator() as session:
        session.execute(create)


# --- The fake is strict


def assert_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert done.returncode != 0, "it worked, so the other tests prove nothing"
    assert reason in done.stderr


def test_the_token_of_another_principal_is_refused(tmp_path: Path, server: Azure) -> None:
    known = outputs(**PRINCIPAL, client_id=IDENTITY_CLIENT)
    done = login(tmp_path, known["app_config"], server.variables())
    assert_refused(done, f'password authentication failed for user "{APPLICATION}"')


def test_the_name_on_the_private_network_is_not_in_the_certificate(tmp_path: Path, server: Azure) -> None:
    """A login over that name is refused."""
    block = outputs()["database_config"]
    block = {**block, "connection": {**block["connection"], "host": PRIVATE_NAME}}
    done = login(tmp_path, backstage.app_config(block), server.variables())
    assert_refused(done, f"Host: {PRIVATE_NAME}. is not in the cert's altnames: DNS:{HOST}")


def test_a_wrong_client_secret_gets_no_token(tmp_path: Path, server: Azure) -> None:
    known = outputs(**{**WITH_SECRET, "client_secret": "wrong"})
    assert_refused(login(tmp_path, known["app_config"], server.variables()), "invalid_client")


def test_without_a_root_for_the_authority_the_server_is_not_trusted(tmp_path: Path, server: Azure) -> None:
    variables = server.variables()
    del variables["NODE_EXTRA_CA_CERTS"]
    done = login(tmp_path, outputs()["app_config"], variables)
    assert_refused(done, "unable to verify the first certificate")
