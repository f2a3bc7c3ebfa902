"""A minimal language host for Python, which runs the folder of a plugin.

A release of the Pulumi CLI includes the real one; a CLI that was built from its Go module does not. The CLI starts one
for nearly every command; here all of them reach the one that runs in the tests' process, which has its modules loaded.
"""

import functools
import os
import runpy
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from .forks import fork


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="3.0.0")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Installs nothing: this Python has what a plugin needs."""
        return iter(())

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Runs what `python FOLDER ARGUMENTS` does until it ends, or until the engine ends the call."""
        environment = dict(setting.split("=", 1) for setting in request.env)
        command = [request.info.program_directory, *request.args]
        (output, theirs), (errors, their_errors) = socket.socketpair(), socket.socketpair()
        with theirs, their_errors:
            plugin = fork(_run_plugin, command, request.pwd, environment, theirs, their_errors)
        context.add_callback(plugin.kill)
        printed: SimpleQueue[Any] = SimpleQueue()

        def forward(connection: socket.socket, response: Callable[[bytes], Any]) -> None:
            with connection, connection.makefile("rb") as stream:
                for line in stream:
                    printed.put(response(line))
            printed.put(None)

        with ThreadPoolExecutor(2) as pool:
            pool.submit(forward, output, lambda line: language_pb2.RunPluginResponse(stdout=line))
            pool.submit(forward, errors, lambda line: language_pb2.RunPluginResponse(stderr=line))
            for _ in range(2):
                yield from iter(printed.get, None)
        plugin.join()
        yield language_pb2.RunPluginResponse(exitcode=plugin.exitcode or 0)


def _run_plugin(
    command: list[str], folder: str, environment: Mapping[str, str], output: socket.socket, errors: socket.socket
) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(output.fileno(), sys.stdout.fileno())
    os.dup2(errors.fileno(), sys.stderr.fileno())
    for connection in (output, errors):
        connection.close()
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")


@functools.cache
def _running() -> tuple[grpc.Server, int]:
    """Starts the host, which runs until this process ends, and returns it with its port."""
    server = grpc.server(ThreadPoolExecutor(16))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def program() -> str:
    """Returns what the CLI has to start: it prints the port, and ends when the CLI closes its standard input."""
    _, port = _running()
    return f"#!/bin/sh\necho {port}\nexec cat\n"
