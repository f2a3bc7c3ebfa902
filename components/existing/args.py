"""Arguments of ExistingPostgres."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from typing_extensions import Required


class ExistingPostgresArgs(TypedDict, total=False):
    """Inputs of ExistingPostgres. Host and user are required."""

    host: Required[pulumi.Input[str]]
    """Host name or IP address of the server, without scheme and port, as Backstage reaches it. It becomes
    `connection.host`."""

    port: pulumi.Input[float]
    """Port of the server, 1 to 65535. Default: 5432. It becomes `connection.port`."""

    user: Required[pulumi.Input[str]]
    """PostgreSQL role that Backstage logs in as, at most 63 bytes. It becomes `connection.user`."""

    password: pulumi.Input[str]
    """Password of `user`; always treated as a secret. Default: none, for a server that asks for none. It becomes
    `connection.password`."""

    role: pulumi.Input[str]
    """PostgreSQL role that Backstage works as after the login, so that all it creates belongs to this role and
    `user` can be exchanged. Default: none; Backstage works as `user`. It becomes `role`."""

    ssl_mode: pulumi.Input[str]
    """TLS, in PostgreSQL's own words: disable, none; require, encrypted, but nobody checks whose server it is; or
    verify-full, encrypted, with the certificate and the name in it checked. Default: verify-full, and disable where
    `host` is this machine: localhost, 127.0.0.1 or ::1. It becomes `connection.ssl`."""

    ssl_ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the server's, as PEM text, with `ssl_mode` verify-full. Default: the
    public authorities that Node.js knows. It becomes `connection.ssl.ca`."""

    ssl_server_name: pulumi.Input[str]
    """Host name in the server's certificate, where `host` is an IP address and the certificate does not hold it.
    Default: none; `host` must be in the certificate. It becomes `connection.ssl.servername`."""

    plugin_division_mode: pulumi.Input[str]
    """Where Backstage keeps its plugins' tables: database, one database for each; or schema, one schema for each in
    one database. Default: database. It becomes `pluginDivisionMode`."""

    database_name: pulumi.Input[str]
    """Name of that one database, with `plugin_division_mode` schema. Default: backstage. It becomes
    `connection.database`."""

    ensure_exists: pulumi.Input[bool]
    """Whether Backstage creates what is missing: in mode database the plugins' databases, in mode schema their
    schemas. It then also logs in to the database `postgres`. Default: true. With false everything is made
    beforehand, by the output `bootstrap_sql`. It becomes `ensureExists`."""

    ensure_schema_exists: pulumi.Input[bool]
    """Whether Backstage creates the plugins' schemas although `ensure_exists` is false, with `plugin_division_mode`
    schema. Default: false. It becomes `ensureSchemaExists`."""

    plugins: Sequence[pulumi.Input[str]]
    """Ids of the Backstage plugins that have a database, such as catalog: what the output `bootstrap_sql` makes a
    database or schema for. Required where Backstage may not create them itself. Default: none."""

    verify_login: bool
    """Whether `pulumi up` logs in to the server, from where the program runs, whenever it is created and whenever
    host, port, user, password, database or TLS change, and fails if that does not work. Default: false; nothing
    connects to the server."""

    database_options: pulumi.Input[Mapping[str, Any]]
    """Keys to add to `backend.database`, in Backstage's own spelling: `prefix`, `schemaPrefix`, `knexConfig`,
    `keepalive`, `skipMigrations` and `plugin`, such as `{knexConfig: {pool: {max: 5}}}`. What the component decides
    (client, connection, role, pluginDivisionMode) cannot be changed with it. Default: none."""

    replicas: pulumi.Input[float]
    """Number of Backstage backends that use the database at once, 1 to 1000, with those that an update starts before it
    stops the old ones. `knexConfig.pool.max` is then as large as PostgreSQL's default of 100 connections allows, at
    most 10, or the error says how many connections are too many. Default: none; each plugin's pool may grow to 10
    connections.
    """

    plugin_count: pulumi.Input[float]
    """Number of plugins of each backend that use the database, 1 to 1000; for `replicas`. Default: 20."""
