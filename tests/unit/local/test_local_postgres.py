"""LocalPostgres: what it registers and what it hands back."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components import LocalPostgres
from components.inputs import ArgumentError
from components.local.validation import password_text, time_zone
from components.testing import Mocks, run
from components.validators import role_name
from tests.blocks import seen
from tests.unit.inputs import output

from .cases import COMPONENT, CONTAINER, IMAGE, SETS, STASH, VOLUME, container, create

# --- Outputs


def test_without_arguments_the_block_has_the_guides_defaults() -> None:
    """The password is generated."""
    connection = seen(create()["database_config"].value["connection"])
    password = connection.pop("password")
    assert connection == {"type": "default", "host": "127.0.0.1", "port": 5432, "user": "postgres", "ssl": False}
    assert len(password) == 48
    assert int(password, 16), "hexadecimal, so that it needs no quoting anywhere"


def test_every_output_agrees_with_the_block() -> None:
    results = create(port=5433, user="backstage", password="${a} 'b'")
    block = results["database_config"].value
    login = {"host": "127.0.0.1", "port": 5433, "user": "backstage", "password": "${a} 'b'"}
    assert seen(block) == {
        "client": "pg",
        "connection": {"type": "default", **login, "ssl": False},
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
    }
    assert results["host"].value == "127.0.0.1"
    assert results["port"].value == 5433
    assert results["user"].value == "backstage"
    assert results["password"].value == "${a} 'b'"
    assert results["container_name"].value == "db-postgres-0000000"
    assert results["environment"].value["POSTGRES_PASSWORD"] == "${a} 'b'"
    document = yaml.safe_load(results["app_config"].value)["backend"]["database"]
    assert document["connection"]["password"] == "$${a} 'b'", "escaped for Backstage's substitution"
    assert results["app_config_from_env"].value.count("${POSTGRES_") == 4


def test_exactly_the_outputs_that_hold_the_password_are_secret() -> None:
    secret = {name for name, result in create(password="x").outputs.items() if result.secret}
    assert secret == {"database_config", "app_config", "environment", "password", "kubernetes_secret"}


class EchoMocks(Mocks):
    """The mocks of Pulumi's own guide to unit tests, which know nothing of what a provider fills in."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}_id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:  # noqa: ARG002
        return {}, None


@pytest.mark.parametrize("args", SETS.values(), ids=SETS)
def test_under_the_mocks_of_pulumis_guide_the_block_has_all_keys(args: dict[str, Any]) -> None:
    def program() -> dict[str, Any]:
        database = LocalPostgres("db", {key: value for key, value in args.items() if key != "password"})  # pyright: ignore[reportArgumentType]
        return {"block": database.database_config, "psql": database.psql_command}

    results = run(program, mocks=EchoMocks())
    block = results["block"].value
    assert {"host", "port", "user", "password"} <= set(block["connection"])
    assert all(block["connection"][key] for key in ("host", "port", "user", "password"))
    assert "psql" in results["psql"].value


# --- Schema mode, psql, another machine


def test_in_schema_mode_the_block_names_one_database() -> None:
    block = create(plugin_division_mode="schema", password="x")["database_config"].value
    assert block["pluginDivisionMode"] == "schema"
    assert block["connection"]["database"] == "backstage"
    named = create(plugin_division_mode="schema", database_name="portal")["database_config"].value
    assert named["connection"]["database"] == "portal"


def test_a_database_name_is_refused_in_mode_database() -> None:
    with pytest.raises(ArgumentError, match=r'"database_name" is for plugin_division_mode schema'):
        create(database_name="portal")


def test_the_psql_command_is_one_shell_line_without_a_password() -> None:
    results = create(user="me", password="hunter2")
    assert not results["psql_command"].secret
    assert results["psql_command"].value == "docker exec -it db-postgres-0000000 psql -U me -d postgres"


