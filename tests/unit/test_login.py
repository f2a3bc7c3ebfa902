"""Logging in: what works, and what is said of each way in which it does not. Against sockets, without PostgreSQL."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from components.login import LoginError, log_in

AUTHENTICATED = b"R\0\0\0\x08\0\0\0\0"
READY = b"Z\0\0\0\x05I"
ONE = b"T\0\0\0\x21\0\x01?column?\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0" + b"D\0\0\0\x0b\0\x01\0\0\0\x011"
QUERY_ANSWER = ONE + b"C\0\0\0\x0dSELECT 1\0" + READY
SCRAM = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"


def error(sqlstate: str, message: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Yields the port of a server that serves one connection and ends."""

    def run() -> None:
        connected, _ = listening.accept()
        with connected:
            serve(connected)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive(), "the connection is still open after the login"


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """Returns a server that sends these answers, one to each message, and then nothing."""

    def serve(connected: socket.socket) -> None:
        for answer in answers:
            connected.recv(4096)
            connected.sendall(answer)
        with contextlib.suppress(ConnectionResetError):
            while connected.recv(4096):
                pass

    return serve


def refused(port: int, host: str = "127.0.0.1", password: str = "hunter2", **options: object) -> LoginError:
    with pytest.raises(LoginError) as raised:
        log_in(host, port, "me", password, **options)  # pyright: ignore[reportArgumentType]
    assert "hunter2" not in str(raised.value)
    return raised.value


def test_a_login_that_works_returns_nothing() -> None:
    with server(answering(AUTHENTICATED + READY, QUERY_ANSWER)) as port:
        log_in("127.0.0.1", port, "me", "hunter2")


def test_a_port_where_nothing_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    failure = refused(port)
    assert failure.reason == "refused"
    assert str(failure) == (f'cannot log in to 127.0.0.1:{port} as "me": nothing listens there (connection refused).')


def test_a_host_name_that_does_not_resolve_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(5432, "a..b").reason == "host"

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = refused(5432, "db.example.com")
    assert failure.reason == "host"
    assert "db.example.com:5432" in str(failure)
    assert "Name or service not known" in str(failure)


def test_an_ipv6_address_is_written_with_brackets() -> None:
    assert "cannot log in to [::1]:1 " in str(refused(1, "::1", timeout=1))


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (error("28P01", 'password authentication failed for user "me"'), "password", "authentication failed for user"),
        (error("3D000", 'database "x" does not exist'), "database", 'database "x" does not exist'),
        (error("28000", "no pg_hba.conf entry for host"), "server", "no pg_hba.conf entry"),
        (error("57P03", "the database system is starting up"), "server", "is starting up"),
        (b"", "closed", "ended before a PostgreSQL server had answered"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "closed", "ended before a PostgreSQL server had answered"),
        (b"!\0\0\0\x04", "closed", "is not PostgreSQL"),
    ],
)
def test_a_refusal_is_reported_in_the_servers_words(answer: bytes, reason: str, words: str) -> None:
    with server(lambda connected: (connected.recv(4096), connected.sendall(answer), None)[-1]) as port:
        failure = refused(port)
    assert failure.reason == reason
    assert words in str(failure)


def test_a_server_that_never_answers_times_out() -> None:
    with server(answering()) as port:
        failure = refused(port, timeout=0.2)
    assert failure.reason == "timeout"
    assert "did not answer within 0.2 s" in str(failure)


def test_a_password_that_cannot_be_sent_has_its_own_reason() -> None:
    """PostgreSQL takes emoji newer than SASLprep's tables; pg8000 refuses to send them."""
    with server(answering(SCRAM)) as port:
        failure = refused(port, password="😀hunter2")
    assert failure.reason == "unsupported"


def test_a_server_without_tls_is_refused_when_tls_is_asked_for() -> None:
    with server(answering(b"N")) as port:
        failure = refused(port, ssl_context=ssl.create_default_context())
    assert failure.reason == "tls"
    assert "does not offer TLS" in str(failure)


def test_a_broken_handshake_is_named_as_tls() -> None:
    with server(answering(b"S", b"this is not TLS, and it is long enough to be a record")) as port:
        failure = refused(port, ssl_context=ssl.create_default_context())
    assert failure.reason == "tls"
