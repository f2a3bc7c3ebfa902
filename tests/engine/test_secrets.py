"""No secret is in plain text: not in files, not in anything printed, and a password not in a process's arguments."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.existing.cases import AUTHORITY

from .conftest import leave_nothing_of
from .docker import docker
from .simulated_azure import SimulatedAzure
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import Result, Stack, succeeded

GIVEN = "tr0ub4dor-and-3-$X-'quoted'"


@contextmanager
def watching_process_arguments(seen: list[str]) -> Iterator[None]:
    """Collects the arguments and nothing else of every process that runs meanwhile."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.01):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue  # it has ended

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join()


def plain_text_in_files(folder: Path, password: str) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 5, "the state, its history and its backups are expected here"
    return [str(file.relative_to(folder)) for file in files if password.encode() in file.read_bytes()]


@pytest.mark.parametrize("given", [None, GIVEN], ids=["generated", "given"])
def test_the_password_is_nowhere_in_plain_text(stack: Stack, given: str | None) -> None:
    if given:
        stack.configure("local.password", given, secret=True)
    arguments: list[str] = []
    printed: list[Result] = []

    def run(operation: Callable[..., Result], **options: object) -> Result:
        result = succeeded(operation(**options))
        printed.append(result)
        return result

    with watching_process_arguments(arguments):
        run(stack.preview, diff=True)
        up = run(stack.up, debug=True)
        password = up.outputs["databaseConfig"]["connection"]["password"]
        stack.configure("local.timezone", "Europe/Stockholm")
        run(stack.preview, diff=True)
        run(stack.up, diff=True, debug=True)
        run(stack.refresh, diff=True)
        texts = {"`pulumi stack output`": stack.cli("stack", "output", "--stack", stack.name)}
        (container,) = stack.ids("docker:index/container:Container")
        texts["`docker inspect`"] = docker("inspect", container)
        texts["`docker logs`"] = docker("logs", container)
        run(stack.destroy, debug=True)

    assert given is None or password == given
    texts |= {f"operation {number}": result.output for number, result in enumerate(printed)}
    texts["the arguments of a process"] = "\n".join(arguments)
    shown = [where for where, text in texts.items() if password in text]
    assert shown == [], "the password is shown"
    assert plain_text_in_files(stack.folder, password) == [], "the password is written"
    assert "psql" in texts["the arguments of a process"], "the watch saw no process of the container"


@pytest.fixture
def everything(tmp_path: Path, port: int) -> Iterator[Stack]:
    """A stack of all four components, both clouds simulated."""
    with SimulatedAzure() as azure, SimulatedCloudSql() as cloud_sql:
        azure.add_group("group", "westeurope")
        providers = ",".join(cloud.environment["PULUMI_DEBUG_PROVIDERS"] for cloud in (azure, cloud_sql))
        stack = Stack(
            tmp_path / "stack",
            program=Path(__file__).with_name("secrets_program.py"),
            environment={"PULUMI_DEBUG_PROVIDERS": providers, "PORT": str(port)},
        )
        stack.configure("azure-native:location", "westeurope")
        stack.configure("gcp:project", "portal-123")
        stack.configure("gcp:region", "europe-west1")
        yield stack
        leave_nothing_of(stack)


def test_what_was_given_as_a_secret_is_nowhere_in_plain_text(everything: Stack) -> None:
    """Whatever the argument, unless the cloud makes it part of an id, which Pulumi never encrypts."""
    names = set(re.findall(r'(?:secret|options)\("(\w+)"\)', Path(everything.program or "").read_text()))
    assert len(names) == 14
    secrets = {name: f"s3cret-{name.lower()}" for name in names}
    secrets |= {"azureAddress": "203.0.113.77", "existingHost": "s3cret-host.example.com"}
    secrets["existingCertificate"] = AUTHORITY
    for name, value in secrets.items():
        everything.configure(name, value, secret=True)
    printed = [
        succeeded(everything.preview(diff=True)),
        succeeded(everything.up(debug=True)),
        succeeded(everything.up(diff=True)),
        succeeded(everything.refresh(diff=True)),
    ]
    texts = {f"operation {number}": result.output for number, result in enumerate(printed)}
    texts["`pulumi stack output`"] = everything.cli("stack", "output", "--stack", everything.name)
    for name, value in secrets.items():
        # The middle line of a certificate: in JSON its line breaks look different.
        needle = value.splitlines()[len(value.splitlines()) // 2]
        assert [where for where, text in texts.items() if needle in text] == [], f"{name} is shown"
        assert plain_text_in_files(everything.folder, needle) == [], f"{name} is written"
