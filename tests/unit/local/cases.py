"""Arguments of LocalPostgres that go together, and a program that creates one, for the tests of several tiers."""

import functools
from typing import Any

from components import LocalPostgres
from components.testing import Run, run
from tests.unit.inputs import materialize, outputs, unknowns

# The arguments without a default.
LEAST: dict[str, Any] = {}
# Arguments without which something random is generated.
FIXED: dict[str, Any] = {"password": "it's $X"}

CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
VOLUME = "docker:index/volume:Volume"
STASH = "pulumi:index:Stash"
COMPONENT = "backstage-database:index:LocalPostgres"

PUBLISHED = {
    "image": "postgres:16",
    "port": 5433,
    "user": "me",
    "password": "it's $X",
    "timezone": "Europe/Stockholm",
    "volume": "keep",
}
# Arguments that go together. Each argument is in at least one set.
SETS: dict[str, dict[str, Any]] = {
    "published": PUBLISHED,
    "network": {**PUBLISHED, "network": "backstage"},
    "remote": {**PUBLISHED, "host_address": "build.example.com"},
    "replicas": {**PUBLISHED, "database_options": {"keepalive": True}, "replicas": 1, "plugin_count": 8},
    "schema": {**PUBLISHED, "plugin_division_mode": "schema", "database_name": "portal"},
}
# The arguments that cannot be Outputs.
PLAIN = {"plugin_division_mode"}
later = functools.partial(outputs, plain=PLAIN, single_value={"database_options"})
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value={"database_options"})


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = LocalPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in LocalPostgres.__annotations__}

    return run(program, preview=preview)


def container(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(CONTAINER).inputs)


# Wrong arguments, and what the message says.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"port": 0}, '"port" is 0, but it must be an integer from 1 to 65535.'),
    ({"port": 70000}, '"port" is 70000, but it must be an integer from 1 to 65535.'),
    ({"port": "abc"}, "\"port\" is 'abc', but it must be an integer from 1 to 65535."),
    ({"port": "9" * 400}, "must be an integer from 1 to 65535."),
    ({"image": ""}, "\"image\" is '', but it must name a Docker image, such as postgres:17-trixie"),
    ({"image": "postgres 17"}, "must name a Docker image"),
    ({"user": ""}, "\"user\" is '', but it must be 1 to 63 of A-Z, a-z, 0-9, _ and -"),
    ({"user": "u" * 64}, "must be 1 to 63 of A-Z"),
    ({"user": "pg_me"}, "not with pg_, which PostgreSQL reserves."),
    ({"user": 'a"b'}, "must be 1 to 63 of A-Z"),
    ({"user": "postgres\n"}, "must be 1 to 63 of A-Z"),
    ({"password": ""}, '"password" must be a non-empty string. Leave it out to have a password generated.'),
    ({"password": 12345}, '"password" must be a non-empty string.'),
    ({"password": "hunter2\n"}, '"password" must be a single line without NUL.'),
    ({"password": "hunter2\r"}, '"password" must be a single line without NUL.'),
    ({"password": "hunter2\0"}, '"password" must be a single line without NUL.'),
    ({"password": "hunter2\ud800"}, '"password" must be valid Unicode text'),
    ({"password": "md5" + "0a" * 16}, '"password" must be the password itself, not its verifier'),
    ({"password": "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"}, '"password" must be the password itself, not its verifier'),
    ({"host_address": ""}, "must be the name or IP address of the machine with the Docker engine"),
    ({"host_address": "tcp://1.2.3.4:2375"}, "must be the name or IP address of the machine with the Docker engine"),
    ({"host_address": "1.2.3.4:2375"}, "must be the name or IP address of the machine with the Docker engine"),
    ({"host_address": "1.2.3"}, "must be the name or IP address of the machine with the Docker engine"),
    ({"host_address": "0.0.0.0"}, "must be the name or IP address of the machine with the Docker engine"),
    ({"timezone": "Europe/Stokholm"}, "Did you mean Europe/Stockholm?"),
    ({"timezone": "US/Eastern"}, "Old aliases such as US/Eastern are missing from the Debian images."),
    ({"timezone": ""}, "must be a current name of the tz database"),
    ({"network": "bridge"}, "must name a Docker network of your own"),
    ({"network": "host"}, "must name a Docker network of your own"),
    ({"network": ""}, "must name a Docker network of your own"),
    ({"volume": "/srv/data"}, "must be the name of a Docker volume, not a path"),
    ({"volume": ""}, "must be the name of a Docker volume, not a path"),
]

# Arguments that are wrong together.
WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = []
