"""Arguments of LocalPostgres that go together, and a program that creates one, for the tests of several tiers."""

from typing import Any

from components import LocalPostgres
from components.testing import Run, run
from tests.unit.inputs import materialize

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
SETS: dict[str, dict[str, Any]] = {
    "published": PUBLISHED,
    "network": {**PUBLISHED, "network": "backstage"},
    "remote": {**PUBLISHED, "host_address": "build.example.com"},
    "replicas": {**PUBLISHED, "database_options": {"keepalive": True}, "replicas": 1, "plugin_count": 8},
    "schema": {**PUBLISHED, "plugin_division_mode": "schema", "database_name": "portal"},
}
"""Arguments that go together; between them, all."""
PLAIN = {"plugin_division_mode"}
"""The arguments that cannot be Outputs."""


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = LocalPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in LocalPostgres.__annotations__}

    return run(program, preview=preview)


def container(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(CONTAINER).inputs)
