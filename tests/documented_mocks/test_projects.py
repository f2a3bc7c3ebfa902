"""Tests of programs that use the components, in the style of Pulumi's testing guide and without a line of the test kit.

Each folder is a user's project; it runs in a process of its own, as the user would run it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECTS = Path(__file__).parent
REPOSITORY = PROJECTS.parents[1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Makes the package importable under the name that it is installed by."""
    (tmp_path / "backstage_database").symlink_to(REPOSITORY / "components")
    ours = ("PULUMI_", "PYTEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**inherited, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}


def passes(command: list[str], project: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=PROJECTS / project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]


@pytest.mark.parametrize("project", ["asynchronous", "minimal", "preview", "provider"])
def test_a_users_tests_pass_in_pytest(project: str, environment: dict[str, str]) -> None:
    passes(PYTEST, project, environment)


def test_a_users_tests_pass_whatever_module_comes_first(environment: dict[str, str]) -> None:
    files = sorted((PROJECTS / "minimal").glob("test_*.py"), reverse=True)
    passes([*PYTEST, *(file.name for file in files)], "minimal", environment)


def test_a_users_tests_pass_in_unittest(environment: dict[str, str]) -> None:
    assert "OK" in passes(["-m", "unittest", "-v", "test_more_infra"], "minimal", environment)
