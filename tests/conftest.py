"""For every tier."""

import os

# Tests start the Pulumi CLI some thousand times, and a sixth of each run would be Go's garbage collection.
os.environ.update(GOGC="off", GOMEMLIMIT="1GiB")
