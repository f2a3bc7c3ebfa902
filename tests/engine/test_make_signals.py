"""SIGINT, SIGTERM and SIGHUP at any moment of `make`: what runs ends in order, and the next command continues.

DRILL_MOMENTS=30 in the environment makes the drill longer; DRILL_SEED makes it another one.
"""

import itertools
import os
import random
import re
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .checkout import Checkout
from .docker import docker, query

MOMENTS = int(os.environ.get("DRILL_MOMENTS", "8"))
SEED = os.environ.get("DRILL_SEED", "1")
# Seconds in which a stopped command must end, on a machine that is busy with other tests.
STOP_TIMEOUT = 120
# Seconds in which any command must end, such as `make up` with a container to create.
COMMAND_TIMEOUT = 600

# How many lines a command prints until it is done, and `make test` until its tests begin.
LINES = {"up": 19, "down": 17, "env": 5, "tools": 9, "test": 12, "clean": 17}
# In any order; each once before one comes again.
TARGETS = ("up", "up", "up", "down", "env", "tools", "test", "clean")

# What the last line of a completed command says.
COMPLETED = ("Done in", "are deleted", "Written to", "There is nothing", "removed")

# How pytest says that it was interrupted.
PYTEST_STOPS = r"!+ KeyboardInterrupt !+|\(to show a full traceback on KeyboardInterrupt use --full-trace\)"


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Makes what the tests start receive SIGINT, also when they run in the background, where shells ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass
class Stopped:
    code: int
    printed: str
    survivors: list[str]
    """Processes that the command started and that are still there."""
    came_too_late: bool
    """Whether the command had ended before the signal."""


