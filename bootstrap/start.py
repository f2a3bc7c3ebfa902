"""`python3 -m bootstrap` for the Makefile: in its first moments, Ctrl-C ends it without Python's traceback.

Without site (-S) and without `-m`, a millisecond is left before this runs; bootstrap then listens itself.
"""

# The C module: the one around it takes longer to import than all else here.
from _signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal  # pyright: ignore[reportMissingImports]

if getsignal(SIGINT) is default_int_handler:
    signal(SIGINT, SIG_DFL)

import runpy
import sys

sys.path[0] = ""
sys.argv[0] = "-m"
runpy.run_module("bootstrap", run_name="__main__", alter_sys=True)
