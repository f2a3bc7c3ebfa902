"""Runs `python3 -m bootstrap` for the Makefile so that an early Ctrl-C does not print Python's traceback.

Without site (-S) and `-m`, this file runs a millisecond after Python starts. Until then, the Makefile sends standard
error to /dev/null and keeps the real one as descriptor 3. Bootstrap itself handles signals later.
"""

# The C modules, because the Python modules around them take longer to import than everything else here.
from _signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal  # pyright: ignore[reportMissingImports]
from posix import close, dup2

if getsignal(SIGINT) is default_int_handler:
    signal(SIGINT, SIG_DFL)
try:
    dup2(3, 2)
    close(3)
except OSError:  # Not started by the Makefile.
    pass

import runpy
import sys

sys.path[0] = ""
sys.argv[0] = "-m"
runpy.run_module("bootstrap", run_name="__main__", alter_sys=True)
