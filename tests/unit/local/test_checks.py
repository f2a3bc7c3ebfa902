"""What the checks around the container say when Docker or the database is not as it should be."""

import socket
from typing import Any

import pulumi
import pulumi_docker as docker
import pytest

from components import LocalPostgres
from components.local import checks
from components.local.engine import Engine, RunningContainer, default_engine, engine_of
from components.testing import run

HERE = Engine("unix:///var/run/docker.sock")
OWNER = 'LocalPostgres "db" of stack project/dev'
INPUTS = {"name": "db-postgres-1", "volumes": [{"volumeName": "data"}], "ports": [{"external": 5432.0}]}


def found(owner: str | None, **values: Any) -> RunningContainer:
    return RunningContainer(
        **{
            "id": "0",
            "name": "other-1",
            "image": "postgres:17",
            "owner": owner,
            "volumes": frozenset({"data"}),
            "is_postgres": True,
            **values,
        }
    )


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def record(port: int, **values: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": float(port),
        "user": "postgres",
        "password": "hunter2",
        "container": "id",
        "name": "db-postgres-1",
        "network": False,
        **values,
    }


@pytest.mark.parametrize(
    ("variables", "machine"),
    [
        ({}, None),
        ({"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, None),
        ({"DOCKER_HOST": "tcp://localhost:2375"}, None),
        ({"DOCKER_HOST": "tcp://192.168.49.2:2376"}, "192.168.49.2"),
        ({"DOCKER_HOST": "ssh://me@build.example.com"}, "me@build.example.com"),
    ],
)
def test_an_engine_on_another_machine_is_recognised(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], machine: str | None
) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_engine().other_machine == machine


def test_a_login_that_cannot_reach_another_machine_says_how(closed_port: int) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        checks.prove_login(Engine("ssh://me@build.example.com"), "db", record(closed_port))
    message = str(raised.value)
    assert "The Docker engine is on another machine, ssh://me@build.example.com" in message
    assert f"`ssh -N -L {closed_port}:127.0.0.1:{closed_port} me@build.example.com`" in message
    assert "set `host_address`" in message
    assert "hunter2" not in message


def test_a_login_that_fails_on_this_machine_names_the_container(closed_port: int) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        checks.prove_login(HERE, "db", record(closed_port))
    assert "nothing listens there" in str(raised.value)
    assert "`docker logs db-postgres-1`" in str(raised.value)
    assert "pulumi up --replace '**::db-postgres'" in str(raised.value)


def test_on_a_network_the_health_check_counts(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    for healthy in (True, None):  # None: the engine cannot be asked.
        monkeypatch.setattr(Engine, "is_healthy", lambda *_, healthy=healthy: healthy)
        checks.prove_login(HERE, "db", record(closed_port, network=True))
    monkeypatch.setattr(Engine, "is_healthy", lambda *_: False)
    with pytest.raises(pulumi.RunError, match="does not accept a login"):
        checks.prove_login(HERE, "db", record(closed_port, network=True))


def running(monkeypatch: pytest.MonkeyPatch, **by_filter: list[RunningContainer]) -> None:
    monkeypatch.setattr(
        Engine, "running_containers", lambda _, **filters: [one for name in filters for one in by_filter.get(name, [])]
    )


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (found(OWNER), "It is left from an interrupted `pulumi up` of this stack"),
        (found('LocalPostgres "x" of stack y/z'), 'other-1 (LocalPostgres "x" of stack y/z) runs PostgreSQL'),
        (found(None), "other-1 (image postgres:17) runs PostgreSQL"),
    ],
)
def test_a_volume_that_another_server_uses_is_refused(
    monkeypatch: pytest.MonkeyPatch, other: RunningContainer, words: str
) -> None:
    running(monkeypatch, volume=[other])
    with pytest.raises(pulumi.RunError) as raised:
        checks.refuse_conflicts(HERE, "db", OWNER, INPUTS)
    assert words in str(raised.value)
    assert "docker stop other-1" in str(raised.value)
    for loses_data in ("--volumes", "volume rm", "--force", "prune"):
        assert loses_data not in str(raised.value)


