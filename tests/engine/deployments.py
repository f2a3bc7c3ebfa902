"""First deployments that many tests begin with: each runs once in a test run, and every test gets a copy of its own."""

import fcntl
import hashlib
import json
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from .simulated_provider import SimulatedProvider
from .stack import Result, Stack, succeeded


class Deployments:
    """What an `up` left in the state, in the settings file and in the simulated cloud, kept in a folder.

    The folder may be shared with other processes: the first that needs a deployment makes it, and the others wait.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def up(self, stack: Stack, cloud: SimulatedProvider) -> Result:
        """Brings a new stack and a new cloud to where its first `up` brings them, and returns what that `up` returned.

        Deployments are told apart by the stack's name, its configuration and what exists in the cloud before.
        """
        stack.create()
        assert not stack.resources(), "not a first deployment"
        before = [stack.name, yaml.safe_load(stack.settings.read_text())["config"], cloud.resources]
        kept = self._folder / hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()
        with _locked(kept.with_suffix(".lock")):
            if not kept.exists():
                result = succeeded(stack.up())
                # The name is there only when all of it is.
                unfinished = kept.with_suffix(".unfinished")
                shutil.copytree(stack.state, unfinished / "state", dirs_exist_ok=True)
                shutil.copy(stack.settings, unfinished / "settings")
                (unfinished / "rest").write_bytes(pickle.dumps((cloud.resources, cloud.calls, result)))
                unfinished.rename(kept)
                return result
        shutil.copytree(kept / "state", stack.state, dirs_exist_ok=True)
        shutil.copy(kept / "settings", stack.settings)
        cloud.resources, cloud.calls, result = pickle.loads((kept / "rest").read_bytes())
        return result


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