def stop(
    checkout: Checkout, target: str, number: signal.Signals, *, lines: int = 0, after: float, only_make: bool = False
) -> Stopped:
    """Sends a signal to `make target`, `after` seconds after it has printed so many lines.

    It goes to the whole process group, as from a terminal, or to `make` alone.
    """
    mark = f"DRILL={uuid.uuid4().hex}"
    name, value = mark.split("=")
    printed: list[str] = []
    with subprocess.Popen(
        ["make", target],
        cwd=checkout.folder,
        env=checkout.environment({name: value}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as make:
        assert make.stdout
        for line in itertools.islice(make.stdout, lines):
            printed.append(line)
        reader = threading.Thread(target=printed.extend, args=(make.stdout,))
        reader.start()
        try:
            make.wait(after)
        except subprocess.TimeoutExpired:
            (os.kill if only_make else os.killpg)(make.pid, number)
            late = False
        else:
            late = True
        # GNU make passes on SIGTERM alone, and waits for what it has begun.
        obeyed = not only_make or number is signal.SIGTERM
        make.wait(STOP_TIMEOUT if obeyed else COMMAND_TIMEOUT)
        reader.join(STOP_TIMEOUT)
    return Stopped(make.returncode, "".join(printed), processes(mark), late)


def processes(mark: str) -> list[str]:
    """Returns the command lines of the processes that have the mark in their environment."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def check(stopped: Stopped, situation: str) -> None:
    """Fails if the command left a process, showed a traceback, or says nothing of how it ended."""
    assert "Traceback" not in stopped.printed, f"{situation}:\n{stopped.printed}"
    assert "KeyboardInterrupt" not in re.sub(PYTEST_STOPS, "", stopped.printed), f"{situation}:\n{stopped.printed}"
    assert "FAILED" not in stopped.printed, f"{situation}: a stop is no failure\n{stopped.printed}"
    assert not stopped.survivors, f"{situation} left {stopped.survivors}:\n{stopped.printed}"
    if not stopped.came_too_late and stopped.code == 0:
        assert any(done in stopped.printed for done in COMPLETED), f"{situation}:\n{stopped.printed}"


@pytest.mark.drill(
    broken="Ctrl-C, SIGTERM or a closed terminal at random moments of `make up`, `down`, `env`, `tools`, `test` and "
    "`clean`, to all of its processes or to `make` alone",
    survived="everything: no process, lock or traceback is left, and the next `make up` goes on",
)
def test_a_signal_at_any_moment_ends_everything_in_order(checkout: Checkout, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    image = docker("image", "inspect", "--format", "{{.Id}}", "postgres:17-trixie")
    targets: list[str] = []
    for moment in range(MOMENTS):
        checkout.keep_apart(tmp_path / "apart")
        targets = targets or chance.sample(TARGETS, len(TARGETS))
        target = targets.pop()
        number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        # The tests would run to their end.
        only_make = chance.random() < 0.3 and (number is signal.SIGTERM or target != "test")
        # By its lines, so that a moment is the same one on a slow machine.
        lines, after = chance.randrange(LINES[target]), chance.uniform(0, 1)
        situation = f"moment {moment}: {number.name} {after:.2f} s after {lines} lines of `make {target}`"
        check(stop(checkout, target, number, lines=lines, after=after, only_make=only_make), situation)
    checkout.keep_apart(tmp_path / "apart")
    checkout.up()
    assert query(checkout.database_config(), "SELECT 42") == 42
    assert docker("image", "inspect", "--format", "{{.Id}}", "postgres:17-trixie") == image


def test_ctrl_c_in_the_first_milliseconds_shows_no_traceback(checkout: Checkout) -> None:
    chance = random.Random(SEED)
    for _ in range(30):
        after = chance.uniform(0, 0.06)
        check(stop(checkout, "env", signal.SIGINT, after=after), f"SIGINT after {after:.3f} s of `make env`")


@pytest.mark.drill(
    broken="Ctrl-C while the engine creates the database's container",
    survived="everything: the engine cancels in order, its plugin ends with it, and the next `make up` goes on",
)
def test_the_engine_cancels_in_order(checkout: Checkout) -> None:
    with subprocess.Popen(
        ["make", "up"],
        cwd=checkout.folder,
        env=checkout.environment({"DRILL": checkout.folder.as_posix()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as make:
        assert make.stdout
        printed = ""
        for line in make.stdout:
            printed += line
            if "Container backstage-postgres creating" in line:
                os.killpg(make.pid, signal.SIGINT)
        make.wait(STOP_TIMEOUT)
    assert "SIGINT: stopping the running commands." in printed
    assert "Stopped before the database was ready." in printed
    assert "Traceback" not in printed
    assert processes(f"DRILL={checkout.folder.as_posix()}") == []
    assert not list(checkout.state.glob("locks/**/*.json")), "the engine released its lock"
    checkout.up()


def test_a_build_is_not_begun_after_a_signal(checkout: Checkout, tmp_path: Path) -> None:
    """Docker answers during the stop: neither an answer nor its absence starts a pull or a build."""
    calls = tmp_path / "calls"
    programs = tmp_path / "programs"
    programs.mkdir()
    fake = programs / "docker"
    fake.write_text(f'#!/bin/sh\necho "$@" >>{calls}\ncase $1 in image) sleep 5; exit 1;; esac\necho 28.0.0\n')
    fake.chmod(0o755)
    with subprocess.Popen(
        ["make", "up"],
        cwd=checkout.folder,
        env=checkout.environment({"PATH": f"{programs}:{os.environ['PATH']}"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as make:
        deadline = time.monotonic() + STOP_TIMEOUT
        while not (calls.exists() and "image inspect" in calls.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(make.pid, signal.SIGINT)
        printed, _ = make.communicate(timeout=STOP_TIMEOUT)
    asked = calls.read_text().splitlines()
    assert asked[-1].startswith("image inspect"), asked
    assert "pulling" not in printed
    assert "building" not in printed
    assert "FAILED" not in printed
    assert make.returncode == -signal.SIGINT


def test_a_bootstrap_that_waits_names_the_other_one_and_goes_on_when_it_is_killed(
    checkout: Checkout, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    programs = tmp_path / "programs"
    programs.mkdir()
    slow = programs / "docker"
    slow.write_text("#!/bin/sh\nexec sleep 120\n")
    slow.chmod(0o755)
    variables = {"XDG_CACHE_HOME": str(cache)}
    options = {"cwd": checkout.folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = ["python3", "-m", "bootstrap"]
    holder = subprocess.Popen(
        [*command, "up"], env=checkout.environment({**variables, "PATH": f"{programs}:{os.environ['PATH']}"}), **options
    )
    file = cache / "backstage-database" / "lock"
    deadline = time.monotonic() + STOP_TIMEOUT
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    waiter = subprocess.Popen([*command, "python"], env=checkout.environment(variables), **options)
    try:
        assert waiter.stdout
        said = waiter.stdout.readline()
        assert f"waiting for `make up` in {checkout.folder}" in said
        assert f"process {holder.pid}" in said
        holder.kill()
        printed, _ = waiter.communicate(timeout=300)
        assert waiter.returncode == 0, printed
    finally:
        for process in (holder, waiter):
            process.kill()
            process.communicate()
