"""Runs `make up`, `make env` and `make down` on the stack dev, in the virtual environment."""

import re
import shutil
import sys
from typing import Any

import yaml

from . import configuration, passphrase, paths, signals, state_file
from .console import quote, say
from .dev_stack import DevStack
from .dotenv import dotenv
from .errors import ExplainedError, explain_file

_APP_CONFIG = paths.CHECKOUT / "app-config.local.yaml"
_DOTENV = paths.CHECKOUT / ".env"
_VOLUME = "docker:index/volume:Volume"
_CONTAINER = "docker:index/container:Container"
_AFTER_A_SIGNAL = {
    "up": "Stopped before the database was ready. `make up` continues from here; `make down` removes what exists.",
    "env": f"Stopped; {_DOTENV.name} has not changed.",
    "down": "Stopped before everything was destroyed. `make down` continues from here.",
}


def up() -> None:
    stack = DevStack("up")
    stack.open(create=True)
    _keep_the_data()
    outputs = _up(stack)

    from . import proof  # Not before it is needed, because the PostgreSQL client takes a moment to import.

    problem = proof.login_problem(outputs) if "containerName" in outputs else None
    if problem:
        say(f"  {'stack':<16}{problem.rstrip('.')}: comparing the stack with what exists")
        outputs = stack.up(refresh=True)
        proof.require_login(outputs)
    passphrase.write_secret(_APP_CONFIG, outputs["appConfig"])
    say("\n" + re.sub(r"(?m)^( *password: ).*", r'\1"[secret]"', outputs["appConfig"]))
    say(f"Written to {_APP_CONFIG.name}, with the password. Next, in the folder of your Backstage app:\n")
    say(f"  cp -p {quote(_APP_CONFIG)} . && yarn start\n")


def _keep_the_data() -> None:
    """Raises an error if the stack has a volume of its own that it would not have with the settings as they are.

    `make up` shows no preview, and Pulumi would delete the volume with the data.
    """
    own = state_file.ids(_VOLUME)
    database, volume = _database_and_volume()
    if not own or (database == "local" and not volume):
        return
    setting = f"`local.volume` is {volume}" if database == "local" else f"`database` is {database}"
    user = configuration.local_argument("user", paths.SETTINGS) or "postgres"
    container = next((id_[:12] for id_ in state_file.ids(_CONTAINER)), "CONTAINER")
    raise ExplainedError(
        f"{setting} in {paths.SETTINGS.name}, but the data of the stack dev is on the stack's own volume {own[0]}.",
        "With this setting that volume would be deleted with its data.",
        "To keep the database, take the setting out again. To use the setting, run `make down`, which deletes the "
        "data, and then `make up`. To save the data before:\n\n"
        f"  docker exec {container} pg_dumpall -U {user} > backstage.sql",
    )


def _up(stack: DevStack) -> dict[str, Any]:
    """Updates the stack and returns its outputs. Recreates a container whose login an interrupted run did not prove."""
    try:
        return stack.up()
    except ExplainedError as error:
        unproved = re.search(r"`pulumi up --replace '([^']+)'`", error.words)
        if not unproved:
            raise
        say(f"  {'stack':<16}an earlier run was stopped while the database started: recreating its container")
        return stack.up(replace=[unproved[1]])


def env() -> None:
    stack = DevStack("env")
    outputs = stack.outputs() if stack.open(create=False) else {}
    if "environment" not in outputs:
        sys.exit("The stack dev has no database. Run: make up")
    try:
        text = dotenv(outputs["environment"])
    except ValueError as error:
        sys.exit(str(error))
    passphrase.write_secret(_DOTENV, text)
    file = quote(_DOTENV)
    say(f"Written to {_DOTENV.name}. Next, in the folder of your Backstage app, one of these:\n")
    say(f"  npx dotenv-cli -e {file} -- yarn start")
    say(f"  npx env-cmd -f {file} -- yarn start")
    say(f"  (set -a; . {file}; yarn start)\n")


def down() -> None:
    stack = DevStack("down")
    if not stack.open(create=False):
        return say("There is nothing to destroy.")
    deleted, what_stays = _what_down_deletes()
    stack.destroy()
    for file in (_APP_CONFIG, _DOTENV):
        file.unlink(missing_ok=True)
    say(f"{deleted}, {_APP_CONFIG.name} and {_DOTENV.name} are deleted.{what_stays}")
    return _forget_what_nothing_needs()


def _what_down_deletes() -> tuple[str, str]:
    """Returns the start of a sentence about what `down` deletes, and a sentence about what stays."""
    database, volume = _database_and_volume()
    if database == "existing" and not state_file.ids(_CONTAINER):
        return "The stack dev", " The database's server has not changed."
    if volume and not state_file.ids(_VOLUME):
        return "The database", f" Its data stays on the volume {volume}."
    return "The database, its data", ""


def _database_and_volume() -> tuple[str, Any]:
    """Returns two settings; the defaults for settings that are not YAML, which Pulumi will refuse and explain."""
    try:
        return configuration.chosen_database(paths.SETTINGS), configuration.local_argument("volume", paths.SETTINGS)
    except yaml.YAMLError:
        return "local", None


def _forget_what_nothing_needs() -> None:
    """Deletes the state of removed stacks, and the passphrase unless something may be encrypted with it."""
    if any((paths.STATE / "stacks").rglob("*.json")):
        return
    needed_by = passphrase.may_be_needed_by() if paths.PASSPHRASE.exists() else []
    for entry in paths.STATE.iterdir():
        if needed_by and entry in (paths.PASSPHRASE, passphrase.OTHER_WORKSPACES):
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if needed_by:
        say(f"{quote(paths.PASSPHRASE)} stays: {' and '.join(needed_by)} may be encrypted with it.")
    else:
        paths.STATE.rmdir()


def main() -> None:
    signals.listen(announce=False)  # The calling process announces the signal.
    command = sys.argv[1]
    try:
        {"up": up, "env": env, "down": down}[command]()
        signals.check()
    except ExplainedError as failure:
        failure.report(command)
        sys.exit(1)
    except OSError as error:
        explain_file(error).report(command)
        sys.exit(1)
    except signals.Stopped:
        signals.leave(_AFTER_A_SIGNAL[command])


if __name__ == "__main__":
    main()
