"""Runs the Pulumi CLI for the Automation API: passes signals on once, and keeps the output of a failed command."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from pulumi import automation
from pulumi.automation import errors
from semver import VersionInfo

from . import pulumi_cli, signals

# These commands end in order when they are interrupted. The others are short and write, so they are not interrupted.
_ENGINE_OPERATIONS = ("up", "destroy", "refresh", "preview")


class PulumiCommand(automation.PulumiCommand):
    """The Pulumi CLI. After a signal, its methods raise Stopped when the CLI has ended in order."""

    failed: automation.CommandResult | None = None

    def __init__(self) -> None:
        """Uses the `pulumi` on the PATH. Bootstrap has checked its version; asking again takes a fifth of a second."""
        self.command = "pulumi"
        self.version = VersionInfo(*pulumi_cli.MINIMUM)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> automation.CommandResult:
        stop = signals.IN_ORDER if args[0] in _ENGINE_OPERATIONS else signals.NEVER
        out: list[str] = []
        err: list[str] = []
        with signals.start(
            [self.command, "--non-interactive", *args],
            stop=stop,
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            readers = [
                threading.Thread(target=_read, args=(process.stdout, out, on_output)),
                threading.Thread(target=_read, args=(process.stderr, err, on_error)),
            ]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
        signals.check()
        result = automation.CommandResult("\n".join(out), "\n".join(err), process.returncode)
        if process.returncode != 0:
            self.failed = result
            raise errors.create_command_error(result)
        return result


def _read(stream: IO[str], lines: list[str], show: Callable[[str], Any] | None) -> None:
    for line in stream:
        lines.append(line.rstrip())
        if show:
            show(lines[-1])
