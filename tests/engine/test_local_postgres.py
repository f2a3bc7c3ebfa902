"""LocalPostgres on the real engine, with the real Docker provider and a real PostgreSQL."""

import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from components.local.validation import known_time_zones

from .conftest import leave_nothing_of, reserve_port
from .docker import docker, execute, exists, login, query, volumes_of
from .stack import Result, Stack, refused, succeeded

CONTAINER = "docker:index/container:Container"

# Every argument of the container that a transform may set and that this kind of machine supports.
CONTAINER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "most": {
        "memory": 512,
        "memoryReservation": 256,
        "cpuShares": 512,
        "cpuSet": "0",
        "labels": [{"label": "team", "value": "portal"}],
        "hostname": "db",
        "domainname": "example.com",
        "dns": ["192.0.2.1"],
        "dnsOpts": ["ndots:1"],
        "dnsSearches": ["example.com"],
        "hosts": [{"host": "a", "ip": "192.0.2.2"}],
        "init": True,
        "ipcMode": "private",
        "logDriver": "json-file",
        "logOpts": {"max-size": "10m"},
        "groupAdds": ["100"],
        "capabilities": {"adds": ["CAP_SYS_NICE"]},
        "securityOpts": ["no-new-privileges:true"],
        "stopSignal": "SIGINT",
        "stopTimeout": 40,
        "sysctls": {"net.ipv4.tcp_keepalive_time": "600"},
        "tmpfs": {"/scratch": "rw"},
        "ulimits": [{"name": "nofile", "soft": 2048, "hard": 4096}],
        "workingDir": "/tmp",
        "stdinOpen": True,
        "mounts": [{"target": "/more", "type": "tmpfs"}],
        "shmSize": 256,
        "runtime": "runc",
        "user": "root",
        "cgroupnsMode": "private",
        "removeVolumes": True,
    },
    "memory alone": {"memory": 512},
    "processor time": {"cpuPeriod": 100000, "cpuQuota": 50000, "restart": "on-failure", "maxRetryCount": 3},
    "terminal": {"tty": True, "networkMode": "bridge", "restart": "always"},
}

KEEP = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 'data' AS value"
KEPT = "SELECT value FROM kept"


def container_of(stack: Stack) -> str:
    (container,) = stack.ids(CONTAINER)
    return container


class SharedStack(Stack):
    """A stack for several tests, which remembers the result of its last update."""

    latest: Result

    def up(self, **options: Any) -> Result:
        result = super().up(**options)
        if result.ok:
            self.latest = result
        return result

    @property
    def database_config(self) -> dict[str, Any]:
        """The block of the database as it is now."""
        return self.latest.outputs["databaseConfig"]


@contextmanager
def shared_stack(folder: Path, **local: object) -> Iterator[SharedStack]:
    """A stack that is up, with these arguments of LocalPostgres."""
    stack = SharedStack(folder)
    stack.configure("local.port", reserve_port())
    for argument, value in local.items():
        stack.configure(f"local.{argument}", value)
    try:
        succeeded(stack.up())
        yield stack
    finally:
        leave_nothing_of(stack)


# --- A database that the tests only look at

only_looks = pytest.mark.xdist_group("local_postgres_that_is_only_looked_at")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStack]:
    """A stack that is up, which no test changes."""
    with shared_stack(tmp_path_factory.mktemp("running") / "stack", timezone="Europe/Stockholm") as stack:
        yield stack


@only_looks
def test_up_ends_with_a_database_that_the_block_logs_in_to(running: SharedStack) -> None:
    assert query(running.database_config, "SELECT 1") == 1


