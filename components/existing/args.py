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
    """Password of `user`; always treated as a secret. Default: none; the server must then ask for none. It becomes
    `connection.password`."""

    role: pulumi.Input[str]
    """PostgreSQL role that Backstage switches to after the login, so that this role owns everything Backstage creates
    and `user` can be replaced. Default: none; Backstage works as `user`. It becomes `role`."""

    ssl_mode: pulumi.Input[str]
    """TLS mode, by PostgreSQL's names: disable, no encryption; require, encryption without a check of the server's
    certificate; or verify-full, encryption with a check of the certificate and the host name in it. Default:
    verify-full, or disable if `host` is this machine: localhost, 127.0.0.1 or ::1. It becomes `connection.ssl`."""

    ssl_ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the server's certificate, as PEM text; for `ssl_mode` verify-full.
    Default: the public authorities that Node.js trusts. It becomes `connection.ssl.ca`."""

    ssl_server_name: pulumi.Input[str]
    """Host name in the server's certificate, if `host` is an IP address that the certificate does not contain. Default:
    none; the certificate must contain `host`. It becomes `connection.ssl.servername`."""

    plugin_division_mode: pulumi.Input[str]
    """Where Backstage keeps its plugins' tables: database, one database for each; or schema, one schema for each in
    one database. Default: database. It becomes `pluginDivisionMode`."""

    database_name: pulumi.Input[str]
    """Name of that one database, with `plugin_division_mode` schema. Default: backstage. It becomes
    `connection.database`."""

    ensure_exists: pulumi.Input[bool]
    """Whether Backstage creates what is missing: in mode database the plugins' databases, in mode schema their
    schemas. It then also logs in to the database `postgres`. Default: true. With
    false, the output `bootstrap_sql` creates everything beforehand. It becomes `ensureExists`."""

    ensure_schema_exists: pulumi.Input[bool]
    """Whether Backstage creates the plugins' schemas although `ensure_exists` is false, with `plugin_division_mode`
    schema. Default: false. It becomes `ensureSchemaExists`."""

    plugins: Sequence[pulumi.Input[str]]
    """Ids of the Backstage plugins that use the database, such as catalog. The output `bootstrap_sql` creates a
    database or schema for each. Required if Backstage may not create them itself. Default: none."""

    verify_login: bool
    """Whether `pulumi up` logs in to the server, from where the program runs, and fails if that does not work. It does
    so when the component is created, and when host, port, user, password, database or TLS change. Default: false;
    nothing connects to the server."""

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
