"""Each failure of `make` is shown once: in the words of the program that refused, what they mean, what to do.

Every cause is provoked for real, in a checkout whose database is up, or in a new one.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from .checkout import Checkout
from .conftest import reserve_port
from .docker import docker, execute, query

pytestmark = pytest.mark.xdist_group("running_checkout")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose database is up; the tests restore what they change."""
    with Checkout(tmp_path_factory.mktemp("running") / "checkout", reserve_port()) as checkout:
        checkout.up()
        yield checkout


@pytest.fixture
def broken(running: Checkout) -> Iterator[Checkout]:
    """The running checkout; its configuration and state are restored afterwards."""
    with running.restored():
        yield running


def refusal(result: tuple[int, str], *said: str) -> str:
    """Returns what a failed `make` printed, after the checks that hold for every failure: each of `said` is in it once.

    refusal(checkout.make("up"), "incorrect passphrase", "Set PULUMI_CONFIG_PASSPHRASE")
    """
    code, printed = result
    assert code != 0, printed
    assert "Traceback" not in printed
    assert "is kept" not in printed
    assert len(re.findall(r"(?m)^What to do: |^  \S.* what to do: ", printed)) == 1, printed
    for text in said:
        assert printed.count(text) == 1, f"{text!r} is there {printed.count(text)} times:\n{printed}"
    return printed


# --- Configuration


@pytest.mark.parametrize(
    ("settings", "words", "meaning"),
    [
        ("config:\n  database: local\n local:\n  port: 5\n", "expected", "not valid YAML"),
        ("config:\n  database: local\n\tlocal: 5\n", "found a tab character", "not valid YAML"),
        ("config:\n  database: local\n  database: local\n", 'key "database" already defined', "names one key twice"),
    ],
    ids=["wrong indent", "tab", "doubled key"],
)
def test_settings_that_are_not_yaml_are_explained(broken: Checkout, settings: str, words: str, meaning: str) -> None:
    broken.settings.write_text(settings)
    printed = refusal(broken.make("down"), words, meaning, "Pulumi.dev.yaml" if "names" in meaning else words)
    assert "line " in printed, "the line is named"
    assert broken.container(), "and nothing was taken down"


def test_settings_that_are_not_yaml_stop_up_before_any_image_is_looked_for(broken: Checkout) -> None:
    broken.settings.write_text("config:\n  database: local\n local:\n  port: 5\n")
    refusal(broken.make("up"), "Pulumi.dev.yaml cannot be read", "line 3")


def test_missing_settings_are_named_with_the_command_that_brings_them_back(broken: Checkout) -> None:
    broken.settings.unlink()
    refusal(broken.make("down"), "Pulumi.dev.yaml does not exist.", "git checkout -- Pulumi.dev.yaml")


def test_a_secret_value_that_cannot_be_decrypted_is_explained(broken: Checkout) -> None:
    broken.configure(password={"secure": "v1:abcdefgh:aaaa"})
    refusal(broken.make("up"), "bad value", "is damaged, or was encrypted for another stack", "config set --stack dev")


def test_a_wrong_argument_is_explained_once(broken: Checkout) -> None:
    broken.configure(user="pg_x")
    refusal(broken.make("up"), 'argument "user" is', "Correct it under `config:` in Pulumi.dev.yaml")


def test_a_misspelt_argument_is_explained_once(broken: Checkout) -> None:
    broken.configure(prot=5)
    refusal(broken.make("up"), 'unknown argument "prot"', "Correct it under `config:` in Pulumi.dev.yaml")


def test_a_network_that_is_not_there_is_explained(running: Checkout) -> None:
    running.configure(network="nowhere-to-be-found")
    result = running.make("up")
    running.configure()
    running.up()
    refusal(result, "docker network create")


def test_an_image_that_cannot_be_pulled_is_explained(broken: Checkout) -> None:
    broken.configure(image="registry.invalid/none:17")
    refusal(broken.make("up"), "registry.invalid/none:17 is not here and cannot be pulled")


# --- Passphrases


def test_a_wrong_passphrase_is_explained(broken: Checkout) -> None:
    (broken.state / "passphrase").write_text("another")
    refusal(broken.make("up"), "incorrect passphrase", "Set PULUMI_CONFIG_PASSPHRASE", str(broken.state / "passphrase"))


def test_a_wrong_passphrase_of_the_users_own_is_explained(broken: Checkout) -> None:
    result = broken.make("up", PULUMI_CONFIG_PASSPHRASE="another")
    refusal(result, "incorrect passphrase", "another passphrase than that of PULUMI_CONFIG_PASSPHRASE")


def test_an_unreadable_passphrase_file_is_explained(broken: Checkout) -> None:
    result = broken.make("up", PULUMI_CONFIG_PASSPHRASE_FILE="/nonexistent/passphrase")
    refusal(result, "unable to read PULUMI_CONFIG_PASSPHRASE_FILE", "cannot be read")


