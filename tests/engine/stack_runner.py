"""Operations on one stack through the Automation API, a line of JSON for each: see stack.py.

Each in a child process, because a second inline program in one process would see the modules and hooks of the first;
what they have in common, the SDK and the selected stack, is there before. The tests fork this from a process that has
loaded the SDKs (`run_forked`); with another Python it is a script.
"""

import datetime
import json
import os
import runpy
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

if __name__ == "__main__":
    # In place of this folder, whose docker.py would stand for the SDK of that name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from tests.engine.checkpoint import Checkpoint

if __name__ == "__main__":
    # A program finds what is installed, and not what is here.
    sys.path.pop(0)


class ForkedWorkspace(automation.LocalWorkspace):
    """The workspace of a stack that stack.py has created: the CLI need not be started to find it."""

    def select_stack(self, stack_name: str) -> None:
        pass


class Stack(automation.Stack):
    """A stack that reads the file backend's state where the Automation API would start the CLI again.

    After each operation the Automation API starts it three times, for the outputs with and without secrets and for the
    history, which would take half of the time of these tests.
    """

    changes: automation.OpMap | None = None
    flags: Sequence[str] = ()
    """More flags of the CLI's for the operation, which the Automation API does not know."""

    def _run_pulumi_cmd_sync(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: list[str], *rest: Any, **named: Any
    ) -> automation.CommandResult:
        more = self.flags if args[0] in ("up", "preview", "destroy") else ()
        return super()._run_pulumi_cmd_sync([*args, *more], *rest, **named)

    def note(self, event: EngineEvent) -> None:
        """Keeps the engine's own count of changes."""
        if event.summary_event:
            self.changes = event.summary_event.resource_changes

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002
        now = datetime.datetime.now(datetime.timezone.utc)
        return automation.UpdateSummary("update", now, "", {}, {}, "succeeded", resource_changes=self.changes)

    def outputs(self) -> automation.OutputMap:
        """Returns the outputs as they are stored, secrets encrypted."""
        checkpoint = Checkpoint(Path(urlsplit(os.environ["PULUMI_BACKEND_URL"]).path), self.name)
        secret = checkpoint.secret_outputs()
        return {key: automation.OutputValue(value, key in secret) for key, value in checkpoint.outputs().items()}


class Cli(automation.PulumiCommand):
    """The `pulumi` on the PATH. The bootstrap has chosen its version, the SDK's: it need not be asked for again."""

    def __init__(self) -> None:
        self.command = "pulumi"
        self.version = VersionInfo.parse(metadata.version("pulumi"))


def run_forked(connection: socket.socket, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs the operations of the other end of `connection` in this process, which was forked for one stack."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with Path("operator.log").open("w") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    with connection, connection.makefile("r") as requests, connection.makefile("w") as answers:
        run(requests, answers, ForkedWorkspace)


def run(requests: TextIO, answers: TextIO, workspace_class: type[automation.LocalWorkspace]) -> None:
    """Answers each request, until there are no more."""
    first = json.loads(requests.readline())
    program = first["program"]
    workspace = workspace_class(
        work_dir=first["folder"],
        pulumi_command=Cli(),
        program=None if program is None else lambda: void(runpy.run_path(program, run_name="__main__")),
    )
    stack = Stack(first["stack"], workspace, StackInitMode.CREATE_OR_SELECT)
    for line in requests:
        child = os.fork()
        if child == 0:
            print(json.dumps(answer(stack, json.loads(line))), file=answers, flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"broke_down": f"it ended with status {status}"}), file=answers, flush=True)


def answer(stack: Stack, request: dict[str, Any]) -> dict[str, Any]:
    os.environ.clear()
    os.environ.update(request["environment"])
    lines: list[str] = []
    answer: dict[str, Any] = {"ok": True, "changes": {}}
    try:
        operation, options = getattr(stack, request["operation"]), request["options"]
        stack.flags = options.pop("flags", ())
        listen = {"on_output": lines.append, "on_error": lines.append, "on_event": stack.note}
        result = operation(color="never", **listen, **options)
        changes = result.change_summary if request["operation"] == "preview" else result.summary.resource_changes
        answer["changes"] = {getattr(kind, "value", kind): count for kind, count in (changes or {}).items()}
        if request["operation"] == "up":
            answer["stored_outputs"] = {key: output.value for key, output in result.outputs.items()}
            answer["secret_outputs"] = [key for key, output in result.outputs.items() if output.secret]
    except automation.CommandError as error:
        answer["ok"] = False
        lines.append(str(error))
    except BaseException:
        return {"broke_down": traceback.format_exc()}
    answer["output"] = "\n".join(lines)
    return answer


def void(_: object) -> None:
    """An inline program must return None."""


if __name__ == "__main__":
    run(sys.stdin, sys.stdout, automation.LocalWorkspace)
