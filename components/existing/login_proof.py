"""Proves that the login works: creating this resource logs in from where the program runs."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import pulumi

from ..error_hooks import unique_hook_name
from ..login import LoginError, log_in
from .validation import ExistingSettings

_ADVICE = {
    "host": "Check the argument host.",
    "refused": "Check host and port, and that the server listens on this address.",
    "timeout": "Check host and port, and that firewalls let this machine reach the server.",
    "closed": "Check host and port: another program may answer there, or a proxy that ends the connection.",
    "password": "Check user and password. A role that the bootstrap SQL has just created has no password yet.",
    "database": "Have an administrator run the bootstrap SQL, an output of this component.",
    "unsupported": "Choose another password.",
    "server": "Have an administrator of the server look at it.",
}
_IF_ONLY_BACKSTAGE_CAN = "If only Backstage's own machine can log in, set verify_login to false."


def prove_login(name: str, settings: ExistingSettings, parent: pulumi.Resource) -> pulumi.Stash:
    """Records the last login that worked. Creating the record logs in, and another login replaces it.

    It is replaced and not updated, because a Stash keeps the first value that it got, and with it the old password.
    """
    login = pulumi.Output.all(
        place=settings.place,
        user=settings.access.apply(lambda v: v.user),
        password=settings.password,
        database=settings.access_with_names.apply(lambda v: v.first_database),
    )

    async def log_in_first(_: pulumi.ResourceHookArgs) -> None:
        known: Any = await login.future()
        try:
            await asyncio.to_thread(check_login, **known)
        except LoginError as failure:
            advice = settings.spelled(f"{_advice(failure, known['place']['ssl'])} {_IF_ONLY_BACKSTAGE_CAN}")
            raise pulumi.RunError(f'ExistingPostgres "{name}": {failure} {advice}') from None

    hook = pulumi.ResourceHook(unique_hook_name(f"{name}-logs-in"), log_in_first)
    return pulumi.Stash(
        f"{name}-login",
        input=login,
        opts=pulumi.ResourceOptions(
            parent=parent,
            replace_on_changes=["input"],
            hooks=pulumi.ResourceHookBinding(before_create=[hook]),
        ),
    )


def check_login(place: Mapping[str, Any], user: str, password: str | None, database: str) -> None:
    """Logs in as Backstage does. Raises LoginError."""
    connection_ssl: Mapping[str, Any] = place["ssl"] or {}
    log_in(
        place["host"],
        place["port"],
        user,
        password or "",
        database,
        ssl_context=_ssl_context(connection_ssl) if connection_ssl else None,
        server_name=connection_ssl.get("servername"),
    )


def _ssl_context(connection_ssl: Mapping[str, Any]) -> ssl.SSLContext:
    """Returns a context that verifies the server's certificate as Node does with this value of `connection.ssl`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not connection_ssl["rejectUnauthorized"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif "ca" in connection_ssl:
        context.load_verify_locations(cadata=connection_ssl["ca"])
    else:
        context.load_default_certs()
    return context


def _advice(failure: LoginError, connection_ssl: Mapping[str, Any] | None) -> str:
    said = str(failure)
    if failure.reason == "tls" and "does not offer TLS" in said:
        return "Have TLS switched on there, or set ssl_mode to disable if the network to the server is safe."
    if failure.reason == "tls" and "mismatch" in said:
        return "Set host to a name in the server's certificate; if host is an IP address, set ssl_server_name to one."
    if failure.reason == "tls":
        return "Set ssl_ca_certificate to the certificate of the authority that signed the server's."
    if "no pg_hba.conf entry" in said and not connection_ssl:
        return "The server may require TLS: set ssl_mode to verify-full. Or its pg_hba.conf must allow this machine."
    if "no pg_hba.conf entry" in said:
        return "The server's pg_hba.conf must allow this user from this machine."
    if "permission denied for database" in said:
        return _ADVICE["database"]
    return _ADVICE[failure.reason]
