"""LocalPostgres on the real engine, with the real Docker provider and a real PostgreSQL."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from components.local.validation import known_time_zones

from .docker import docker, execute, exists, login, query, volumes_of
from .stack import Stack, refused, succeeded

CONTAINER = "docker:index/container:Container"

KEEP = "CREATE TABLE kept AS SELECT 'data' AS value"
KEPT = "SELECT value FROM kept"


def container_of(stack: Stack) -> str:
    (container,) = stack.ids(CONTAINER)
    return container


def test_up_ends_with_a_database_that_the_block_logs_in_to(stack: Stack) -> None:
    up = succeeded(stack.up())
    assert query(up.outputs["databaseConfig"], "SELECT 1") == 1


def test_a_second_up_a_refresh_and_a_preview_change_nothing(stack: Stack) -> None:
    first = stack.up()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first.outputs


def test_a_wrong_password_is_refused_at_the_published_port(stack: Stack) -> None:
    up = stack.up()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(up.outputs["databaseConfig"], password="wrong")


def test_the_database_is_reachable_from_this_machine_only(stack: Stack) -> None:
    stack.up()
    assert docker("port", container_of(stack)).split(" -> ")[1].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "password", ["it's \"$HOME\" ${X} $${Y} `id` \\ \\' %s ü 😀", " outer blanks ", "'; DROP ROLE x; --"]
)
def test_a_changed_password_works_on_the_old_data_and_the_old_one_does_not(stack: Stack, password: str) -> None:
    before = stack.up().outputs["databaseConfig"]
    execute(before, KEEP)

    stack.configure("local.password", password, secret=True)
    up = succeeded(stack.up())
    after = up.outputs["databaseConfig"]
    assert after["connection"]["password"] == password
    assert query(after, KEPT) == "data"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(before)


def test_a_generated_password_is_rotated_by_replacing_its_stash(stack: Stack) -> None:
    before = stack.up().outputs["databaseConfig"]
    execute(before, KEEP)

    rotated = succeeded(stack.up(replace=["**::backstage-password"]))
    after = rotated.outputs["databaseConfig"]
    assert after["connection"]["password"] != before["connection"]["password"]
    assert query(after, KEPT) == "data"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(before)
    assert stack.up().changed == {}


@pytest.mark.drill(broken="another process has the port", survived="the data; the next `up` repairs by itself")
def test_a_taken_port_fails_clearly_and_the_next_up_repairs_with_the_data_kept(stack: Stack, port: int) -> None:
    before = stack.up().outputs["databaseConfig"]
    execute(before, KEEP)

    taken = port + 500
    stack.configure("local.port", taken)
    with socket.create_server(("127.0.0.1", taken)):
        output = refused(stack.up())
        assert "address already in use" in output or "port is already allocated" in output
    repaired = succeeded(stack.up())
    assert repaired.outputs["port"] == taken
    assert query(repaired.outputs["databaseConfig"], KEPT) == "data"


@pytest.mark.parametrize("accident", [["stop"], ["kill"], ["rm", "--force", "--volumes"]])
@pytest.mark.drill(
    broken="the container is stopped, killed or removed by hand",
    survived="the data; `refresh` and `up` bring the database back",
)
def test_refresh_and_up_repair_a_container_that_was_stopped_killed_or_removed(
    stack: Stack, accident: list[str]
) -> None:
    execute(stack.up().outputs["databaseConfig"], KEEP)

    docker(*accident, container_of(stack))
    succeeded(stack.refresh())
    repaired = succeeded(stack.up())
    assert repaired.changed, "the engine saw nothing to repair"
    assert query(repaired.outputs["databaseConfig"], KEPT) == "data"


@pytest.fixture
def impatient(stack: Stack) -> Stack:
    """The stack, with a program that does not wait two minutes for a database that never answers."""
    stack.program = Path(__file__).with_name("short_timeout_program.py")
    return stack


@pytest.mark.drill(
    broken="the database no longer accepts the block's login",
    survived="the data; every `up` fails until the cause is mended, then goes on",
)
def test_a_database_that_refuses_the_login_fails_every_up_until_the_cause_is_mended(impatient: Stack) -> None:
    execute(impatient.up().outputs["databaseConfig"], KEEP)

    impatient.configure("local.user", "somebody_else")
    for _ in range(2):
        assert "container failed to be in healthy state" in refused(impatient.up())

    impatient.unconfigure("local.user")
    mended = succeeded(impatient.up())
    assert query(mended.outputs["databaseConfig"], KEPT) == "data"


@pytest.mark.drill(
    broken="a `refresh` hides from the engine that the last `up` failed",
    survived="the data; `up` still fails, and prints the command that repairs",
)
def test_a_refresh_after_a_failed_up_does_not_make_a_database_that_refuses_the_login_pass(impatient: Stack) -> None:
    execute(impatient.up().outputs["databaseConfig"], KEEP)

    impatient.configure("local.user", "somebody_else")
    refused(impatient.up())
    assert impatient.refresh().ok, "a refresh clears the engine's own memory of the failure"
    output = refused(impatient.up())
    assert "never answered a login" in output
    assert "pulumi up --replace '**::backstage-postgres'" in output

    impatient.unconfigure("local.user")
    mended = succeeded(impatient.up(replace=["**::backstage-postgres"]))
    assert query(mended.outputs["databaseConfig"], KEPT) == "data"
    assert impatient.up().changed == {}


def publishing(port: int) -> list[str]:
    """The containers that have this port of the machine."""
    return docker("ps", "--quiet", "--no-trunc", "--filter", f"publish={port}").split()


@pytest.mark.drill(
    broken="`pulumi up` is killed while it replaces the container",
    survived="the data; the left-over container is named, `up` goes on after its removal",
)
def test_what_a_killed_run_left_on_the_port_is_named_by_docker_and_after_its_removal_up_goes_on(
    stack: Stack, port: int
) -> None:
    execute(stack.up().outputs["databaseConfig"], KEEP)
    before = container_of(stack)
    stack.configure("local.timezone", "Europe/Stockholm")
    created = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 60
        while publishing(port) in ([], [before]) and time.monotonic() < deadline:
            time.sleep(0.02)
        created.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    refused(stack.up_killed(created))
    watcher.join()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    output = refused(stack.up())
    assert "interrupted while creating" in output
    assert "port is already allocated" in output

    docker("rm", "--force", "--volumes", *publishing(port))
    stack.cli("refresh", "--clear-pending-creates", "--yes", "--stack", stack.name)
    up = succeeded(stack.up())
    assert "interrupted" not in up.output
    assert query(up.outputs["databaseConfig"], KEPT) == "data"


@pytest.mark.drill(broken="the image changes to another major version and back", survived="both versions' data")
def test_another_major_version_and_back_both_work_and_lose_nothing(stack: Stack) -> None:
    execute(stack.up().outputs["databaseConfig"], KEEP)

    for image, major, content in (("postgres:15-bookworm", "15", None), ("postgres:17-trixie", "17", "data")):
        stack.configure("local.image", image)
        up = succeeded(stack.up())
        block = up.outputs["databaseConfig"]
        assert query(block, "SHOW server_version").startswith(major)
        assert query(block, "SELECT to_regclass('kept')::text") == (content and "kept")


@pytest.fixture
def network(stack: Stack) -> Iterator[str]:
    """A Docker network; it goes after the stack's container has left it."""
    name = f"network-of-{stack.folder.parent.name}"
    docker("network", "create", name)
    stack.configure("local.network", name)
    yield name
    stack.destroy()
    docker("network", "rm", name)


