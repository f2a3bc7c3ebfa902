"""`make up` ends with a login that works, whatever the state says; and it finds out who has a taken port."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from .checkout import Checkout
from .conftest import reserve_port
from .docker import docker, execute, query, volumes_of

one_checkout = pytest.mark.xdist_group("repaired_checkout")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose database is up and has a row. Each test that breaks it ends with the repair."""
    with Checkout(tmp_path_factory.mktemp("running") / "checkout", reserve_port()) as checkout:
        checkout.up()
        execute(checkout.database_config(), "CREATE TABLE kept AS SELECT 42 AS answer")
        yield checkout


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Another checkout, whose database a test may create."""
    with Checkout(tmp_path_factory.mktemp("another") / "checkout", reserve_port()) as checkout:
        yield checkout


def rows(checkout: Checkout) -> int:
    """Returns what the one row has; the database must be up."""
    return query(checkout.database_config(), "SELECT answer FROM kept")


# --- A database that nobody can log in to

REPAIRED: dict[str, Callable[[str], object]] = {
    "stopped": lambda name: docker("stop", name),
    "killed": lambda name: docker("kill", name),
    "removed": lambda name: docker("rm", "--force", name),
}


@one_checkout
@pytest.mark.drill(
    broken="the database's container is stopped, killed or removed by hand",
    survived="everything: `make up` sees that nobody can log in and brings it back with its data",
)
@pytest.mark.parametrize("broken", REPAIRED)
def test_up_brings_back_a_container_that_does_not_run(running: Checkout, broken: str) -> None:
    REPAIRED[broken](running.container())
    printed = running.up()
    assert "comparing the stack with what exists" in printed
    assert rows(running) == 42


@one_checkout
@pytest.mark.drill(
    broken="the database's container is paused; its user is locked out by hand",
    survived="the failure is named with the container's condition, and the line that is shown ends it",
)
@pytest.mark.parametrize("broken", ["paused", "locked out"])
def test_up_names_what_it_cannot_repair_with_a_line_that_does(running: Checkout, broken: str) -> None:
    if broken == "paused":
        docker("pause", running.container())
    else:
        execute(running.database_config(), "ALTER ROLE postgres NOLOGIN PASSWORD 'by hand'")
    code, printed = running.make("up")
    assert code != 0, printed
    assert "Traceback" not in printed
    assert "The end of the log of the container" in printed
    (line,) = re.findall(r"What to do: .*: (docker (?:unpause|restart) \S+)$", printed, re.MULTILINE)
    subprocess.run(shlex.split(line), check=True, capture_output=True)
    running.up()
    assert rows(running) == 42


def test_up_names_a_damaged_database_with_the_words_of_postgresql(checkout: Checkout) -> None:
    checkout.up()
    wait_at_most(checkout, 15)
    name = checkout.container()
    data = "/var/lib/postgresql"
    docker("exec", name, "sh", "-c", f"rm {data}/*/*/global/pg_control || rm {data}/*/global/pg_control")
    docker("kill", name)
    code, printed = checkout.make("up")
    assert code != 0, printed
    assert "Traceback" not in printed
    assert "pg_control" in printed, "PostgreSQL's own words are shown"
    assert not re.search(r"(?m)^Done", printed)


WAIT = """\
import pulumi


def wait_at_most(args):
    if args.type_ == "docker:index/container:Container":
        only_a_new_one = pulumi.ResourceOptions(ignore_changes=["waitTimeout"])
        options = pulumi.ResourceOptions.merge(args.opts, only_a_new_one)
        return pulumi.ResourceTransformResult({{**args.props, "waitTimeout": {seconds}}}, options)


