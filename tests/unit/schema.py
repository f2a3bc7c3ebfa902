"""What programs in other languages see of the components: `python -m tests.unit.schema > tests/unit/schema.yaml`."""

import json
from collections.abc import Iterator
from typing import Any

from components.__main__ import provider


def schema() -> dict[str, Any]:
    return json.loads(str(provider().schema))


def summary() -> str:
    return "\n".join(_lines(schema())) + "\n"


def _lines(schema: dict[str, Any]) -> Iterator[str]:
    for token, component in schema["resources"].items():
        yield f"{token}:"
        for title, properties, required in (
            ("inputs", "inputProperties", "requiredInputs"),
            ("outputs", "properties", "required"),
        ):
            yield f"  {title}:"
            for name, property_ in component[properties].items():
                absent = "" if name in component.get(required, []) else ", may be absent"
                yield f"    {name}: {_type(property_)}{absent}"


def _type(property_: dict[str, Any]) -> str:
    plain = "plain " if property_.get("plain") else ""
    if "additionalProperties" in property_:
        return f"{plain}map of {_type(property_['additionalProperties'])}"
    if "items" in property_:
        return f"{plain}list of {_type(property_['items'])}"
    return plain + property_.get("type", "anything")


if __name__ == "__main__":
    print(summary(), end="")
