"""Arguments of LocalPostgres."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi


class LocalPostgresArgs(TypedDict, total=False):
    """Inputs of LocalPostgres, all optional."""

    image: pulumi.Input[str]
    """Docker image: an official `postgres` image, or a variant of one. Default: postgres:17-trixie. It is pulled only
    if it is absent. An image of another major version starts with an empty database and leaves the old data in place;
    going back to the old version finds that data again."""

    port: pulumi.Input[float]
    """Port on the machine with the Docker engine, 1 to 65535. Default: 5432. It becomes `connection.port`, except with
    `network`."""

    user: pulumi.Input[str]
    """PostgreSQL superuser, created together with the data. Default: postgres. Letters, digits, `_` and `-`, at most
    63, not starting with `pg_`, which PostgreSQL reserves. It becomes `connection.user`."""

    password: pulumi.Input[str]
    """Password of `user`; always treated as a secret. Default: generated once and kept in the stack. A changed password
    takes effect on existing data too. Not empty, one line, and not a verifier (`md5…`, `SCRAM-SHA-256$…`). It becomes
    `connection.password`."""

    timezone: pulumi.Input[str]
    """Time zone of the server, by its tz database name, such as Europe/Stockholm. Default: UTC."""

    network: pulumi.Input[str]
    """Name of an existing Docker network on which Backstage itself runs. `connection.host` is then the container's name
    and `connection.port` 5432, because from another container 127.0.0.1 is that container. Default: none; the block is
    for a Backstage that runs on this machine."""

    volume: pulumi.Input[str]
    """Name of a Docker volume that outlives the stack; Docker creates it if needed and `destroy` leaves it. If it
    already holds data that an official image created, that data is used in place, with an image of the same major
    version. Only one container at a time can use the volume. If it is set later, the data on the stack's own volume is
    deleted. Default: a volume that is created and destroyed with the stack."""

    host_address: pulumi.Input[str]
    """Name or IP address by which Backstage reaches the machine with the Docker engine, if that is another machine than
    this one (by `DOCKER_HOST`, `docker:host` or a Docker context). The port is then open on all addresses of that
    machine, unless this is a loopback address. Cannot be combined with `network`. Default: 127.0.0.1, and the port is
    open on that address only. It becomes `connection.host`."""

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: database, one database for each; or schema, one schema for each in one
    database. Backstage creates what is missing. Default: database. It becomes `pluginDivisionMode`."""

    database_name: pulumi.Input[str]
    """Name of that one database, with `plugin_division_mode` schema. Default: backstage. It becomes
    `connection.database`."""

    database_options: pulumi.Input[Mapping[str, Any]]
    """Keys to add to `backend.database`, in Backstage's own spelling: `prefix`, `schemaPrefix`, `ensureExists`,
    `ensureSchemaExists`, `knexConfig`, `keepalive`, `skipMigrations` and `plugin`, such as
    `{knexConfig: {pool: {max: 5}}}`. What the component decides (client, connection, role, pluginDivisionMode) cannot
    be changed with it. Default: none."""

    replicas: pulumi.Input[float]
    """Number of Backstage backends that use the database at once, 1 to 1000, with those that an update starts before it
    stops the old ones. `knexConfig.pool.max` is then as large as PostgreSQL's default of 100 connections allows, at
    most 10, or the error says how many connections are too many. Default: none; each plugin's pool may grow to 10
    connections.
    """

    plugin_count: pulumi.Input[float]
    """Number of plugins of each backend that use the database, 1 to 1000; for `replicas`. Default: 20."""
