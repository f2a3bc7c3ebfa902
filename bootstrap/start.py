"""`python3 -m bootstrap` for the Makefile: in its first moments, Ctrl-C ends it without Python's traceback.

Without site (-S) and without `-m`, a millisecond is left before this runs. For that time the Makefile sends the error
output to /dev/null, and keeps the real one as descriptor 3. Bootstrap then listens itself.
"""

# The C modules: those around them take longer to import than all else here.
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
