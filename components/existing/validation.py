"""Validates the arguments of an ExistingPostgres: what PostgreSQL, Backstage and its driver accept."""

import dataclasses
import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..backstage.connection_budget import DEFAULT_CAPACITY
from ..database_options import read_database_options
from ..inputs import Inputs
from ..validators import boolean, is_list, is_valid_string, one_of, port_number, regex
from .args import ExistingPostgresArgs

# Prefix of a plugin's database, unless app-config.yaml sets another.
_DATABASE_PREFIX = "backstage_plugin_"

# Name of a database or schema that PostgreSQL accepts and that psql's \connect reads as nothing but a name.
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}"
_NAME_RULE = "1 to 63 of A-Z, a-z, 0-9, _ . and -, not starting with . or -."

division_mode = one_of("database", "schema")
ssl_mode = one_of("disable", "require", "verify-full")


@dataclass(frozen=True)
class Access:
    """Backstage's role and what it needs on the server. The SQL that grants its rights is made from this."""

    user: str
    role: str | None
    division: str
    database_name: str
    ensure_exists: bool
    ensure_schema_exists: bool
    plugins: tuple[str, ...]
    prefix: str = _DATABASE_PREFIX
    schema_prefix: str = ""

    @property
    def grantee(self) -> str:
        """Returns the role that gets the rights."""
        return self.role or self.user

    @property
    def creates_schemas(self) -> bool:
        return self.division == "schema" and (self.ensure_exists or self.ensure_schema_exists)

    @property
    def databases(self) -> list[str]:
        """Returns the databases that must exist before Backstage starts."""
        if self.division == "schema":
            return [self.database_name]
        return [] if self.ensure_exists else [f"{self.prefix}{plugin}" for plugin in self.plugins]

    @property
    def schemas(self) -> list[str]:
        """Returns the schemas of the plugins, in mode schema."""
        return [f"{self.schema_prefix}{plugin}" for plugin in self.plugins]

    @property
    def first_database(self) -> str:
        """Returns the database that Backstage opens first."""
        return "postgres" if self.ensure_exists else self.databases[0]


@dataclass(frozen=True)
class ExistingSettings:
    """The arguments of one ExistingPostgres, after validation."""

    place: pulumi.Output[dict[str, Any]]
    """The keys host, port and ssl of `connection`; ssl is None without TLS."""
    ssl: pulumi.Output[dict[str, Any] | None]
    """The same ssl alone, which is not secret if only host or port are."""
    access_without_user: pulumi.Output[Access]
    """The access with an empty user, which is not secret if only the user is."""
    password: pulumi.Output[str] | None
    access: pulumi.Output[Access]
    access_with_names: pulumi.Output[Access]
    """The access with the prefixes that database_options sets, which makes it as secret as these options."""
    verify_login: bool
    spelled: Callable[[str], str]
    """Returns a message with the names of arguments as the caller writes them."""
    database_options: pulumi.Output[Mapping[str, Any]]


def validate(name: str, args: Mapping[str, Any] | None) -> ExistingSettings:
    """Reads all arguments. Raises ArgumentError for a wrong one, and creates nothing."""
    inputs = Inputs("ExistingPostgres", name, args, ExistingPostgresArgs)
    host = inputs.require("host", host_name)
    access = {
        "user": inputs.require("user", database_role),
        "role": inputs.get("role", database_role),
        "division": inputs.get("plugin_division_mode", division_mode, "database"),
        "database_name": inputs.get("database_name", database_name, "backstage", related=["plugin_division_mode"]),
        "ensure_exists": inputs.get(
            "ensure_exists",
            ensure_exists,
            True,
            related=["plugin_division_mode", "ensure_schema_exists", "plugins"],
        ),
        "ensure_schema_exists": inputs.get(
            "ensure_schema_exists", ensure_schema_exists, False, related=["plugin_division_mode", "ensure_exists"]
        ),
        "plugins": inputs.get("plugins", plugin_ids, ()),
    }
    password = inputs.get("password", password_text, secret=True)
    tls = _connection_ssl(inputs, host)
    options = read_database_options(
        inputs, "database", lambda: DEFAULT_CAPACITY, decided=("ensureExists", "ensureSchemaExists")
    )
    known_access = pulumi.Output.all(**access).apply(lambda known: Access(**known))
    return ExistingSettings(
        place=pulumi.Output.all(host=host, port=inputs.get("port", port_number, 5432), ssl=tls),
        ssl=tls,
        access_without_user=pulumi.Output.all(**{**access, "user": ""}).apply(lambda known: Access(**known)),
        password=None if password is None else pulumi.Output.secret(password),
        access=known_access,
        access_with_names=pulumi.Output.all(access=known_access, options=options).apply(
            lambda known: _with_names(inputs, known["access"], known["options"])
        ),
        verify_login=inputs.get_plain("verify_login", boolean, False),
        spelled=inputs.spelled,
        database_options=options,
    )