pulumi.runtime.register_resource_transform(wait_at_most)
"""


def wait_at_most(checkout: Checkout, seconds: int) -> None:
    """Lets the program wait this long for the next container that it creates, and not two minutes."""
    program = checkout.folder / "__main__.py"
    program.write_text(WAIT.format(seconds=seconds) + program.read_text())


@one_checkout
def test_with_a_network_the_health_of_the_container_decides(running: Checkout) -> None:
    network = f"test-network-{running.port}"
    docker("network", "create", network)
    try:
        running.configure(network=network)
        running.up()
        docker("stop", running.container())
        assert "comparing the stack with what exists" in running.up()
    finally:
        running.configure()
        running.up()
        docker("network", "rm", network)
    assert rows(running) == 42


# --- Containers that an interrupted run left


@one_checkout
@pytest.mark.drill(
    broken="the engine is killed while the container starts, and another port is tried",
    survived="everything: the container is recognised as this stack's own, and the lines that are shown keep its data",
)
def test_the_container_that_a_killed_run_left_is_recognised(running: Checkout) -> None:
    forget_container(running)
    code, printed = running.make("up")
    assert code != 0, printed
    name = running.container()
    assert f"container {name} (" in printed
    assert "left from an interrupted" in printed
    (line,) = re.findall(r"`(docker stop \S+ && docker rm \S+)`", printed)
    subprocess.run(["sh", "-ec", line], check=True, capture_output=True)
    running.up()
    assert rows(running) == 42


def forget_container(checkout: Checkout) -> None:
    """Leaves the state as a SIGKILL of the engine leaves it between the container's start and its record."""
    file = next(checkout.state.glob("stacks/**/dev.json"))
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    unrecorded = ("docker:index/container:Container::backstage-postgres", "pulumi:index:Stash::backstage-answered")
    recorded = [resource for resource in latest["resources"] if not resource["urn"].endswith(unrecorded)]
    assert len(recorded) == len(latest["resources"]) - len(unrecorded)
    latest["resources"] = recorded
    file.write_text(json.dumps(state))


# --- Ports that another container has


@one_checkout
def test_for_a_volume_in_use_another_port_is_never_advised(running: Checkout, another: Checkout) -> None:
    """Two servers on one volume would lose data."""
    (volume,) = (name for name in volumes_of(running.container()) if not re.fullmatch("[0-9a-f]{64}", name))
    with configured(another, running.port, volume=volume):
        code, printed = another.make("up")
    assert code != 0, printed
    assert f"container {running.container()} (" in printed
    assert f"runs PostgreSQL on the volume {volume}" in printed
    assert "nother `port`" not in printed
    assert not re.search(r"(?m)^    port: ", printed)


@one_checkout
def test_a_port_of_another_programs_container_is_traced_to_it(another: Checkout) -> None:
    port = reserve_port()
    publish = f"127.0.0.1:{port}:5432"
    blocker = docker("run", "--detach", "--rm", "-p", publish, "--entrypoint", "sleep", "postgres:17-trixie", "600")
    try:
        name = docker("inspect", "--format", "{{slice .Name 1}}", blocker)
        with configured(another, port):
            code, printed = another.make("up")
        assert code != 0, printed
        assert f"container {name} (image postgres:17-trixie) has port {port}." in printed
        assert f"docker stop {name}" in printed
    finally:
        docker("rm", "--force", "--volumes", blocker)


@one_checkout
def test_a_port_of_another_stack_is_traced_to_its_container(running: Checkout, another: Checkout) -> None:
    with configured(another, running.port):
        code, printed = another.make("up")
    assert code != 0, printed
    name = running.container()
    assert f"container {name} (" in printed
    assert f"has port {running.port}." in printed
    assert f"docker stop {name}" in printed
    assert "Then run `make up` again." in printed
    assert re.search(r"under `config:` in Pulumi.dev.yaml:\n\n  local:\n    port: \d+\n", printed)
    another.up()
    assert rows(running) == 42


@contextmanager
def configured(checkout: Checkout, port: int, **local: str) -> Iterator[None]:
    """Gives the database of a checkout this port meanwhile, and other arguments."""
    own = checkout.port
    checkout.port = port
    checkout.configure(**local)
    try:
        yield
    finally:
        checkout.port = own
        checkout.configure()


# --- A container that `make down` does not know


@one_checkout
def test_down_names_the_container_that_holds_its_volume(another: Checkout) -> None:
    """The last test of this file, because it begins with what the one before leaves up, if that has run."""
    another.up()
    name = another.container()
    forget_container(another)
    code, printed = another.make("down")
    assert code != 0, printed
    (line,) = re.findall(rf"(docker stop {name} && docker rm {name})$", printed, re.MULTILINE)
    subprocess.run(["sh", "-ec", line], check=True, capture_output=True)
    code, printed = another.make("down")
    assert code == 0, printed
