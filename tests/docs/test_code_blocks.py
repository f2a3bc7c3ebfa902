"""The code in README.md and docs/*.md, as a reader copies it."""

from typing import Any

import pulumi
import pytest
import yaml

import components
from components import testing

from .blocks import PAGES, Block, blocks


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