def _with_names(inputs: Inputs, access: Access, options: Mapping[str, Any]) -> Access:
    """Returns the access with the prefixes in database_options, which name what bootstrap_sql creates."""
    named = dataclasses.replace(
        access, prefix=options.get("prefix", _DATABASE_PREFIX), schema_prefix=options.get("schemaPrefix", "")
    )
    # The prefix is not shown: it may be a secret.
    names = named.schemas if access.division == "schema" else named.databases
    for plugin, name in zip(access.plugins, names, strict=False):
        if not re.fullmatch(_NAME, name):
            inputs.fail(
                "database_options",
                f"has a prefix that gives no valid name with the plugin {plugin}: both together must be {_NAME_RULE}",
            )
    return named


def _connection_ssl(inputs: Inputs, host: pulumi.Output[str]) -> pulumi.Output[dict[str, Any] | None]:
    mode = inputs.get("ssl_mode", ssl_mode)
    # Whether the host is this machine is not secret, even if its name is.
    default = pulumi.Output.unsecret(host.apply(_default_ssl_mode))
    return pulumi.Output.all(
        mode=default if mode is None else mode,
        ca=inputs.get("ssl_ca_certificate", ca_certificate, related=["host", "ssl_mode"]),
        servername=inputs.get("ssl_server_name", server_name, related=["host", "ssl_mode"]),
    ).apply(lambda known: connection_ssl(**known))


def connection_ssl(mode: str, ca: str | None, servername: str | None) -> dict[str, Any] | None:
    """Returns the value of `connection.ssl`, which Backstage hands to Node's tls.connect; None without TLS."""
    if mode == "disable":
        return None
    given = {"ca": ca, "servername": servername}
    return {"rejectUnauthorized": mode == "verify-full", **{key: value for key, value in given.items() if value}}


def _default_ssl_mode(host: str) -> str:
    return "disable" if host.lower() == "localhost" or _is_loopback(host) else "verify-full"


# --- Validators


def host_name(value: Any) -> str:
    """Validates an IP address or a host name. The messages cover what people paste instead."""
    if not is_valid_string(value) or not value.strip():
        raise ValueError("must be the server's host name or IP address, and not empty.")
    if "://" in value:
        raise ValueError("must be the host name alone, without a scheme: give port, user and password as arguments.")
    if value.startswith("/"):
        raise ValueError("must be a host name or IP address: the folder of a socket cannot be used here.")
    if _is_ip_address(value):
        if ipaddress.ip_address(value).is_unspecified or ipaddress.ip_address(value).is_multicast:
            raise ValueError("must be the server's own address: a server listens on 0.0.0.0 or ::, but has another.")
        return value
    if re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:]+):\d+", value):
        raise ValueError("must be the host name alone: give the port as the argument port.")
    if not re.fullmatch(r"(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_-]{1,63})*\.?", value):
        raise ValueError("must be a host name such as db.example.com, or an IP address without brackets.")
    if re.search(r"(^|\.)\d+\.?$", value):
        raise ValueError(
            "must be a host name, which does not end in a number, or an IP address of four, each up to 255."
        )
    return value


