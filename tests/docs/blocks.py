"""The fenced blocks of README.md and docs/*.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


class Block(NamedTuple):
    """A fenced block: its page and heading, its language and its text."""

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