@pytest.mark.parametrize("former", [OWNER, 'LocalPostgres "former" of stack project/dev'])
def test_a_renamed_or_moved_component_says_how_to_keep_its_data(monkeypatch: pytest.MonkeyPatch, former: str) -> None:
    """Without `aliases` the old component is deleted, with its volume, as soon as the new one has the port."""
    running(monkeypatch, publish=[found(former)])
    with pytest.raises(pulumi.RunError) as raised:
        checks.refuse_conflicts(HERE, "db", OWNER, INPUTS)
    assert "If it is this component under its former name or parent" in str(raised.value)
    assert "`aliases`, and the data stays" in str(raised.value)
    if former != OWNER:
        assert "docker stop" not in str(raised.value)


def test_a_taken_container_name_is_not_reported_as_a_taken_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transform, or `pulumi:autonaming`, may have chosen the name. Docker's own message says what to do."""
    running(monkeypatch)
    error = 'Conflict. The container name "/db" is already in use by container "0a1b". You have to remove (or rename)'
    assert checks.explain_failure(HERE, OWNER, error, INPUTS) is None


def test_a_backup_job_on_the_volume_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, volume=[found(None, is_postgres=False), found(None, volumes=frozenset())])
    checks.refuse_conflicts(HERE, "db", OWNER, INPUTS)


def test_a_taken_port_is_reported_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "Bind for 127.0.0.1:5432 failed: port is already allocated"
    running(monkeypatch, publish=[found(None)])
    told = checks.explain_failure(HERE, OWNER, error, INPUTS)
    assert told is not None
    assert "container other-1 (image postgres:17) has port 5432. Choose another `port`" in told
    running(monkeypatch)
    told = checks.explain_failure(HERE, OWNER, error, INPUTS)
    assert told is not None
    assert "a program other than Docker's containers has port 5432" in told


def test_a_container_that_never_answers_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "state_and_log", lambda *_: ("restarting, exit code 1", "disk full"))
    told = checks.explain_failure(HERE, OWNER, "container failed to be in healthy state", INPUTS)
    assert told is not None
    assert "db-postgres-1 never accepted a login (restarting, exit code 1)" in told
    assert told.endswith("disk full")


def test_an_engine_that_does_not_answer_is_no_reason_to_fail() -> None:
    nobody = Engine("unix:///nowhere/docker.sock")
    checks.refuse_conflicts(nobody, "db", OWNER, INPUTS)
    assert checks.explain_failure(nobody, OWNER, "container failed to be in healthy state", INPUTS) is None


def test_the_engine_of_an_explicit_provider_is_asked_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container of this machine's engine has nothing to do with a database on another one."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    asked: dict[str, Engine] = {}

    async def ask(name: str, component: pulumi.Resource) -> None:
        asked[name] = await engine_of(component)

    def program() -> dict[str, Any]:
        remote = docker.Provider("remote", host="ssh://me@build.example.com", cert_path="/certificates")
        own = LocalPostgres("own", {}, pulumi.ResourceOptions(provider=remote))
        parent = pulumi.ComponentResource(
            "test:index:Parent", "parent", opts=pulumi.ResourceOptions(providers=[remote])
        )
        inherited = LocalPostgres("inherited", {}, pulumi.ResourceOptions(parent=parent))
        plain = LocalPostgres("plain", {})
        return {
            name: pulumi.Output.from_input(ask(name, component))
            for name, component in {"own": own, "inherited": inherited, "plain": plain}.items()
        }

    run(program)
    remote = Engine("ssh://me@build.example.com", "/certificates")
    assert asked == {"own": remote, "inherited": remote, "plain": Engine("tcp://192.0.2.1:2375")}
