"""A stack of its own for one test, on the real engine with a file backend."""

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO, Any, NamedTuple

import yaml

from . import language_host, stack_runner
from .checkpoint import Checkpoint
from .forks import fork

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATE = Path(stack_runner.__file__)
# An operator that starts from nothing, as a user's command does: for measurements.
COLD_OPERATOR = (sys.executable, OPERATE)
PASSPHRASE = "passphrase of a test"


@functools.cache
def _new_stack(project: str, name: str) -> Path:
    """Creates a stack with the CLI, once in each test process, and returns the folder that each test gets a copy of.

    Creating one starts the CLI twice and derives a key from the passphrase, which takes longer than most operations.
    """
    folder = Path(tempfile.mkdtemp(prefix="backstage-database-new-stack-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project, "runtime": "python"}))
    state = folder / "state"
    state.mkdir()
    created = subprocess.run(
        ["pulumi", "stack", "init", name, "--non-interactive"],
        cwd=folder,
        env={**os.environ, **_environment(state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert created.returncode == 0, created.stderr
    return folder


def _environment(state: Path) -> dict[str, str]:
    return {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def _typed(typed: str) -> str | int | bool:
    """The value that `pulumi config set --path` makes of what was typed."""
    if typed in ("true", "false"):
        return typed == "true"
    return int(typed) if typed.isascii() and typed.isdecimal() and str(int(typed)) == typed else typed


class Operator(NamedTuple):
    """A process that operates a stack, and the lines that go to it and come back."""

    pid: int
    requests: IO[str]
    answers: IO[str]
    end: Callable[[], object]
    """Lets it finish, and waits until it has."""


@dataclass
class Result:
    """What one operation did."""

    ok: bool
    output: str
    """All that the engine printed, errors included."""
    changes: dict[str, int] = field(default_factory=dict)
    """How many resources saw each kind of step, such as {"create": 6}."""
    stored_outputs: dict[str, Any] = field(default_factory=dict)
    """The outputs of an `up` as its state has them, secrets encrypted."""
    secret_outputs: list[str] = field(default_factory=list)
    decrypt: Callable[[], dict[str, Any]] | None = None

    @functools.cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs of an `up`. A secret among them is decrypted by the CLI, before the next `up`."""
        return self.decrypt() if self.decrypt else self.stored_outputs

    @property
    def changed(self) -> dict[str, int]:
        """The steps that were more than looking."""
        return {kind: count for kind, count in self.changes.items() if kind not in ("same", "read") and count}


def succeeded(result: Result) -> Result:
    assert result.ok, result.output
    return result


def refused(result: Result) -> str:
    assert not result.ok, result.output
    return result.output


class Stack:
    """Runs a Pulumi program, by default the repository's own, the way `pulumi` would."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "test",
        project: Path = REPOSITORY,
        program: Path | None = REPOSITORY / "__main__.py",
        operator: Sequence[str | Path] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`project` has the Pulumi.yaml, and is the program itself where there is none.

        `operator` is the command that runs the program; by default stack_runner.py does, where the SDKs are loaded.
        """
        self.folder = folder
        self.name = name
        self.program = program
        self.operator = operator
        self._operating: Operator | None = None
        self._ups = 0
        self.state = folder / "state"
        self.state.mkdir(parents=True)
        shutil.copy(project / "Pulumi.yaml", folder)
        self._project = yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"]
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            **_environment(self.state),
            **(environment or {}),
        }

    @property
    def settings(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.state, self.name)

    def up(self, **options: Any) -> Result:
        return self._operate("up", options)

    def up_killed(self, moment: Event) -> Result:
        """`up`, of which the Pulumi CLI is killed with SIGKILL once the moment has come."""
        return self._operate("up", {}, moment)

    def preview(self, **options: Any) -> Result:
        return self._operate("preview", options)

    def refresh(self, **options: Any) -> Result:
        return self._operate("refresh", options)

    def destroy(self, **options: Any) -> Result:
        return self._operate("destroy", options)

    def rest(self) -> None:
        """Ends the operator: the next operation starts from nothing, as a command does."""
        if self._operating:
            self._end_operator()
            self._operating = None

    def configure(self, key: str, value: object, *, secret: bool = False) -> None:
        """`pulumi config set --path`; the value goes through standard input, not through process arguments."""
        if secret:
            self.cli("config", "set", "--stack", self.name, "--path", "--secret", key, input=str(value))
        else:
            # As the CLI writes it, without the time that it takes to start.
            self.write_setting(key.split("."), _typed(str(value)))

    def configure_secrets(self, values: Mapping[str, str]) -> None:
        """Sets all of them by one command, which derives the key once. Processes that run meanwhile see the values."""
        settings = [word for key, value in values.items() for word in ("--secret", f"{key}={value}")]
        self.cli("config", "set-all", "--stack", self.name, *settings)

    def write_setting(self, path: Sequence[str], value: Any) -> None:
        """Writes a value into the stack's settings file, as somebody does who edits it."""
        settings = (yaml.safe_load(self.settings.read_text()) if self.settings.exists() else None) or {}
        target = settings.setdefault("config", {})
        first, *inner = path
        # The CLI qualifies what it writes; a file that was written by hand need not.
        qualified = f"{self._project}:{first}"
        *maps, last = [qualified if qualified in target else first, *inner]
        for name in maps:
            target = target.setdefault(name, {})
        target[last] = value
        self.settings.write_text(yaml.safe_dump(settings))

    def unconfigure(self, key: str) -> None:
        self.cli("config", "rm", "--stack", self.name, "--path", key)

    def bring_language_host(self) -> None:
        """Puts a `pulumi-language-python` on the PATH, which a CLI that was built from its Go module lacks."""
        program = self.folder / "programs" / "pulumi-language-python"
        program.parent.mkdir()
        program.write_text(language_host.program())
        program.chmod(0o755)
        self.environment["PATH"] = f"{program.parent}:{self.environment['PATH']}"

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state, secrets encrypted."""
        return self.checkpoint.resources()

    def ids(self, type_: str) -> list[str]:
        """The ids of all resources of a type, such as docker:index/container:Container."""
        return [resource["id"] for resource in self.resources() if resource["type"] == type_]

    def create(self) -> None:
        """Creates and selects the stack if it is new, as the first operation does too."""
        if self.checkpoint.file:
            return
        self.environment["PULUMI_STACK"] = self.name
        new = _new_stack(self._project, self.name)
        shutil.copytree(new / "state", self.state, dirs_exist_ok=True)
        with self.settings.open("a") as settings:
            settings.write("\n" + (new / self.settings.name).read_text())

    def cli(self, *arguments: str, input: str | None = None, check: bool = True) -> str:  # noqa: A002
        """Runs `pulumi …` in the stack's folder and returns everything it printed."""
        self.create()
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=self.environment,
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert not check or done.returncode == 0, f"pulumi {' '.join(arguments)} failed:\n{printed}"
        return printed

    def _operate(self, operation: str, options: Mapping[str, Any], kill_at: Event | None = None) -> Result:
        if self._operating is None:
            self._operating = self._start_operator()
        with ThreadPoolExecutor(1) as pool:
            killer = pool.submit(_kill_cli, self._operating.pid, kill_at, self.checkpoint) if kill_at else None
            request = {"operation": operation, "options": options, "environment": self.environment}
            answer = _ask(self._operating, request) or {"broke_down": (self.folder / "operator.log").read_text()}
            if killer:
                killer.result()
        assert "broke_down" not in answer, f"{operation} broke down:\n{answer['broke_down']}"
        if operation == "up" and answer["ok"]:
            self._ups += 1
        result = Result(**answer)
        if result.secret_outputs:
            result.decrypt = functools.partial(self._outputs_of, self._ups)
        return result

    def _outputs_of(self, up: int) -> dict[str, Any]:
        assert up == self._ups, "another `up` has replaced these outputs: read them before it"
        printed = self.cli("stack", "output", "--json", "--show-secrets", "--stack", self.name)
        return json.JSONDecoder().raw_decode(printed)[0]  # A warning may follow.

    def _start_operator(self) -> Operator:
        if self.operator is None:
            self.create()
            operator = self._fork_operator()
        else:
            operator = self._run_operator(self.operator)
        self._end_operator = weakref.finalize(self, operator.end)
        program = self.program and str(self.program)
        _tell(operator, {"folder": str(self.folder), "program": program, "stack": self.name})
        return operator

    def _fork_operator(self) -> Operator:
        ours, theirs = socket.socketpair()
        process = fork(stack_runner.run_forked, theirs, self.folder, self.environment)
        theirs.close()
        requests, answers = ours.makefile("w"), ours.makefile("r")
        # The connection ends with the last of these three.
        ours.close()

        def end() -> None:
            for stream in (requests, answers):
                with contextlib.suppress(OSError):
                    stream.close()
            process.join()

        assert process.pid
        return Operator(process.pid, requests, answers, end)

    def _run_operator(self, command: Sequence[str | Path]) -> Operator:
        with (self.folder / "operator.log").open("w") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdin
        assert process.stdout
        return Operator(process.pid, process.stdin, process.stdout, process.communicate)


def _tell(operator: Operator, message: Mapping[str, Any]) -> None:
    operator.requests.write(f"{json.dumps(message)}\n")
    operator.requests.flush()


def _ask(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer, empty if the operator has ended."""
    _tell(operator, request)
    return json.loads(operator.answers.readline() or "{}")


def _kill_cli(operator: int, moment: Event, checkpoint: Checkpoint) -> None:
    """SIGKILL to the operation's `pulumi`, as soon as the moment has come and it is not writing its state.

    A file backend that is killed while it writes leaves half a file, which is another story than these tests'.
    """
    came = moment.wait(300)
    (pid,) = (pid for child in children(operator) for pid in children(child) if _name(pid) == "pulumi")
    if not came:
        os.kill(pid, signal.SIGKILL)
        raise AssertionError("the moment never came")
    _stop(pid)
    while not checkpoint.is_whole():
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.02)
        _stop(pid)
    os.kill(pid, signal.SIGKILL)


def children(process: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # It has ended meanwhile.
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _name(process: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def _stop(pid: int) -> None:
    """Stops every thread of the process, and waits until they are stopped: a moment longer than the signal takes."""
    os.kill(pid, signal.SIGSTOP)
    while not _is_stopped(pid):
        time.sleep(0.001)


def _is_stopped(pid: int) -> bool:
    try:
        threads = [thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return False  # One of them ended just now.
    return all(thread.rpartition(")")[2].split()[0] == "T" for thread in threads)