@only_looks
def test_a_second_up_a_refresh_and_a_preview_change_nothing(running: SharedStack) -> None:
    first = running.latest.outputs
    for operation in (running.up, running.refresh, running.preview, running.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first


@only_looks
def test_a_wrong_password_is_refused_at_the_published_port(running: SharedStack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(running.database_config, password="wrong")


@only_looks
def test_the_database_is_reachable_from_this_machine_only(running: SharedStack) -> None:
    assert docker("port", container_of(running)).split(" -> ")[1].startswith("127.0.0.1:")


@only_looks
def test_the_health_check_leaves_no_failed_logins_in_the_log(running: SharedStack) -> None:
    """It runs as root, again and again: the log would grow by them, and hide the cause of a real failure."""
    assert 'user "root"' not in docker("logs", container_of(running))


@only_looks
def test_the_server_runs_in_the_given_time_zone(running: SharedStack) -> None:
    assert query(running.database_config, "SHOW timezone") == "Europe/Stockholm"
    assert query(running.database_config, "SHOW log_timezone") == "Europe/Stockholm"


@only_looks
def test_the_server_knows_every_time_zone_that_the_component_accepts(running: SharedStack) -> None:
    assert known_time_zones() <= time_zones(running.database_config)


def time_zones(database_config: Mapping[str, Any]) -> set[str]:
    """Returns the names of the time zones that the server knows."""
    with login(database_config) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM pg_timezone_names")}


@only_looks
def test_a_port_that_another_stack_has_is_named_with_its_container(running: SharedStack, second: Stack) -> None:
    name = running.latest.outputs["containerName"]
    second.configure("local.port", running.latest.outputs["port"])
    output = refused(second.up())
    port = running.latest.outputs["port"]
    assert f'container {name} (LocalPostgres "backstage" of stack backstage-database/test) has port {port}.' in output


# --- A database that each test changes, and leaves with its first settings

changes_it = pytest.mark.xdist_group("local_postgres_that_is_changed")


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedStack]:
    with shared_stack(tmp_path_factory.mktemp("changing") / "stack") as stack:
        yield stack


@pytest.fixture
def database(changing: SharedStack) -> Iterator[SharedStack]:
    """A stack that is up, with a row in the table `kept`. After a test that failed it is brought up again."""
    settings = changing.folder / "Pulumi.test.yaml"
    before = settings.read_text()
    execute(changing.database_config, KEEP)
    try:
        yield changing
    finally:
        try:
            execute(changing.database_config, "DROP TABLE kept")
            left_well = yaml.safe_load(settings.read_text()) == yaml.safe_load(before)
        except psycopg.Error:
            left_well = False
        if not left_well:
            settings.write_text(before)
            succeeded(changing.up(refresh=True))


@changes_it
def test_a_changed_password_works_on_the_old_data_and_the_old_one_does_not(database: SharedStack) -> None:
    before = database.database_config
    tricky = ["it's \"$HOME\" ${X} $${Y} `id` \\ \\' %s ü 😀", " '; DROP ROLE x; -- with outer spaces "]
    for password in tricky:
        database.configure("local.password", password, secret=True)
        after = succeeded(database.up()).outputs["databaseConfig"]
        assert after["connection"]["password"] == password
        assert query(after, KEPT) == "data", password
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            login(before)
        before = after
    database.unconfigure("local.password")
    generated = succeeded(database.up()).outputs["databaseConfig"]
    assert generated["connection"]["password"] not in tricky
    assert query(generated, KEPT) == "data"


@changes_it
def test_a_generated_password_is_rotated_by_replacing_its_stash(database: SharedStack) -> None:
    before = database.database_config
    rotated = succeeded(database.up(replace=["**::backstage-password"]))
    after = rotated.outputs["databaseConfig"]
    assert after["connection"]["password"] != before["connection"]["password"]
    assert query(after, KEPT) == "data"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(before)
    assert succeeded(database.up()).changed == {}


@changes_it
@pytest.mark.drill(broken="another process has the port", survived="the data; the next `up` repairs by itself")
def test_a_taken_port_fails_clearly_and_the_next_up_repairs_with_the_data_kept(
    database: SharedStack, port: int
) -> None:
    first = database.latest.outputs["port"]
    database.configure("local.port", port)
    with socket.create_server(("127.0.0.1", port)):
        output = refused(database.up())
        assert f"a program other than Docker's containers has port {port}" in output
        assert f"ss -ltnp sport = :{port}" in output
    repaired = succeeded(database.up())
    assert repaired.outputs["port"] == port
    assert query(repaired.outputs["databaseConfig"], KEPT) == "data"
    database.configure("local.port", first)
    succeeded(database.up())


ACCIDENTS = (["stop"], ["kill"], ["rm", "--force", "--volumes"])


@changes_it
@pytest.mark.drill(
    broken="the container is stopped, killed or removed by hand",
    survived="the data; `refresh` and `up` bring the database back",
)
def test_refresh_and_up_repair_a_container_that_was_stopped_killed_or_removed(database: SharedStack) -> None:
    for accident in ACCIDENTS:
        docker(*accident, container_of(database))
        succeeded(database.refresh())
        repaired = succeeded(database.up())
        assert repaired.changed, f"after {accident} the engine saw nothing to repair"
        assert query(repaired.outputs["databaseConfig"], KEPT) == "data", accident


@changes_it
@pytest.mark.drill(broken="the image changes to another major version and back", survived="both versions' data")
def test_another_major_version_and_back_both_work_and_lose_nothing(database: SharedStack) -> None:
    """The older version knows all time zones, too."""
    database.configure("local.image", "postgres:15-bookworm")
    older = succeeded(database.up()).outputs["databaseConfig"]
    assert query(older, "SHOW server_version").startswith("15")
    assert query(older, "SELECT to_regclass('kept')::text") is None
    assert known_time_zones() <= time_zones(older)
    database.unconfigure("local.image")
    newer = succeeded(database.up()).outputs["databaseConfig"]
    assert query(newer, "SHOW server_version").startswith("17")
    assert query(newer, KEPT) == "data"


@changes_it
def test_in_schema_mode_the_block_names_the_one_database(database: SharedStack) -> None:
    database.configure("local.pluginDivisionMode", "schema")
    block = succeeded(database.up()).outputs["databaseConfig"]
    assert block["pluginDivisionMode"] == "schema"
    assert block["connection"]["database"] == "backstage"
    # What Backstage does first: it creates the database that is not there.
    execute(block, "CREATE DATABASE backstage")
    database.unconfigure("local.pluginDivisionMode")
    succeeded(database.up())


@changes_it
@pytest.mark.drill(
    broken="the database no longer accepts the block's login",
    survived="the data; every `up` fails until the cause is fixed, then goes on",
)
def test_a_database_that_refuses_the_login_fails_every_up_until_the_cause_is_fixed(database: SharedStack) -> None:
    database.configure("local.user", "somebody_else")
    with short_timeout(database):
        for _ in range(2):
            output = refused(database.up())
            assert "never accepted a login" in output
            assert 'has no user "somebody_else"' in output, "the container's own words"
    database.unconfigure("local.user")
    assert query(succeeded(database.up()).outputs["databaseConfig"], KEPT) == "data"


@changes_it
@pytest.mark.drill(
    broken="a `refresh` hides from the engine that the last `up` failed",
    survived="the data; `up` still fails, and says why",
)
def test_a_refresh_after_a_failed_up_does_not_make_a_dead_database_pass(database: SharedStack) -> None:
    """A database that refuses the login fails the next `up` too, although a refresh has seen its container running."""
    database.configure("local.user", "somebody_else")
    with short_timeout(database):
        refused(database.up())
        assert database.refresh().ok, "a refresh clears the engine's own memory of the failure"
        output = refused(database.up())
    # The refresh met the container while it ran, or between two of its starts.
    assert "pulumi up --replace '**::backstage-postgres'" in output or "never accepted a login" in output

    database.unconfigure("local.user")
    repaired = succeeded(database.up(replace=["**::backstage-postgres"]))
    assert query(repaired.outputs["databaseConfig"], KEPT) == "data"
    assert succeeded(database.up()).changed == {}


@contextmanager
def short_timeout(stack: Stack) -> Iterator[None]:
    """Runs a program meanwhile that waits for a database which never answers for seconds, not for two minutes."""
    usual = stack.program
    stack.program = Path(__file__).with_name("short_timeout_program.py")
    # The operator has the program from its start.
    stack.rest()
    try:
        yield
    finally:
        stack.program = usual
        stack.rest()


# --- Stacks of their own


def publishing(port: int) -> list[str]:
    """Returns the ids of the containers that publish this port."""
    return docker("ps", "--quiet", "--no-trunc", "--filter", f"publish={port}").split()


@pytest.mark.drill(
    broken="`pulumi up` is killed while it replaces the container",
    survived="the data; the left-over container is named, `up` goes on after its removal",
)
def test_a_container_left_by_a_killed_run_is_named_and_can_be_removed(stack: Stack, port: int) -> None:
    execute(stack.up().outputs["databaseConfig"], KEEP)
    before = container_of(stack)
    stack.configure("local.timezone", "Europe/Stockholm")
    created = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 300
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
    assert "It is left from an interrupted `pulumi up` of this stack" in output
    (left,) = publishing(port)
    name = docker("container", "inspect", "--format", "{{.Name}}", left).removeprefix("/")
    assert f"`docker stop {name} && docker rm {name}`" in output

    docker("stop", name)
    docker("rm", name)
    stack.cli("refresh", "--clear-pending-creates", "--yes", "--stack", stack.name)
    up = succeeded(stack.up())
    assert "interrupted" not in up.output
    assert query(up.outputs["databaseConfig"], KEPT) == "data"


def test_a_component_with_another_name_and_parent_keeps_its_data_with_aliases(stack: Stack, port: int) -> None:
    stack.program = Path(__file__).with_name("renamed_program.py")
    stack.environment |= {"PORT": str(port), "STEP": "former"}
    before = succeeded(stack.up()).outputs["databaseConfig"]
    execute(before, KEEP)

    stack.environment["STEP"] = "renamed"
    after = succeeded(stack.up()).outputs["databaseConfig"]
    assert after == before, "the same password, too"
    assert query(after, KEPT) == "data"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[str]:
    """A Docker network."""
    name = f"network-of-{tmp_path.name}-{secrets.token_hex(4)}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


def test_a_container_on_the_same_network_logs_in_with_the_emitted_host_and_port(network: str, stack: Stack) -> None:
    stack.configure("local.network", network)
    up = succeeded(stack.up())
    connection = up.outputs["databaseConfig"]["connection"]
    psql = ["psql", "-h", connection["host"], "-p", str(connection["port"]), "-U", connection["user"]]
    client = ["run", "--rm", "--network", network, "--env", f"PGPASSWORD={connection['password']}", "--entrypoint"]
    answer = docker(*client, psql[0], "postgres:17-trixie", *psql[1:], "-d", "postgres", "-qtAc", "SELECT 42")
    assert answer == "42"
    assert stack.up().changed == {}


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[str]:
    """A Docker volume that no stack owns."""
    name = f"volume-of-{tmp_path.name}-{secrets.token_hex(4)}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", "--force", name)