def server_name(value: Any, host: Any, mode: Any) -> str:
    _check_verified(host, mode)
    if not _is_ip_address(host):
        raise ValueError("is for a host that is an IP address: Backstage's driver checks a host name itself.")
    if _is_ip_address(value):
        raise ValueError("must be the name in the server's certificate, not an IP address.")
    return host_name(value)


def ca_certificate(value: Any, host: Any, mode: Any) -> str:
    _check_verified(host, mode)
    if not is_valid_string(value) or "-----BEGIN CERTIFICATE-----" not in value:
        raise ValueError(
            "must be the certificate as PEM text, which starts with -----BEGIN CERTIFICATE-----, not a file name."
        )
    try:
        ssl.create_default_context(cadata=value)
    # A character that is not ASCII, such as a byte order mark, raises TypeError.
    except (ssl.SSLError, TypeError, ValueError):
        raise ValueError("must be a complete certificate as PEM text: this one cannot be read.") from None
    return value


def _check_verified(host: Any, mode: Any) -> None:
    # A host that is not a string is refused by its own validator.
    if (mode or _default_ssl_mode(str(host))) != "verify-full":
        raise ValueError("is for ssl_mode verify-full: otherwise no certificate is checked.")


def database_role(value: Any) -> str:
    """Validates a role: any name that a server may have, except names that Backstage would change."""
    if not is_valid_string(value) or not value:
        raise ValueError("must be the name of a PostgreSQL role, and not empty.")
    if len(value.encode()) > 63:
        raise ValueError("must be at most 63 bytes long, which is what PostgreSQL takes as a name.")
    if not value.isprintable() or value != value.strip():
        raise ValueError("must be one line, without whitespace at its ends, which Backstage would cut off.")
    return value


def password_text(value: Any) -> str:
    if not is_valid_string(value) or not value or "\0" in value:
        raise ValueError(
            "must be the password as a valid string, not empty and without NUL. Leave it out if the server asks for "
            "none."
        )
    return value


_database_name = regex(_NAME, f"must be {_NAME_RULE}")


def database_name(value: Any, division: Any) -> str:
    if (division or "database") != "schema":
        raise ValueError(
            "is for plugin_division_mode schema: in mode database Backstage has a database for each plugin."
        )
    return _database_name(value)


def ensure_exists(value: Any, division: Any, ensure_schema: Any, plugins: Any) -> bool:
    known = boolean(value)
    if not known and not plugins and not (division == "schema" and ensure_schema is True):
        kind = "schema" if division == "schema" else "database"
        raise ValueError(
            f"needs the argument plugins: the ids of all plugins that get a {kind}, because Backstage may not "
            f"create any. A plugin that is missing in the list fails when Backstage starts, and names its {kind}."
        )
    return known


def ensure_schema_exists(value: Any, division: Any, ensure: Any) -> bool:
    if boolean(value) and (division != "schema" or ensure is not False):
        raise ValueError(
            "is for plugin_division_mode schema with ensure_exists false; otherwise Backstage creates what is missing "
            "by itself. Leave it out."
        )
    return value


# Backstage's own pattern (ID_PATTERN_OLD of @backstage/backend-plugin-api), short enough for the prefix in 63 bytes.
_plugin_id = regex(
    rf"(?=.{{1,{63 - len(_DATABASE_PREFIX)}}}$)[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*",
    "must be a plugin's id, such as catalog: letters, digits and single hyphens inside, starting with a letter, "
    f"at most {63 - len(_DATABASE_PREFIX)} long.",
)


def plugin_ids(value: Any) -> tuple[str, ...]:
    if not is_list(value):
        raise ValueError("must be a list of plugins' ids, such as [app, auth, catalog].")
    return tuple(dict.fromkeys(map(_plugin_id, value)))


def _is_ip_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_ip_address(host) and ipaddress.ip_address(host).is_loopback
