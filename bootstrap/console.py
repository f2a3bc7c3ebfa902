"""Prints the bootstrap's messages, even if nothing reads them any more."""

import os
import shlex
import sys
from pathlib import Path


def say(text: str = "") -> None:
    """Prints a line. A closed terminal, or `make up | head`, must not end the work."""
    try:
        print(text, flush=True)
    except OSError:
        # Otherwise Python would report the error again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def quote(word: str | Path) -> str:
    """Returns a word quoted for a command line that the reader may copy into a shell."""
    return shlex.quote(str(word))
