"""Validates the arguments of a LocalPostgres: what Docker, PostgreSQL and the image accept."""

import difflib
import functools
import importlib.resources
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..backstage.connection_budget import DEFAULT_CAPACITY
from ..database_options import read_database_options
from ..inputs import ArgumentError, Inputs
from ..validators import is_valid_string, one_of, port_number, regex, role_name
from .args import LocalPostgresArgs


@dataclass(frozen=True)
class LocalSettings:
    """The validated arguments of a LocalPostgres. None means that an argument without a default was left out."""

    image: pulumi.Output[str]
    port: pulumi.Output[int]
    user: pulumi.Output[str]
    password: pulumi.Output[str] | None
    timezone: pulumi.Output[str] | None
    network: pulumi.Output[str] | None
    volume: pulumi.Output[str] | None
    host_address: pulumi.Output[str] | None
    plugin_division_mode: str
    database_name: pulumi.Output[str]
    database_options: pulumi.Output[Mapping[str, Any]]


def validate(name: str, args: LocalPostgresArgs) -> LocalSettings:
    """Returns the settings. Raises ArgumentError for a wrong argument, and creates nothing."""
    inputs = Inputs("LocalPostgres", name, args, LocalPostgresArgs)
    _check_name(name, on_network=inputs.is_set("network"))
    settings = LocalSettings(
        image=inputs.get("image", image_reference, "postgres:17-trixie"),
        port=inputs.get("port", port_number, 5432),
        user=inputs.get("user", role_name, "postgres"),
        password=inputs.get("password", password_text, secret=True),
        timezone=inputs.get("timezone", time_zone),
        network=inputs.get("network", network_name),
        volume=inputs.get("volume", volume_name),
        host_address=inputs.get("host_address", host_address),
        plugin_division_mode=inputs.get_plain("plugin_division_mode", one_of("database", "schema"), "database"),
        database_name=inputs.get("database_name", database_name, "backstage"),
        database_options=read_database_options(inputs, "database", lambda: DEFAULT_CAPACITY),
    )
    if inputs.is_set("database_name") and settings.plugin_division_mode != "schema":
        inputs.fail(
            "database_name",
            "is for plugin_division_mode schema: in mode database Backstage creates a database for each plugin.",
        )
    if inputs.is_set("host_address") and inputs.is_set("network"):
        inputs.fail(
            "host_address",
            "cannot be combined with network: on a Docker network Backstage reaches the container by its name.",
        )
    return settings


# Of a container or volume in Docker; of a label in a host's name.
_LONGEST = 255
_LONGEST_LABEL = 63


def _check_name(name: str, *, on_network: bool) -> None:
    """Raises ArgumentError for a name of the component that does not make names of a container and a volume.

    On a network the container's name is the host that Backstage connects to.
    """
    suffix = "-postgres-0123456"
    longest = (_LONGEST_LABEL if on_network else _LONGEST) - len(suffix)
    if not re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{longest - 1}}}", name):
        of_network = ", because with network it is part of a host's name" if on_network else ""
        raise ArgumentError(
            f'LocalPostgres "{name}": its name becomes part of the names of a Docker container and a volume. It must '
            f"be at most {longest} of A-Z, a-z, 0-9, _ . and -{of_network}, and start with a letter or a digit."
        )


image_reference = regex(
    r"(?u:[^\s\"'])+", "must name a Docker image, such as postgres:17-trixie, without whitespace or quotes."
)

network_name = regex(
    r"(?!(?:bridge|host|none)$)[A-Za-z0-9][A-Za-z0-9_.-]*",
    "must name a Docker network of your own, because containers find each other by name only there: "
    "`docker network create backstage`, and run Backstage with `--network backstage`.",
)

volume_name = regex(
    r"[A-Za-z0-9][A-Za-z0-9_.-]+",
    "must be the name of a Docker volume, not a path: at least two of A-Z, a-z, 0-9, _ . and -, such as "
    "backstage-data.",
)

database_name = regex(
    r"(?!(?:postgres|template0|template1)$)[A-Za-z_][A-Za-z0-9_-]{0,62}",
    "must be 1 to 63 of A-Z, a-z, 0-9, _ and -, start with a letter or _, and not be one that exists already: "
    "postgres, template0, template1.",
)


def host_address(value: Any) -> str:
    allowed = (
        "must be the name or IP address of the machine with the Docker engine, without a port, such as 192.168.49.2 or "
        "build.example.com."
    )
    if not is_valid_string(value):
        raise ValueError(allowed)
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        label = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
        # A name that ends in a number would be read as an IPv4 address.
        if len(value) > 253 or not re.fullmatch(rf"(?:{label}\.)*(?!\d+$){label}", value, re.ASCII):
            raise ValueError(allowed) from None
        return value
    if address.is_unspecified or address.is_multicast or "%" in value:
        raise ValueError(allowed)
    return value


def is_loopback(address: str) -> bool:
    """Returns whether an address is a loopback address, such as the local end of a tunnel."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def password_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a non-empty string. Leave it out to have a password generated.")
    if any(character in value for character in "\0\r\n"):
        raise ValueError("must be a single line without NUL.")
    if not is_valid_string(value):
        raise ValueError("must be valid Unicode text: it has half of a surrogate pair.")
    if re.fullmatch(r"md5[0-9a-fA-F]{32}", value) or value.startswith("SCRAM-SHA-256$"):
        raise ValueError(
            "must be the password itself, not its verifier: PostgreSQL would store md5… and SCRAM-SHA-256$… as they "
            "are, and no login would work."
        )
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
    """Returns the current names of the tz database, without the old aliases."""
    tzdata = importlib.resources.files("tzdata")
    table = (tzdata / "zoneinfo" / "zone.tab").read_text().splitlines()
    places = {line.split("\t")[2] for line in table if not line.startswith("#")}
    fixed = {zone for zone in (tzdata / "zones").read_text().split() if zone.startswith("Etc/")}
    return frozenset(places | fixed | {"UTC", "GMT"})
