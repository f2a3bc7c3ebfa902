"""Runs `make bench`: each line is a ratio of medians, measured alternately in one run on warm caches."""

import argparse
import functools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from components import LocalPostgres
from components.testing import run
from tests.bench import clouds, flat_program
from tests.engine.conftest import reserve_port
from tests.engine.docker import docker
from tests.engine.stack import COLD_OPERATOR, Stack

IMAGE = "postgres:17-trixie"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each figure (default 5)")
    parser.add_argument("--only", choices=PROGRAMS, help="run one program under mocks and nothing else")
    arguments = parser.parse_args()
    if arguments.only:
        run(PROGRAMS[arguments.only])
        return
    rounds = arguments.rounds

    print(f"{'':66}{'ratio':>6}  {'reach':>6}   medians")
    first_up, no_op = real_stacks(rounds)
    show("a. first up ÷ (docker run until login + up of an empty program)", *first_up, 1.3)
    show("b. no-op up ÷ no-op up of an empty program", *no_op, 1.15)
    flat, ours = processes(rounds, "flat", "component")
    show("c. LocalPostgres ÷ the same resources written flat: program, mocks", ours, flat, 1.1)
    flat, ours = side_by_side(10 * rounds, flat_program.program, one_component)
    show("   the same without starting Python and importing the SDKs", ours, flat)
    nothing, one, ten, hundred = side_by_side(rounds, dict, *(lambda n=n: components(n) for n in (1, 10, 100)))
    for count, taken, reach in ((10, ten, 1.5), (100, hundred, 1.5)):
        text = f"d. a component among {count} ÷ a component alone, under mocks"
        show(text, (taken - nothing) / count, one - nothing, reach)
    for rules in (1, 5, 20):
        text = f"e. first deployment on simulated Azure with {rules} rules ÷ one by one"
        show(text, *clouds.azure(rounds, rules), 1.1)
    for users in (1, 5, 20):
        text = f"f. first deployment on simulated Google with {users} users ÷ one by one"
        show(text, *clouds.cloud_sql(rounds, users), 1.1)


def show(what: str, ours: float, least: float, reach: float | None = None) -> None:
    limit = f"≤ {reach:.2f}" if reach else ""
    print(f"{what:66}{ours / least:6.2f}  {limit:>6}   {ours:.4f} s ÷ {least:.4f} s", flush=True)


def real_stacks(rounds: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Measures the first and a no-op `up`, each as (our program, the least possible): medians in seconds."""
    first: list[float] = []
    least: list[float] = []
    again: list[float] = []
    least_again: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            empty_program = Path(folder) / "empty.py"
            # With a secret among its outputs, as ours has.
            empty_program.write_text('import pulumi\n\npulumi.export("password", pulumi.Output.secret(""))\n')
            empty = Stack(Path(folder) / "empty", program=empty_program, operator=COLD_OPERATOR)
            ours = Stack(Path(folder) / "ours", operator=COLD_OPERATOR)
            for stack in (empty, ours):
                stack.configure("local.port", reserve_port())
            least.append(docker_run_until_login() + seconds(empty.up))
            first.append(seconds(ours.up))
            for stack in (empty, ours):
                stack.rest()
            least_again.append(seconds(empty.up))
            again.append(seconds(ours.up))
            ours.destroy()
    median = statistics.median
    return (median(first), median(least)), (median(again), median(least_again))


def docker_run_until_login() -> float:
    """Measures Backstage's guide by hand: `docker run` until a login over the container's address works."""
    started = time.perf_counter()
    container = docker(
        "run", "--detach", "--env", "POSTGRES_PASSWORD=secret", "--publish", f"{reserve_port()}:5432", IMAGE
    )
    login = 'PGPASSWORD=secret psql -h "$(hostname -i)" -U postgres -qtAc "SELECT 1"'
    while subprocess.run(
        ["docker", "exec", container, "bash", "-c", login], capture_output=True, check=False
    ).returncode:
        time.sleep(0.02)
    taken = time.perf_counter() - started
    docker("rm", "--force", "--volumes", container)
    return taken


def side_by_side(rounds: int, *programs: Callable[[], object]) -> list[float]:
    """Measures each program under mocks, alternately, after one run that does not count: medians in seconds."""
    times: list[list[float]] = [[] for _ in programs]
    for number in range(rounds + 1):
        for program, taken in zip(programs, times, strict=True):
            duration = seconds(lambda program=program: run(program))  # pyright: ignore[reportArgumentType]
            if number:
                taken.append(duration)
    return [statistics.median(taken) for taken in times]


def one_component() -> dict[str, object]:
    database = LocalPostgres("db", {})
    return {
        "databaseConfig": database.database_config,
        "appConfig": database.app_config,
        "appConfigFromEnv": database.app_config_from_env,
        "environment": database.environment,
        "host": database.host,
        "port": database.port,
        "user": database.user,
    }


def processes(rounds: int, *programs: str) -> list[float]:
    """Measures whole processes that run a program under mocks, for which a user waits: medians in seconds."""
    command = [sys.executable, "-m", "tests.bench", "--only"]
    actions = [functools.partial(subprocess.run, [*command, program], check=True) for program in programs]
    times = [[seconds(action) for action in actions] for _ in range(rounds + 1)][1:]
    return [statistics.median(taken) for taken in zip(*times, strict=True)]


def components(count: int) -> dict[str, object]:
    return {f"block{number}": LocalPostgres(f"db{number}", {}).database_config for number in range(count)}


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


PROGRAMS = {"flat": flat_program.program, "component": one_component}

if __name__ == "__main__":
    main()
