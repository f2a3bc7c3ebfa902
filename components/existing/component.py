"""Returns the block for a PostgreSQL server that exists already, and the SQL that prepares it."""

from collections.abc import Mapping
from typing import Any, Optional

import pulumi

from .. import backstage
from ..kubernetes_outputs import Blocks, kubernetes_outputs
from ..options import checked_options
from ..outputs import outputs
from .args import ExistingPostgresArgs
from .login_proof import prove_login
from .sql import bootstrap_sql, psql_command
from .validation import Access, validate


class ExistingPostgres(pulumi.ComponentResource):
    """The block for a PostgreSQL server that exists already. It creates nothing on the server.

    The output `bootstrap_sql` is a script that gives Backstage the rights it needs there.
    """

    database_config: pulumi.Output[Mapping[str, Any]]
    """Value of `backend.database` in Backstage's app-config.yaml, with literal values. Secret if it holds a
    password."""

    app_config: pulumi.Output[str]
    """The same as an app-config YAML document, usable as a file. Secret if it holds a password."""

    app_config_from_env: pulumi.Output[str]
    """The same document with `${POSTGRES_HOST}`, `${POSTGRES_PORT}`, `${POSTGRES_USER}` and, where there is a
    password, `${POSTGRES_PASSWORD}`. May be committed."""

    environment: pulumi.Output[Mapping[str, str]]
    """Those variables and their values. Secret if one is the password."""

    helm_values: pulumi.Output[str]
    """Values for Backstage's Helm chart `backstage/backstage`, as a YAML document with the block; a password comes from
    `kubernetes_secret`. Holds no password."""

    kubernetes_manifests: pulumi.Output[str]
    """The same for a Backstage without Helm: a ConfigMap with the app-config. Holds no password."""

    kubernetes_secret: pulumi.Output[str]
    """The Secret that both refer to, as a YAML document; empty without a password. Secret if it holds one."""

    host: pulumi.Output[str]
    """Host that Backstage connects to."""

    port: pulumi.Output[int]
    """The port to connect to at `host`."""

    user: pulumi.Output[str]
    """The PostgreSQL role that Backstage logs in as."""

    bootstrap_sql: pulumi.Output[str]
    """A psql script that gives Backstage the least rights it needs, and ends with an error if it cannot. An
    administrator of the server runs it once, on the database `postgres`; it may be run again. It holds no
    password."""

    psql_command: pulumi.Output[str]
    """A command line that logs in as `user`; psql asks for the password. With `ssl_ca_certificate` it reads the
    file ca.pem of the current folder."""

    def __init__(self, name: str, args: ExistingPostgresArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        settings = validate(name, args)
        super().__init__(
            "backstage-database:index:ExistingPostgres",
            name,
            None,
            checked_options("ExistingPostgres", name, opts, args),
        )

        # With verify_login, the block is not known before the login has worked.
        proof = prove_login(name, settings, parent=self).urn if settings.verify_login else None
        place = pulumi.Output.all(place=settings.place, proof=proof).apply(lambda v: v["place"])
        access = settings.access
        options = settings.database_options
        password = settings.password
        config = pulumi.Output.all(place=place, access=access, password=password, options=options).apply(
            lambda v: _existing_block(**v)
        )
        # Holds no password, so that it is not secret; the placeholder keeps the key that a variable replaces.
        placeholder = None if password is None else ""
        without_password = pulumi.Output.all(place=place, access=access, options=options).apply(
            lambda v: _existing_block(**v, password=placeholder)
        )
        config_from_env = pulumi.Output.all(
            ready=proof, ssl=settings.ssl, access=settings.access_without_user, options=options
        ).apply(
            lambda v: _existing_block({"host": "", "port": "", "ssl": v["ssl"]}, v["access"], placeholder, v["options"])
        )

        self.database_config = config
        self.app_config = config.apply(backstage.app_config)
        self.app_config_from_env = config_from_env.apply(backstage.app_config_from_env)
        self.environment = config.apply(backstage.environment)
        self.helm_values, self.kubernetes_manifests, self.kubernetes_secret = kubernetes_outputs(
            name,
            Blocks(config, without_password, config_from_env, None if password is None else "POSTGRES_PASSWORD"),
        )
        self.host = place["host"]
        self.port = place["port"]
        self.user = access.apply(lambda v: v.user)
        self.bootstrap_sql = settings.access_with_names.apply(bootstrap_sql)
        self.psql_command = pulumi.Output.all(place=settings.place, access=settings.access_with_names).apply(
            lambda v: psql_command(**v)
        )
        self.register_outputs(outputs(ExistingPostgres, self))


def _existing_block(
    place: Mapping[str, Any], access: Access, password: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the block for these values."""
    in_schemas = access.division == "schema"
    return backstage.database_config(
        {
            "host": place["host"],
            "port": place["port"],
            "user": access.user,
            "password": password,
            "database": access.database_name if in_schemas else None,
            "ssl": place["ssl"],
        },
        options,
        pluginDivisionMode=access.division,
        role=access.role,
        ensureExists=access.ensure_exists,
        # Backstage reads it only where ensureExists is false.
        ensureSchemaExists=access.ensure_schema_exists if in_schemas and not access.ensure_exists else None,
    )