@pytest.mark.drill(
    broken="the stack is destroyed and created again with another password", survived="the data on the caller's volume"
)
def test_data_on_a_named_volume_outlives_destroy_and_takes_a_new_password(volume: str, stack: Stack) -> None:
    stack.configure("local.volume", volume)
    before = stack.up().outputs["databaseConfig"]
    execute(before, KEEP)

    succeeded(stack.destroy())
    assert exists("volume", volume)
    up = succeeded(stack.up())
    after = up.outputs["databaseConfig"]
    assert after["connection"]["password"] != before["connection"]["password"]
    assert query(after, KEPT) == "data"


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Stack]:
    """Another stack of another checkout, on a port of its own."""
    other = Stack(tmp_path / "second")
    other.configure("local.port", reserve_port())
    yield other
    leave_nothing_of(other)


ROWS = "CREATE TABLE kept AS SELECT generate_series(1, 100000) AS number"
COUNT = "SELECT count(*) FROM kept"


@pytest.mark.drill(
    broken="two stacks are given one volume, with the same or another major version",
    survived="all rows; the second `up` names the container and works once that is gone",
)
def test_a_second_stack_on_a_volume_in_use_is_refused(volume: str, stack: Stack, second: Stack) -> None:
    stack.configure("local.volume", volume)
    first = succeeded(stack.up()).outputs
    execute(first["databaseConfig"], ROWS)
    second.configure("local.volume", volume)
    for image in ("postgres:17-trixie", "postgres:15-bookworm"):
        second.configure("local.image", image)
        for _ in range(2):
            output = refused(second.up())
            assert f"container {first['containerName']}" in output
            assert f"runs PostgreSQL on the volume {volume}" in output
    assert query(first["databaseConfig"], COUNT) == 100000

    succeeded(stack.destroy())
    succeeded(second.up())
    second.configure("local.image", "postgres:17-trixie")
    assert query(succeeded(second.up()).outputs["databaseConfig"], COUNT) == 100000


