"""docs/existing.md: its commands are what a user, a DBA and a Backstage in need can run."""

import os
import re
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex

import pytest

from tests.backstage import node
from tests.backstage.existing import NAME, PASSWORD, USER, Existing, existing
from tests.backstage.postgres_versions import IMAGES
from tests.backstage.runner import Runner, runner
from tests.engine.conftest import reserve_port
from tests.engine.docker import docker
from tests.engine.stack import Result, Stack, refused, succeeded

pytestmark = pytest.mark.xdist_group("existing_page")

PAGE = node.FOLDER.parents[1] / "docs" / "existing.md"
VERSION = 17


def page(name: str) -> str:
    """Returns the page's commands under this name."""
    blocks = dict(re.findall(r"^ *```\w+ (\S+)\n(.*?)^ *```", PAGE.read_text(), re.DOTALL | re.MULTILINE))
    return textwrap.dedent(blocks[name])


def test_every_code_block_has_a_name_under_which_a_test_runs_it() -> None:
    text = PAGE.read_text()
    names = re.findall(r"^ *```\w+ (\S+)$", text, re.MULTILINE)
    assert len(names) == text.count("```") / 2
    assert [name for name in names if f'"{name}"' not in Path(__file__).read_text()] == []


def run(folder: Path, commands: str, environment: Mapping[str, str], *, stdin: str = "", functions: str = "") -> str:
    """Runs the commands in a shell with these functions. Returns what they print."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{functions}\n{commands}"],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Creates a stack of the repository's program, in which nothing is configured."""
    stack = Stack(tmp_path / "stack")
    stack.cli("stack", "select", "--create", stack.name)
    yield stack
    succeeded(stack.destroy())


def follow(stack: Stack, name: str, *, stdin: str = "", host: str = NAME) -> Result:
    """Runs the page's commands, with the tests' own `pulumi up`. `host` replaces the page's."""
    before, up, after = page(name).partition("pulumi up\n")
    assert up
    selected = f'pulumi() {{ command pulumi "$@" --stack {stack.name}; }}'
    run(
        stack.folder, before.replace(f"host {NAME}", f"host {host}"), stack.environment, stdin=stdin, functions=selected
    )
    result = succeeded(stack.up())
    run(stack.folder, after, stack.environment, functions=selected)
    return result


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Starts the process in which logins and backends run one after another."""
    with runner(tmp_path_factory.mktemp("runner")) as running:
        yield running


# --- The guide's server


@pytest.fixture
def guides_server(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Runs Debian's own PostgreSQL, as `apt-get install postgresql` sets it up. Yields its container and port."""
    name, port = f"backstage-guide-{token_hex(4)}", reserve_port()
    create = f"pg_createcluster 17 guide --port {port} --start && touch /tmp/started && exec sleep infinity"
    docker(
        "run", "--detach", "--name", name, "--network", "host", "--entrypoint", "bash", IMAGES[VERSION], "-c", create
    )
    try:
        started = "until [ -e /tmp/started ]; do sleep 0.1; done; echo started"
        assert docker("exec", name, "timeout", "300", "sh", "-c", started, check=False), docker("logs", name)
        yield name, port
    finally:
        docker("rm", "--force", "--volumes", name)


def test_the_guides_server_gets_a_block_that_backstage_works_with(
    stack: Stack, guides_server: tuple[str, int], runs: Runner, tmp_path: Path
) -> None:
    container, port = guides_server
    as_postgres = f'sudo() {{ docker exec --env PGPORT={port} --user "$2" {container} "${{@:3}}"; }}'
    run(tmp_path, page("guide-password"), os.environ, functions=as_postgres)
    stack.configure("existing.port", port)
    follow(stack, "guide", stdin="secret")
    done = runs.login(tmp_path, (stack.folder / "app-config.local.yaml").read_text())
    assert done.returncode == 0, done.stderr
    assert '"database": "backstage_plugin_contract"' in done.stdout


# --- A DBA's server


@pytest.fixture(scope="module")
def any_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Existing]:
    with existing(tmp_path_factory.mktemp("existing"), VERSION) as running:
        yield running


@pytest.fixture
def server(any_server: Existing) -> Existing:
    any_server.reset()
    return any_server


