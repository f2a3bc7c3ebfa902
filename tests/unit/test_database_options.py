"""The arguments database_options, replicas and plugin_count, which all components have."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
import yaml

import components
from components.azure.capacity import capacity as azure_capacity
from components.backstage.connection_budget import Capacity, pool_max
from components.backstage.options import database_options
from components.cloud_sql.capacity import capacity as cloud_sql_capacity
from components.inputs import ArgumentError, CamelCaseArgs
from components.testing import Run, run
from tests.unit.cases import LEAST
from tests.unit.inputs import materialize, output

OPTIONS = {
    "keepalive": True,
    "knexConfig": {"pool": {"min": 1, "max": 3}},
    "skipMigrations": True,
    "prefix": "portal_",
    "plugin": {"catalog": {"knexConfig": {"pool": {"max": 7}}}},
}
every_component = pytest.mark.parametrize("component", LEAST)


def create(component: str, args: Mapping[str, Any]) -> Run:
    def program() -> dict[str, Any]:
        database = getattr(components, component)("db", materialize({**LEAST[component], **args}))
        return {name: getattr(database, name) for name in ("database_config", "app_config", "app_config_from_env")}

    return run(program)


def block(component: str, **args: Any) -> dict[str, Any]:
    return create(component, args)["database_config"].value


def refusal(component: str, args: Mapping[str, Any]) -> str:
    """Returns the message of the error for wrong arguments."""
    messages: list[str] = []

    def program() -> None:
        try:
            getattr(components, component)("db", args)
        except ArgumentError as error:
            messages.append(str(error))

    run(program)
    assert messages, "nothing is refused"
    return messages[0]


# --- The keys


@every_component
def test_the_options_are_in_the_block_and_in_both_documents(component: str) -> None:
    results = create(component, {"database_options": OPTIONS})
    documents = [yaml.safe_load(results[form].value) for form in ("app_config", "app_config_from_env")]
    for database in (results["database_config"].value, *(one["backend"]["database"] for one in documents)):
        assert {key: database[key] for key in OPTIONS} == OPTIONS
        assert database["client"] == "pg"


@every_component
def test_without_options_the_block_leaves_those_keys_to_other_files(component: str) -> None:
    assert not block(component).keys() & {"knexConfig", "keepalive", "skipMigrations"}


@every_component
def test_options_may_be_outputs_outside_and_inside(component: str) -> None:
    inside = {"knexConfig": {"pool": {"max": output(3)}}}
    assert block(component, database_options=output(OPTIONS))["knexConfig"] == OPTIONS["knexConfig"]
    assert block(component, database_options=inside)["knexConfig"] == {"pool": {"max": 3}}


@every_component
def test_a_secret_option_makes_every_document_secret(component: str) -> None:
    options = {"knexConfig": {"version": lambda: pulumi.Output.secret("16.1")}}
    results = create(component, {"database_options": options})
    assert {name for name, result in results.outputs.items() if result.secret} == set(results.outputs)


@every_component
def test_integers_that_came_as_floats_are_integers_again(component: str) -> None:
    options = {"knexConfig": {"pool": {"max": 3.0, "factor": 0.5}, "list": [1.0]}}
    assert "max: 3\n" in create(component, {"database_options": options})["app_config"].value


@every_component
@pytest.mark.parametrize("key", ["client", "connection", "role", "pluginDivisionMode"])
def test_what_the_component_decides_is_refused(component: str, key: str) -> None:
    message = refusal(component, {**LEAST[component], "database_options": {key: "x"}})
    assert f"must not have {key}, because the component decides it" in message
    nested = {"plugin": {"catalog": {key: "x"}}}
    if key != "pluginDivisionMode":
        message = refusal(component, {**LEAST[component], "database_options": nested})
        assert f"must not have plugin.catalog.{key}, because the component decides it" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("pool", "must be a map"),
        ({"knexconfig": {}}, "knexconfig is not one. Did you mean knexConfig? Allowed are prefix, schemaPrefix,"),
        ({"pool": {"max": 3}}, "pool is not one."),
        ({"knexConfig": 3}, "must have a map under knexConfig."),
        ({"knexConfig": {"connection": {}}}, "must not have knexConfig.connection, because the component decides it."),
        ({"plugin": {"catalog": {"knexConfig": {"searchPath": ["x"]}}}}, "plugin.catalog.knexConfig.searchPath"),
        ({"ensureExists": "yes"}, "must have true or false under ensureExists."),
        ({"prefix": ""}, "must have a non-empty string under prefix."),
        ({"schemaPrefix": "1-a"}, "does not start with a digit under schemaPrefix."),
        ({"plugin": ["catalog"]}, "must have a map under plugin."),
        ({"plugin": {"a.b": {}}}, "'a.b' is not one."),
        ({"plugin": {"catalog": True}}, "must be a map under plugin.catalog."),
        ({"plugin": {"catalog": {"prefix": "x"}}}, "plugin.catalog.prefix is not one."),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as error:
        database_options(options)
    assert message in str(error.value)


def test_an_existing_server_has_arguments_of_its_own_for_what_is_there_already() -> None:
    args = {**LEAST["ExistingPostgres"], "database_options": {"ensureExists": False}}
    assert "must not have ensureExists, because the component decides it" in refusal("ExistingPostgres", args)


# --- The connection budget


@every_component
def test_each_plugin_of_each_replica_may_open_what_the_server_allows(component: str) -> None:
    pools = block(component, replicas=1, plugin_count=12)["knexConfig"]["pool"]
    allowed = {"AzurePostgres": 10}
    assert pools == {"max": allowed.get(component, 7)}


@every_component
def test_other_keys_of_the_pool_stay(component: str) -> None:
    options = {"knexConfig": {"pool": {"min": 0}, "debug": False}}
    knex = block(component, replicas=1, plugin_count=12, database_options=options)["knexConfig"]
    assert (knex["pool"]["min"], knex["debug"], "max" in knex["pool"]) == (0, False, True)


def test_replicas_that_do_not_fit_are_refused_with_how_many_connections_are_too_many() -> None:
    message = refusal("AzurePostgres", {"resource_group_name": "group", "replicas": 30})
    assert message == (
        'AzurePostgres "db": argument "replicas" is 30, but it must be lower: 30 replicas of 20 plugins with 2 '
        "connections each, and 30 to create databases and schemas, are 1230 connections, but Standard_D2ds_v5 leaves "
        "841 of 859: 389 too many. Choose a larger size or fewer replicas, or say with plugin_count how many plugins "
        "use the database."
    )


def test_a_pool_that_the_caller_chose_is_kept_or_refused() -> None:
    options = {"knexConfig": {"pool": {"max": 5}}}
    args = {"replicas": 2, "plugin_count": 5, "database_options": options}
    assert block("LocalPostgres", **args)["knexConfig"]["pool"]["max"] == 5
    assert "with 5 connections each" in refusal("LocalPostgres", {**args, "plugin_count": 20})


def test_messages_spell_the_arguments_as_the_caller_does() -> None:
    args = CamelCaseArgs({"replicas": 50.0})
    assert '"replicas" is 50, but it must be lower' in refusal("LocalPostgres", args)
    assert "say with pluginCount how many" in refusal("LocalPostgres", args)


def test_plugin_count_without_replicas_is_refused() -> None:
    assert 'argument "plugin_count" is for replicas' in refusal("LocalPostgres", {"plugin_count": 5})


def test_an_unknown_size_needs_max_connections() -> None:
    args = {"tier": "db-c9-highmem-4", "edition": "ENTERPRISE_PLUS", "replicas": 2}
    assert "set max_connections in database_flags too" in refusal("CloudSqlPostgres", args)
    flags = {"max_connections": "500"}
    assert block("CloudSqlPostgres", **args, database_flags=flags)["knexConfig"]["pool"]["max"] == 10


@pytest.mark.parametrize(
    ("sku", "user_connections"),
    [
        *(("Standard_B1ms", 35), ("Standard_B2s", 414), ("Standard_B2ms", 844), ("Standard_D2ds_v5", 844)),
        *(("Standard_D4ds_v5", 1703), ("Standard_E2ds_v5", 1703), ("Standard_E96ds_v5", 4985)),
    ],
)
def test_azure_allows_as_many_connections_as_microsoft_says(sku: str, user_connections: int) -> None:
    capacity = azure_capacity(sku, None)
    assert capacity
    assert capacity.max_connections - capacity.reserved == user_connections


@pytest.mark.parametrize(
    ("tier", "connections"),
    [
        *(("db-f1-micro", 25), ("db-g1-small", 50), ("db-custom-1-3840", 100), ("db-custom-2-6144", 200)),
        *(("db-custom-2-7680", 400), ("db-custom-4-15360", 500), ("db-perf-optimized-N-2", 500)),
        *(("db-custom-8-30720", 600), ("db-perf-optimized-N-8", 800), ("db-perf-optimized-N-128", 1000)),
    ],
)
def test_google_allows_as_many_connections_as_its_page_says(tier: str, connections: int) -> None:
    capacity = cloud_sql_capacity(tier, None)
    assert capacity
    assert capacity.max_connections == connections


@pytest.mark.parametrize("division", ["database", "schema"])
@pytest.mark.parametrize("replicas", [1, 2, 5])
@pytest.mark.parametrize("plugins", [1, 7, 20])
def test_the_pool_size_fits_and_one_more_would_not(division: str, replicas: int, plugins: int) -> None:
    admins = replicas * (2 if division == "schema" else 1)
    size = pool_max(Capacity(300, 3, "it"), replicas, plugins, division)
    assert replicas * plugins * size + admins + 3 + 3 <= 300
    assert size == 10 or replicas * plugins * (size + 1) + admins + 3 + 3 > 300