@pytest.mark.drill(
    broken="two components of one program are given one volume and start at the same moment",
    survived="the data; one of them runs, and the failed `up` shows what the container of the other one says",
)
def test_of_two_components_on_one_volume_only_one_runs(volume: str, stack: Stack) -> None:
    stack.program = Path(__file__).with_name("one_volume_program.py")
    stack.environment |= {"VOLUME": volume, "PORTS": f"{reserve_port()} {reserve_port()}"}
    output = refused(stack.up())
    assert "the volume is in use by container" in output
    healthy = ("ps", "--quiet", "--filter", f"volume={volume}", "--filter", "health=healthy")
    deadline = time.monotonic() + 120
    while not docker(*healthy) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(docker(*healthy).split()) == 1


def test_no_argument_of_the_container_replaces_it_at_a_second_up(stack: Stack) -> None:
    """A transform may set any. Where the provider computes a twin, such as memorySwap, an update at most."""
    stack.program = Path(__file__).with_name("container_arguments_program.py")
    for case, arguments in CONTAINER_ARGUMENTS.items():
        stack.environment["CONTAINER_ARGUMENTS"] = json.dumps(arguments)
        succeeded(stack.up())
        container = container_of(stack)
        second = succeeded(stack.up())
        assert set(second.changed) <= {"update"}, f"{case}:\n{second.output}"
        if second.changed:
            third = succeeded(stack.up())
            assert third.changed == {}, f"{case}:\n{third.output}"
        assert container_of(stack) == container, case


