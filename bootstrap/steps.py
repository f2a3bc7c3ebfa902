"""Runs the steps of the bootstrap in parallel, each after those that it depends on, and prints the progress."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from . import paths, signals
from .console import say

# Seconds between two lines that name the steps still running.
HEARTBEAT = 20
# Seconds to wait after a signal for steps that run no command. A download may not notice the signal.
_NOTICE = 2


class StepError(Exception):
    """Raised when a step cannot continue; says what happened and what the user can do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class CommandError(Exception):
    """Raised when a step's command fails; its output is in the step's log."""

    def __init__(self, command: Sequence[str], output: str) -> None:
        super().__init__(f"`{' '.join(command)}` failed")
        self.output = output


class Progress:
    """Runs a step's commands, and tells the user what the step does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self.task: str | None = None
        self.log_file = paths.LOGS / f"{name}.log"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.write_text("")

    def log(self, text: str) -> None:
        say(f"  {self.name:<16}{text}")

    def begin(self, work: str, usually: str) -> None:
        """Announces work that takes a while."""
        self.task = work
        self.log(f"{work} (usually {usually})")

    def ask(self, command: Sequence[str | Path], *, cwd: Path | None = None) -> str:
        """Runs a command and returns the last line that it prints, before which a program may print warnings."""
        return "".join(self.run(command, cwd=cwd).splitlines()[-1:]).strip()

    def run(
        self, command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Runs a command, writes its output to the step's log, and returns it. Raises CommandError if it fails.

        Raises StepError if the command was killed, because that is no answer from the command.
        """
        words = [str(word) for word in command]
        # apt-get must end in its own time, because it leaves no package half-installed.
        stop = signals.IN_ORDER if words[0] == "apt-get" else signals.ANYWHERE
        lines: list[str] = []
        with self.log_file.open("a") as log:
            log.write(f"$ {' '.join(words)}\n")
            log.flush()
            with signals.start(
                words,
                stop=stop,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process:
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    lines.append(line)
        signals.check()
        if process.returncode < 0:
            killer = signal.Signals(-process.returncode).name
            raise StepError(
                f"`{' '.join(words)}` was killed by {killer}",
                "Run the same command again. If nobody sent SIGKILL, the machine ran out of memory.",
            )
        if process.returncode > 0:
            raise CommandError(words, "".join(lines))
        return "".join(lines)


@dataclass(frozen=True)
class Step:
    """Something that the project needs. `ensure` provides it and returns a description."""

    name: str
    ensure: Callable[[Progress], str]
    after: tuple[str, ...] = ()


def run(steps: Sequence[Step]) -> bool:
    """Runs all steps; returns whether all succeeded. A failed step stops only the steps that depend on it.

    Raises Stopped after a signal, when no command is running any more.
    """
    futures: dict[str, Future[bool]] = {}
    working: dict[str, Progress] = {}
    finished = threading.Event()

    def perform(step: Step) -> bool:
        missing = [name for name in step.after if not futures[name].result()]
        signals.check()
        if missing:
            say(f"  {step.name:<16}not tried: it needs {', '.join(missing)}")
            return False
        progress = working[step.name] = Progress(step.name)
        try:
            met = step.ensure(progress)
        except (StepError, CommandError, OSError) as problem:
            signals.check()
            _report_failure(progress, problem)
            return False
        finally:
            del working[step.name]
        signals.check()
        took = f" ({_elapsed(progress)})" if progress.task else ""
        progress.log(f"{met}{took}")
        return True

    def heartbeat() -> None:
        while not finished.wait(HEARTBEAT):
            at_work = [f"{name}: {step.task}, {_elapsed(step)}" for name, step in [*working.items()] if step.task]
            if at_work:
                say(f"  …               {'; '.join(at_work)}")

    threading.Thread(target=heartbeat, daemon=True).start()
    pool = ThreadPoolExecutor(max_workers=len(steps))
    try:
        for step in steps:
            futures[step.name] = pool.submit(perform, step)
        _wait_for([*futures.values()])
        return all([future.result() for future in futures.values()])  # noqa: C419 - every step, also after a failed one
    finally:
        finished.set()
        pool.shutdown(wait=not signals.stopped())


def _wait_for(futures: Sequence[Future[bool]]) -> None:
    """Waits for all steps. After a signal, waits only while commands run, and then raises Stopped."""
    while wait(futures, timeout=0.2).not_done and not signals.stopped():
        pass
    while signals.stopped() and wait(futures, timeout=_NOTICE).not_done and signals.at_work():
        pass
    signals.check()


def _report_failure(progress: Progress, problem: Exception) -> None:
    progress.log(f"FAILED after {_elapsed(progress)}: {problem}")
    if isinstance(problem, CommandError):
        for line in problem.output.strip().splitlines()[-5:]:
            progress.log(f"  | {line}")
    remedy = problem.remedy if isinstance(problem, StepError) else "Read the log, then run the same command again."
    progress.log(f"  what to do: {remedy}")
    progress.log(f"  log: {progress.log_file}")


def _elapsed(progress: Progress) -> str:
    minutes, seconds = divmod(int(time.monotonic() - progress.started), 60)
    return f"{minutes}:{seconds:02} min" if minutes else f"{seconds} s"
