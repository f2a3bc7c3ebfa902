"""Runs the steps of the bootstrap side by side, each as soon as those before it are done, and says what happens."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import paths

HEARTBEAT = 20
"""Seconds between two lines that say what is still at work."""


class StepError(Exception):
    """A step cannot go on: what happened, and what the user can do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class CommandError(Exception):
    """A command of a step failed; its output is in the step's log."""

    def __init__(self, command: Sequence[str], output: str) -> None:
        super().__init__(f"`{' '.join(command)}` failed")
        self.output = output


class Progress:
    """What one step uses to run commands and to tell the user what it does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = time.monotonic()
        self.task: str | None = None
        self.log_file = paths.LOGS / f"{name}.log"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.write_text("")

    def log(self, text: str) -> None:
        print(f"  {self.name:<16}{text}", flush=True)

    def begin(self, work: str, usually: str) -> None:
        """Announces work that takes a while."""
        self.task = work
        self.log(f"{work} (usually {usually})")

    def run(
        self, command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Runs a command into the step's log and returns what it printed; raises CommandError if it fails."""
        words = [str(word) for word in command]
        with self.log_file.open("a") as log:
            log.write(f"$ {' '.join(words)}\n")
            log.flush()
            process = subprocess.Popen(
                words,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            _children.add(process)
            try:
                lines: list[str] = []
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    lines.append(line)
                if process.wait() != 0:
                    raise CommandError(words, "".join(lines))
            finally:
                _children.discard(process)
        return "".join(lines)


@dataclass(frozen=True)
class Step:
    """One need of the product: `ensure` returns once it is met and says how."""

    name: str
    ensure: Callable[[Progress], str]
    after: tuple[str, ...] = ()


_children: set[subprocess.Popen[str]] = set()


def run(steps: Sequence[Step]) -> bool:
    """Runs all steps; True if every need is met. A failed step does not stop those that do not depend on it."""
    futures: dict[str, Future[bool]] = {}
    working: dict[str, Progress] = {}
    finished = threading.Event()

    def perform(step: Step) -> bool:
        missing = [name for name in step.after if not futures[name].result()]
        if missing:
            print(f"  {step.name:<16}not tried: it needs {', '.join(missing)}", flush=True)
            return False
        progress = working[step.name] = Progress(step.name)
        try:
            met = step.ensure(progress)
        except (StepError, CommandError, OSError) as problem:
            _report_failure(progress, problem)
            return False
        finally:
            del working[step.name]
        took = f" ({_elapsed(progress)})" if progress.task else ""
        progress.log(f"{met}{took}")
        return True

    def heartbeat() -> None:
        while not finished.wait(HEARTBEAT):
            at_work = [f"{name}: {step.task}, {_elapsed(step)}" for name, step in [*working.items()] if step.task]
            if at_work:
                print(f"  …               {'; '.join(at_work)}", flush=True)

    threading.Thread(target=heartbeat, daemon=True).start()
    pool = ThreadPoolExecutor(max_workers=len(steps))
    try:
        for step in steps:
            futures[step.name] = pool.submit(perform, step)
        return all([future.result() for future in futures.values()])  # noqa: C419 - every step, also after a failed one
    except KeyboardInterrupt:
        for child in [*_children]:
            child.send_signal(signal.SIGTERM)
        raise
    finally:
        finished.set()
        pool.shutdown()


def _report_failure(progress: Progress, problem: Exception) -> None:
    progress.log(f"FAILED after {_elapsed(progress)}: {problem}")
    if isinstance(problem, CommandError):
        for line in problem.output.strip().splitlines()[-5:]:
            progress.log(f"  | {line}")
    remedy = problem.remedy if isinstance(problem, StepError) else "Look into the log, then run the same command again."
    progress.log(f"  what to do: {remedy}")
    progress.log(f"  log: {progress.log_file}")


def _elapsed(progress: Progress) -> str:
    minutes, seconds = divmod(int(time.monotonic() - progress.started), 60)
    return f"{minutes}:{seconds:02} min" if minutes else f"{seconds} s"
