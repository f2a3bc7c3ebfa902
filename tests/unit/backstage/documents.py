"""Strings that are hard to write down, and reading a block back as Backstage does."""

import re

import yaml
from hypothesis import strategies as st

# PostgreSQL takes any text without NUL; half a surrogate pair is no text.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
tricky_strings = st.one_of(texts, st.text("ab${}\\\"':#-089e ", min_size=1))


def substituted(text: str, environment: dict[str, str]) -> str:
    """Substitutes variables as Backstage's config-loader does."""
    parts = re.split(r"(\$?\$\{[^{}]*\})", text)
    for index in range(1, len(parts), 2):
        part = parts[index]
        parts[index] = part[1:] if part.startswith("$$") else environment[part[2:-1].strip()].strip()
    return "".join(parts)


def read(document: str, environment: dict[str, str] | None = None) -> dict:
    block = yaml.safe_load(document)["backend"]["database"]
    connection = {
        key: substituted(value, environment or {}) if isinstance(value, str) else value
        for key, value in block["connection"].items()
    }
    return {**block, "connection": connection}
