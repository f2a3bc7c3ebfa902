"""Readers of YAML that an app-config document may meet, and what they misread."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML

from components import backstage
from components.backstage import document
from tests.backstage import node

Document = tuple[str, Mapping[str, str]]
"""A YAML document and the environment that Backstage has when it loads it."""


def load(folder: Path, documents: Sequence[Document]) -> list[Any]:
    """Returns what Backstage sees at backend.database of each document; an Exception where it refuses the document."""
    return _ask(folder, "loader.mjs", [{"layers": [text], "env": env} for text, env in documents])


def misread(folder: Path, texts: Sequence[str]) -> dict[str, list[tuple[Any, Any]]]:
    """Returns for each reader what was meant and what it saw instead: an empty list if it reads all `texts` right.

    Backstage's loader gets `app_config`, whose `${…}` are escaped for it; the others get the bare document.
    """
    blocks = configs(texts)
    seen = {"Backstage's config loader": load(folder, [(backstage.app_config(block), {}) for block in blocks])}
    # With every string as a key too.
    blocks_with_keys = [{**block, "knexConfig": dict.fromkeys(_strings(block), 1)} for block in blocks]
    documents = [document.render(block) for block in blocks_with_keys]
    for version in ("1.2", "1.1"):
        seen[f"npm yaml, YAML {version}"] = _ask(folder, "yaml_reader.mjs", documents, version)
    strict = YAML(typ="safe", pure=True)
    readers = {
        "PyYAML": yaml.safe_load,
        "libyaml": lambda text: yaml.load(text, yaml.CSafeLoader),
        "ruamel.yaml, YAML 1.2": strict.load,
    }
    for reader, read in readers.items():
        seen[reader] = [_try(read, text) for text in documents]
    return {
        reader: [
            pair
            for meant, found in zip(blocks if "Backstage" in reader else blocks_with_keys, values, strict=True)
            for pair in differences(meant, found)
        ]
        for reader, values in seen.items()
    }


def configs(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Returns blocks in which every text has a place, four to a block."""
    blocks = []
    for start in range(0, len(texts), 4):
        host, user, password, name = (*texts[start : start + 4], *texts[:3])[:4]
        connection = {"host": host, "port": 5432, "user": user, "password": password, "database": name}
        blocks.append(backstage.database_config(connection, pluginDivisionMode="schema", role=name))
    return blocks


def differences(meant: Mapping[str, Any], seen: Any) -> list[tuple[Any, Any]]:
    """Returns the values that a reader sees differently, each as (meant, seen)."""
    if not isinstance(seen, Mapping):
        return [(meant, seen)]
    wrong = []
    for key in [*meant, *(key for key in seen if key not in meant)]:
        if isinstance(meant.get(key), Mapping):
            wrong += differences(meant[key], seen.get(key))
        elif meant.get(key) != seen.get(key) or type(meant.get(key)) is not type(seen.get(key)):
            wrong.append((meant.get(key), seen.get(key)))
    return wrong


def summary(wrong: Sequence[tuple[Any, Any]]) -> str:
    """Returns how many values were misread, and the shortest of them."""
    return "{} values are misread, such as {!r}, seen as {!r}".format(
        len(wrong), *min(wrong, key=lambda pair: len(str(pair[0])))
    )


def _ask(folder: Path, script: str, request: Any, *arguments: str) -> list[Any]:
    done = node.run(folder, script, *arguments, stdin=json.dumps(request))
    assert done.returncode == 0, f"{script} failed:\n{done.stderr}"
    answers = json.loads(done.stdout)
    return [answer["value"] if "value" in answer else ValueError(answer["error"]) for answer in answers]


def _try(read: Any, text: str) -> Any:
    try:
        return read(text)["backend"]["database"]
    except Exception as error:
        return error


def _strings(block: Mapping[str, Any]) -> Iterator[str]:
    for value in block.values():
        if isinstance(value, Mapping):
            yield from _strings(value)
        elif isinstance(value, str):
            yield value
