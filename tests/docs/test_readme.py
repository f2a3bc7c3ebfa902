"""README.md is short and true."""

import re
from pathlib import Path

import pytest

from components import LocalPostgres
from components.testing import run

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
TESTS = {
    file: file.read_text()
    for pattern in ("backstage/test_*.py", "engine/test_*.py", "unit/test_login.py")
    for file in (REPOSITORY / "tests").glob(pattern)
}


def troubleshooting() -> list[str]:
    """Returns the messages in the first column of the table."""
    rows = re.findall(r"^\| (`.+?) \| ", README.partition("## Troubleshooting")[2], re.MULTILINE)
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row)]


def test_the_readme_fits_150_lines() -> None:
    assert len(README.splitlines()) <= 150


def test_the_sample_program_prints_the_sample_block() -> None:
    block = re.search(r"prints the file for Backstage:\n\n```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    password = re.search(r"password: (\w+)", block[1])
    assert password
    args = {"port": 5433, "password": password[1]}
    assert run(lambda: {"document": LocalPostgres("backstage", args).app_config})["document"].value == block[1]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("message", troubleshooting())
def test_each_message_of_the_table_is_provoked_by_a_test(message: str) -> None:
    parts = [part.strip() for part in re.split(r"…|5432|\"", message) if part.strip()]
    for part in parts:
        assert any(part in text for text in TESTS.values()), (
            f"no test of the real engine, of Backstage or of real sockets sees {part!r}"
        )


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
            file = (page.parent / target).resolve() if target else page
            assert file.exists(), f"{page.name} links to {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{page.name} links to {target}#{anchor}"
