"""For every tier."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from execnet.gateway_base import WorkerGateway
from hypothesis import settings
from xdist.workermanage import NodeManager

# Tests start the Pulumi CLI some thousand times, and a sixth of each run would be Go's garbage collection.
os.environ.update(GOGC="off", GOMEMLIMIT="1GiB")

# The CLI writes a log file for each command, keeps 500 MB of them, and looks at each whenever it starts. In the user's
# folder, those of the tests would push out the user's own, and slow every command down.
if "PYTEST_XDIST_WORKER" not in os.environ:  # Workers inherit the folder.
    _PLUGINS = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    _HOME = Path(tempfile.mkdtemp(prefix="backstage-database-pulumi-"))
    atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
    if _PLUGINS.is_dir():
        (_HOME / "plugins").symlink_to(_PLUGINS)
    os.environ["PULUMI_HOME"] = str(_HOME)

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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Keeps the garbage collector away from the provider SDKs, which never become garbage, now and in the tests.

    While they are imported, it would look at all that there is a thousand times, for a quarter of the collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