def test_a_container_on_the_same_network_logs_in_with_the_emitted_host_and_port(stack: Stack, network: str) -> None:
    up = succeeded(stack.up())
    connection = up.outputs["databaseConfig"]["connection"]
    psql = ["psql", "-h", connection["host"], "-p", str(connection["port"]), "-U", connection["user"]]
    client = ["run", "--rm", "--network", network, "--env", f"PGPASSWORD={connection['password']}", "--entrypoint"]
    answer = docker(*client, psql[0], "postgres:17-trixie", *psql[1:], "-d", "postgres", "-qtAc", "SELECT 42")
    assert answer == "42"
    assert stack.up().changed == {}


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[str]:
    name = f"volume-of-{tmp_path.name}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", "--force", name)


@pytest.mark.drill(
    broken="the stack is destroyed and created again with another password", survived="the data on the caller's volume"
)
def test_data_on_a_volume_of_the_callers_outlives_destroy_and_opens_with_a_new_password(
    volume: str, stack: Stack
) -> None:
    stack.configure("local.volume", volume)
    before = stack.up().outputs["databaseConfig"]
    execute(before, KEEP)

    succeeded(stack.destroy())
    assert exists("volume", volume)
    up = succeeded(stack.up())
    after = up.outputs["databaseConfig"]
    assert after["connection"]["password"] != before["connection"]["password"]
    assert query(after, KEPT) == "data"


