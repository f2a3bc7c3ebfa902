"""Handles Ctrl-C, SIGTERM and SIGHUP: starts nothing new, asks running commands to end, and waits for them.

Every command that bootstrap runs is started here, in its own session: a signal from the terminal then reaches only
bootstrap, which passes it on once and in order.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .console import say

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# `kill -TERM -GROUP` reaches us twice: from the sender and from `make`. Only a later signal is a second one.
_SECOND_SIGNAL_AFTER = 1.0


@dataclass(frozen=True)
class Stop:
    """How to ask a command to end. A second signal repeats it, or ends the command at once."""

    number: signal.Signals | None
    """None for a short command that writes: it is not asked to end, but waited for."""
    all_of_session: bool = False
    """Whether its child processes are asked too. Otherwise the command itself ends them, in the right order."""
    grace: float | None = None
    """Seconds until everything is killed. None for never, because that would leave something half-written."""


# Downloads and builds, which may end anywhere, as with Ctrl-C in a terminal.
ANYWHERE = Stop(signal.SIGINT, all_of_session=True, grace=20)
# apt-get and updates by Pulumi, which end in their own time.
IN_ORDER = Stop(signal.SIGINT)
NEVER = Stop(None)
# Our own Python programs: until they listen, SIGTERM ends them without a traceback.
OURS = Stop(signal.SIGTERM)
# Programs that only read, or write everything again next time. Python programs would print a traceback after SIGINT.
CHECKS = Stop(signal.SIGTERM, all_of_session=True, grace=20)
# Tests: pytest prints its results so far. Containers of running tests may stay.
TESTS = Stop(signal.SIGINT, all_of_session=True, grace=180)


class Stopped(Exception):  # noqa: N818 - not an error
    """Raised after a signal. The caller ends without a message of its own."""


def listen(*, announce: bool = True) -> None:
    """Starts to handle the signals. A signal that the parent process ignores, as with nohup, stays ignored."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            # The handler does nothing: Python writes the signal's number into the pipe, which the thread below reads.
            signal.signal(number, lambda *_: None)
    threading.Thread(target=_handle_signals, args=(reader, announce), daemon=True).start()


def stopped() -> bool:
    """Returns whether a signal has arrived."""
    return _signal is not None


def check() -> None:
    """Raises Stopped if a signal has arrived."""
    if stopped():
        raise Stopped


def at_work() -> bool:
    """Returns whether a command is running."""
    with _lock:
        return bool(_running)


def pause(seconds: float) -> None:
    """Sleeps. Raises Stopped as soon as a signal arrives."""
    if _stopping.wait(seconds):
        raise Stopped


@contextmanager
def start(command: Sequence[str | Path], *, stop: Stop, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Starts a command, which a signal ends as `stop` says. Raises Stopped if a signal has already arrived.

    At the end of the with block the command has ended; after a signal, so have all processes that it started.
    """
    with _lock:
        check()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            **options,
        )
        _running[process] = stop
    try:
        yield process
    except BaseException:
        _ask(process, stop)
        raise
    finally:
        process.wait()
        if stopped() or process.returncode < 0:
            _kill(process)
        with _lock:
            del _running[process]


def run(command: Sequence[str | Path], *, stop: Stop, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Runs a command that prints for itself; returns its exit code. Raises Stopped after a signal."""
    with start(command, stop=stop, env=env, cwd=cwd) as process:
        code = process.wait()
    check()
    return code


def leave(message: str) -> NoReturn:
    """Ends this process as the signal itself would have done, so that `make` and shells know."""
    if message:
        say(message)
    number = _signal or signal.SIGTERM
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


_signal: signal.Signals | None = None
_stopping = threading.Event()
_lock = threading.Lock()
_running: dict[subprocess.Popen[str], Stop] = {}


def _handle_signals(reader: int, announce: bool) -> None:
    global _signal
    last = 0.0
    while True:
        number = os.read(reader, 1)[0]
        now = time.monotonic()
        if number not in _STOPPING or (_signal is not None and now - last < _SECOND_SIGNAL_AFTER):
            continue
        first = _signal is None
        last = now
        with _lock:
            _signal = _signal or signal.Signals(number)
            _stopping.set()
            running = [*_running.items()]
        if running and first and announce:
            say(f"\n{_signal.name}: stopping the running commands. A second signal does not wait for them.")
        for process, stop in running:
            if first:
                _ask(process, stop)
                if stop.grace:
                    killer = threading.Timer(stop.grace, _kill_if_running, (process,))
                    killer.daemon = True
                    killer.start()
            elif stop.all_of_session:
                _kill(process)
            else:
                _send(process.pid, _number(stop) or signal.SIGINT)


def _ask(process: subprocess.Popen[str], stop: Stop) -> None:
    number = _number(stop)
    for pid in _session(process.pid) if stop.all_of_session else [process.pid]:
        if number:
            _send(pid, number)


def _kill_if_running(process: subprocess.Popen[str]) -> None:
    with _lock:
        running = process in _running
    if running:
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    for pid in _session(process.pid):
        _send(pid, signal.SIGKILL)


def _number(stop: Stop) -> signal.Signals | None:
    """Returns the signal to send: not SIGINT if our parent process ignores it, because our children then do too."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return signal.SIGTERM if stop.number == signal.SIGINT and ignored else stop.number


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _session(leader: int) -> list[int]:
    """Returns the processes of a session. Some, such as Pulumi's plugins, leave the leader's process group."""
    if Path("/proc/self/stat").exists():
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False)
        everyone = [int(pid) for pid in listed.stdout.split()]
    return [pid for pid in everyone if _session_of(pid) == leader]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # It has ended, or belongs to another user.
        return None
