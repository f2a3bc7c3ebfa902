"""`python components` as the engine starts it, with a monitor and an engine that answer like mocks.

Inputs are plain values and `wire(…)`, the form in which the engine passes Outputs, secrets and unknowns on.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc, resource_pb2_grpc

from components.testing import Mocks, RecordingMonitor, Resolved, Run

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT, STACK = "project", "dev"
ABSENT = object()


def wire(value: Any = ABSENT, *, secret: bool = False) -> dict[str, Any]:
    """Returns an Output as a program passes it. Without a value it is unknown.

    wire("s3cret", secret=True)
    """
    known = {} if value is ABSENT else {"value": value}
    return {rpc._special_sig_key: rpc._special_output_value_sig, "secret": secret, **known}


@contextmanager
def hosted() -> Iterator["Host"]:
    """Runs the plugin's process for the time of a with block."""
    engine = _Engine()
    server = grpc.server(ThreadPoolExecutor(16))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    command = [sys.executable, "components", address]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Host(provider_pb2_grpc.ResourceProviderStub(channel), engine, address)
        finally:
            process.kill()
            server.stop(None).wait()


class Host:
    """A plugin that runs: `construct` creates a component in its process, `schema` returns its schema."""

    def __init__(self, plugin: provider_pb2_grpc.ResourceProviderStub, engine: "_Engine", address: str) -> None:
        self._plugin, self._engine, self._address = plugin, engine, address

    def schema(self) -> str:
        return self._plugin.GetSchema(provider_pb2.GetSchemaRequest()).schema

    def construct(self, component: str, inputs: Mapping[str, Any], *, preview: bool = False) -> Run:
        """Constructs a component named "db". Returns its resources and outputs. A refusal raises grpc.RpcError."""
        result = Run()
        self._engine.monitor = RecordingMonitor(Mocks(), result)
        self._engine.preview = preview
        response = self._plugin.Construct(
            provider_pb2.ConstructRequest(
                project=PROJECT,
                stack=STACK,
                dryRun=preview,
                monitorEndpoint=self._address,
                type=f"backstage-database:index:{component}",
                name="db",
                inputs=json_format.ParseDict(dict(inputs), struct_pb2.Struct()),
            )
        )
        for name, value in json_format.MessageToDict(response.state).items():
            plain = rpc.unwrap_rpc_secret(value)
            known = plain != rpc.UNKNOWN
            result.outputs[name] = Resolved(plain if known else None, known, rpc.is_rpc_secret(value))
        return result


class _Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Passes the requests of a component on to the monitor of the current `construct`."""

    monitor: RecordingMonitor
    preview = False

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        return self.monitor.GetDeploymentInfo(request)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        self._prepare_thread()
        return self.monitor.RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        return self.monitor.RegisterResourceOutputs(request)

    def RegisterResourceHook(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        self._prepare_thread()
        return self.monitor.Invoke(request)

    def Log(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def _prepare_thread(self) -> None:
        """Sets the settings of this thread, for which the mocks ask."""
        settings.reset_options(project=PROJECT, stack=STACK, preview=self.preview)