def test_the_server_runs_in_the_given_time_zone(stack: Stack) -> None:
    stack.configure("local.timezone", "Europe/Stockholm")
    block = stack.up().outputs["databaseConfig"]
    assert query(block, "SHOW timezone") == "Europe/Stockholm"
    assert query(block, "SHOW log_timezone") == "Europe/Stockholm"


@pytest.mark.parametrize("image", ["postgres:17-trixie", "postgres:15-bookworm"])
def test_the_server_knows_every_time_zone_that_the_component_accepts(stack: Stack, image: str) -> None:
    stack.configure("local.image", image)
    block = stack.up().outputs["databaseConfig"]
    with login(block) as connection:
        known = {name for (name,) in connection.execute("SELECT name FROM pg_timezone_names")}
    assert known_time_zones() <= known


def test_destroy_leaves_no_container_and_no_volume_and_keeps_the_image(stack: Stack) -> None:
    stack.up()
    container = container_of(stack)
    volumes = volumes_of(container)
    assert len(volumes) == 2, "the stack's volume, and the anonymous one that the image asks for"

    succeeded(stack.destroy())
    assert not exists("container", container)
    assert [volume for volume in volumes if exists("volume", volume)] == []
    assert exists("image", "postgres:17-trixie")
    assert stack.resources() == []


WRONG = {
    "port": [(0, "whole number from 1 to 65535"), (70000, "whole number from 1 to 65535"), ("abc", "whole number")],
    "user": [("", "must be 1 to 63"), ("u" * 64, "must be 1 to 63")],
    "password": [("one\ntwo", "must be a single line")],
    "prot": [(5433, 'unknown argument "prot". Did you mean "port"?')],
    "image": [("", "must name a Docker image")],
    "timezone": [("Europe/Stokholm", "Did you mean Europe/Stockholm?")],
}


@pytest.mark.parametrize(
    ("argument", "value", "message"), [(key, *case) for key, cases in WRONG.items() for case in cases]
)
@pytest.mark.drill(
    broken="an argument is wrong", survived="everything: refused at preview and by `up`, nothing is created"
)
def test_a_wrong_argument_is_refused_at_preview_and_by_up_and_nothing_is_created(
    stack: Stack, argument: str, value: object, message: str
) -> None:
    stack.configure(f"local.{argument}", value, secret=argument == "password")
    for operation in (stack.preview, stack.up):
        output = refused(operation())
        assert message in output
        assert "Traceback" not in output
        assert "one\ntwo" not in output
    assert {resource["type"] for resource in stack.resources()} <= {"pulumi:pulumi:Stack"}


@pytest.mark.drill(broken="Docker cannot be reached", survived="everything: the next `up` creates the database")
def test_a_daemon_that_cannot_be_reached_is_named_and_nothing_is_left_behind(stack: Stack) -> None:
    stack.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    assert "unix:///nowhere/docker.sock" in refused(stack.up())
    del stack.environment["DOCKER_HOST"]
    succeeded(stack.up())
