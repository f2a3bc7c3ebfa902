"""Ctrl-C, SIGTERM and SIGHUP: nothing new begins, what runs is asked to end, and its caller waits.

Every command that bootstrap runs is started here, in a session of its own: a signal of the terminal then reaches
bootstrap alone, which passes it on once and in order.
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

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# `kill -TERM -GROUP` reaches us twice: from the sender and from `make`. Only a later signal is a second one.
SECOND_SIGNAL_AFTER = 1.0


@dataclass(frozen=True)
class Stop:
    """How a command is asked to end. A second signal repeats it, or ends the command at once."""

    number: signal.Signals | None
    """None: it is short and writes, and is waited for."""
    all_of_session: bool = False
    """Whether all that it started is asked as well. Otherwise the command itself ends those, in the right order."""
    grace: float | None = None
    """Seconds until everything is killed. None: never, because it would leave something half-written."""


# A download or a build, which may end anywhere: what Ctrl-C in a terminal does.
ANYWHERE = Stop(signal.SIGINT, all_of_session=True, grace=20)
# apt-get, or an update by Pulumi.
IN_ORDER = Stop(signal.SIGINT)
NOT = Stop(None)
# Our own Python: until it listens, SIGTERM ends it without a traceback.
OURS = Stop(signal.SIGTERM)
# Programs that only read, or write again next time. Those in Python would show a traceback after SIGINT.
CHECKS = Stop(signal.SIGTERM, all_of_session=True, grace=20)
# Tests: pytest reports how far it came. Containers of tests that were running may stay.
TESTS = Stop(signal.SIGINT, all_of_session=True, grace=180)


class Stopped(Exception):  # noqa: N818 - not an error
    """A signal has come: the caller ends without a word of its own."""


def listen(*, announce: bool = True) -> None:
    """Receives the signals from here on. One that our caller has ignored, as nohup does, stays ignored."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            # The handler does nothing: the thread below reads the number that Python writes into the pipe.
            signal.signal(number, lambda *_: None)
    threading.Thread(target=_obey, args=(reader, announce), daemon=True).start()


def stopped() -> bool:
    """Whether a signal has come."""
    return _signal is not None


def check() -> None:
    """Raises Stopped if a signal has come."""
    if stopped():
        raise Stopped


def at_work() -> bool:
    """Whether a command runs."""
    with _lock:
        return bool(_running)


def pause(seconds: float) -> None:
    """Sleeps; raises Stopped as soon as a signal comes."""
    if _stopping.wait(seconds):
        raise Stopped


@contextmanager
def start(command: Sequence[str | Path], *, stop: Stop, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Starts a command, to be ended as `stop` says when a signal comes; raises Stopped if one has come already.

    When the block is left the command has ended, and after a signal all that it started as well.
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
    """Runs a command that prints for itself; returns its exit code. Raises Stopped if a signal came meanwhile."""
    with start(command, stop=stop, env=env, cwd=cwd) as process:
        code = process.wait()
    check()
    return code


def leave(message: str) -> NoReturn:
    """Ends this process after a signal, as the signal itself would have done, so that `make` and shells know."""
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


def _obey(reader: int, announce: bool) -> None:
    global _signal
    last = 0.0
    while True:
        number = os.read(reader, 1)[0]
        now = time.monotonic()
        if number not in STOPPING or (_signal is not None and now - last < SECOND_SIGNAL_AFTER):
            continue
        first = _signal is None
        last = now
        with _lock:
            _signal = _signal or signal.Signals(number)
            _stopping.set()
            running = [*_running.items()]
        if running and first and announce:
            say(f"\n{_signal.name}: stopping what is at work. A second signal does not wait for it.")
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
    """The signal to send. A SIGINT that our own caller has ignored is ignored by our children too."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return signal.SIGTERM if stop.number == signal.SIGINT and ignored else stop.number


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _session(leader: int) -> list[int]:
    """The processes of a session. Some of them, as Pulumi's plugins do, leave the leader's process group."""
    if Path("/proc/self/stat").exists():
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False)
        everyone = [int(pid) for pid in listed.stdout.split()]
    return [pid for pid in everyone if _session_of(pid) == leader]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # It has ended meanwhile, or is none of our business.
        return None
