"""Backstage's own config loader must see at backend.database exactly what the component meant."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components import backstage
from tests.backstage import node
from tests.backstage.tricky_strings import tricky_strings

Document = tuple[str, Mapping[str, str]]
"""A YAML document and the environment that Backstage has when it loads it."""

TRIMMED = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""The blanks that Backstage removes at both ends of a variable's value: those of JavaScript's trim()."""

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
"""What Backstage sees when a value is written without our quoting or escape, or with too much of it."""


def load(folder: Path, documents: Sequence[Document]) -> list[Any]:
    """What Backstage sees at backend.database of each document; an Exception where it refuses the document."""
    request = json.dumps([{"yaml": yaml, "env": env} for yaml, env in documents])
    done = node.run(folder, "loader.mjs", stdin=request)
    assert done.returncode == 0, f"loader.mjs failed:\n{done.stderr}"
    answers = json.loads(done.stdout)
    return [answer["value"] if "value" in answer else ValueError(answer["error"]) for answer in answers]


def configs(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Blocks in which every text has a place, four to a block."""
    blocks = []
    for start in range(0, len(texts), 4):
        host, user, password, name = (*texts[start : start + 4], *texts[:3])[:4]
        connection = {"host": host, "port": 5432, "user": user, "password": password, "database": name}
        blocks.append(backstage.database_config(connection, pluginDivisionMode="schema", role=name))
    return blocks


def differences(meant: Mapping[str, Any], seen: Any) -> list[tuple[Any, Any]]:
    """The values that Backstage sees otherwise than meant."""
    if not isinstance(seen, Mapping):
        return [(meant, seen)]
    wrong = []
    for key in [*meant, *(key for key in seen if key not in meant)]:
        if isinstance(meant.get(key), Mapping):
            wrong += differences(meant[key], seen.get(key))
        elif meant.get(key) != seen.get(key) or type(meant.get(key)) is not type(seen.get(key)):
            wrong.append((meant.get(key), seen.get(key)))
    return wrong


def assert_exact(meant: Sequence[Mapping[str, Any]], seen: Sequence[Any]) -> None:
    wrong = [pair for block, loaded in zip(meant, seen, strict=True) for pair in differences(block, loaded)]
    assert not wrong, "{} values are misread, such as {!r}, seen as {!r}".format(
        len(wrong), *min(wrong, key=lambda pair: len(str(pair[0])))
    )


def test_any_text_is_read_back_exactly_from_the_document_with_literal_values(tmp_path: Path) -> None:
    texts = tricky_strings(1000)
    assert len(texts) >= 500
    blocks = configs(texts)
    assert_exact(blocks, load(tmp_path, [(backstage.app_config(block), {}) for block in blocks]))


def test_any_text_is_read_back_exactly_from_the_document_with_variables(tmp_path: Path) -> None:
    texts = [text for text in tricky_strings(1200) if text == text.strip(TRIMMED) and "\0" not in text]
    assert len(texts) >= 500
    blocks = configs(texts)
    seen = load(tmp_path, [(backstage.app_config_from_env(block), backstage.environment(block)) for block in blocks])
    assert_exact([with_text_port(block) for block in blocks], seen)


def with_text_port(block: Mapping[str, Any]) -> dict[str, Any]:
    """A variable is always text; Backstage's PostgreSQL client takes a port of either kind."""
    return {**block, "connection": {**block["connection"], "port": str(block["connection"]["port"])}}


def test_the_same_texts_are_misread_without_the_escape(tmp_path: Path) -> None:
    texts = tricky_strings(300)
    unescaped = [f"backend: {json.dumps({'database': {'password': text}})}\n" for text in texts]
    seen = load(tmp_path, [(document, {"X": "replaced"}) for document in unescaped])
    wrong = [text for text, block in zip(texts, seen, strict=True) if block != {"password": text}]
    assert len(wrong) >= 10, f"only {wrong} are misread: the texts do not test the escape"
    assert all("${" in text for text in wrong), f"more than substitution misreads {wrong}"


def test_hazards_that_the_rendering_avoids_are_real(tmp_path: Path) -> None:
    documents = [(f"backend:\n  database:\n    client: pg\n    password: {text}\n", {"X": "!"}) for text in HAZARDS]
    seen = [
        REFUSED if isinstance(block, ValueError) else block.get("password", VANISHED)
        for block in load(tmp_path, documents)
    ]
    assert dict(zip(HAZARDS, seen, strict=True)) == HAZARDS


def test_outer_blanks_survive_as_literals_and_are_removed_from_variables(tmp_path: Path) -> None:
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
        assert set(block["connection"]) - set(loaded["connection"]) == {key}, f"without {left}"
