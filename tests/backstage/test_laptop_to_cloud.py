"""docs/from-laptop-to-cloud.md: its commands move what a real Backstage wrote, and another one finds it there."""

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.backstage import azure, cloud_sql, fake_azure, fake_cloud_sql, node
from tests.backstage.backend import TOKEN, backend
from tests.backstage.databases import drop_databases

pytestmark = pytest.mark.xdist_group("backstage_postgres")

PAGE = node.FOLDER.parents[1] / "docs" / "from-laptop-to-cloud.md"
LOCATION = {"type": "url", "target": "https://example.com/catalog-info.yaml"}
JO = "jo@example.com"

# What the page's commands need of a machine: outputs of stacks, clients of PostgreSQL, and the clouds' own tools. The
# clients are those next to the server, in its container.
MACHINE = """
set -euo pipefail
pulumi() { local name="OUTPUT_$3"; echo "${!name}"; }
az() { echo "$TOKEN"; }
cloud-sql-proxy() { :; }
client() {
  local arguments=() argument
  for argument in "${@:2}"; do
    argument=${argument/port=6543/port=5432}
    arguments+=("${argument/sslrootcert=system/sslrootcert=\\/tmp\\/tls\\/ca.pem hostaddr=127.0.0.1}")
  done
  docker exec --interactive --env PGPASSWORD "$SERVER" "$1" "${arguments[@]}"
}
psql() { client psql "$@" < /dev/null; }
pg_restore() { client pg_restore "$@"; }
"""


def page(*names: str) -> str:
    """Returns the page's commands under these names, in this order."""
    commands = dict(re.findall(r"^```shell (\S+)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))
    return "\n".join(commands[name] for name in names)


def run(folder: Path, commands: str, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-c", MACHINE + commands],
        cwd=folder,
        env=node.environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def dumps(postgres: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the dumps that the page's first commands write, after a Backstage has used the database."""
    folder = tmp_path_factory.mktemp("laptop")
    login = {key: postgres["databaseConfig"]["connection"][key] for key in ("host", "port", "user", "password")}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as session:
        drop_databases(session)
    with backend(folder, postgres["appConfig"]) as local:
        local.wait_until(local.is_ready, "being ready")
        status, answer = local.ask("POST", "/api/catalog/locations", LOCATION, token=TOKEN)
        assert status == 201, answer
    outputs = {"OUTPUT_containerName": postgres["containerName"], "OUTPUT_user": postgres["user"]}
    run(folder, page("dump"), outputs)
    assert {dump.stem for dump in folder.glob("*.dump")} >= {
        *("backstage_plugin_auth", "backstage_plugin_catalog", "backstage_plugin_search")
    }
    return folder


def assert_finds_everything(folder: Path, document: str, variables: Mapping[str, str]) -> None:
    with backend(folder, document, variables) as moved:
        moved.wait_until(moved.is_ready, "being ready")
        _, locations = moved.ask("GET", "/api/catalog/locations", token=TOKEN)
        assert LOCATION["target"] in locations
        another = {**LOCATION, "target": "https://example.com/another.yaml"}
        status, answer = moved.ask("POST", "/api/catalog/locations", another, token=TOKEN)
        assert status == 201, f"it may read and not write: {answer}"


def test_to_azure(tmp_path: Path, dumps: Path, azure_server: Callable[[int], fake_azure.Azure]) -> None:
    server = azure_server(fake_azure.VERSION)
    server.allow_login(azure.SERVER_NAME, azure.IDENTITY_CLIENT)
    with server.administrator() as session:
        session.execute(f'CREATE ROLE "{JO}" LOGIN CREATEDB CREATEROLE IN ROLE azure_pg_admin'.encode())
    variables = {
        "OUTPUT_host": azure.HOST,
        "TOKEN": server.allow_login(JO, azure.CLIENT),
        "SERVER": server.container,
    }
    run(dumps, page("azure", "restore", "azure-owner"), variables)
    assert_finds_everything(tmp_path, azure.outputs()["app_config"], server.variables())


def test_to_google_cloud(
    tmp_path: Path, dumps: Path, cloud_sql_instance: Callable[[int], fake_cloud_sql.Instance]
) -> None:
    instance = cloud_sql_instance(17)
    declared = cloud_sql.declare(
        plugin_division_mode="database",
        additional_users={"jo": JO},
        additional_user_roles={"jo": "cloudsqlsuperuser"},
    )
    instance.deploy(declared)
    variables = {
        "OUTPUT_connectionName": declared.outputs["connection_name"],
        "SERVER": instance.server.container,
    }
    run(dumps, page("gcp", "restore"), variables)
    assert_finds_everything(tmp_path, declared.outputs["app_config"], instance.environment(cloud_sql.EMAIL, tmp_path))
    instance.deploy(cloud_sql.declare(plugin_division_mode="database"))
    with instance.administrator() as session:
        gone = session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [JO]).fetchall()
    assert gone == [], "the role that moved the data must not be tied to it"
