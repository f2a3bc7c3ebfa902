"""What Docker and the image accept for a LocalPostgres."""

import difflib
import functools
import importlib.resources
from typing import Any

from ..validators import is_valid_string, regex

image_reference = regex(
    r"(?u:[^\s\"'])+", "must name a Docker image, such as postgres:17-trixie, without blanks or quotes."
)

network_name = regex(
    r"(?!(?:bridge|host|none)$)[A-Za-z0-9][A-Za-z0-9_.-]*",
    "must name a Docker network of your own, because containers find each other by name only there: "
    "`docker network create backstage`, and run Backstage with `--network backstage`.",
)

volume_name = regex(
    r"[A-Za-z0-9][A-Za-z0-9_.-]+",
    "must be the name of a Docker volume, not a path: at least two of A-Z, a-z, 0-9, _ . and -, such as backstage-data.",
)


def password_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text and not empty. Leave it out to have a password generated.")
    if any(character in value for character in "\0\r\n"):
        raise ValueError("must be a single line without NUL.")
    if not is_valid_string(value):
        raise ValueError("must be valid Unicode text: it has half of a surrogate pair.")
    return value


def time_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in known_time_zones():
        closest = difflib.get_close_matches(str(value), known_time_zones(), n=1)
        hint = f" Did you mean {closest[0]}?" if closest else ""
        raise ValueError(
            f"must be a current name of the tz database, such as Europe/Stockholm or UTC.{hint} "
            "Old aliases such as US/Eastern are missing from the Debian images."
        )
    return value


@functools.cache
def known_time_zones() -> frozenset[str]:
    tzdata = importlib.resources.files("tzdata")
    table = (tzdata / "zoneinfo" / "zone.tab").read_text().splitlines()
    places = {line.split("\t")[2] for line in table if not line.startswith("#")}
    fixed = {zone for zone in (tzdata / "zones").read_text().split() if zone.startswith("Etc/")}
    return frozenset(places | fixed | {"UTC", "GMT"})
