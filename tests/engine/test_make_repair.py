"""`make up` ends with a login that works, whatever the state says; and looks whose a taken port is."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .checkout import Checkout
from .conftest import reserve_port
from .docker import docker, execute, query

pytestmark = pytest.mark.xdist_group("repaired_checkout")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose database is up and has a row."""
    checkout = Checkout(tmp_path_factory.mktemp("running") / "checkout", reserve_port())
    checkout.up()
    execute(checkout.database_config(), "CREATE TABLE kept AS SELECT 42 AS answer")
    yield checkout
    code, printed = checkout.make("down")
    assert code == 0, printed


def rows(checkout: Checkout) -> int:
    return query(checkout.database_config(), "SELECT answer FROM kept")


REPAIRED: dict[str, Callable[[str], object]] = {
    "stopped": lambda name: docker("stop", name),
    "killed": lambda name: docker("kill", name),
    "removed": lambda name: docker("rm", "--force", name),
}


@pytest.mark.drill(
    broken="the database's container is stopped, killed or removed by hand",
    survived="everything: `make up` sees that nobody can log in and brings it back with its data",
)
@pytest.mark.parametrize("broken", REPAIRED)
def test_up_brings_back_a_container_that_does_not_run(running: Checkout, broken: str) -> None:
    REPAIRED[broken](running.container())
    printed = running.up()
    assert "comparing the stack with what is there" in printed
    assert rows(running) == 42


@pytest.mark.drill(
    broken="the database's container is paused, and its password is changed by hand",
    survived="the failure is named with the container's condition, and the line that is shown ends it",
)
@pytest.mark.parametrize("broken", ["paused", "another password"])
def test_up_names_what_it_cannot_repair_with_a_line_that_does(running: Checkout, broken: str) -> None:
    if broken == "paused":
        docker("pause", running.container())
    else:
        execute(running.database_config(), "ALTER ROLE postgres PASSWORD 'by hand'")
    code, printed = running.make("up")
    assert code != 0, printed
    assert "Traceback" not in printed
    assert "The last words of the container" in printed
    (line,) = re.findall(r"What to do: .*: (docker (?:unpause|restart) \S+)$", printed, re.MULTILINE)
    subprocess.run(shlex.split(line), check=True, capture_output=True)
    running.up()
    assert rows(running) == 42


def test_up_names_a_damaged_database_with_the_words_of_postgresql(checkout: Checkout) -> None:
    checkout.up()
    name = checkout.container()
    docker(
        "exec",
        name,
        "sh",
        "-c",
        "rm /var/lib/postgresql/*/*/global/pg_control || rm /var/lib/postgresql/*/global/pg_control",
    )
    docker("kill", name)
    code, printed = checkout.make("up")
    assert code != 0, printed
    assert "Traceback" not in printed
    assert "pg_control" in printed, "PostgreSQL's own words are shown"
    assert not re.search(r"(?m)^Done", printed)


def test_with_a_network_the_health_of_the_container_decides(checkout: Checkout, port: int) -> None:
    network = docker("network", "create", f"test-network-{port}")
    try:
        checkout.configure(network=f"test-network-{port}")
        checkout.up()
        docker("stop", checkout.container())
        assert "comparing the stack with what is there" in checkout.up()
        assert checkout.make("down")[0] == 0
    finally:
        docker("network", "rm", network)


# --- Whose a taken port is


def test_a_port_of_another_stack_of_ours_is_traced_to_its_container(running: Checkout, checkout: Checkout) -> None:
    checkout.port = running.port
    checkout.configure()
    code, printed = checkout.make("up")
    assert code != 0, printed
    name = running.container()
    assert f"container {name} (" in printed
    assert f"has port {running.port}." in printed
    assert f"docker stop {name}" in printed
    assert "Then run `make up` again." in printed
    assert re.search(r"under `config:` in Pulumi.dev.yaml:\n\n  local:\n    port: \d+\n", printed)
    checkout.port = reserve_port()
    checkout.configure()
    checkout.up()
    assert rows(running) == 42


def test_a_port_of_the_same_volume_is_never_answered_with_another_port(
    checkout: Checkout, tmp_path: Path, port: int
) -> None:
    """Two servers on one volume would lose data."""
    volume = f"test-volume-{port}"
    checkout.configure(volume=volume)
    checkout.up()
    second = Checkout(tmp_path / "second", port)
    second.configure(volume=volume)
    try:
        code, printed = second.make("up")
        assert code != 0, printed
        assert f"container {checkout.container()} (" in printed
        assert f"runs PostgreSQL on the volume {volume}" in printed
        assert "nother `port`" not in printed
        assert not re.search(r"(?m)^    port: ", printed)
    finally:
        second.make("down")
        checkout.make("down")
        docker("volume", "rm", volume)


@pytest.mark.drill(
    broken="the engine is killed while the container starts, and another port is tried",
    survived="everything: the container is recognised as this stack's own, and the lines that are shown keep its data",
)
def test_the_container_that_a_killed_run_left_is_recognised(checkout: Checkout) -> None:
    checkout.up()
    execute(checkout.database_config(), "CREATE TABLE kept AS SELECT 42 AS answer")
    forget_container(checkout)
    code, printed = checkout.make("up")
    assert code != 0, printed
    name = checkout.container()
    assert f"container {name} (" in printed
    assert "left from an interrupted" in printed
    (line,) = re.findall(r"`(docker stop \S+ && docker rm \S+)`", printed)
    subprocess.run(["sh", "-ec", line], check=True, capture_output=True)
    checkout.up()
    assert rows(checkout) == 42


def forget_container(checkout: Checkout) -> None:
    """Leaves the stack as a SIGKILL of the engine leaves it between the container's start and its record."""
    run = ("python3", "-m", "bootstrap", "run", "pulumi", "state", "delete", "--stack", "dev", "--yes", "--force")
    urns = checkout.run("python3", "-m", "bootstrap", "run", "pulumi", "stack", "--stack", "dev", "--show-urns")[1]
    for kind in ("pulumi:index:Stash::backstage-answered", "docker:index/container:Container::backstage-postgres"):
        found = re.search(rf"urn:\S*{re.escape(kind)}", urns)
        if found:
            code, printed = checkout.run(*run, found[0])
            assert code == 0, printed


def test_a_port_of_another_programs_container_is_traced_to_it(checkout: Checkout) -> None:
    publish = f"127.0.0.1:{checkout.port}:5432"
    blocker = docker("run", "--detach", "--rm", "-p", publish, "--entrypoint", "sleep", "postgres:17-trixie", "300")
    try:
        name = docker("inspect", "--format", "{{slice .Name 1}}", blocker)
        code, printed = checkout.make("up")
        assert code != 0, printed
        assert f"container {name} (image postgres:17-trixie) has port {checkout.port}." in printed
        assert f"docker stop {name}" in printed
    finally:
        docker("rm", "--force", "--volumes", blocker)


def test_down_names_the_container_that_holds_its_volume(checkout: Checkout) -> None:
    checkout.up()
    name = checkout.container()
    forget_container(checkout)
    code, printed = checkout.make("down")
    assert code != 0, printed
    (line,) = re.findall(rf"(docker stop {name} && docker rm {name})$", printed, re.MULTILINE)
    subprocess.run(["sh", "-ec", line], check=True, capture_output=True)
