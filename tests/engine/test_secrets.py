"""The password is nowhere in plain text: not in files, not in anything printed, not in a process's arguments."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .docker import docker
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
