"""ExistingPostgres on the real engine, with a real PostgreSQL that Pulumi did not create."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backstage.existing import NAME, PASSWORD, USER, Existing, existing

from .stack import REPOSITORY, Stack, refused, succeeded

pytestmark = pytest.mark.xdist_group("existing_postgres_engine")

STASH = "pulumi:index:Stash"
NEW_PASSWORD = "another of Backstage's"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Existing]:
    with existing(tmp_path_factory.mktemp("existing"), 17) as running:
        yield running


@pytest.fixture
def server(running: Existing) -> Existing:
    running.reset()
    running.create_role(USER)
    return running


@pytest.fixture
def stack(tmp_path: Path, server: Existing) -> Iterator[Stack]:
    """A stack of the repository's program for that server, configured as users do."""
    stack = Stack(tmp_path / "stack")
    stack.configure("database", "existing")
    configure(stack, host=server.host, port=server.server.port, user=USER, verifyLogin="true")
    stack.configure("existing.password", PASSWORD, secret=True)
    yield stack
    succeeded(stack.destroy())


def configure(stack: Stack, **arguments: object) -> None:
    for name, value in arguments.items():
        stack.configure(f"existing.{name}", value)


def plain_text_in_state(stack: Stack, text: str) -> list[str]:
    """Returns the files of the state, its history included, that have the text."""
    files = [file for file in stack.state.rglob("*") if file.is_file()]
    assert len(files) > 2, "the state and its history are expected here"
    return [file.name for file in files if text.encode() in file.read_bytes()]


def test_up_logs_in_once_and_a_second_up_changes_nothing(stack: Stack, server: Existing) -> None:
    up = succeeded(stack.up())
    assert up.outputs["databaseConfig"]["connection"]["password"] == PASSWORD
    assert sorted(up.secret_outputs) == ["appConfig", "databaseConfig", "environment", "kubernetesSecret"]
    assert plain_text_in_state(stack, PASSWORD) == []
    for operation in (stack.up, stack.preview, stack.refresh):
        assert succeeded(operation()).changed == {}


def test_a_refused_login_fails_the_up_with_the_reason(stack: Stack) -> None:
    """A preview does not try to log in."""
    stack.configure("existing.password", "wrong horse", secret=True)
    succeeded(stack.preview())
    output = refused(stack.up())
    assert f'password authentication failed for user "{USER}"' in output
    assert "Check user and password." in output
    assert "If only Backstage's own machine can log in, set verifyLogin to false." in output
    assert "wrong horse" not in output
    assert "Traceback" not in output


def test_a_changed_password_is_verified_and_the_old_one_leaves_the_state(stack: Stack, server: Existing) -> None:
    succeeded(stack.up())
    stack.configure("existing.password", NEW_PASSWORD, secret=True)
    assert "password authentication failed" in refused(stack.up()), "the server still has the old one"

    server.execute(f"ALTER ROLE {USER} PASSWORD '{NEW_PASSWORD.replace(chr(39), chr(39) * 2)}'")
    changed = succeeded(stack.up())
    assert changed.changed, "the login was not proved"
    assert changed.outputs["databaseConfig"]["connection"]["password"] == NEW_PASSWORD
    shown = stack.cli("stack", "export", "--show-secrets", "--stack", stack.name)
    assert NEW_PASSWORD in shown
    assert PASSWORD not in shown


def test_a_changed_host_user_or_port_is_verified_by_a_login(stack: Stack, server: Existing) -> None:
    succeeded(stack.up())
    right = {"host": server.host, "user": USER, "port": server.server.port}
    for argument, value, said in (
        ("host", "db.invalid", "the host name is not known"),
        ("user", "somebody", 'user "somebody"'),
        ("port", 1, "nothing listens there"),
    ):
        configure(stack, **{**right, argument: value})
        assert said in refused(stack.up()), argument


def test_nothing_connects_unless_verify_login_is_set(stack: Stack) -> None:
    configure(stack, verifyLogin="false", port=1)
    succeeded(stack.up())
    assert stack.ids(STASH) == []


def test_tls_is_verified_by_the_authority_and_the_name_that_are_given(stack: Stack, server: Existing) -> None:
    configure(stack, sslMode="verify-full", sslServerName=NAME)
    assert "Set sslCaCertificate to the certificate of the authority" in refused(stack.up())
    configure(stack, sslCaCertificate=(server.server.tls / "other.pem").read_text())
    assert "TLS failed" in refused(stack.up())
    configure(stack, sslCaCertificate=(server.server.tls / "ca.pem").read_text())
    succeeded(stack.up())
    configure(stack, sslServerName="somebody.example.com")
    assert "if host is an IP address, set sslServerName to one." in refused(stack.up())


YAML = """
name: portal
runtime: yaml
packages:
  backstage-database: {components}
config:
  port: {{type: integer}}
  password: {{type: string, secret: true}}
resources:
  database:
    type: backstage-database:ExistingPostgres
    properties:
      host: 127.0.0.1
      port: ${{port}}
      user: backstage
      password: ${{password}}
      verifyLogin: true
outputs:
  databaseConfig: ${{database.databaseConfig}}
"""


@pytest.fixture
def hosted(tmp_path: Path, server: Existing) -> Stack:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(YAML.format(components=REPOSITORY / "components"))
    stack = Stack(tmp_path / "stack", project=project, program=None)
    stack.bring_language_host()
    stack.configure("port", server.server.port)
    stack.configure("password", PASSWORD, secret=True)
    return stack


def test_a_program_in_another_language_verifies_the_login_too(hosted: Stack) -> None:
    up: Any = succeeded(hosted.up())
    assert up.outputs["databaseConfig"]["connection"]["password"] == PASSWORD
    assert up.secret_outputs == ["databaseConfig"]
    assert plain_text_in_state(hosted, PASSWORD) == []
    hosted.configure("password", "wrong horse", secret=True)
    output = refused(hosted.up())
    assert f'password authentication failed for user "{USER}"' in output
    assert "wrong horse" not in output
    succeeded(hosted.destroy())
