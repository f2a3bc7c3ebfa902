"""Runs the commands of `make`: python3 -m bootstrap up|env|down|clean|python|tools|run."""

import argparse
import os
import sys
import time
from functools import partial

from . import (
    docker_engine,
    errors,
    go_build,
    node_packages,
    passphrase,
    paths,
    postgres_image,
    pulumi_cli,
    python_environment,
    signals,
    steps,
)
from .clean import remove_everything
from .console import say
from .lock import only_one_at_a_time
from .steps import Step


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bootstrap", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring up the stack dev, write app-config.local.yaml")
    commands.add_parser("env", help="write .env with the POSTGRES_ variables of the running database")
    commands.add_parser("down", help="destroy the stack dev with its data, delete the written files")
    commands.add_parser("clean", help="down, and remove everything that bootstrap cached, built or started")
    commands.add_parser("python", help="create the virtual environment with everything that checks and tests import")
    commands.add_parser("tools", help="install what the tests need, including Docker and Backstage's packages")
    run = commands.add_parser("run", help="run a command with the tools and the state of `make up`")
    run.add_argument(
        "--unattended", action="store_true", help="run it without a terminal; a signal ends everything that it started"
    )
    run.add_argument("--interrupt", action="store_true", help="end it with SIGINT, as tests and benchmarks expect")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    signals.listen()
    try:
        if arguments.command == "run":
            stop = signals.TESTS if arguments.interrupt else signals.CHECKS
            return _run_command(arguments.words, stop if arguments.unattended else None)
        return {"up": up, "env": env, "down": down, "clean": clean, "python": python, "tools": tools}[
            arguments.command
        ]()
    except signals.Stopped:
        signals.leave("")
    except OSError as error:
        errors.explain_file(error).report(arguments.command)
        return 1


def up() -> int:
    started = time.monotonic()
    say("Bringing up PostgreSQL for Backstage")
    if not ready("up", [*_base_steps("requirements/dev.txt"), _configured_image_step()]):
        return 1
    code = _on_stack("up")
    if code == 0:
        say(f"Done in {time.monotonic() - started:.0f} s. To destroy it: make down")
    return code


def env() -> int:
    if not _may_exist():
        say("There is no database yet: run `make up` first.")
        return 1
    return _on_stack("env") if ready("env", _base_steps("requirements/dev.txt")) else 1


def down() -> int:
    if not _may_exist():
        say("There is nothing to destroy.")
        return 0
    return _on_stack("down") if ready("down", _base_steps("requirements/dev.txt")) else 1


def clean() -> int:
    if down() != 0:
        say("Nothing was removed, because the database still exists.")
        return 1
    remove_everything()
    return 0


def python() -> int:
    return 0 if ready("python", [_python_step("requirements/test.txt")]) else 1


def tools() -> int:
    say("Installing what the tests need")
    needs = [
        *_base_steps("requirements/test.txt"),
        _image_step(postgres_image.DEFAULT),
        _image_step("postgres:15-bookworm", "older image"),
        Step("node", node_packages.ensure),
        # After the other builds, which fill the build cache with what these need too.
        Step("languages", pulumi_cli.ensure_language_hosts, after=("docker provider",)),
    ]
    return 0 if ready("tools", needs) else 1


def _run_command(words: list[str], unattended: signals.Stop | None) -> int:
    if words[:1] == ["pulumi"]:
        passphrase.provide()
    environment = _prepared_environment()
    if unattended:
        return signals.run(words, stop=unattended, env=environment)
    signals.check()
    try:
        os.execvpe(words[0], words, environment)  # noqa: S606 - so that the command gets the terminal and its signals
    except OSError as error:
        say(f"{words[0]}: {error.strerror}")
        return 127


def _base_steps(requirements: str) -> list[Step]:
    return [
        _python_step(requirements),
        Step("docker", docker_engine.ensure),
        Step("pulumi", pulumi_cli.ensure_cli, after=("python",)),
        Step("docker provider", pulumi_cli.ensure_docker_provider, after=("pulumi",)),
    ]


def _python_step(requirements: str) -> Step:
    return Step("python", partial(python_environment.ensure, requirements=requirements))


def _image_step(image: str, name: str = "image") -> Step:
    return Step(name, partial(postgres_image.ensure, image=image), after=("docker",))


def _configured_image_step() -> Step:
    """Returns the step for the image of the stack dev, whose configuration needs the packages of the python step."""

    def ensure(progress: steps.Progress) -> str:
        return postgres_image.ensure(progress, image=postgres_image.configured_image(progress))

    return Step("image", ensure, after=("docker", "python"))


def ready(command: str, needs: list[Step]) -> bool:
    with only_one_at_a_time(command):
        done = steps.run(needs)
        if done:
            go_build.tidy()
    if not done:
        say("\nNot ready yet: see what to do above. The same command continues where this one stopped.")
    return done


def _on_stack(operation: str) -> int:
    command = [paths.VENV / "bin" / "python", "-m", "bootstrap.stack", operation]
    return signals.run(command, stop=signals.OURS, cwd=paths.CHECKOUT, env=_prepared_environment())


def _prepared_environment() -> dict[str, str]:
    return {**paths.environment(), **docker_engine.host_of_context()}


def _may_exist() -> bool:
    """Returns whether a stack dev may exist. With a backend of the user's own, only Pulumi itself knows."""
    return any((paths.STATE / "stacks").rglob("dev.json*")) or not paths.uses_own_backend()


if __name__ == "__main__":
    sys.exit(main())
