"""Creates, leaves alone and destroys many components in one stack, on the real engine against a simulated cloud."""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engine.simulated_azure import SimulatedAzure
from tests.engine.simulated_cloud_sql import SimulatedCloudSql
from tests.engine.simulated_provider import SimulatedProvider
from tests.engine.stack import COLD_OPERATOR, Result, Stack, children, succeeded

PROGRAM = Path(__file__).with_name("load_program.py")

CLOUDS = (
    ("AzurePostgres", SimulatedAzure, "Server"),
    ("CloudSqlPostgres", SimulatedCloudSql, "DatabaseInstance"),
)
"""The component, what it is created on, and the provider's type of what each component has one of."""

GOOGLE = {"gcp:project": "portal-123", "gcp:region": "europe-west1"}


@dataclass(frozen=True)
class Loaded:
    component: str
    count: int
    resources: int
    seconds: dict[str, float]
    """By operation: up, no change, destroy."""
    megabytes: dict[str, int]
    """The most that the program and the engine needed in any operation."""


def loaded(count: int, operator: Sequence[str | Path] | None = COLD_OPERATOR) -> Iterator[Loaded]:
    """Measures what it takes. Raises AssertionError if anything is lost on the way.

    The default `operator` is what a user's command is; None starts faster, and its numbers mean nothing.
    """
    for component, simulate, server in CLOUDS:
        with tempfile.TemporaryDirectory() as folder, simulate() as cloud:
            stack = Stack(Path(folder) / "stack", program=PROGRAM, operator=operator, environment=cloud.environment)
            for key, value in {**GOOGLE, "component": component, "count": count}.items():
                stack.configure(key, value)
            with memory() as megabytes:
                run = measure(stack, cloud, component, server, count, megabytes)
            yield run


def measure(
    stack: Stack, cloud: SimulatedProvider, component: str, server: str, count: int, megabytes: dict[str, int]
) -> Loaded:
    up, up_seconds = timed(stack.up)
    servers = cloud.of_type(server)
    assert len(servers) == len(up.outputs) == count, f"{len(servers)} servers and {len(up.outputs)} blocks, not {count}"
    blocks = {str(block) for block in up.outputs.values()}
    assert len(blocks) == count, f"{count - len(blocks)} blocks are those of another's server"
    resources = stack.resources()

    again, again_seconds = timed(stack.up)
    assert again.changed == {}, again.output
    assert again.outputs == up.outputs

    _, destroy_seconds = timed(stack.destroy)
    left = [*stack.resources(), *cloud.of_type(server).values()]
    assert left == [], f"destroy left {left}"
    return Loaded(
        component,
        count,
        len(resources),
        {"up": up_seconds, "no change": again_seconds, "destroy": destroy_seconds},
        megabytes,
    )


@contextmanager
def memory() -> Iterator[dict[str, int]]:
    """Yields the most megabytes that any program and any engine started here take. Looks ten times a second."""
    most = {"program": 0, "engine": 0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for process in descendants(os.getpid()):
                who, megabytes = peak(process)
                most[who] = max(most[who], megabytes)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield most
        finally:
            over.set()
            watching.result()


def descendants(process: int) -> Iterator[int]:
    for child in children(process):
        yield child
        yield from descendants(child)


def peak(process: int) -> tuple[str, int]:
    """Returns "engine" or "program", and the most megabytes that the process has had."""
    with contextlib.suppress(OSError):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        if "VmHWM" in status:
            return "engine" if status["Name"].strip() == "pulumi" else "program", int(
                status["VmHWM"].split()[0]
            ) // 1024
    return "program", 0


def timed(operation: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = succeeded(operation())
    return result, time.perf_counter() - began
