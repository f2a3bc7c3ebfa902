"""The base of the simulated clouds: speaks the engine's protocol, and records what a test needs to know.

The engine attaches to such a provider by PULUMI_DEBUG_PROVIDERS; it is a real provider of the engine's own protocol.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a string that is not known yet."""


class CloudError(Exception):
    """The cloud answered with an error."""


@dataclass
class Call:
    """A request that reached the cloud."""

    operation: str
    type: str
    """The class's name, such as Server."""
    name: str
    began: float
    ended: float = 0.0
    error: str = ""


@dataclass
class Pause:
    """Stops requests to create one type, so that a test can do something at that moment."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Lets the cloud finish the request, whether or not the caller still waits for it."""
        self.released.set()
        assert self.over.wait(60)


class SimulatedProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Runs in a `with` statement; a stack attaches to it by its `environment`."""

    def __init__(self, name: str, version: str) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        """Resources by id: properties as the cloud reports them, and the simulation's notes, which begin with `_`."""
        self.calls: list[Call] = []
        self.refusals: dict[str, list[str]] = {}
        """Class → the errors with which its next requests are refused."""
        self.lost_confirmations: list[str] = []
        """Classes whose next creation succeeds, although the provider gets an error when it asks for the progress."""
        self.pauses: dict[str, Pause] = {}
        self._name = name
        self._version = version
        self._lock = threading.Lock()
        self._grpc = grpc.server(ThreadPoolExecutor(32))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, self._grpc)
        self.port = self._grpc.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Any:
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        for pause in self.pauses.values():
            pause.released.set()
        self._grpc.stop(None).wait()

    @property
    def environment(self) -> dict[str, str]:
        return {"PULUMI_DEBUG_PROVIDERS": f"{self._name}:{self.port}"}

    def of_type(self, type_: str) -> dict[str, dict[str, Any]]:
        """Returns the resources of one class: name → properties."""
        return {
            found.get("_name") or found["name"]: found
            for found in list(self.resources.values())
            if found["_type"] == type_
        }

    def changes(self) -> list[tuple[str, str, str]]:
        """Returns operation, class and name of every write that succeeded, in order."""
        return [(call.operation, call.type, call.name) for call in self.calls if not call.error]

    def pause(self, type_: str) -> Pause:
        """Accepts the next creation of that class and does not finish it before `released` is set."""
        self.pauses[type_] = Pause()
        return self.pauses[type_]

    # The engine's protocol

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    # What providers do with errors

    @contextmanager
    def errors(self, context: Any) -> Iterator[None]:
        try:
            yield
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    def abort_partly(self, context: Any, id_: str, inputs: Any, outputs: Any, reason: str) -> None:
        """Answers that the object exists, with its state, but that its creation was not followed to the end."""
        detail = provider_pb2.ErrorResourceInitFailed(
            id=id_, inputs=struct(inputs), properties=struct(outputs), reasons=[reason]
        )
        context.abort_with_status(_status(reason, detail))

    @contextmanager
    def request(self, operation: str, type_: str, name: str) -> Iterator[None]:
        """Records a request to the cloud and how it ended."""
        call = Call(operation, type_, name, time.monotonic())
        with self._lock:
            self.calls.append(call)
        try:
            yield
        except CloudError as error:
            call.error = str(error)
            raise
        finally:
            call.ended = time.monotonic()

    def take_time(self, seconds: float, pause: Pause | None) -> None:
        """Takes the time of a creation, and longer if a test has paused it. The object exists already."""
        if pause:
            pause.reached.set()
            pause.released.wait(60)
        time.sleep(seconds)


def diff_response(changed: list[str], replaces: list[str], *, delete_before_replace: bool) -> provider_pb2.DiffResponse:
    """Builds the answer from the dotted paths of what changed and of what replaces."""
    kinds = provider_pb2.PropertyDiff.Kind
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({path.split(".")[0] for path in changed}),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and delete_before_replace,
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=kinds.UPDATE_REPLACE if path in replaces else kinds.UPDATE, inputDiff=True
            )
            for path in changed
        },
        hasDetailedDiff=True,
    )


def type_of(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    """Returns what `json_format.MessageToDict` does, in a third of the time: simulations do little else."""
    return {key: _plain_value(value) for key, value in values.fields.items()}


def _plain_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return plain(value.struct_value)
        case "list_value":
            return [_plain_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(values)
    return result


def at(values: Any, path: str) -> Any:
    """Returns the value at a dotted path, or None."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields the dotted path and the value, as JSON, of everything that is not a map."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, json.dumps(value, sort_keys=True)


def take_over(inputs: dict[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Copies what has changed in the cloud since the last time into the inputs, as a refresh does."""
    for key, value in now.items():
        if isinstance(value, Mapping) and isinstance(inputs.get(key), dict):
            take_over(inputs[key], before.get(key) or {}, value)
        elif key in before and before[key] != value and (key in inputs or not isinstance(value, Mapping)):
            inputs[key] = value


class _Status(grpc.Status):
    """An error with details, as grpc.ServicerContext.abort_with_status wants it."""

    def __init__(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        self.code, self.details, self.trailing_metadata = code, details, trailing_metadata


def _status(message: str, detail: Any) -> _Status:
    code = grpc.StatusCode.UNKNOWN
    packed = any_pb2.Any()
    packed.Pack(detail, type_url_prefix="")
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed])
    return _Status(code, message, (("grpc-status-details-bin", status.SerializeToString()),))
