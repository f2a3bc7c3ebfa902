"""Builds the shell command that logs in to the instance with psql."""

import shlex
from collections.abc import Sequence

from .principals import Login

_PROXY_PORT = 6543

_PROXY_FLAGS = {"PUBLIC": [], "PRIVATE": ["--private-ip"], "PSC": ["--psc"]}


def psql_command(ip_address_type: str, connection_name: str, database: str, logins: Sequence[Login]) -> str:
    """Returns a command that logs in as the first person among the logins, else as a group member or a service account.

    The command starts the Cloud SQL Auth Proxy, waits for it, and stops it when psql ends.
    """
    first = {login.principal.kind: login for login in reversed(logins)}
    chosen = first.get("user") or first.get("group") or first["serviceAccount"]
    proxy = ["cloud-sql-proxy", "--auto-iam-authn", "--port", str(_PROXY_PORT), *_PROXY_FLAGS[ip_address_type]]
    user = chosen.principal.role
    if chosen.principal.kind == "group":
        user = "$(gcloud config get account)"
    elif chosen.principal.kind == "serviceAccount":
        proxy.append(f"--impersonate-service-account={chosen.principal.email}")
    conninfo = f"host=127.0.0.1 port={_PROXY_PORT} dbname={database} user={user} options=-crole={chosen.role}"
    ready = f"pg_isready -q -h 127.0.0.1 -p {_PROXY_PORT}"
    return (
        f'( {shlex.join([*proxy, connection_name])} & trap "kill $!" EXIT; '
        f'until {ready}; do kill -0 $! || exit 1; sleep 1; done; psql "{conninfo}" )'
    )
