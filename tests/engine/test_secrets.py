"""No secret is in plain text in a file or in anything printed, and no password in a process's arguments."""

import contextlib
import itertools
import os
import re
import threading
import zlib
from collections import Counter
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
def watching_process_arguments(seen: set[str]) -> Iterator[None]:
    """Collects the arguments, and nothing else, of every process that runs meanwhile."""
    stopped = threading.Event()

    def watch() -> None:
        looks: Counter[str] = Counter()
        for turn in itertools.count():
            if stopped.wait(0.01):
                return
            if turn % 50 == 0:
                # A process may run another program by now, so every half second all of them are read again.
                looks.clear()
            for process in os.scandir("/proc"):
                if process.name.isdigit() and looks[process.name] < 5:
                    looks[process.name] += 1
                    with contextlib.suppress(OSError):  # It has ended.
                        arguments = Path(process.path, "cmdline").read_bytes()
                        seen.add(arguments.replace(b"\0", b" ").decode(errors="replace"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join()


def keep_logs_in_folder(stack: Stack) -> None:
    """Gives the CLI a home in the stack's folder. It writes a log of each command there, compressed or encrypted."""
    home = stack.folder / "home"
    home.mkdir()
    (home / "plugins").symlink_to(Path(os.environ["PULUMI_HOME"]) / "plugins")
    stack.environment["PULUMI_HOME"] = str(home)


def plain_text_in_files(folder: Path, password: str) -> list[str]:
    """Returns the files below a stack's folder that have the password."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 5, "the state, its history and its backups are expected here"
    assert any(is_compressed(file.read_bytes()) for file in files), "the CLI's logs are expected here"
    return [str(file.relative_to(folder)) for file in files if password.encode() in contents(file)]


def contents(file: Path) -> bytes:
    data = file.read_bytes()
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data) if is_compressed(data) else data


def is_compressed(data: bytes) -> bool:
    return data.startswith(b"\x1f\x8b")


def test_a_password_given_or_generated_is_nowhere_in_plain_text(stack: Stack) -> None:
    """First a given password, then, in the same stack, a generated one."""
    keep_logs_in_folder(stack)
    arguments: set[str] = set()
    printed: list[Result] = []
    texts: dict[str, str] = {}

    def run(operation: Callable[..., Result], **options: object) -> Result:
        result = succeeded(operation(**options))
        printed.append(result)
        return result

    def look(password: str) -> None:
        texts[f"`pulumi stack output` ({password})"] = stack.cli("stack", "output", "--stack", stack.name)
        (container,) = stack.ids("docker:index/container:Container")
        texts[f"`docker inspect` ({password})"] = docker("inspect", container)
        texts[f"`docker logs` ({password})"] = docker("logs", container)

    with watching_process_arguments(arguments):
        stack.configure("local.password", GIVEN, secret=True)
        run(stack.preview, diff=True)
        given = run(stack.up, debug=True).outputs["databaseConfig"]["connection"]["password"]
        look("given")
        stack.unconfigure("local.password")
        stack.configure("local.timezone", "Europe/Stockholm")
        run(stack.preview, diff=True)
        generated = run(stack.up, diff=True, debug=True).outputs["databaseConfig"]["connection"]["password"]
        run(stack.refresh, diff=True)
        look("generated")
        run(stack.destroy, debug=True)

    texts |= {f"operation {number}": result.output for number, result in enumerate(printed)}
    texts["the arguments of a process"] = "\n".join(arguments)
    assert given == GIVEN
    assert generated != given
    for password in (given, generated):
        shown = [where for where, text in texts.items() if password in text]
        assert shown == [], "the password is shown"
        assert plain_text_in_files(stack.folder, password) == [], "the password is written"
    assert "psql" in texts["the arguments of a process"], "the watch saw no process of the container"


@pytest.fixture
def all_components(tmp_path: Path, port: int) -> Iterator[Stack]:
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


def test_arguments_given_as_secrets_are_nowhere_in_plain_text(all_components: Stack) -> None:
    """Whatever the argument, unless the cloud makes it part of an id, which Pulumi never encrypts."""
    keep_logs_in_folder(all_components)
    names = set(re.findall(r'(?:secret|options)\("(\w+)"\)', Path(all_components.program or "").read_text()))
    assert len(names) == 14
    secrets = {name: f"s3cret-{name.lower()}" for name in names}
    secrets |= {"azureAddress": "203.0.113.77", "existingHost": "s3cret-host.example.com"}
    secrets["existingCertificate"] = AUTHORITY
    all_components.configure_secrets(secrets)
    printed = [
        succeeded(all_components.preview(diff=True)),
        succeeded(all_components.up(debug=True)),
        succeeded(all_components.up(diff=True)),
        succeeded(all_components.refresh(diff=True)),
    ]
    texts = {f"operation {number}": result.output for number, result in enumerate(printed)}
    texts["`pulumi stack output`"] = all_components.cli("stack", "output", "--stack", all_components.name)
    for name, value in secrets.items():
        # The middle line of a certificate: in JSON its line breaks look different.
        needle = value.splitlines()[len(value.splitlines()) // 2]
        assert [where for where, text in texts.items() if needle in text] == [], f"{name} is shown"
        assert plain_text_in_files(all_components.folder, needle) == [], f"{name} is written"
