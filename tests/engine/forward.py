"""Forwards TCP connections at an address to a Unix socket, and prints the port: `python forward.py ADDRESS SOCKET`."""

import contextlib
import socket
import sys
import threading


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def main(address: str, path: str) -> None:
    with socket.create_server((address, 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            client, _ = listening.accept()
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(path)
            for ends in ((client, engine), (engine, client)):
                threading.Thread(target=copy, args=ends, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
