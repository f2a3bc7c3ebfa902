"""Backstage's own config loader must see at backend.database exactly what the component meant."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components import backstage
from tests.backstage import node
from tests.backstage.readers import configs, differences, load, misread, summary
from tests.backstage.tricky_strings import tricky_strings
from tests.blocks import seen as without_nulls

TRIMMED = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""The whitespace that Backstage removes at both ends of a variable's value: that of JavaScript's trim()."""

REFUSED = "the whole document is refused"
VANISHED = "the key is gone"
HAZARDS = {
    # Substitution: which dollars may and must be escaped.
    '"a${X}"': "a!",
    '"a${UNSET}"': VANISHED,
    '"a$${X}"': "a${X}",
    '"a$$b"': "a$$b",
    '"$${abc"': "$${abc",
    '"\\\\${X}"': "\\!",
    # YAML 1.2: what must be quoted.
    "089": 89,
    "1e5": 100000,
    "0o17": 15,
    "null": VANISHED,
    "~": VANISHED,
    "true": True,
    "a #b": "a",
    "a: b": REFUSED,
    "@a": REFUSED,
}
"""YAML → what Backstage sees, when a value has no quotes or escapes, or too many."""


def assert_exact(meant: Sequence[Mapping[str, Any]], seen: Sequence[Any]) -> None:
    wrong = [pair for block, loaded in zip(meant, seen, strict=True) for pair in differences(block, loaded)]
    assert not wrong, summary(wrong)


def test_every_reader_of_yaml_reads_any_text_back_exactly(tmp_path: Path) -> None:
    """2,000 strings; `make reliability` takes 20,000."""
    wrong = misread(tmp_path, tricky_strings(2000))
    assert {reader: summary(pairs) for reader, pairs in wrong.items() if pairs} == {}


@node.both_releases
def test_any_text_is_read_back_exactly_from_the_document_with_variables(tmp_path: Path) -> None:
    texts = [text for text in tricky_strings(1000) if text == text.strip(TRIMMED) and "\0" not in text]
    blocks = configs(texts)
    seen = load(tmp_path, [(backstage.app_config_from_env(block), backstage.environment(block)) for block in blocks])
    assert_exact([with_port_as_string(block) for block in blocks], seen)


def with_port_as_string(block: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the block with its port as a string: a variable is one, and Backstage's PostgreSQL client takes both."""
    return {**block, "connection": {**block["connection"], "port": str(block["connection"]["port"])}}


def test_the_same_texts_are_misread_without_the_escape(tmp_path: Path) -> None:
    texts = tricky_strings(300)
    unescaped = [f"backend: {json.dumps({'database': {'password': text}})}\n" for text in texts]
    seen = load(tmp_path, [(document, {"X": "replaced"}) for document in unescaped])
    wrong = [text for text, block in zip(texts, seen, strict=True) if block != {"password": text}]
    assert len(wrong) >= 10, f"only {wrong} are misread: the texts do not test the escape"
    assert all("${" in text for text in wrong), f"more than substitution misreads {wrong}"


@node.both_releases
def test_hazards_that_the_rendering_avoids_are_real(tmp_path: Path) -> None:
    documents = [(f"backend:\n  database:\n    client: pg\n    password: {text}\n", {"X": "!"}) for text in HAZARDS]
    seen = [
        REFUSED if isinstance(block, ValueError) else block.get("password", VANISHED)
        for block in load(tmp_path, documents)
    ]
    assert dict(zip(HAZARDS, seen, strict=True)) == HAZARDS


def test_outer_whitespace_survives_as_literals_and_is_removed_from_variables(tmp_path: Path) -> None:
    blocks = [backstage.database_config({"password": f"{blank}a b{blank}"}) for blank in TRIMMED]
    literal = load(tmp_path, [(backstage.app_config(block), {}) for block in blocks])
    assert_exact(blocks, literal)
    variables = load(
        tmp_path, [(backstage.app_config_from_env(block), backstage.environment(block)) for block in blocks]
    )
    assert [block["connection"]["password"] for block in variables] == ["a b"] * len(TRIMMED)


def test_the_document_with_variables_needs_every_variable_of_environment(tmp_path: Path) -> None:
    block = backstage.database_config({"host": "127.0.0.1", "port": 5432, "user": "postgres", "password": "secret"})
    document = backstage.app_config_from_env(block)
    names = list(backstage.environment(block))
    missing_one = [
        {name: value for name, value in backstage.environment(block).items() if name != left} for left in names
    ]
    seen = load(tmp_path, [(document, variables) for variables in missing_one])
    for left, loaded in zip(names, seen, strict=True):
        key = backstage.ENVIRONMENT_VARIABLES[left][-1]
        assert set(without_nulls(block)["connection"]) - set(loaded["connection"]) == {key}, f"without {left}"


CREATE_APP = "backend:\n  database:\n    client: better-sqlite3\n    connection: ':memory:'\n"
HAND_WRITTEN = (
    "backend:\n  database:\n    client: pg\n    connection:\n      connectionString: postgres://jo@example.com/x\n"
    "      ssl: {ca: x}\n    pluginDivisionMode: schema\n"
)


@node.both_releases
def test_the_block_as_json_in_one_variable_means_the_same_over_any_file(tmp_path: Path) -> None:
    """docs/deploy.md: for where there is no place for a file."""
    blocks = configs([text for text in tricky_strings(400) if "\0" not in text])
    for base in (CREATE_APP, HAND_WRITTEN):
        seen = load(tmp_path, [(base, {"APP_CONFIG_backend_database": json.dumps(block)}) for block in blocks])
        assert_exact([without_nulls(block) for block in blocks], [without_nulls(one) for one in seen])
