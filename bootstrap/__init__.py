"""Brings a machine to where `pulumi up` works, from package registries alone if need be, and runs it.

Needs nothing but Python's standard library, except stack.py, which runs in the virtual environment.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - that is what this line is for
    sys.exit("backstage-database needs Python 3.10 or newer; this is " + sys.version.split()[0])
