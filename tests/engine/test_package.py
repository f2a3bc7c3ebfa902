"""The components as a Python package in somebody else's project: examples/python, by_stack and kubernetes."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import pytest

from .checkout import copy_checkout
from .conftest import leave_nothing_of, reserve_port
from .docker import docker, exists
from .stack import OPERATE, REPOSITORY, Stack, succeeded

EXAMPLES = REPOSITORY / "examples"
DATABASE = "docker:index/container:Container"

# One environment for all of them.
pytestmark = pytest.mark.xdist_group("package")


def run(*command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def uv(*arguments: str | Path) -> None:
    """Runs `uv`, which takes seconds where pip takes minutes on a busy machine."""
    run("uv", "--quiet", *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    copy_checkout(folder / "checkout")
    uv("build", "--wheel", "--out-dir", folder, folder / "checkout")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of an environment in which the package is installed with the extra `local`, and pytest."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    python = folder / "bin" / "python"
    uv("pip", "install", "--python", python, f"{wheel}[local]", "pytest>=9,<10")
    return python


@pytest.fixture(scope="module")
def with_all_sdks(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> dict[str, str]:
    """The environment in which the Python of these tests, which has all SDKs, has the package too."""
    folder = tmp_path_factory.mktemp("with_all_sdks")
    uv("pip", "install", "--no-deps", "--target", folder, wheel)
    return {"PYTHONPATH": str(folder)}


def project(example: str, folder: Path) -> Path:
    """Copies an example's folder out of the repository."""
    return Path(shutil.copytree(EXAMPLES / example, folder / example))


def test_an_extra_installs_its_sdk_only_and_a_missing_one_is_named_on_use(installed: Path) -> None:
    program = """
import importlib.util, backstage_database
print([name for name in ("pulumi_docker", "pulumi_azure_native", "pulumi_gcp") if importlib.util.find_spec(name)])
for name in ("AzurePostgres", "CloudSqlPostgres"):
    try:
        getattr(backstage_database, name)
    except ModuleNotFoundError as absent:
        print(absent)
"""
    assert run(installed, "-c", program).splitlines() == [
        "['pulumi_docker']",
        'AzurePostgres needs pulumi_azure_native, which is not installed: pip install "backstage-database[azure]"',
        'CloudSqlPostgres needs pulumi_gcp, which is not installed: pip install "backstage-database[gcp]"',
    ]


def test_the_extra_all_is_all_of_the_others(wheel: Path, with_all_sdks: dict[str, str]) -> None:
    (package,) = metadata.distributions(name="backstage-database", path=[with_all_sdks["PYTHONPATH"]])
    needs: dict[str, set[str]] = {}
    for requirement in package.requires or []:
        need, extra = re.fullmatch(r"(.+?)(?:; extra == [\"'](\w+)[\"'])?", requirement).groups()  # pyright: ignore
        needs.setdefault(extra or "", set()).add(need)
    assert needs.keys() == {"", "all", "azure", "existing", "gcp", "local"}
    assert {re.split(r"\W", need)[0].lower() for need in needs.pop("")} == {"pulumi", "pyyaml"}
    assert needs.pop("all") == set().union(*needs.values())


WRONG = """
from backstage_database import LocalPostgres

LocalPostgres("a", {"prot": 5433})
LocalPostgres("a", {"port": [5433]})
port: str = LocalPostgres("a", {}).host
"""


def pyright(folder: Path, python: Path, environment: Mapping[str, str] | None = None) -> list[str]:
    """Returns where a strict type check finds an error, as file:line."""
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    done = subprocess.run(
        ["pyright", "--outputjson", "--pythonpath", python],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"], done.stdout
    return [f"{Path(one['file']).name}:{one['range']['start']['line'] + 1}" for one in found["generalDiagnostics"]]


def test_a_strict_type_check_accepts_the_examples_and_finds_mistakes(
    tmp_path: Path, installed: Path, with_all_sdks: dict[str, str]
) -> None:
    two = tmp_path / "two"
    two.mkdir()
    for example in ("by_stack", "kubernetes"):
        project(example, two)
    assert pyright(two, Path(sys.executable), with_all_sdks) == []
    folder = project("python", tmp_path)
    (folder / "wrong.py").write_text(WRONG)
    assert pyright(folder, installed) == ["wrong.py:4", "wrong.py:5", "wrong.py:6"]


def test_the_examples_own_tests_pass(tmp_path: Path, installed: Path, with_all_sdks: dict[str, str]) -> None:
    run(installed, "-m", "pytest", cwd=project("python", tmp_path))
    for example in ("by_stack", "kubernetes"):
        run(sys.executable, "-m", "pytest", cwd=project(example, tmp_path), environment=with_all_sdks)


def test_serving_other_languages_needs_all_sdks_and_says_so(installed: Path) -> None:
    done = subprocess.run(
        [installed, "-m", "backstage_database", "127.0.0.1:1"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "pulumi_azure_native is missing: install the extra `all`.\n" in done.stderr
    assert "Traceback" not in done.stderr


BACKSTAGE = """\
#!/bin/bash
# Instead of Backstage: logs in with the last config file that it is given, and keeps running.
config="${@: -1}"
value() { sed -n "s/^ *$1: \\"*\\([^\\"]*\\)\\"*$/\\1/p" "$config"; }
export PGPASSWORD=$(value password)
psql -h "$(value host)" -p "$(value port)" -U "$(value user)" -d postgres -qtAc "SELECT 'logged in'"
trap exit TERM
sleep infinity & wait
"""


@pytest.fixture
def backstage(tmp_path: Path) -> Iterator[str]:
    """An image that starts as Backstage's does."""
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "node").write_text(BACKSTAGE)
    (folder / "node").chmod(0o755)
    (folder / "Dockerfile").write_text(
        "FROM postgres:17-trixie\nWORKDIR /app\nCOPY node /usr/local/bin/\nENTRYPOINT []\n"
    )
    image = docker("build", "--quiet", str(folder))
    yield image
    docker("image", "rm", "--force", image)


@pytest.fixture
def stack(tmp_path: Path, installed: Path, port: int) -> Iterator[Stack]:
    """A stack of examples/python, run by the Python that has the package installed."""
    folder = project("python", tmp_path)
    stack = Stack(
        tmp_path / "stack",
        project=folder,
        program=folder / "__main__.py",
        operator=(installed, OPERATE),
        environment={"PYTHONPATH": ""},
    )
    stack.configure("databasePort", port)
    stack.configure("port", reserve_port())
    yield stack
    leave_nothing_of(stack)


def test_a_users_program_passes_the_block_to_backstage_which_logs_in(stack: Stack, backstage: str) -> None:
    stack.configure("image", backstage)
    up = succeeded(stack.up())
    container = up.outputs["container"]
    deadline = time.monotonic() + 120
    while not docker("logs", container):
        assert time.monotonic() < deadline, "no login"
        time.sleep(0.1)
    assert docker("logs", container) == "logged in"

    block = docker("exec", container, "cat", "app-config.database.yaml")
    (password,) = re.findall(r"password: '?([^'\n]+)", block)
    assert password not in docker("inspect", container) + stack.cli("stack", "export", "--stack", stack.name)
    assert succeeded(stack.up()).changed == {}

    succeeded(stack.destroy())
    assert not exists("container", container)