def test_a_lost_passphrase_is_not_replaced_by_a_new_one(broken: Checkout) -> None:
    (broken.state / "passphrase").unlink()
    refusal(broken.make("up"), "passphrase is not there.", "Restore the file from a backup")
    refusal(broken.make("env"), "passphrase is not there.")
    assert not (broken.state / "passphrase").exists()


def test_a_passphrase_that_only_the_settings_need_is_not_replaced(checkout: Checkout) -> None:
    text = checkout.settings.read_text()
    checkout.settings.write_text(f"{text}encryptionsalt: v1:QpKk1Y++kR8=:v1:kZt9Sy/scpXHmjlc:b5/C+vM=\n")
    refusal(checkout.make("up"), "passphrase is not there.", "delete the `encryptionsalt` line")
    assert not (checkout.state / "passphrase").exists()
    checkout.settings.write_text(text)


@pytest.mark.drill(
    broken="the passphrase of the stack dev is lost",
    survived="the data: the way out that the message shows ends with the same rows",
)
def test_recovery_from_a_lost_passphrase_keeps_the_data(checkout: Checkout) -> None:
    checkout.up()
    execute(checkout.database_config(), "CREATE TABLE kept AS SELECT 42 AS answer")
    (checkout.state / "passphrase").unlink()
    printed = refusal(checkout.make("up"), "start again with the same data")

    for line in re.findall(r"(?m)^  ((?:docker stop|mv) .*)$", printed):
        subprocess.run(["sh", "-ec", line], check=True, capture_output=True)
    volume = re.findall(r"(?m)^    volume: (\S+)$", printed)
    checkout.configure(volume=volume[0])
    checkout.up()
    assert query(checkout.database_config(), "SELECT answer FROM kept") == 42

    assert checkout.make("down")[0] == 0
    docker("volume", "rm", volume[0])


# --- State


def damaged(checkout: Checkout) -> Path:
    """Truncates the state of the stack dev; returns its file."""
    state = next(checkout.state.glob("stacks/**/dev.json"))
    state.write_text(state.read_text()[:200])
    return state


@pytest.mark.drill(
    broken="the state's file is truncated",
    survived="everything: the copy that Pulumi keeps is named, and `make up` goes on from it",
)
def test_a_truncated_state_is_restored_with_the_line_that_is_shown(broken: Checkout) -> None:
    damaged(broken)
    printed = refusal(broken.make("up"), "unexpected end of JSON input", "The state of the stack dev is damaged")
    (line,) = re.findall(r"(?m)^  (cp -p .*)$", printed)
    assert shlex.split(line)[2].endswith("dev.json.bak")
    subprocess.run(["sh", "-ec", line], check=True)
    broken.up()


def test_an_older_copy_is_shown_if_the_newest_is_damaged_too(broken: Checkout) -> None:
    state = damaged(broken)
    state.with_name("dev.json.bak").write_text("{")
    printed = refusal(broken.make("down"), "unexpected end of JSON input")
    (line,) = re.findall(r"(?m)^  (cp -p .*)$", printed)
    assert "/backups/" in line
    assert json.loads(Path(shlex.split(line)[2]).read_text())["checkpoint"]


def test_a_damaged_state_without_an_intact_copy_is_explained(broken: Checkout) -> None:
    damaged(broken).with_name("dev.json.bak").unlink()
    shutil.rmtree(broken.state / "backups")
    printed = refusal(broken.make("up"), "Restore it from your own backup.")
    assert "cp -p" not in printed