@pytest.mark.parametrize(
    ("host_address", "ip"),
    [
        ("build.example.com", "0.0.0.0"),
        ("192.168.49.2", "0.0.0.0"),
        ("fd00::2", "::"),
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_another_machines_address_is_the_blocks_and_opens_the_port(host_address: str, ip: str) -> None:
    results = create(host_address=host_address, port=5433)
    assert results["host"].value == host_address
    assert results["database_config"].value["connection"]["host"] == host_address
    assert results.resource(CONTAINER).inputs["ports"] == [{"internal": 5432, "external": 5433, "ip": ip}]


def test_a_port_that_is_open_to_others_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warnings.append(text))
    create(host_address="127.0.0.1")
    create()
    assert warnings == []
    create(host_address="build.example.com")
    (warning,) = warnings
    assert "listens on all addresses" in warning
    assert "without TLS" in warning


def test_a_network_and_a_host_address_contradict_each_other() -> None:
    with pytest.raises(ArgumentError, match=r'"host_address" cannot be combined with network'):
        create(host_address="build.example.com", network="backstage")


# --- Children


def test_the_container_is_published_on_loopback_only() -> None:
    assert container(port=5433)["ports"] == [{"internal": 5432, "external": 5433, "ip": "127.0.0.1"}]


def test_the_image_outlives_the_stack() -> None:
    image = create(image="postgres:16").resource(IMAGE)
    assert image.inputs == {"name": "postgres:16", "keepLocally": True}


def test_data_is_on_a_volume_of_the_stack_mounted_above_the_directory_of_each_major() -> None:
    results = create()
    assert results.resource(VOLUME).inputs == {}, "a label added later would replace the volume and lose the data"
    assert results.resource(CONTAINER).inputs["volumes"] == [
        {"volumeName": "db-data-0000000", "containerPath": "/var/lib/postgresql"}
    ]


def test_a_volume_of_the_callers_replaces_that_of_the_stack() -> None:
    results = create(volume="keep")
    assert results.resource(CONTAINER).inputs["volumes"][0]["volumeName"] == "keep"
    assert VOLUME not in {resource.type for resource in results.resources}


def test_a_given_password_needs_no_stash() -> None:
    assert "db-password" not in {resource.name for resource in create(password="x").resources}


def test_a_generated_password_is_kept_whatever_the_next_run_generates() -> None:
    stash = create().resource(STASH, "db-password")
    assert list(stash.options.ignoreChanges) == ["input"]
    assert stash.secret_inputs == {"input"}


@pytest.mark.parametrize("args", [{}, {"password": "hunter2"}, {"password": output("hunter2")}])
def test_the_password_reaches_the_container_as_a_secret_file_and_nothing_else(args: dict[str, Any]) -> None:
    results = create(**args)
    password = results["password"].value
    for resource in results.resources:
        visible = {key: value for key, value in resource.inputs.items() if key not in resource.secret_inputs}
        assert password not in str(visible), f"{resource.type} shows the password"
    uploads = results.resource(CONTAINER).inputs["uploads"]
    assert uploads == [{"file": "/run/postgres-password", "content": password, "permissions": "0444"}]


def test_with_a_network_the_block_names_the_container_for_its_neighbours() -> None:
    results = create(network="backstage", port=5433)
    assert results["host"].value == "db-postgres-0000000"
    assert results["port"].value == 5432
    assert results.resource(CONTAINER).inputs["networksAdvanced"] == [{"name": "backstage"}]


def test_a_time_zone_becomes_the_servers_setting() -> None:
    assert container(timezone="Europe/Stockholm")["command"] == [
        "--timezone=Europe/Stockholm",
        "--log_timezone=Europe/Stockholm",
    ]
    assert "command" not in container()


def test_up_waits_for_a_login_and_stops_the_server_gently() -> None:
    inputs = container()
    assert inputs["wait"] is True
    assert "SELECT 1" in inputs["healthcheck"]["tests"][-1]
    assert "startInterval" not in inputs["healthcheck"], "engines before API 1.44 refuse it"
    assert inputs["destroyGraceSeconds"] == 30


def test_only_what_the_provider_says_or_a_failed_creation_replaces_a_container() -> None:
    options = create().resource(CONTAINER).options
    assert options.deleteBeforeReplace
    assert list(options.replaceOnChanges) == ["#initerror", "healthcheck.tests"]


def test_the_record_of_the_login_is_guarded_by_a_login() -> None:
    results = create(password="x")
    record = results.resource(STASH, "db-answered")
    assert record.inputs["input"] == {
        "host": "127.0.0.1",
        "port": 5432,
        "user": "postgres",
        "password": "x",
        "container": "db-postgres-id",
        "name": "db-postgres-0000000",
        "network": False,
    }
    hooks = record.options.hooks
    assert len(hooks.before_create) == 1
    assert list(hooks.before_create) == list(hooks.before_update)
    container_hooks = results.resource(CONTAINER).options.hooks
    assert len(container_hooks.before_create) == len(container_hooks.on_error) == 1


def test_the_container_names_its_owner() -> None:
    assert 'BACKSTAGE_DATABASE_OWNER=LocalPostgres "db" of stack project/dev' in container()["envs"]


def test_the_scripts_are_in_the_container_as_they_are_in_the_package() -> None:
    folder = Path(LocalPostgres.__init__.__code__.co_filename).parent
    inputs = container()
    assert inputs["entrypoints"] == ["sh", "-c", (folder / "entrypoint.sh").read_text(), "entrypoint.sh"]
    assert inputs["healthcheck"]["tests"] == ["CMD", "sh", "-c", (folder / "healthcheck.sh").read_text()]


def test_every_child_belongs_to_the_component_and_is_named_after_it() -> None:
    for resource in create().resources:
        if resource.type != COMPONENT:
            assert resource.options.parent.endswith(f"{COMPONENT}::db"), resource.type
            assert resource.name.startswith("db-"), resource.name


# --- Wrong arguments


@pytest.mark.parametrize("name", ["team/portal", "team portal", "bäckstage", "_db", "-db", "d" * 239])
def test_a_name_that_docker_would_refuse_halfway_is_refused_in_the_preview(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"at most 238 of A-Z, a-z, 0-9, _ \. and -, and start with"):
        run(lambda: {"host": LocalPostgres(name, {}).host}, preview=True)


def test_on_a_network_a_name_too_long_for_a_host_is_refused() -> None:
    """Docker would run the container, and nobody could look up its address."""

    def host(name: str) -> str:
        return run(lambda: {"host": LocalPostgres(name, {"network": "backstage"}).host})["host"].value

    assert len(host("d" * 46)) == 63
    with pytest.raises(ArgumentError, match=r"at most 46 .* because with network it is part"):
        host("d" * 47)


@given(st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1))
def test_any_single_line_is_a_password(password: str) -> None:
    assert password_text(password) == password


@given(st.from_regex(r"[A-Za-oq-z_][A-Za-z0-9_-]{0,62}", fullmatch=True))
def test_any_plain_name_is_a_user(user: str) -> None:
    assert role_name(user) == user


@given(st.text(min_size=64))
def test_no_name_longer_than_postgresqls_63_bytes_is_a_user(user: str) -> None:
    with pytest.raises(ValueError, match="1 to 63"):
        role_name(user)


@pytest.mark.parametrize("zone", ["UTC", "GMT", "Europe/Stockholm", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_current_zones_are_known(zone: str) -> None:
    assert time_zone(zone) == zone
