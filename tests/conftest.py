"""For every tier."""

import os

from execnet.gateway_base import WorkerGateway
from hypothesis import settings
from xdist.workermanage import NodeManager

# Tests start the Pulumi CLI some thousand times, and a sixth of each run would be Go's garbage collection.
os.environ.update(GOGC="off", GOMEMLIMIT="1GiB")

# After Ctrl-C the tests take down what they have up. xdist and execnet would kill them within seconds.
SECONDS_TO_TAKE_DOWN = 150
NodeManager.EXIT_TIMEOUT = SECONDS_TO_TAKE_DOWN  # pyright: ignore[reportAttributeAccessIssue]


def _wait_for_teardown(self: WorkerGateway) -> None:
    self._execpool.trigger_shutdown()
    if not self._execpool.waitall(SECONDS_TO_TAKE_DOWN):
        os._exit(1)


WorkerGateway._terminate_execution = _wait_for_teardown

# On a loaded machine a single example may take any time.
settings.register_profile("loaded", deadline=None)
settings.load_profile("loaded")
