"""`make up`, `env` and `down`, as a user runs them in a checkout."""

import json
import os
import re
import socket
import stat
from pathlib import Path

import psycopg
import pytest
import yaml

from .checkout import Checkout
from .docker import exists


def connect(app_config: str) -> psycopg.Connection:
    """Logs in with the values of an app-config document, and nothing else."""
    connection = yaml.safe_load(app_config)["backend"]["database"]["connection"]
    login = {key: connection[key] for key in ("host", "port", "user", "password")}
    return psycopg.connect(**login, dbname="postgres", connect_timeout=60)


def mode(file: Path) -> int:
    """Returns the permissions of a file, such as 0o600."""
    return stat.S_IMODE(file.stat().st_mode)


def test_up_writes_a_block_that_logs_in_env_the_variables_down_leaves_nothing(
    checkout: Checkout,
) -> None:
    """`make up` prints the block, too. The second `make down` finds nothing to do."""
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
    assert "stays" not in printed, "nothing needs the generated passphrase any longer"
    assert not checkout.state.exists()
    assert not any(exists(kind, name) for kind, name in owned.items())
    assert checkout.files() == before, "the checkout is as it was before"
    assert checkout.make("down") == (0, "There is nothing to destroy.\n")


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
    assert (code, printed) == (0, "There is nothing to destroy.\n")
    code, printed = checkout.make("env")
    assert code != 0
    assert "run `make up` first" in printed
