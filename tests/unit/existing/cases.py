"""Arguments of ExistingPostgres that go together, and creating one from them."""

from typing import Any

from components import ExistingPostgres
from components.testing import Run, run
from tests.unit.inputs import materialize

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
"""An authority without a key, valid until 2126."""

REMOTE: dict[str, Any] = {"host": "db.example.com", "user": "backstage"}

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
"""Arguments that go together; between them, all."""
PLAIN = {"verify_login"}


def create(preview: bool = False, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = ExistingPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in ExistingPostgres.__annotations__}

    return run(program, preview=preview)
