"""Logs in to a PostgreSQL server from where the program runs, to prove that the login works."""

# pg8000 and scramp come without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import contextlib
import socket
import ssl
from typing import Literal

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection
from scramp import ScramException

Reason = Literal["host", "refused", "timeout", "closed", "tls", "password", "database", "server", "unsupported"]

# SQLSTATE classes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
_REASONS: dict[str, Reason] = {"28P01": "password", "3D000": "database"}


class LoginError(Exception):
    """Raised for a login that did not work. The message says why, and never contains the password."""

    reason: Reason
    """The cause, for callers that add advice.

    host: the name does not resolve. refused: nothing listens there. timeout: no answer. closed: the connection was
    closed before an answer, or the answer was not PostgreSQL's. tls: TLS is missing, or its certificate was refused.
    password and database: refused by the server. server: anything else that the server said. unsupported: the server
    asks for the password, which has characters that cannot be sent from here, although PostgreSQL accepts them.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def log_in(
    host: str,
    port: int,
    user: str,
    password: str,
    database: str = "postgres",
    *,
    timeout: float = 10.0,
    ssl_context: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> None:
    """Logs in, runs a query and logs out. Raises LoginError; blocks for about `timeout` seconds at most per step.

    With `ssl_context` the login uses TLS, verified as the context says; without it, no TLS. `server_name` is the name
    that the certificate must hold, if that is not `host`.
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def failed(reason: Reason, why: str) -> LoginError:
        return LoginError(reason, f'cannot log in to {address} as "{user}": {why}')

    try:
        connected = socket.create_connection((host, port), timeout)
    except socket.gaierror as error:
        raise failed("host", f"the host name is not known ({error.strerror}).") from None
    except UnicodeError:
        raise failed("host", "this is not a valid host name.") from None
    except TimeoutError:
        raise failed("timeout", f"no answer within {timeout:g} s.") from None
    except ConnectionRefusedError:
        raise failed("refused", "nothing listens there (connection refused).") from None
    except OSError as error:
        raise failed("refused", f"{error.strerror or error}.") from None

    with connected:
        try:
            session = Connection(
                user,
                host=server_name or host,  # With `sock`, pg8000 uses it only to verify the certificate.
                database=database,
                password=password,
                sock=connected,
                ssl_context=ssl_context or False,
            )
            try:
                session.run("SELECT 1")
            finally:
                session.close()
        except DatabaseError as error:
            raise failed(*_server_answer(error)) from None
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or str(error)
            raise failed("tls", f"TLS failed ({why}).") from None
        except ScramException as error:
            raise failed(*_scram_failure(error, password)) from None
        except (InterfaceError, OSError) as error:
            raise failed(*_lost_connection(error, timeout)) from None
        except Exception as error:  # pg8000 may raise anything if the answer is not PostgreSQL's.
            raise failed("closed", f"what answers is not PostgreSQL ({type(error).__name__}).") from None
        finally:
            # After a failure, what pg8000 holds of the socket would keep the connection open.
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _server_answer(error: DatabaseError) -> tuple[Reason, str]:
    fields: dict[str, str] = error.args[0]
    return _REASONS.get(fields.get("C", ""), "server"), f"the server says: {fields.get('M', 'nothing')}."


def _scram_failure(error: ScramException, password: str) -> tuple[Reason, str]:
    # SASLprep forbids some characters, recent emoji among them. PostgreSQL then takes the bytes as they are, but pg8000
    # does not send them.
    if not (password.isascii() and password.isprintable()):
        return "unsupported", f"the password cannot be sent from here ({error.args[0]})."
    return "server", f"the server and this client do not agree on the login ({error.args[0]})."


def _lost_connection(error: Exception, timeout: float) -> tuple[Reason, str]:
    if str(error) == "Server refuses SSL":
        return "tls", "the server does not offer TLS."
    if isinstance(error.__cause__ or error, TimeoutError):
        return "timeout", f"the connection was made, but the server did not answer within {timeout:g} s."
    return "closed", "the connection ended before a PostgreSQL server had answered."
