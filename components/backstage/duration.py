"""Validates lengths of time, in every form that `readDurationFromConfig` of @backstage/config reads."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..validators import is_map

MILLISECONDS = {
    "years": 365 * 86_400_000,
    "months": 30 * 86_400_000,
    "weeks": 7 * 86_400_000,
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1_000,
    "milliseconds": 1,
}

# The largest number of any unit: JavaScript counts no further without gaps.
_MAX_NUMBER = 2**53

# Units of the `ms` library, with which Backstage reads strings: it has no months, and a longer year.
UNIT_ALIASES = {
    spelling: size
    for spellings, size in {
        "years year yrs yr y": 365.25 * MILLISECONDS["days"],
        "weeks week w": MILLISECONDS["weeks"],
        "days day d": MILLISECONDS["days"],
        "hours hour hrs hr h": MILLISECONDS["hours"],
        "minutes minute mins min m": MILLISECONDS["minutes"],
        "seconds second secs sec s": MILLISECONDS["seconds"],
        "milliseconds millisecond msecs msec ms": MILLISECONDS["milliseconds"],
    }.items()
    for spelling in spellings.split()
}


def duration(value: Any) -> str:
    """Validates a length of time in any form that Backstage reads, and returns it as a string.

    A map becomes ISO 8601, because Backstage would merge it with a map in another app-config file.
    """
    milliseconds(value)
    return value.strip() if isinstance(value, str) else _iso_8601(value)


def _iso_8601(units: Mapping[str, float]) -> str:
    numbers = {unit: Decimal(f"{number:.12f}") for unit, number in units.items()}
    numbers["seconds"] = numbers.get("seconds", Decimal(0)) + numbers.pop("milliseconds", Decimal(0)) / 1000

    def part(**letters: str) -> str:
        found = ((numbers.get(unit), letter) for unit, letter in letters.items())
        return "".join(f"{number.normalize():f}{letter}" for number, letter in found if number)

    days = part(years="Y", months="M", weeks="W", days="D")
    time = part(hours="H", minutes="M", seconds="S")
    return f"P{days}" + (f"T{time}" if time else "") if days or time else "PT0S"


def milliseconds(value: Any) -> float:
    """Returns the length of time in milliseconds. Raises ValueError for a form that Backstage does not read."""
    number, integer = r"(\d{1,20}(?:\.\d{1,20})?)", r"(\d{1,20}(?:[.,]\d{1,20})?)"
    iso = rf"P(?:{number}Y)?(?:{number}M)?(?:{number}W)?(?:{number}D)?(?:T(?:{number}H)?(?:{number}M)?(?:{integer}S)?)?"
    if is_map(value) and value:
        if all(_is_length(part) for part in value.values()) and value.keys() <= MILLISECONDS.keys():
            return sum(part * MILLISECONDS[unit] for unit, part in value.items())
    elif isinstance(value, str):
        text = value.strip()
        if found := re.fullmatch(iso, text, re.ASCII):
            parts = [float(part.replace(",", ".")) if part else None for part in found.groups()]
            if any(part is not None for part in parts):
                return sum((part or 0) * size for part, size in zip(parts, MILLISECONDS.values(), strict=False))
        elif (found := re.fullmatch(r"(\d*\.?\d+) *([a-z]+)", text, re.ASCII | re.IGNORECASE)) and len(text) <= 100:
            size = UNIT_ALIASES.get(found[2].lower())
            if size:
                return float(found[1]) * size
    raise ValueError(
        "must be a length of time that Backstage reads: a string such as '4 minutes', '30 seconds' or PT4M, or a map "
        f"of numbers under {', '.join(MILLISECONDS)}."
    )


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER
