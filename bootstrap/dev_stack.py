"""Runs the stack dev with the Automation API. Every failure is an ExplainedError that says what to do."""

import json
import os
import re
import runpy
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pulumi
import yaml
from pulumi import automation
from pulumi.automation._stack import StackInitMode

from . import containers, errors, passphrase, paths, port_owner, stale_locks, state_file
from .console import quote, say
from .errors import ExplainedError
from .pulumi_command import PulumiCommand

NAME = state_file.STACK
# Marks a copy of the settings whose salt is in the original too.
_SALT_OF_ORIGINAL = "# The salt is that of the original."


class _Workspace(automation.LocalWorkspace):
    """A workspace that starts the CLI to find a stack only where its state's file does not show that it exists."""

    def select_stack(self, stack_name: str) -> None:
        if not (paths.uses_own_backend() and state_file.is_of_this_project()):
            super().select_stack(stack_name)


class _Stack(automation.Stack):
    """A stack without what the Automation API asks after each operation, and what nobody reads here.

    It would start the CLI three times: for the outputs with and without their secrets, and for a summary.
    """

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002
        return automation.UpdateSummary("update", datetime.now(timezone.utc), "", {}, {}, "succeeded")


class DevStack:
    """The stack dev. `open` selects it; call the other methods after that."""

    def __init__(self, command: str) -> None:
        """`command` is the `make` command that the user ran."""
        self._command = command
        self._backend = paths.backend()
        self._folder = passphrase.workspace()
        self._exported: dict[str, Any] = {}

    def open(self, *, create: bool) -> bool:
        """Selects the stack; with `create`, creates it if necessary. Returns whether it exists."""
        if paths.uses_own_backend():
            state_file.refuse_copy()
        self._prepare_workspace()
        for owner in stale_locks.remove(self._backend, NAME):
            say(f"  {'stack':<16}removed the lock of {owner}, which was killed")
        self._pulumi = PulumiCommand()
        workspace = _Workspace(work_dir=str(self._folder), program=self._program, pulumi_command=self._pulumi)
        try:
            self._stack = self._try(lambda: _Stack(NAME, workspace, StackInitMode.SELECT))
            self._require_passphrase(exists=True)
        except automation.StackNotFoundError:
            if not create:
                return False
            self._require_passphrase(exists=False)
            self._stack = self._try(lambda: _Stack(NAME, workspace, StackInitMode.CREATE))
        passphrase.note_use()
        return True

    def up(self, **options: Any) -> dict[str, Any]:
        """Updates the stack. Returns its outputs, including secrets."""
        self._try(lambda: self._stack.up(on_output=_show, color="never", **options))
        return self._exported

    def destroy(self) -> None:
        """Destroys the stack's resources and removes the stack."""
        self._try(lambda: self._stack.destroy(on_output=_show, color="never"))
        self._try(lambda: self._stack.workspace.remove_stack(NAME, preserve_config=True))

    def outputs(self) -> dict[str, Any]:
        """Returns the outputs, including secrets, without an update."""
        arguments = ["stack", "output", "--json", "--show-secrets", "--stack", NAME]
        return json.loads(self._try(lambda: self._pulumi.run(arguments, str(self._folder), {})).stdout)

    def _program(self) -> None:
        """Runs the checkout's program, and keeps what it exports: the CLI would have to decrypt that again."""
        os.chdir(paths.CHECKOUT)
        runpy.run_path(str(paths.CHECKOUT / "__main__.py"), run_name="__main__")
        stack: Any = pulumi.runtime.get_root_resource()
        pulumi.Output.all(**stack.outputs).apply(self._exported.update)

    def _prepare_workspace(self) -> None:
        """Copies the project's files: Pulumi writes into them, and the checkout must stay clean."""
        try:
            text = paths.SETTINGS.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ExplainedError(
                f"{paths.SETTINGS} does not exist.",
                "It holds the configuration of the stack dev and comes with the repository.",
                f"Restore it: git checkout -- {errors.SETTINGS}",
            ) from None
        except UnicodeDecodeError as error:
            raise errors.explain_encoding(error) from None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            paths.STATE.chmod(0o700)
            state_file.note_checkout()
            shutil.copy(paths.CHECKOUT / "Pulumi.yaml", self._folder)
            copy = self._folder / errors.SETTINGS
            before = copy.read_text(encoding="utf-8") if copy.exists() else ""
            passphrase.write_secret(copy, _with_salt(text, before))
        except OSError as error:
            raise self._explain(str(error)) from None

    def _require_passphrase(self, *, exists: bool) -> None:
        """Generates a passphrase if nothing needs an older one; raises an error if something does and it is missing."""
        if not passphrase.is_ours() or paths.PASSPHRASE.exists():
            return
        needed_by = passphrase.needed_by() or ([f"the stack {NAME}"] if exists else [])
        if needed_by:
            raise _lost_passphrase(needed_by, exists)
        passphrase.generate()

    def _try(self, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except automation.StackNotFoundError:
            raise
        except automation.CommandError:
            failed = self._pulumi.failed
            raise self._explain(errors.essence(failed.stdout, failed.stderr) if failed else "") from None

    def _explain(self, words: str) -> ExplainedError:
        if by_container := port_owner.TAKEN_BY_CONTAINER.search(words):
            return port_owner.explain_container(words, int(by_container[1]))
        taken = port_owner.TAKEN.search(words)
        if taken and "has port" not in words.replace("a program other than Docker's containers has port", ""):
            return port_owner.explain(words, int(taken[1]))
        if re.search(r"unexpected end of JSON input|failed to load checkpoint", words):
            return state_file.explain_damage(words)
        if "(last state: 'in_use'" in words:
            return _volume_in_use(words)
        theirs = [name for name in passphrase.VARIABLES if name in os.environ]
        key = str(paths.PASSPHRASE) if passphrase.is_ours() else theirs[0]
        return errors.explain(words, command=self._command, backend=self._backend, key=key)


def _with_salt(settings: str, before: str) -> str:
    """Returns the settings with the salt that Pulumi has written into the copy `before`, unless they have their own.

    A salt of the original, which may belong to a lost passphrase, does not outlive its removal there. Without a salt,
    Pulumi writes a new one.
    """
    salt = re.search(r"(?m)^encryptionsalt:.*", before)
    with_salt = f"{settings.rstrip()}\n{salt[0]}\n" if salt and _SALT_OF_ORIGINAL not in before else settings
    try:
        if "encryptionsalt" in (yaml.load(settings, yaml.BaseLoader) or {}):  # noqa: S506 - it makes strings only
            return f"{settings.rstrip()}\n{_SALT_OF_ORIGINAL}\n"
        yaml.load(with_salt, yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, TypeError):  # Not YAML, which Pulumi explains, or JSON, to which no line can be added.
        return settings
    return with_salt


def _lost_passphrase(needed_by: list[str], exists: bool) -> ExplainedError:
    restore = (
        "Restore the file from a backup, or set PULUMI_CONFIG_PASSPHRASE if the passphrase is your own. "
        "Without either, "
    )
    give_up = (
        f"delete the `encryptionsalt` line and the `secure:` values from {errors.SETTINGS}, and set them again after "
        "`make up`."
    )
    return ExplainedError(
        f"{paths.PASSPHRASE} is not there.",
        f"It holds the passphrase that decrypts {', '.join(needed_by)}.",
        restore + (state_file.start_again() if exists else give_up),
    )


def _show(line: str) -> None:
    """Prints each resource as it changes. Errors are printed once, at the end."""
    unchanged = re.search(r"\brefresh(ing)? \(", line) and "[diff" not in line
    if re.match(r" [-+~]", line) and not unchanged and "error: " not in line and "warning: using" not in line:
        say(f"  {'stack':<16}{line.strip()}")


def _volume_in_use(words: str) -> ExplainedError:
    """Returns the error of a `down` when a container that this stack does not know uses its volume."""
    used = [found for volume in state_file.ids("docker:index/volume:Volume") if (found := containers.on_volume(volume))]
    name = quote(used[0].name) if used else "NAME"
    return ExplainedError(
        words,
        f"The container {name} uses the volume with the data. It is of an interrupted run or of another stack.",
        f"If nothing else uses it, remove it: docker stop {name} && docker rm {name}\nThen run `make down` again.",
    )
