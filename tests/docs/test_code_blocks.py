"""The code in README.md and docs/*.md, as a reader copies it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
import pytest
import yaml

import components
from components import testing

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


class Block(NamedTuple):
    """A fenced block: where it stands, its language and its text."""

    page: str
    heading: str
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    heading = ""
    found = (
        r"^#+ (?P<heading>[^\n]+)$|^(?P<indent> *)```(?P<language>\w*)(?P<name>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$"
    )
    for match in re.finditer(found, page.read_text(), re.MULTILINE | re.DOTALL):
        if match["text"] is None:
            heading = match["heading"]
        else:
            text = re.sub(rf"(?m)^{match['indent']}", "", match["text"])
            yield Block(page.name, heading, match["language"], text)


def of_language(language: str) -> list[Any]:
    found = [block for page in PAGES for block in blocks(page) if block.language == language]
    return [pytest.param(block, id=f"{block.page}: {block.heading}") for block in found]


def test_every_block_says_what_it_is() -> None:
    nameless = [block for page in PAGES for block in blocks(page) if not block.language]
    assert nameless == [], "a block of output is ```text"


@pytest.mark.parametrize("block", of_language("yaml"))
def test_yaml_can_be_read(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text)) != [None]


def is_program(block: Block) -> bool:
    return "import" in block.text and "def test_" not in block.text


@pytest.mark.parametrize("block", [p for p in of_language("python") if is_program(p.values[0])])
def test_a_python_program_runs_under_mocks(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "backstage_database", components)
    monkeypatch.setitem(__import__("sys").modules, "backstage_database.testing", testing)

    def program() -> None:
        exec(compile(block.text, block.page, "exec"), {"__name__": "__main__", "pulumi": pulumi})

    testing.run(program)