def psql(server: Existing) -> str:
    """Returns a `psql` that reads files of the working folder, and takes the password from PGPASSWORD."""
    options = "--rm --interactive --network host --env PGPASSWORD --env PGPORT --volume .:/here --workdir /here"
    return f'psql() {{ docker run {options} --entrypoint psql {server.image} "$@"; }}'


def test_a_dba_runs_what_they_were_sent_and_backstage_starts(
    stack: Stack, server: Existing, runs: Runner, tmp_path: Path
) -> None:
    stack.configure("existing.port", server.server.port)
    follow(stack, "dba", host=server.host)
    server.create_role("dba", "LOGIN CREATEROLE CREATEDB")
    sql, password = page("dba-sql").replace(NAME, server.host).splitlines()
    environment = {**os.environ, "PGPASSWORD": PASSWORD, "PGPORT": str(server.server.port)}
    printed = run(stack.folder, sql, environment, functions=psql(server))
    assert printed.endswith("Backstage has the rights it needs.\n")
    # psql asks for it twice, on a terminal.
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    run(stack.folder, password, environment, functions=psql(server), stdin=typed)

    stack.configure("existing.password", PASSWORD, secret=True)
    up = succeeded(stack.up())
    with runs.backend(tmp_path, up.outputs["appConfig"]) as running:
        running.wait_until(running.is_ready, "being ready")


def prepare(stack: Stack, server: Existing) -> None:
    """Configures the stack for Backstage's role on that server, whose login is proved."""
    server.create_role(USER, "LOGIN CREATEDB")
    stack.configure("database", "existing")
    for name, value in {"host": server.host, "port": server.server.port, "user": USER, "verifyLogin": "true"}.items():
        stack.configure(f"existing.{name}", value)
    stack.configure("existing.password", PASSWORD, secret=True)


def test_the_commands_for_tls_make_backstage_verify_the_server(
    stack: Stack, server: Existing, runs: Runner, tmp_path: Path
) -> None:
    prepare(stack, server)
    (stack.folder / "ca.pem").write_bytes((server.server.tls / "ca.pem").read_bytes())
    done = runs.login(tmp_path, follow(stack, "tls").outputs["appConfig"])
    assert done.returncode == 0, done.stderr


def test_the_commands_for_another_password_prove_it(stack: Stack, server: Existing) -> None:
    prepare(stack, server)
    succeeded(stack.up())
    server.execute(f"ALTER ROLE {USER} PASSWORD 'another'")
    follow(stack, "password", stdin="another")
    stack.configure("existing.password", PASSWORD, secret=True)
    assert "password authentication failed" in refused(stack.up())


# --- First aid


@pytest.mark.parametrize("mode", ["database", "schema"])
def test_a_lock_that_a_killed_backstage_left_is_seen_and_cleared(
    server: Existing, runs: Runner, mode: str, tmp_path: Path
) -> None:
    outputs = server.outputs(plugin_division_mode=mode)
    server.create_role(USER)
    assert server.psql(outputs["bootstrap_sql"]).returncode == 0
    for folder in ("first", "locked", "cleared"):
        (tmp_path / folder).mkdir()
    with runs.backend(tmp_path / "first", outputs["app_config"]) as running:
        running.wait_until(running.is_ready, "being ready")
    database, schema = {
        "database": ("backstage_plugin_catalog", "public"),
        "schema": ("backstage", "catalog"),
    }[mode]
    server.execute(f"UPDATE {schema}.knex_migrations_lock SET is_locked = 1", database=database)
    with runs.backend(tmp_path / "locked", outputs["app_config"]) as running:
        running.wait_until(lambda: "Backend startup failed" in running.output, "giving up")
        assert "Migration table is already locked" in running.output

    def as_backstage(commands: str) -> str:
        done = server.psql(f'\\connect "{database}"\n{commands}', user=USER)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f"{schema}.knex_migrations_lock" in as_backstage(page("lock-see"))
    as_backstage(page("lock-clear"))
    assert f"{schema}.knex_migrations_lock" not in as_backstage(page("lock-see"))
    with runs.backend(tmp_path / "cleared", outputs["app_config"]) as running:
        running.wait_until(running.is_ready, "being ready")
