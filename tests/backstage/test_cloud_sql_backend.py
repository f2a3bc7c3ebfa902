"""Backstage on CloudSqlPostgres' block: Google's own connector, and a PostgreSQL with Cloud SQL's roles.

What the component declares is replayed: the first start succeeds because of the declaration and of nothing else.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components import backstage
from tests.backstage import node
from tests.backstage.backend import TOKEN
from tests.backstage.cloud_sql import EMAIL, INSTANCE, NETWORKS, PROJECT, REGION, Declared, declare
from tests.backstage.fake_cloud_sql import PRELOAD, Instance, asked
from tests.backstage.runner import Runner, runner

pytestmark = pytest.mark.xdist_group("backstage_cloud_sql")

ROLE = f"{INSTANCE}@{PROJECT}.iam"
OTHER = f"other@{PROJECT}.iam.gserviceaccount.com"
CONNECTION_NAME = f"{PROJECT}:{REGION}:{INSTANCE}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Starts the process in which logins and backends run one after another."""
    with runner(tmp_path_factory.mktemp("runner"), PRELOAD) as running:
        yield running


@pytest.fixture(params=[18, 15])
def either(request: pytest.FixtureRequest, cloud_sql_instance: Callable[[int], Instance]) -> Instance:
    """Returns an instance without users, of an old and a new major: PostgreSQL 16 changed what CREATEROLE may do."""
    return cloud_sql_instance(request.param)


@pytest.fixture
def instance(cloud_sql_instance: Callable[[int], Instance]) -> Instance:
    return cloud_sql_instance(17)


