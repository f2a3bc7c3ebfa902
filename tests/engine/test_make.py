"""`make up`, `env` and `down`, as a user runs them in a checkout."""

import json
import os
import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from .checkout import copy_checkout
from .docker import exists
from .stack import REPOSITORY


class Checkout:
    """A copy of the repository as git has it, with the virtual environment of the one under test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        copy_checkout(folder)
        (folder / ".venv").symlink_to(REPOSITORY / ".venv")
        self.use_port(port)

    def use_port(self, port: int) -> None:
        settings = {"config": {"database": "local", "local": {"port": port}}}
        (self.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(settings))

    def make(self, target: str) -> tuple[int, str]:
        """The exit code and all that was printed."""
        # What the make around these tests has set up for them is not what a user has.
        theirs = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        environment = {
            key: value for key, value in os.environ.items() if key not in theirs and not key.startswith("MAKE")
        }
        done = subprocess.run(
            ["make", target], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and not {".venv", "__pycache__"} & set(file.relative_to(self.folder).parts)
        }


@pytest.fixture
def checkout(tmp_path: Path, port: int) -> Iterator[Checkout]:
    checkout = Checkout(tmp_path / "checkout", port)
    yield checkout
    code, printed = checkout.make("down")
    assert code == 0, printed


def connect(app_config: str) -> psycopg.Connection:
    connection = yaml.safe_load(app_config)["backend"]["database"]["connection"]
    login = {key: connection[key] for key in ("host", "port", "user", "password")}
    return psycopg.connect(**login, dbname="postgres", connect_timeout=5)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_up_prints_and_writes_a_block_that_logs_in_env_writes_the_variables_and_down_leaves_nothing(
    checkout: Checkout,
) -> None:
    before = checkout.files()

    code, printed = checkout.make("up")
    assert code == 0, printed
    app_config = checkout.folder / "app-config.local.yaml"
    with connect(app_config.read_text()) as connection:
        password = connection.info.password
        container = connection.execute("SELECT inet_server_addr()::text").fetchone()
        assert container
    assert mode(app_config) == 0o600
    assert 'password: "[secret]"' in printed
    assert password not in printed
    assert re.search(r"cp -p \S+app-config.local.yaml", printed), "the next step is named"

    code, again = checkout.make("up")
    assert code == 0, again
    assert "creating" not in again

    code, printed_by_env = checkout.make("env")
    assert code == 0, printed_by_env
    dotenv = checkout.folder / ".env"
    assert mode(dotenv) == 0o600
    assert password in dotenv.read_text()
    assert password not in printed_by_env

    state = json.loads(next(checkout.folder.glob(".pulumi/stacks/**/dev.json")).read_text())
    resources = state["checkpoint"]["latest"]["resources"]
    owned = {
        kind: next(resource["id"] for resource in resources if resource["type"] == type_)
        for kind, type_ in {
            "container": "docker:index/container:Container",
            "volume": "docker:index/volume:Volume",
        }.items()
    }
    assert all(exists(kind, name) for kind, name in owned.items())

    code, printed = checkout.make("down")
    assert code == 0, printed
    assert not any(exists(kind, name) for kind, name in owned.items())
    assert checkout.files() == before, "the checkout is as it was before"


@pytest.mark.drill(
    broken="another process has the port during `make up`",
    survived="everything: the failure is explained, the next `make up` goes on",
)
def test_a_taken_port_is_explained_and_the_next_up_goes_on(checkout: Checkout, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        code, printed = checkout.make("up")
    assert code != 0
    assert f"The process {os.getpid()} (" in printed
    assert f"kill {os.getpid()}\n" in printed
    assert re.search(r"  local:\n    port: \d+\n", printed), "the other way out is shown"
    assert "Traceback" not in printed
    assert not (checkout.folder / "app-config.local.yaml").exists()

    code, printed = checkout.make("up")
    assert code == 0, printed


@pytest.mark.drill(
    broken="an argument in the configuration is misspelt",
    survived="everything: the right one is proposed, without a traceback",
)
def test_a_mistyped_argument_is_explained_without_a_traceback(checkout: Checkout) -> None:
    settings = checkout.folder / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text().replace("port", "prot"))
    code, printed = checkout.make("up")
    assert code != 0
    assert 'unknown argument "prot". Did you mean "port"?' in printed
    assert "Traceback" not in printed


def test_down_and_env_without_a_database_say_so(checkout: Checkout) -> None:
    code, printed = checkout.make("down")
    assert (code, printed) == (0, "There is nothing to take down.\n")
    code, printed = checkout.make("env")
    assert code != 0
    assert "run `make up` first" in printed
