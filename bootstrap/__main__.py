"""What `make` runs: python3 -m bootstrap up|env|down|clean|python|tools|run."""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from . import docker_engine, go_build, node_packages, paths, postgres_image, pulumi_cli, python_environment, steps
from .steps import Step


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bootstrap", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring the machine and the stack dev up; write app-config.local.yaml")
    commands.add_parser("env", help="write .env with the POSTGRES_ variables of the running database")
    commands.add_parser("down", help="destroy the stack dev with its data; delete the written files")
    commands.add_parser("clean", help="down, and remove everything that bootstrap cached, built or started")
    commands.add_parser("python", help="bring up the virtual environment with all that checks and tests import")
    commands.add_parser("tools", help="bring up what the tests need, Docker and Backstage's packages included")
    run = commands.add_parser("run", help="run a command with the tools and the state of `make up`")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    if arguments.command == "run":
        return subprocess.run(arguments.words, env=prepared_environment(), check=False).returncode
    return {"up": up, "env": env, "down": down, "clean": clean, "python": python, "tools": tools}[arguments.command]()


def up() -> int:
    started = time.monotonic()
    print("Bringing up PostgreSQL for Backstage")
    if not ready([*base_steps("requirements/dev.txt"), image_step(postgres_image.configured_image())]):
        return 1
    code = on_stack("up")
    if code == 0:
        print(f"Done in {time.monotonic() - started:.0f} s. To take it down: make down")
    return code


def env() -> int:
    if not exists():
        return print_nothing_to_do("to read from: run `make up` first", 1)
    return on_stack("env") if ready(base_steps("requirements/dev.txt")) else 1


def down() -> int:
    if not exists():
        return print_nothing_to_do("to take down", 0)
    return on_stack("down") if ready(base_steps("requirements/dev.txt")) else 1


def clean() -> int:
    if down() != 0:
        return 1
    progress = steps.Progress("clean")
    if shutil.which("docker"):
        try:
            postgres_image.remove_stand_ins(progress)
        except steps.CommandError:
            progress.log("no Docker engine answers: images stay")
    docker_engine.stop()
    link = node_packages.FOLDER / "node_modules"
    if link.is_symlink():
        link.unlink()
    for folder in (paths.CACHE, paths.VENV):
        shutil.rmtree(folder, ignore_errors=True)
        progress.log(f"removed {folder}")
    return 0


def python() -> int:
    return 0 if ready([python_step("requirements/test.txt")]) else 1


def tools() -> int:
    print("Bringing up what the tests need")
    needs = [
        *base_steps("requirements/test.txt"),
        image_step(postgres_image.DEFAULT),
        image_step("postgres:15-bookworm", "older image"),
        Step("node", node_packages.ensure),
        # After the other builds, which have put what these need as well into the build cache.
        Step("languages", pulumi_cli.ensure_language_hosts, after=("docker provider",)),
    ]
    return 0 if ready(needs) else 1


def base_steps(requirements: str) -> list[Step]:
    return [
        python_step(requirements),
        Step("docker", docker_engine.ensure),
        Step("pulumi", pulumi_cli.ensure_cli, after=("python",)),
        Step("docker provider", pulumi_cli.ensure_docker_provider, after=("pulumi",)),
    ]


def python_step(requirements: str) -> Step:
    return Step("python", partial(python_environment.ensure, requirements=requirements))


def image_step(image: str, name: str = "image") -> Step:
    return Step(name, partial(postgres_image.ensure, image=image), after=("docker",))


def ready(needs: list[Step]) -> bool:
    with only_one_at_a_time():
        done = steps.run(needs)
        if done:
            go_build.tidy()
    if not done:
        print("\nNot ready yet: see what to do above. The same command continues where this one stopped.")
    return done


def on_stack(operation: str) -> int:
    command = [paths.VENV / "bin" / "python", "-m", "bootstrap.stack", operation]
    return subprocess.run(command, cwd=paths.CHECKOUT, env=prepared_environment(), check=False).returncode


def prepared_environment() -> dict[str, str]:
    return {**paths.environment(), **docker_engine.host_of_context()}


def exists() -> bool:
    """Whether there may be a stack dev; a backend that you chose yourself is asked, not guessed at."""
    return paths.STATE.is_dir() or "PULUMI_BACKEND_URL" in os.environ


def print_nothing_to_do(what: str, code: int) -> int:
    print(f"There is nothing {what}.")
    return code


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Two bootstraps would build into the same cache."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    with (paths.CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("  waiting for another bootstrap on this machine to finish", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command continues where this one stopped.")
