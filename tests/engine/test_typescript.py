"""examples/typescript: a program over the SDK that Pulumi generates from the components."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap import paths

from .conftest import leave_nothing_of
from .docker import query
from .stack import REPOSITORY, Stack, succeeded

EXAMPLE = REPOSITORY / "examples" / "typescript"
OPERATE = Path(__file__).with_name("stack_runner.cjs")


@pytest.fixture
def stack(tmp_path: Path, port: int) -> Iterator[Stack]:
    """The example as `pulumi install` leaves it, in a folder of its own."""
    (tmp_path / "components").symlink_to(REPOSITORY / "components")
    folder = tmp_path / "examples" / "typescript"
    stack = Stack(folder, project=EXAMPLE, program=folder / "bin" / "index.js", operator=("node", OPERATE))
    for file in ("package.json", "tsconfig.json", "index.ts"):
        shutil.copy(EXAMPLE / file, folder)
    stack.bring_language_host()
    stack.cli("package", "gen-sdk", "../../components", "--language", "nodejs", "--local", "--out", "sdks")
    (folder / "sdks" / "nodejs").rename(folder / "sdks" / "backstage-database")
    install_packages(folder)
    stack.configure("port", port)
    yield stack
    leave_nothing_of(stack)


def install_packages(folder: Path) -> None:
    """Links node_modules to what `npm install` made of the same package.json and SDK, in the bootstrap's cache."""
    sdk = folder / "sdks" / "backstage-database"
    inputs = [folder / "package.json", *sorted(file for file in sdk.rglob("*") if file.is_file())]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()[:16]
    installed = paths.CACHE / f"node-sdk-{key}"
    if not installed.is_dir():
        for outdated in paths.CACHE.glob("node-sdk-*"):
            shutil.rmtree(outdated, ignore_errors=True)
        unfinished = installed.with_name(f"{installed.name}-{os.getpid()}")
        shutil.copytree(folder / "sdks", unfinished / "sdks")
        shutil.copy(folder / "package.json", unfinished)
        command = ("npm", "install", "--no-audit", "--no-fund")
        done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        with contextlib.suppress(OSError):  # Another run was faster.
            unfinished.rename(installed)
    (folder / "node_modules").symlink_to(installed / "node_modules")


WRONG = """
import { AzurePostgres, CloudSqlPostgres, LocalPostgres } from "@pulumi/backstage-database";

new LocalPostgres("a", { prot: 5433 });
new AzurePostgres("a", { location: "westeurope" });
new AzurePostgres("a", { resourceGroupName: "g", firewallRules: { office: 1 } });
export const user: string = new CloudSqlPostgres("a").user;
"""


def compile_with(folder: Path, wrong: str) -> list[str]:
    """Compiles the example together with a file that has mistakes; returns where it finds some, as file:line."""
    settings = json.loads((folder / "tsconfig.json").read_text())
    settings["files"].append("wrong.ts")
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    (folder / "wrong.ts").write_text(wrong)
    tsc = folder / "node_modules" / ".bin" / "tsc"
    printed = subprocess.run([tsc], cwd=folder, capture_output=True, text=True, check=False).stdout
    return [f"{file}:{line}" for file, line in re.findall(r"(?m)^(\S+)\((\d+),", printed)] or [printed]


def test_a_program_in_typescript_is_type_checked_and_creates_a_database(stack: Stack) -> None:
    assert compile_with(stack.folder, WRONG) == [f"wrong.ts:{line}" for line in (4, 5, 6, 7)]

    stack.configure("password", "s3cret from TypeScript", secret=True)
    up = succeeded(stack.up())
    block = up.outputs["databaseConfig"]
    assert block["connection"]["password"] == "s3cret from TypeScript"
    assert query(block, "SELECT 1") == 1
    assert sorted(up.secret_outputs) == ["appConfig", "databaseConfig"]
    assert up.outputs["address"] == f"127.0.0.1:{block['connection']['port']}"
    assert "s3cret" not in stack.cli("stack", "export", "--stack", stack.name)

    again = succeeded(stack.up())
    assert again.changed == {}, again.output
    succeeded(stack.destroy())
    assert stack.resources() == []
