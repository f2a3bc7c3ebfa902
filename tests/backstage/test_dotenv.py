"""A .env file must carry `environment` unchanged through the two tools that start a Backstage with it."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.dotenv import dotenv
from tests.backstage import node
from tests.backstage.tricky_strings import tricky_strings

PRINT = "process.stdout.write(JSON.stringify(process.env))"

REFUSED = {
    "pa$$word": "$NAME",
    "a${HOME}b": "${NAME}",
    r"a\$1": r"\$",
    r"C:\new": r"\n",
    'it\'s #1, "a"': "mixture",
}
"""Values that one tool or the other changes in every spelling, and what the message says."""


def read(folder: Path, tool: str, text: str) -> dict[str, str]:
    """What a program started by `tool` finds in its environment."""
    node.write_secret(folder / ".env", text)
    done = node.run(folder, node.DOTENV_TOOLS[tool], "--", "node", "-e", PRINT)
    assert done.returncode == 0, f"{tool} failed:\n{done.stderr}"
    return json.loads(done.stdout)


def carried(text: str) -> bool:
    try:
        dotenv({"X": text})
    except ValueError:
        return False
    return True


def test_both_tools_read_back_exactly_what_the_file_was_written_from(tmp_path: Path) -> None:
    texts = [text for text in tricky_strings(1500) if carried(text)]
    assert len(texts) >= 500, f"only {len(texts)} values could be carried: the function refuses too much"
    for start in range(0, len(texts), 250):
        variables = {f"V{number}": text for number, text in enumerate(texts[start : start + 250])}
        file = dotenv(variables)
        for tool in node.DOTENV_TOOLS:
            seen = read(tmp_path, tool, file)
            wrong = [(text, seen.get(name)) for name, text in variables.items() if seen.get(name) != text]
            assert not wrong, "{} changes {!r} to {!r}".format(tool, *min(wrong, key=lambda pair: len(pair[0])))


def test_a_value_does_not_reach_into_the_lines_after_it(tmp_path: Path) -> None:
    variables = {"A": "ends in \\", "B": "# no comment", "C": "", "D": "it's", "E": '`"', "F": "x=y", "G": "\\'"}
    for tool in node.DOTENV_TOOLS:
        seen = read(tmp_path, tool, dotenv(variables))
        assert {name: seen.get(name) for name in variables} == variables, tool


@given(st.text(string.ascii_letters + string.digits + "!%&()*+,-./:;<=>?@[]^_|~#$'", min_size=1).map("é {} 漢".format))
def test_a_value_without_dollar_names_backslashes_and_double_quotes_is_never_refused(text: str) -> None:
    text = text.replace("$", "$$1")
    assert dotenv({"POSTGRES_PASSWORD": text}).startswith("POSTGRES_PASSWORD=")


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_refused_is_really_changed_by_a_tool_in_every_spelling(tmp_path: Path, value: str) -> None:
    spellings = {"BARE": value, "SINGLE": f"'{value}'", "DOUBLE": f'"{value}"', "BACKTICK": f"`{value}`"}
    seen = [read(tmp_path, tool, "".join(f"{k}={v}\n" for k, v in spellings.items())) for tool in node.DOTENV_TOOLS]
    right = [spelling for spelling in spellings if all(found.get(spelling) == value for found in seen)]
    assert not right, f"{value!r} could be carried, spelled as {right}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *REFUSED.items(),
        ("two\nlines", "line break"),
        ("ends\0", "NUL"),
        ("two\u2028lines", "line break"),
        (" behind", "blank"),
        ("before\ufeff", "blank"),
    ],
)
def test_a_value_that_cannot_be_carried_is_named_with_the_reason_and_a_way_out(value: str, reason: str) -> None:
    with pytest.raises(ValueError, match="POSTGRES_PASSWORD") as error:
        dotenv({"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": value})
    assert reason in str(error.value)
    assert "appConfig" in str(error.value)
    assert value not in str(error.value), "the message shows the password"