def in_small_file_system(checkout: Checkout, command: str) -> tuple[int, str]:
    """Runs the command, then `make up`, with the state on a small file system that ends with them."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    copy = f"cp -a {shlex.quote(str(checkout.state))}/. $here/ && mount --move $here {shlex.quote(str(checkout.state))}"
    mount = f"here=$(mktemp -d) && mount -t tmpfs -o size=8m tmpfs $here && {copy} && rmdir $here"
    return checkout.run(*namespace, "sh", "-c", f"{mount} || exit 99; {command}; exec make up")


def test_a_full_disk_is_explained(running: Checkout) -> None:
    full = f"head -c 10M /dev/zero >{shlex.quote(str(running.state))}/fill 2>/dev/null"
    refusal(in_small_file_system(running, full), "The disk is full")


def test_a_state_that_may_not_be_written_is_explained(running: Checkout) -> None:
    read_only = f"mount -o remount,ro {shlex.quote(str(running.state))}"
    refusal(in_small_file_system(running, read_only), "Pulumi may not write its state.")


# --- Backends


def test_a_backend_that_is_not_there_is_explained(broken: Checkout) -> None:
    result = broken.make("up", PULUMI_BACKEND_URL="file:///nonexistent/state")
    refusal(result, "The folder in PULUMI_BACKEND_URL=file:///nonexistent/state does not exist.")


def test_a_backend_that_asks_for_a_login_is_explained(broken: Checkout, tmp_path: Path) -> None:
    result = broken.make("up", PULUMI_BACKEND_URL="https://api.pulumi.com", PULUMI_HOME=str(tmp_path))
    refusal(result, "Pulumi logs in there", "pulumi login")


def test_a_backend_out_of_reach_is_explained(broken: Checkout, tmp_path: Path) -> None:
    variables = {
        "PULUMI_BACKEND_URL": "http://127.0.0.1:9",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PULUMI_HOME": str(tmp_path),
    }
    refusal(broken.make("up", **variables), "cannot be reached from here")


# --- Locks


def lock(checkout: Checkout, pid: int, host: str) -> Path:
    """Writes a lock as the Pulumi CLI does; returns its file."""
    file = checkout.state / "locks" / "organization" / "backstage-database" / "dev" / "a-lock.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).isoformat()
    file.write_text(json.dumps({"pid": pid, "username": "jo", "hostname": host, "timestamp": now}))
    return file


@pytest.mark.parametrize("owner", ["a living process", "another host"])
def test_a_lock_whose_owner_may_live_is_explained_and_left_alone(broken: Checkout, owner: str) -> None:
    here = socket.gethostname()
    with subprocess.Popen(["sleep", "600"]) as living:
        file = lock(broken, living.pid, here if owner == "a living process" else f"not-{here}")
        refusal(broken.make("up"), f"(pid {living.pid})", "Another command is working on the stack dev")
        assert file.exists()
        living.kill()


@pytest.mark.drill(
    broken="a command is killed and leaves its lock on the stack",
    survived="everything: the next command sees that its owner is dead, and removes it",
)
@pytest.mark.parametrize("owner", ["dead", "a later process of the same id"])
def test_a_lock_whose_owner_is_dead_is_removed(broken: Checkout, owner: str) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        file = lock(broken, process.pid, socket.gethostname())
        if owner == "dead":
            process.kill()
            process.wait()
        else:
            text = json.loads(file.read_text())
            file.write_text(json.dumps({**text, "timestamp": "2020-01-01T00:00:00.123456789Z"}))
        printed = broken.up()
        process.kill()
    assert f"removed the lock of process {process.pid}, which was killed" in printed
    assert not file.exists()


# --- Tools


def test_a_cli_that_is_too_old_for_the_project_is_explained(broken: Checkout) -> None:
    project = broken.folder / "Pulumi.yaml"
    settings = yaml.safe_load(project.read_text())
    project.write_text(yaml.safe_dump({**settings, "requiredPulumiVersion": ">=99.0.0"}))
    refusal(broken.make("up"), "does not satisfy the version range", "is too old for this project")


def test_a_docker_engine_that_does_not_answer_is_named_before_the_stack_is_touched(running: Checkout) -> None:
    printed = refusal(running.make("up", DOCKER_HOST="unix:///nonexistent.sock"), "Docker at DOCKER_HOST=")
    assert "stack  " not in printed


def test_a_docker_socket_without_permission_is_explained(running: Checkout, tmp_path: Path) -> None:
    """Root may use any socket, except in a user namespace where its owner is unknown."""
    address = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        address.chmod(0)
        if os.geteuid() == 0:
            os.chown(address, 65534, 65534)
        result = running.run("unshare", "--user", "--map-root-user", "make", "up", DOCKER_HOST=f"unix://{address}")
    refusal(result, f"you may not use the Docker engine at DOCKER_HOST=unix://{address}", "usermod -aG docker")


def test_a_docker_engine_that_stops_answering_is_explained(running: Checkout) -> None:
    python = str(running.folder / ".venv" / "bin" / "python")
    prepared = ("python3", "-m", "bootstrap", "run", python, "-m", "bootstrap.stack", "down")
    refusal(running.run(*prepared, DOCKER_HOST="unix:///nonexistent.sock"), "No Docker engine answers.")
    running.up()


# --- Commands that are killed


def test_a_killed_probe_does_not_count_as_an_answer(running: Checkout, tmp_path: Path) -> None:
    """`docker image inspect` that dies of a signal does not mean that the image is absent."""
    fake = tmp_path / "docker"
    fake.write_text(f'#!/bin/sh\n[ "$1 $2" != "image inspect" ] || kill -KILL $$\nexec {shutil.which("docker")} "$@"\n')
    fake.chmod(0o755)
    result = running.make("up", PATH=f"{tmp_path}:{os.environ['PATH']}")
    printed = refusal(result, "was killed by SIGKILL")
    assert "pulling" not in printed
    assert "building" not in printed
