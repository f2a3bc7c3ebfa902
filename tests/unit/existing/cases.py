"""Arguments of ExistingPostgres that go together, and creating one from them."""

import functools
from typing import Any

from components import ExistingPostgres
from components.testing import Run, run
from tests.unit.inputs import materialize, outputs, unknowns

# An authority without a key, valid until 2126.
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBmTCCAT+gAwIBAgIUDCYoivu52mW1o3gcJCBet9m6HbAwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWQXV0aG9yaXR5IG9mIHRoZSB0ZXN0czAgFw0yNjExMjcwMzM5
NDRaGA8yMTI2MTEwMzAzMzk0NFowITEfMB0GA1UEAwwWQXV0aG9yaXR5IG9mIHRo
ZSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMLniDFM/Lz6rOVsZ7V/
LqjRMmqIcxEdglE3kDyfsGZWndJJfc6z8Zg2ehwqSe4IUbVlIcxFprC12elv/6oY
/uKjUzBRMB0GA1UdDgQWBBQ9N3UplVC6r4zRZIrdMjgoeIUVjzAfBgNVHSMEGDAW
gBQ9N3UplVC6r4zRZIrdMjgoeIUVjzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0gAMEUCIGX65VA9SOmMuBEnfWbpfwVDXjHR1y4UgxLEYUUdm+i7AiEA9ZT9
m4/rOvQxtvhR1GBKUwl4OlFBV1leOwlxn8uBNBk=
-----END CERTIFICATE-----
"""

REMOTE: dict[str, Any] = {"host": "db.example.com", "user": "backstage"}

# The arguments without a default.
LEAST = REMOTE
# Arguments without which something random is generated.
FIXED: dict[str, Any] = {}
COMPONENT = "backstage-database:index:ExistingPostgres"

# Arguments that go together. Each argument is in at least one set.
SETS: dict[str, dict[str, Any]] = {
    "replicas": {**REMOTE, "database_options": {"keepalive": True}, "replicas": 1, "plugin_count": 8},
    "locked down": {
        "host": "10.1.2.3",
        "port": 5433,
        "user": "backstage",
        "password": "it's $X",
        "role": "backstage_owner",
        "ssl_mode": "verify-full",
        "ssl_ca_certificate": AUTHORITY,
        "ssl_server_name": "db.example.com",
        "plugin_division_mode": "schema",
        "database_name": "portal",
        "ensure_exists": False,
        "plugins": ["catalog", "auth"],
    },
    "schemas by Backstage": {
        **REMOTE,
        "plugin_division_mode": "schema",
        "ensure_exists": False,
        "ensure_schema_exists": True,
        "verify_login": True,
    },
}
# The arguments that cannot be Outputs.
PLAIN = {"verify_login"}
later = functools.partial(outputs, plain=PLAIN, single_value={"database_options"})
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value={"database_options"})


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = ExistingPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in ExistingPostgres.__annotations__}

    return run(program, preview=preview)


SCHEMA = {"plugin_division_mode": "schema"}

# Wrong arguments, and what the message says.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"host": ""}, "\"host\" is '', but it must be the server's host name or IP address, and not empty."),
    ({"host": "postgres://u@db/x"}, "must be the host name alone, without a scheme"),
    ({"host": "db.example.com:5433"}, "must be the host name alone: give the port as the argument port."),
    ({"host": "[::1]:5432"}, "must be the host name alone: give the port as the argument port."),
    ({"host": "[::1]"}, "or an IP address without brackets."),
    ({"host": "0.0.0.0"}, "must be the server's own address"),
    ({"host": "::"}, "must be the server's own address"),
    ({"host": "10.1.2.300"}, "must be a host name, which does not end in a number, or an IP address"),
    ({"host": "10.1.2"}, "must be a host name, which does not end in a number, or an IP address"),
    ({"host": "db example"}, "must be a host name such as db.example.com"),
    ({"host": "/var/run/postgresql"}, "the folder of a socket cannot be used here."),
    ({"port": 0}, '"port" is 0, but it must be an integer from 1 to 65535.'),
    ({"user": ""}, "\"user\" is '', but it must be the name of a PostgreSQL role, and not empty."),
    ({"user": "ü" * 32}, "must be at most 63 bytes long"),
    ({"user": "backstage\n"}, "without whitespace at its ends"),
    ({"role": " x"}, "without whitespace at its ends"),
    ({"password": ""}, '"password" must be the password as a valid string, not empty and without NUL.'),
    ({"password": "hunter2\0"}, '"password" must be the password as a valid string, not empty and without NUL.'),
    ({"ssl_mode": "prefer"}, "\"ssl_mode\" is 'prefer', but it must be disable, require or verify-full."),
    ({"ssl_ca_certificate": "ca.pem"}, "must be the certificate as PEM text"),
    ({"ssl_ca_certificate": AUTHORITY[:200]}, "must be a complete certificate as PEM text: this one cannot be read."),
    (
        {"ssl_ca_certificate": f"\ufeff{AUTHORITY}"},
        "must be a complete certificate as PEM text: this one cannot be read.",
    ),
    ({"ssl_ca_certificate": AUTHORITY, "ssl_mode": "require"}, "is for ssl_mode verify-full"),
    ({"ssl_ca_certificate": AUTHORITY, "host": "localhost"}, "is for ssl_mode verify-full"),
    ({"ssl_server_name": "db"}, "is for a host that is an IP address"),
    ({"ssl_server_name": "10.0.0.1", "host": "10.1.2.3"}, "must be the name in the server's certificate"),
    ({"plugin_division_mode": "schemas"}, "must be database or schema."),
    ({"database_name": "portal"}, "is for plugin_division_mode schema"),
    ({"database_name": "a b", **SCHEMA}, "must be 1 to 63 of A-Z, a-z, 0-9, _ . and -"),
    ({"ensure_exists": "no"}, "\"ensure_exists\" is 'no', but it must be true or false."),
    ({"ensure_exists": False}, "needs the argument plugins: the ids of all plugins that get a database"),
    ({"ensure_exists": False, **SCHEMA}, "needs the argument plugins: the ids of all plugins that get a schema"),
    ({"ensure_exists": False, "plugins": []}, "needs the argument plugins"),
    ({"ensure_schema_exists": True, **SCHEMA}, "is for plugin_division_mode schema with ensure_exists false"),
    ({"plugins": "catalog"}, "must be a list of plugins' ids, such as [app, auth, catalog]."),
    ({"plugins": ["cata log"]}, "must be a plugin's id, such as catalog"),
    ({"plugins": ["p" * 64]}, "at most 46 long."),
]

# Arguments that are wrong together.
WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = []
