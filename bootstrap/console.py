"""What the bootstrap prints, also when nobody is left to read it."""

import os
import shlex
import sys
from pathlib import Path


def say(text: str = "") -> None:
    """Prints a line. A terminal that was closed, or `make up | head`, must not end what is at work."""
    try:
        print(text, flush=True)
    except OSError:
        # Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def quote(word: str | Path) -> str:
    """A word of a command line that the reader may copy into a shell."""
    return shlex.quote(str(word))
