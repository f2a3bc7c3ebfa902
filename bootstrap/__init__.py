"""Installs what `pulumi up` needs, from package registries alone if necessary, and runs it.

Needs only Python's standard library, except in the modules that run in the virtual environment: stack.py and its
imports.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - that is what this line is for
    sys.exit("backstage-database needs Python 3.10 or newer; this is " + sys.version.split()[0])
