"""Parts of the fake clouds: a PostgreSQL with certificates in a container, and web services."""

import json
import secrets
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs

import pytest

from tests.backstage import node
from tests.backstage.postgres_versions import image_and_options

OPTIONS = ("--user", "postgres", "--publish", "127.0.0.1::5432", "--entrypoint", "bash")
DEADLINE = 600
"""Seconds: Docker may have to fetch the image."""

# Lives until its standard input ends, which it does however these tests end.
CONTAINER = """
exec 3>&1 >&2
read -r password
mkdir -m 700 /tmp/tls && cd /tmp/tls
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 1"
authority() {{
  openssl req -x509 $key -keyout "$1.key" -out "$1.pem" -subj "/CN=$2"
}}
server() {{
  openssl req -x509 $key -keyout "$2.key" -out "$2.pem" -subj "/CN=$3" -CA "$1.pem" -CAkey "$1.key" \
    -addext "subjectAltName=DNS:$4" -addext basicConstraints=critical,CA:FALSE
}}
{certificates}
initdb --no-sync --locale=C.UTF-8 --username={superuser} --pwfile=<(echo "$password") /tmp/data
echo "{rule}" > /tmp/data/pg_hba.conf
postgres -D /tmp/data -c listen_addresses='*' -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
  {settings} &
{meanwhile}
kill -QUIT $!
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that runs in a container."""

    container: str
    tls: Path
    """The certificates and keys that it made."""
    port: int
    password: str = field(repr=False)
    """The superuser's."""
    requests: IO[bytes] = field(repr=False)
    answers: IO[bytes] = field(repr=False)
    """What its `meanwhile` reads, and what it writes to descriptor 3."""


@contextmanager
def postgres(
    folder: Path,
    version: int,
    *,
    certificates: str,
    superuser: str,
    rule: str,
    settings: str = "",
    options: Sequence[str] = (),
    meanwhile: str = "cat > /dev/null",
) -> Iterator[Server]:
    """Runs one for the time of a with block.

    `certificates` are lines of shell with `authority NAME SUBJECT` and `server AUTHORITY NAME SUBJECT HOST`; `rule` is
    all of pg_hba.conf; `options` are those of `docker run`; `meanwhile` reads standard input to its end.
    """
    docker = shutil.which("docker")
    if docker is None:
        pytest.fail("Docker is missing: install it, and check it with `docker version`.")
    script = CONTAINER.format(
        certificates=certificates, superuser=superuser, rule=rule, settings=settings, meanwhile=meanwhile
    )
    image, of_version = image_and_options(version, folder)
    name, password, log = f"backstage-fake-{secrets.token_hex(4)}", secrets.token_hex(16), folder / "log"
    with log.open("wb") as output:
        container = subprocess.Popen(
            [
                docker,
                "run",
                "--rm",
                "--interactive",
                "--name",
                name,
                *OPTIONS,
                *of_version,
                *options,
                image,
                "-euc",
                script,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            bufsize=0,
        )
    requests, answers = container.stdin, container.stdout
    assert requests
    assert answers
    try:
        requests.write(f"{password}\n".encode())
        wait_until_listening(container, version, log)
        copied = subprocess.run([docker, "cp", f"{name}:/tmp/tls", str(folder)], capture_output=True, check=False)
        assert copied.returncode == 0, copied.stderr.decode()
        published = subprocess.run([docker, "port", name, "5432"], capture_output=True, text=True, check=True).stdout
        yield Server(name, folder / "tls", int(published.rpartition(":")[2]), password, requests, answers)
    finally:
        requests.close()
        try:
            container.wait(20)
        except subprocess.TimeoutExpired:
            subprocess.run([docker, "rm", "--force", "--volumes", name], capture_output=True, check=False)
            container.wait()
        answers.close()


def wait_until_listening(container: subprocess.Popen[bytes], version: int, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while b"database system is ready to accept connections" not in log.read_bytes():
        said = f"PostgreSQL {version} said:\n{log.read_text(errors='replace')}"
        assert container.poll() is None, f"The container ended with code {container.returncode}. {said}"
        assert time.monotonic() < deadline, f"The container was not ready within {DEADLINE} s. {said}"
        time.sleep(0.05)


class Handler(BaseHTTPRequestHandler):
    """A web service that answers in JSON, and logs nothing."""

    def answer(self, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def read(self) -> str:
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def web_service(handler: type[Handler], certificate: Path | None = None) -> Iterator[int]:
    """Runs a web service for the time of a with block; yields its port on 127.0.0.1.

    It speaks https if there is a `certificate`, whose key is next to it.
    """
    service = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    service.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        service.socket = context.wrap_socket(service.socket, server_side=True)
    threading.Thread(target=service.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield service.server_address[1]
    finally:
        service.shutdown()
        service.server_close()


def single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def detours(ports: Mapping[str, int], authority: Path) -> dict[str, str]:
    """Returns variables with which Node finds each "host:port" at a port of this machine, and trusts the authority."""
    return {
        "NODE_OPTIONS": f"--import={(node.FOLDER / 'redirect.mjs').as_uri()}",
        "NODE_EXTRA_CA_CERTS": str(authority),
        "DETOURS": json.dumps(ports),
    }
