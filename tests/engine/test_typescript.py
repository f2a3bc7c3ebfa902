"""examples/typescript: a program over the SDK that Pulumi generates from the components."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    run("npm", "install", "--no-audit", "--no-fund", cwd=folder)
    stack.configure("port", port)
    yield stack
    leave_nothing_of(stack)


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"


WRONG = """
import { AzurePostgres, CloudSqlPostgres, LocalPostgres } from "@pulumi/backstage-database";

new LocalPostgres("a", { prot: 5433 });
new AzurePostgres("a", { location: "westeurope" });
new AzurePostgres("a", { resourceGroupName: "g", firewallRules: { office: 1 } });
export const user: string = new CloudSqlPostgres("a").user;
"""


def test_a_program_in_typescript_is_type_checked_and_has_a_database_to_keep(stack: Stack) -> None:
    wrong = stack.folder / "wrong.ts"
    wrong.write_text(WRONG)
    checked = subprocess.run(
        ["npx", "tsc", "--noEmit", "--strict", wrong.name],
        cwd=stack.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.findall(r"wrong\.ts\((\d+),", checked.stdout) == ["4", "5", "6", "7"], checked.stdout

    run("npx", "tsc", cwd=stack.folder)
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