def test_an_engine_on_another_machine_gives_the_address_of_that_machine(stack: Stack, engine_address: str) -> None:
    """Docker over TCP, at an address of this machine that is not the loopback one."""
    stack.environment["DOCKER_HOST"] = engine_address
    host = urlsplit(engine_address).hostname
    stack.configure("local.hostAddress", host)
    up = succeeded(stack.up())
    assert up.outputs["host"] == host
    assert query(up.outputs["databaseConfig"], "SELECT 1") == 1
    assert "PostgreSQL listens on all addresses" in up.output
    assert succeeded(stack.up()).changed == {}


@pytest.fixture
def engine_address(stack: Stack) -> Iterator[str]:
    """The Docker engine over TCP, at an address of this machine that others reach it by."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # Sends nothing: it only chooses the address.
        host = probe.getsockname()[0]
    forward = Path(__file__).with_name("forward.py")
    command = [sys.executable, str(forward), host, "/var/run/docker.sock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout
        yield f"tcp://{host}:{forwarding.stdout.readline().strip()}"
        # The stack is destroyed after this fixture has ended.
        stack.environment.pop("DOCKER_HOST", None)
        stack.rest()
        forwarding.terminate()


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


WRONG = [
    ("port", 0, "integer from 1 to 65535"),
    ("port", 70000, "integer from 1 to 65535"),
    ("port", "abc", "integer"),
    ("user", "", "must be 1 to 63"),
    ("user", "u" * 64, "must be 1 to 63"),
    ("prot", 5433, 'unknown argument "prot". Did you mean "port"?'),
    ("image", "", "must name a Docker image"),
    ("timezone", "Europe/Stokholm", "Did you mean Europe/Stockholm?"),
    ("password", "one\ntwo", "must be a single line"),
]


@pytest.mark.drill(
    broken="an argument is wrong", survived="everything: refused at preview and by `up`, nothing is created"
)
def test_a_wrong_argument_is_refused_at_preview_and_by_up_and_nothing_is_created(stack: Stack) -> None:
    settings = stack.folder / "Pulumi.test.yaml"
    right = settings.read_text()
    for argument, value, message in WRONG:
        stack.configure(f"local.{argument}", value, secret=argument == "password")
        for operation in (stack.preview, stack.up):
            output = refused(operation())
            assert message in output, f"{argument}: {value}"
            assert "Traceback" not in output
            assert "one\ntwo" not in output
        # A secret is an Output, which is known after the component is registered; but it has no children then.
        created = [one["type"] for one in stack.resources() if "docker:" in one["type"] or "Stash" in one["type"]]
        assert created == [], f"{argument}: {value}"
        settings.write_text(right)


@pytest.mark.drill(broken="Docker cannot be reached", survived="everything: the next `up` creates the database")
def test_a_daemon_that_cannot_be_reached_is_named_and_nothing_is_left_behind(stack: Stack) -> None:
    stack.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    assert "unix:///nowhere/docker.sock" in refused(stack.up())
    del stack.environment["DOCKER_HOST"]
    succeeded(stack.up())
