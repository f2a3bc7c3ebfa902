"""Each document must mean the same, whatever the app-config file below it says."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import ExistingPostgres, LocalPostgres, backstage
from components.testing import run
from tests.backstage import azure, cloud_sql, fake_azure, fake_cloud_sql, node
from tests.backstage.azure import CLIENT, PRINCIPAL, TENANT
from tests.backstage.runner import Runner, runner
from tests.blocks import seen

AUTHORITY = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def outputs_of(component: Any, **args: Any) -> dict[str, Any]:
    def program() -> dict[str, Any]:
        database = component("db", args)
        return {name: getattr(database, name) for name in component.__annotations__}

    return {name: resolved.value for name, resolved in run(program).outputs.items()}


SECRET_AND_OFFSET = {
    **PRINCIPAL,
    "client_id": CLIENT,
    "client_secret": "s3cret",
    "tenant_id": TENANT,
    "token_renewal_offset": {"minutes": 3, "seconds": 30},
    "plugin_division_mode": "schema",
}


@pytest.fixture(scope="module")
def blocks() -> dict[str, dict[str, Any]]:
    """Returns the outputs of every component, in the variants that differ most in their keys."""
    return {
        "local": outputs_of(LocalPostgres, password="secret"),
        "azure": azure.outputs(),
        "azure, client secret, schemas": azure.outputs(**SECRET_AND_OFFSET),
        "azure, offset alone": azure.outputs(**PRINCIPAL, token_renewal_offset={"minutes": 4}),
        "cloud_sql": cloud_sql.declare().outputs,
        "cloud_sql, private, databases": cloud_sql.declare(
            plugin_division_mode="database", **cloud_sql.NETWORKS["PRIVATE"]
        ).outputs,
        "existing": outputs_of(
            ExistingPostgres, host="db.example.com", user="me", password="pw", plugin_division_mode="schema"
        ),
    }


Layer = tuple[str, Mapping[str, str]]
"""A document and the environment that it needs."""


@pytest.fixture(scope="module")
def documents(blocks: dict[str, dict[str, Any]]) -> dict[str, Layer]:
    literal = {f"{name}, literal": (known["app_config"], {}) for name, known in blocks.items()}
    from_env = {f"{name}, env": (known["app_config_from_env"], known["environment"]) for name, known in blocks.items()}
    return {**literal, **from_env}


def database(**keys: Any) -> Layer:
    return yaml.safe_dump({"backend": {"database": keys}}), {}


ELSEWHERE = {"host": "elsewhere.example.com", "port": 6432, "user": "someone", "password": "stale"}
POSTGRES = {"client": "pg", "connection": ELSEWHERE}
OTHER_FILES = {
    "create-app": database(client="better-sqlite3", connection=":memory:"),
    "create-app for production": database(
        client="pg",
        connection={
            "host": "${POSTGRES_HOST}",
            "port": "${POSTGRES_PORT}",
            "user": "${POSTGRES_USER}",
            "password": "${POSTGRES_PASSWORD}",
        },
    ),
    "a connection string": database(client="pg", connection="postgresql://someone:stale@elsewhere:6432/other"),
    "a connection string in a map": database(
        client="pg", connection={"connectionString": "postgresql://someone:stale@elsewhere:6432/other"}
    ),
    "ssl: true": database(client="pg", connection={**ELSEWHERE, "ssl": True}),
    "a hand-written ssl block": database(
        client="pg",
        connection={
            **ELSEWHERE,
            "ssl": {"rejectUnauthorized": False, "ca": AUTHORITY, "servername": "elsewhere", "key": "k", "cert": "c"},
        },
    ),
    "prefix, role and knexConfig": database(
        **POSTGRES, prefix="other_", role="other", knexConfig={"pool": {"min": 1, "max": 3}, "debug": False}
    ),
    "schemas with a prefix": database(
        client="pg",
        connection={**ELSEWHERE, "database": "other"},
        pluginDivisionMode="schema",
        schemaPrefix="other_",
        role="other",
        ensureSchemaExists=True,
    ),
    "no right to create": database(**POSTGRES, ensureExists=False, ensureSchemaExists=False),
    "a plugin's own database": database(
        **POSTGRES,
        plugin={"catalog": {"client": "better-sqlite3", "connection": ":memory:", "role": "other"}},
    ),
    "a plugin's own connection": database(
        **POSTGRES, plugin={"catalog": {"connection": {"host": "catalog.example.com"}, "ensureExists": False}}
    ),
    "Amazon RDS": database(client="pg", connection={"type": "rds", "region": "eu-west-1", **ELSEWHERE}),
}


def observe(folder: Path, stacks: Sequence[Sequence[Layer]]) -> list[dict[str, Any]]:
    """Returns what Backstage does with each stack of layers, the lowest first; see connections.mjs."""
    request = [
        {
            "layers": [document for document, _ in layers],
            "env": {name: value for _, variables in layers for name, value in variables.items()},
        }
        for layers in stacks
    ]
    done = node.run(folder, "connections.mjs", stdin=json.dumps(request))
    assert done.returncode == 0, f"connections.mjs failed:\n{done.stderr}"
    # knex prints its own messages before the answer.
    return json.loads(done.stdout.splitlines()[-1])


def meaning(observed: Mapping[str, Any]) -> dict[str, Any]:
    """Returns which database it is and how Backstage logs in, without how Backstage then uses it."""
    return {key: value for key, value in observed.items() if key != "tuning"}


def different(folder: Path, documents: Mapping[str, Layer], others: Mapping[str, Layer]) -> dict[str, Any]:
    """Returns the pairs in which a document means something else over another file than alone."""
    names = list(itertools.product(others, documents))
    alone = dict(zip(documents, observe(folder, [[layer] for layer in documents.values()]), strict=True))
    assert [name for name, observed in alone.items() if not observed.get("connections")] == []
    over = observe(folder, [[others[lower], documents[upper]] for lower, upper in names])
    return {
        f"{upper} over {lower}": (meaning(alone[upper]), meaning(observed))
        for (lower, upper), observed in zip(names, over, strict=True)
        if meaning(alone[upper]) != meaning(observed)
    }


@node.both_releases
def test_every_document_means_the_same_over_every_other(tmp_path: Path, documents: dict[str, Layer]) -> None:
    assert different(tmp_path, documents, documents) == {}


@node.both_releases
def test_every_document_means_the_same_over_other_peoples_files(tmp_path: Path, documents: dict[str, Layer]) -> None:
    assert different(tmp_path, documents, OTHER_FILES) == {}


def test_without_what_the_documents_say_of_other_files_most_pairs_differ(
    tmp_path: Path, blocks: dict[str, dict[str, Any]], documents: dict[str, Layer]
) -> None:
    """Otherwise the tests above would prove nothing."""
    plain = {}
    for name, known in blocks.items():
        block = seen(known["database_config"])
        connection = {key: value for key, value in block["connection"].items() if value not in (False, "default")}
        kept = {key: block[key] for key in ("client", "role") if key in block}
        division = {} if block["pluginDivisionMode"] == "database" else {"pluginDivisionMode": "schema"}
        plain[name] = (backstage.app_config({**kept, **division, "connection": connection}), {})
    found = different(tmp_path, plain, {**OTHER_FILES, **documents})
    assert {pair.split(" over ")[0] for pair in found} == {*plain}
    harmless = {"create-app", "create-app for production", "a connection string"}
    assert {pair.split(" over ")[1] for pair in found} >= {*OTHER_FILES} - harmless


@node.both_releases
def test_how_backstage_works_with_its_database_is_left_to_the_file_below(
    tmp_path: Path, documents: dict[str, Layer]
) -> None:
    tuned = database(
        client="pg",
        connection={**ELSEWHERE, "statement_timeout": 1234},
        knexConfig={"pool": {"max": 3}},
        skipMigrations=True,
    )
    for name, observed in zip(documents, observe(tmp_path, [[tuned, one] for one in documents.values()]), strict=True):
        assert observed["tuning"] == {"max": 3, "skipMigrations": True}, name
        assert {one["statementTimeout"] for one in observed["connections"]} == {1234}, name


# --- Real logins


def login(runs: Runner, folder: Path, layers: Sequence[Layer], variables: Mapping[str, str]) -> dict[str, Any]:
    """Returns what one plugin does with its database, in a Backstage that loads these files."""
    environment = {name: value for _, layer in layers for name, value in layer.items()}
    done = runs.login(folder, *(text for text, _ in layers), variables={**environment, **variables})
    assert done.returncode == 0, f"Backstage could not use the database over {layers[0][0]}:\n{done.stderr}"
    answer = json.loads(done.stdout)
    assert answer["read"] == answer["written"]
    return answer


UNDER = ["a hand-written ssl block", "a connection string in a map", "prefix, role and knexConfig"]


@pytest.mark.xdist_group("backstage_postgres")
def test_backstage_logs_in_to_the_local_database_whatever_the_file_below_says(
    tmp_path: Path, postgres: dict[str, Any], documents: dict[str, Layer]
) -> None:
    with runner(tmp_path) as runs:
        for under in [*UNDER, "azure, client secret, schemas, literal", "cloud_sql, env"]:
            layers = [{**OTHER_FILES, **documents}[under], (postgres["appConfig"], {})]
            assert login(runs, tmp_path, layers, {})["database"] == "backstage_plugin_contract", under


@pytest.mark.xdist_group("backstage_azure")
def test_backstage_logs_in_to_azure_whatever_the_file_below_says(
    tmp_path: Path, azure_server: Callable[[int], fake_azure.Azure], documents: dict[str, Layer]
) -> None:
    server = azure_server(fake_azure.VERSION)
    with runner(tmp_path, server.variables()) as runs:
        server.allow_login(azure.SERVER_NAME, azure.IDENTITY_CLIENT)
        for under in [*UNDER, "local, literal", "azure, client secret, schemas, literal", "cloud_sql, literal"]:
            layers = [{**OTHER_FILES, **documents}[under], documents["azure, env"]]
            answer = login(runs, tmp_path, layers, {})
            assert (answer["user"], answer["database"]) == (azure.SERVER_NAME, "backstage_plugin_contract"), under


@pytest.mark.xdist_group("backstage_cloud_sql")
def test_backstage_logs_in_to_cloud_sql_whatever_the_file_below_says(
    tmp_path: Path, cloud_sql_instance: Callable[[int], fake_cloud_sql.Instance], documents: dict[str, Layer]
) -> None:
    instance = cloud_sql_instance(17)
    with runner(tmp_path, fake_cloud_sql.PRELOAD) as runs:
        instance.deploy(cloud_sql.declare())
        for under in [*UNDER, "local, literal", "azure, literal"]:
            layers = [{**OTHER_FILES, **documents}[under], documents["cloud_sql, env"]]
            answer = login(runs, tmp_path, layers, instance.environment(cloud_sql.EMAIL, tmp_path))
            assert (answer["user"], answer["database"]) == ("cloudsqlsuperuser", "backstage"), under
