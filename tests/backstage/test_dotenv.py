"""A .env file must carry `environment` unchanged through every tool that people read one with."""

import json
import re
import shutil
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.dotenv import dotenv
from tests.backstage import node
from tests.backstage.tricky_strings import tricky_strings

PRINT = "process.stdout.write(JSON.stringify(process.env))"

# Values that one reader or another changes in every spelling, and what the message says.
REFUSED = {
    "pa$$word": "a $",
    "a${HOME}b": "a $",
    r"a\$1": "a \\",
    r"C:\new": "a \\",
    "a#b": "a #",
    'it\'s #1, "a"': "a #",
    "two words": "whitespace",
    "it's": "a quote",
    "a;b": "interprets",
    "~": "interprets",
}


def from_node(tool: str) -> Callable[[Path], dict[str, str]]:
    def read(folder: Path) -> dict[str, str]:
        done = node.run(folder, node.DOTENV_TOOLS[tool], "--", "node", "-e", PRINT)
        assert done.returncode == 0, f"{tool} failed:\n{done.stderr}"
        return json.loads(done.stdout)

    return read


def from_shell(shell: str) -> Callable[[Path], dict[str, str]]:
    def read(folder: Path) -> dict[str, str]:
        command = [shell, "-c", "set -a; . ./.env; exec env -0"]
        # A spelling without quotes may be a command to the shell; its words are then not what this reads.
        done = subprocess.run(command, cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
        return parsed(done.stdout)

    return read


def from_docker(folder: Path) -> dict[str, str]:
    command = ["docker", "run", "--rm", "--env-file", ".env", "--entrypoint", "env", "postgres:17-trixie", "-0"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, f"docker run failed:\n{done.stderr.decode()}"
    return parsed(done.stdout)


def from_kubectl(folder: Path) -> dict[str, str]:
    """Reads by the rules of kubernetes/kubectl, pkg/util/env_file.go, the same for secrets and config maps."""
    found: dict[str, str] = {}
    for number, line in enumerate((folder / ".env").read_bytes().split(b"\n")):
        text = line.removesuffix(b"\r").decode()  # bufio.ScanLines; not UTF-8 is an error
        text = text.removeprefix("\ufeff") if number == 0 else text
        text = text.lstrip()
        if text and not text.startswith("#"):
            name, equals, value = text.partition("=")
            assert re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", name), f"kubectl refuses the name {name!r}"
            found |= {name: value} if equals else {}
    return found


def parsed(printed: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in printed.decode(errors="replace").split("\0") if "=" in line)


READERS = {
    "kubectl --from-env-file": from_kubectl,
    "sh": from_shell("sh"),
    "bash": from_shell("bash"),
    "dotenv-cli": from_node("dotenv-cli"),
    "env-cmd": from_node("env-cmd"),
    "docker run --env-file": from_docker,
}
"""The quickest first: once none of the spellings of a refused value is left, the others need not be asked."""


def read(folder: Path, reader: str, text: str) -> dict[str, str]:
    """Returns the environment of a program for which `reader` has read the file."""
    node.write_secret(folder / ".env", text)
    return READERS[reader](folder)


def carried(text: str) -> bool:
    try:
        dotenv({"X": text})
    except ValueError:
        return False
    return True


def test_every_shell_of_the_test_is_there() -> None:
    assert shutil.which("sh")
    assert shutil.which("bash")


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_gets_exactly_what_the_file_was_written_from(tmp_path: Path, reader: str) -> None:
    texts = [text for text in tricky_strings(1500) if carried(text)]
    assert len(texts) >= 100, f"only {len(texts)} values could be carried: the function refuses too much"
    for start in range(0, len(texts), 250):
        variables = {f"V{number}": text for number, text in enumerate(texts[start : start + 250])}
        seen = read(tmp_path, reader, dotenv(variables))
        wrong = [(text, seen.get(name)) for name, text in variables.items() if seen.get(name) != text]
        assert not wrong, "{} changes {!r} to {!r}".format(reader, *min(wrong, key=lambda pair: len(pair[0])))


@pytest.mark.parametrize("reader", READERS)
def test_a_value_does_not_reach_into_the_lines_after_it(tmp_path: Path, reader: str) -> None:
    variables = {"A": "{a,b}*?[c]", "B": "!^%@", "C": "", "D": "x=y=", "E": "a:b/c,d", "F": "pä漢😀", "G": "-n"}
    seen = read(tmp_path, reader, dotenv(variables))
    assert {name: seen.get(name) for name in variables} == variables


@given(st.text(string.ascii_letters + string.digits + "!%*+,./?@[]^_{}-", min_size=1).map("é{}漢".format))
def test_a_value_that_no_reader_changes_is_never_refused_and_has_no_quotes(text: str) -> None:
    assert dotenv({"POSTGRES_PASSWORD": text}) == f"POSTGRES_PASSWORD={text}\n"


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_refused_is_really_changed_by_a_reader_in_every_spelling(tmp_path: Path, value: str) -> None:
    spellings = {"BARE": value, "SINGLE": f"'{value}'", "DOUBLE": f'"{value}"', "BACKTICK": f"`{value}`"}
    right = set(spellings)
    for reader in READERS:
        # Each in a file of its own: a quote that is never closed would swallow the others.
        right = {name for name in right if read(tmp_path, reader, f"X={spellings[name]}\n").get("X") == value}
    assert not right, f"{value!r} could be carried, spelled as {right}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *REFUSED.items(),
        ("two\nlines", "line break"),
        ("ends\0", "NUL"),
        ("two\u2028lines", "line break"),
        (" behind", "at its start or end"),
        ("before\ufeff", "at its start or end"),
        ("bell\x07", "another character"),
        ("=ls", "interprets"),
    ],
)
def test_a_value_that_cannot_be_carried_is_named_with_the_reason_and_a_way_out(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match="POSTGRES_PASSWORD") as error:
        dotenv({"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": value})
    assert reason in str(error.value)
    assert all(reader in str(error.value) for reader in ("dotenv-cli", "env-cmd", "set -a", "docker run", "kubectl"))
    assert "app-config.local.yaml" in str(error.value)
    assert len(value) == 1 or value not in str(error.value), "the message shows the password"