def login(
    runs: Runner, folder: Path, instance: Instance, document: str, email: str = EMAIL, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Lets one plugin use its database, in a Backstage that runs as `email`."""
    return runs.login(folder, document, variables={**instance.environment(email, folder), **variables})


def worked(done: subprocess.CompletedProcess[str]) -> Mapping[str, Any]:
    assert done.returncode == 0, f"Backstage could not use the database:\n{done.stderr}"
    answer = json.loads(done.stdout)
    assert answer["read"] == answer["written"]
    return answer


def failed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0, "it worked, so the other tests prove nothing"
    return done.stderr


def without(block: Mapping[str, Any], *keys: str) -> str:
    return backstage.app_config({key: value for key, value in block.items() if key not in keys})


def notes(division: str) -> tuple[str, str]:
    """Returns the database and the table that the plugin writes to."""
    return ("backstage", "contract.notes") if division == "schema" else ("backstage_plugin_contract", "public.notes")


def owners(instance: Instance, database: str, table: str) -> set[str]:
    """Returns the owners of the table and of the database."""
    place = {"host": "127.0.0.1", "port": instance.server.port, "dbname": database}
    with psycopg.connect(**place, user="cloudsqladmin", password=instance.server.password) as session:
        query = """SELECT tableowner FROM pg_tables WHERE schemaname || '.' || tablename = %s
            UNION SELECT datdba::regrole::text FROM pg_database WHERE datname = %s"""
        return {name for (name,) in session.execute(query, [table, database])}


# --- The role graph


@pytest.mark.parametrize("division", ["schema", "database"])
def test_with_the_declared_roles_a_plugin_works_and_all_it_makes_belongs_to_the_role(
    tmp_path: Path, runs: Runner, either: Instance, division: str
) -> None:
    declared = declare(plugin_division_mode=division)
    either.deploy(declared)
    answer = worked(login(runs, tmp_path, either, declared.outputs["app_config"]))
    database, table = notes(division)
    assert (answer["database"], answer["user"]) == (database, "cloudsqlsuperuser")
    assert owners(either, database, table) == {"cloudsqlsuperuser"}


@pytest.mark.parametrize("division", ["schema", "database"])
def test_another_account_takes_over_and_the_first_can_be_dropped(
    tmp_path: Path, runs: Runner, either: Instance, division: str
) -> None:
    first = declare(plugin_division_mode=division)
    either.deploy(first)
    worked(login(runs, tmp_path, either, first.outputs["app_config"]))
    second = declare(plugin_division_mode=division, user=OTHER)
    either.deploy(second)
    assert either.users.keys() == {OTHER.removesuffix(".gserviceaccount.com")}
    # It drops and makes again the table that the first one made.
    worked(login(runs, tmp_path, either, second.outputs["app_config"], OTHER))


@pytest.mark.parametrize(
    ("users", "member"),
    [({"jo": "Jo@example.com"}, None), ({"team": "group:team@example.com"}, "zoe@example.com")],
    ids=["a person", "a member of a group"],
)
def test_an_additional_user_reads_over_the_psql_line_what_backstage_wrote(
    tmp_path: Path, runs: Runner, either: Instance, users: dict[str, str], member: str | None
) -> None:
    declared = declare(additional_users=users)
    either.deploy(declared)
    if member:
        either.join("team@example.com", member)
    written = worked(login(runs, tmp_path, either, declared.outputs["app_config"]))["written"]
    with either.psql(declared.outputs["psql_command"], member) as session:
        assert session.execute("SELECT text FROM contract.notes").fetchall() == [(written,)]
        assert session.execute("SELECT session_user, current_user").fetchone() == (
            member or "jo@example.com",
            "pg_read_all_data",
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table notes"):
            session.execute("DELETE FROM contract.notes")


def test_an_administrator_works_as_cloudsqlsuperuser_over_the_psql_line(
    tmp_path: Path, runs: Runner, either: Instance
) -> None:
    declared = declare(additional_users={"jo": "jo@example.com"}, additional_user_roles={"jo": "cloudsqlsuperuser"})
    either.deploy(declared)
    worked(login(runs, tmp_path, either, declared.outputs["app_config"]))
    with either.psql(declared.outputs["psql_command"]) as session:
        assert session.execute("DELETE FROM contract.notes").rowcount == 1
        session.execute("CREATE DATABASE more")


def test_with_nothing_but_the_rights_of_the_documented_step_a_plugin_works(
    tmp_path: Path, runs: Runner, either: Instance
) -> None:
    administrator: dict[str, Any] = {"additional_user_roles": {"jo": "cloudsqlsuperuser"}}
    first = declare(additional_users={"jo": "jo@example.com"}, **administrator)
    either.deploy(first)
    with either.psql(first.outputs["psql_command"]) as session:
        for statement in documented_sql():
            session.execute(statement.encode())
    least = declare(additional_users={"jo": "jo@example.com"}, role="backstage")
    either.deploy(least)
    answer = worked(login(runs, tmp_path, either, least.outputs["app_config"]))
    assert answer["user"] == "backstage"
    assert owners(either, *notes("schema")) == {"backstage", "cloudsqlsuperuser"}
    refusal = failed(
        login(runs, tmp_path, either, declare(role="backstage", plugin_division_mode="database").outputs["app_config"])
    )
    assert "permission denied to create database" in refusal


def documented_sql() -> list[str]:
    """Returns every SQL statement of docs/cloud-sql.md."""
    page = (node.FOLDER.parents[1] / "docs/cloud-sql.md").read_text()
    blocks = [block.partition("```")[0] for block in page.split("```sql\n")[1:]]
    assert blocks
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]


# --- The model is strict


def test_without_the_role_a_user_may_not_create_a_plugins_database(
    tmp_path: Path, runs: Runner, either: Instance
) -> None:
    declared = declare(plugin_division_mode="database")
    either.deploy(declared)
    said = failed(login(runs, tmp_path, either, without(declared.outputs["database_config"], "role")))
    assert "permission denied to create database" in said


def test_without_the_role_what_a_plugin_makes_keeps_its_user_from_being_dropped(
    tmp_path: Path, runs: Runner, either: Instance
) -> None:
    declared = declare()
    either.deploy(declared)
    worked(login(runs, tmp_path, either, without(declared.outputs["database_config"], "role")))
    assert ROLE in owners(either, *notes("schema"))
    with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="cannot be dropped because some objects"):
        either.deploy(declare(user=OTHER))


@pytest.mark.parametrize("division", ["schema", "database"])
def test_a_user_without_roles_may_create_nothing(tmp_path: Path, runs: Runner, either: Instance, division: str) -> None:
    declared = declare(plugin_division_mode=division)
    either.deploy(roleless(declared))
    assert "permission denied" in failed(
        login(runs, tmp_path, either, without(declared.outputs["database_config"], "role"))
    )


def test_a_role_that_was_not_granted_ends_backstage(tmp_path: Path, runs: Runner, either: Instance) -> None:
    declared = declare()
    either.deploy(roleless(declared))
    assert 'permission denied to set role "cloudsqlsuperuser"' in failed(
        login(runs, tmp_path, either, declared.outputs["app_config"])
    )


def roleless(declared: Declared) -> Declared:
    """Returns the same without the users' roles."""
    for resource in declared.resources:
        if "databaseRoles" in resource.inputs:
            resource.inputs["databaseRoles"].clear()
    return declared


# --- A whole backend


def assert_starts(runs: Runner, folder: Path, instance: Instance, document: str, variables: Mapping[str, str]) -> None:
    with runs.backend(folder, document, {**instance.environment(EMAIL, folder), **variables}) as running:
        running.wait_until(running.is_ready, "being ready")
        assert running.status("/api/catalog/entities", token=TOKEN) == 200, running.output


def test_a_backend_starts_with_the_literal_document_in_schema_mode(
    tmp_path: Path, runs: Runner, instance: Instance
) -> None:
    declared = declare()
    instance.deploy(declared)
    assert_starts(runs, tmp_path, instance, declared.outputs["app_config"], {})
    assert instance.databases() == {"backstage"}


def test_a_backend_starts_with_the_environment_document_in_database_mode(
    tmp_path: Path, runs: Runner, instance: Instance
) -> None:
    declared = declare(plugin_division_mode="database")
    instance.deploy(declared)
    assert_starts(runs, tmp_path, instance, declared.outputs["app_config_from_env"], declared.outputs["environment"])
    assert instance.databases() >= {"backstage_plugin_auth", "backstage_plugin_catalog", "backstage_plugin_search"}


# --- The contract with Google's connector


@pytest.mark.parametrize("form", ["app_config", "app_config_from_env"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_connector_finds_the_instance_at_its_kind_of_address_and_logs_in_by_iam(
    tmp_path: Path, runs: Runner, instance: Instance, kind: str, form: str
) -> None:
    declared = declare(**NETWORKS[kind])
    instance.deploy(declared)
    variables = declared.outputs["environment"] if form == "app_config_from_env" else {}
    worked(login(runs, tmp_path, instance, declared.outputs[form], **variables))
    place = {"project": PROJECT, "instance": INSTANCE}
    assert distinct(asked(tmp_path)) == [
        {"request": "connectSettings", **place},
        {"request": "generateEphemeralCert", **place, "iam": True},
        {"reached": f"{declared.outputs['host']}:3307"},
    ]
    assert declared.outputs["connection_name"] == CONNECTION_NAME


def distinct(notes: list[Any]) -> list[Any]:
    """Returns each note once, in order: every pool of connections does the same."""
    return [note for number, note in enumerate(notes) if note not in notes[:number]]


@pytest.mark.parametrize("user", [OTHER, "123-compute@developer.gserviceaccount.com", "Jo.O'Brien@Example.com"])
def test_the_user_reaches_the_server_byte_for_byte(tmp_path: Path, runs: Runner, instance: Instance, user: str) -> None:
    declared = declare(user=user)
    instance.deploy(declared)
    worked(login(runs, tmp_path, instance, declared.outputs["app_config"], user.lower()))


@pytest.mark.parametrize("role", ["roles/cloudsql.client", "roles/cloudsql.instanceUser"])
def test_without_one_of_the_iam_roles_nobody_gets_in(
    tmp_path: Path, runs: Runner, instance: Instance, role: str
) -> None:
    declared = declare()
    instance.deploy(declared)
    instance.bindings = [binding for binding in instance.bindings if binding["role"] != role]
    assert f"lacks {role}" in failed(login(runs, tmp_path, instance, declared.outputs["app_config"]))


def changed(block: Mapping[str, Any], **connection: Any) -> str:
    return backstage.app_config({**block, "connection": {**block["connection"], **connection}})


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ({"ipAddressType": "PRIVATE"}, "Cannot connect to instance, private Ip address not found"),
        ({"ipAddressType": "public"}, "Invalid connection.ipAddressType: public; valid values: PUBLIC, PRIVATE, PSC"),
        ({"instance": INSTANCE}, "Malformed Instance connection name"),
        ({"instance": f"{PROJECT}:us-central1:{INSTANCE}"}, "Provided region was mismatched"),
        ({"instance": f"{PROJECT}:{REGION}:another"}, "does not exist"),
        ({"ssl": True}, "The server does not support SSL connections"),
        ({"user": EMAIL}, f'role "{EMAIL}" does not exist'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_block_that_does_not_agree_with_the_instance_is_refused(
    tmp_path: Path, runs: Runner, instance: Instance, connection: dict[str, Any], reason: str
) -> None:
    declared = declare()
    instance.deploy(declared)
    assert reason in failed(login(runs, tmp_path, instance, changed(declared.outputs["database_config"], **connection)))
