"""Runs a Pulumi program against mocks, for unit tests of programs that use these components, and of the components.

    from backstage_database import LocalPostgres
    from backstage_database.testing import run

    def program():
        database = LocalPostgres("db", {"port": 5433})
        return {"block": database.database_config}

    def test_backstage_is_told_the_port():
        assert run(program)["block"].value["connection"]["port"] == 5433

It needs no engine, no network and no Docker. Runs do not affect each other, and leave nothing behind.

`Mocks` alone is for tests in the style of Pulumi's testing guide, which create resources when a module is imported:

    pulumi.runtime.set_mocks(Mocks())
    import infra
"""

# Pulumi's mocks and gRPC's stubs are untyped: what comes from them gets its type where it is first named.
# pyright: reportUnknownMemberType=false

import asyncio
import contextvars
import gc
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pulumi
from google.protobuf.message import Message
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from .cloud_sql.principals import account_email
from .validators import is_list, is_map


@dataclass(frozen=True)
class Resolved:
    """An output after the run: its value, whether it is known (in a preview it may not be), whether it is secret."""

    value: Any
    known: bool
    secret: bool


@dataclass(frozen=True)
class Registration:
    """A resource as the program registered it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """In the provider's camelCase, secrets unwrapped, numbers as floats, unknown ones as pulumi.Unknown."""
    secret_inputs: frozenset[str]
    """The names of inputs that are secret or hold a secret."""
    options: Any
    """The request to the engine, with `parent`, `protect`, `ignoreChanges`, `deleteBeforeReplace` and so on."""


@dataclass
class Run:
    """The outputs of the program, by `run["name"]`, and its resources, by `run.resource(type)`."""

    outputs: dict[str, Resolved] = field(default_factory=dict[str, Resolved])
    resources: list[Registration] = field(default_factory=list[Registration])
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """What each component registered as its outputs, by URN."""

    def __getitem__(self, output: str) -> Resolved:
        return self.outputs[output]

    def resource(self, type_: str, name: str | None = None) -> Registration:
        """Returns the only resource of that type, such as docker:index/container:Container, or that type and name."""
        found = [resource for resource in self.resources if resource.type == type_ and name in (None, resource.name)]
        if len(found) != 1:
            registered = ", ".join(f"{resource.type} {resource.name}" for resource in self.resources) or "none"
            raise LookupError(f"{len(found)} resources of type {type_}, not 1; the program registered: {registered}")
        return found[0]


# Mocked properties of a managed identity.
MANAGED_IDENTITY = {
    "principalId": "00000000-0000-0000-0000-000000000001",
    "clientId": "00000000-0000-0000-0000-000000000002",
    "tenantId": "00000000-0000-0000-0000-00000000000a",
}

# Mocked result of each provider's getClientConfig.
LOGINS: Mapping[str, Mapping[str, Any]] = {
    "azure-native:authorization:getClientConfig": {"tenantId": "00000000-0000-0000-0000-00000000000b"},
    "gcp:organizations/getClientConfig:getClientConfig": {"project": "portal-123", "region": "europe-west1"},
}

_GOOGLE = LOGINS["gcp:organizations/getClientConfig:getClientConfig"]


class Mocks(mocks.Mocks):
    """Answers like providers that accept everything, and adds the values that the clouds would choose.

    Subclass it for other answers.
    """

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast(dict[str, Any], args.inputs)
        if args.typ == "pulumi:index:Stash":
            return f"{args.name}-id", {**inputs, "output": inputs["input"]}
        inputs = _with_attached_identities(args.typ, inputs)
        if pulumi.runtime.is_dry_run():
            return "", inputs
        plain = {key: rpc.unwrap_rpc_secret(value) for key, value in inputs.items()}
        named = {"name": f"{args.name}-0000000", **plain}
        return f"{args.name}-id", {"name": named["name"], **inputs, **_computed_outputs(args.typ, named)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in LOGINS:
            raise NotImplementedError(
                f"the program calls {args.token}: answer it in the method call of a subclass of Mocks"
            )
        return dict(LOGINS[args.token]), []


_ATTACHED = "userAssignedIdentities"


def _with_attached_identities(type_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs with attached identities as a map: Azure takes a list of ids, and answers with a map."""
    identity = inputs.get("identity")
    if not type_.startswith("azure-native:") or not is_map(identity) or not is_list(identity.get(_ATTACHED)):
        return dict(inputs)
    ids = [id_ for id_ in identity[_ATTACHED] if isinstance(id_, str)]
    return {**inputs, "identity": {**identity, _ATTACHED: {id_: {} for id_ in ids}}}


def _computed_outputs(type_: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the outputs that a cloud adds to these inputs. `name` is a generated name, unless the program sets it."""
    name = inputs["name"]
    match type_:
        case "azure-native:managedidentity:UserAssignedIdentity":
            return {"name": inputs.get("resourceName", name), **MANAGED_IDENTITY}
        case "azure-native:dbforpostgresql:Server":
            server = inputs.get("serverName", name)
            return {"name": server, "fullyQualifiedDomainName": f"{server}.postgres.database.azure.com"}
        case "azure-native:network:PrivateEndpoint":
            return {"name": inputs.get("privateEndpointName", name)}
        case "gcp:serviceaccount/account:Account":
            project = inputs.get("project", _GOOGLE["project"])
            return {"project": project, "email": account_email(inputs["accountId"], project)}
        case "gcp:sql/databaseInstance:DatabaseInstance":
            project, region = inputs.get("project", _GOOGLE["project"]), inputs.get("region", _GOOGLE["region"])
            return {
                "project": project,
                "region": region,
                "connectionName": f"{project}:{region}:{name}",
                "selfLink": f"https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{name}",
                "serviceAccountEmailAddress": "p1-a1b2@gcp-sa-cloud-sql.iam.gserviceaccount.com",
                "pscServiceAttachmentLink": f"projects/a1b2-tp/regions/{region}/serviceAttachments/a-1-psc",
                "publicIpAddress": "203.0.113.7",
                "privateIpAddress": "10.1.2.3",
                "dnsName": f"a1b2.c3d4.{region}.sql.goog.",
            }
        case _:
            return {}


def run(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    mocks: Mocks | None = None,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    secret_config: Mapping[str, str] | None = None,
    project: str = "project",
    stack: str = "dev",
) -> Run:
    """Runs `program` as Pulumi would and resolves the outputs that it returns or exports.

    `preview` makes the values that a provider would choose unknown. `config` and `secret_config` are the stack's
    configuration, with the project's name as the default namespace. `transforms` are applied; hooks are recorded, not
    run. Raises what the program raises, also inside `apply`, and NotImplementedError for an option that only the engine
    can honour.

    The program runs in its own thread with a copy of the context: the caller's event loop, Pulumi settings and
    environment variables do not change, and `run` may be called inside a running loop.
    """
    result = Run()
    answers = mocks or Mocks()
    qualified = {
        key if ":" in key else f"{project}:{key}": value
        for key, value in {**(config or {}), **(secret_config or {})}.items()
    }
    secret_keys = [key if ":" in key else f"{project}:{key}" for key in secret_config or {}]

    def run_on_loop(loop: asyncio.AbstractEventLoop) -> None:
        settings.reset_options()
        settings.ROOT.set(None)
        monitor = RecordingMonitor(answers, result)
        pulumi.runtime.set_mocks(answers, project=project, stack=stack, preview=preview, monitor=monitor)
        pulumi.runtime.set_all_config(qualified, secret_keys)

        async def resolve() -> None:
            returned = program() or {}
            exported: Any = settings.get_root_resource()
            outputs: dict[str, Any] = {**(exported.outputs if exported else {}), **returned}
            for key, value in outputs.items():
                output = await _deeply_resolved(value)
                result.outputs[key] = Resolved(await output.future(), await output.is_known(), await output.is_secret())

        try:
            pulumi.runtime.test(resolve)()
        finally:
            # Cancel tasks that a failed program left behind: the garbage collector would warn about them.
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    context = contextvars.copy_context()
    with _errors_for_formatted_outputs(), _without_garbage_collection(), ThreadPoolExecutor(1) as thread:
        thread.submit(context.run, _with_event_loop, run_on_loop).result()
    return result


async def _deeply_resolved(value: Any) -> pulumi.Output[Any]:
    """Returns an Output whose value holds no Outputs.

    `from_input` does so too, but it creates an Output for every plain value in a map.
    """
    if isinstance(value, pulumi.Output):
        output = cast("pulumi.Output[Any]", value)
        if _is_plain(await output.future(with_unknowns=True)):
            return output
    return pulumi.Output.from_input(cast(Any, value))


def _is_plain(value: Any) -> bool:
    if is_map(value):
        return all(map(_is_plain, (*value, *value.values())))
    if is_list(value):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _with_event_loop(work: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    """Runs `work` on an event loop of this thread, with one worker thread: the order of registrations is then fixed."""
    loop = asyncio.new_event_loop()
    # The first failure is raised; those that follow from it would only repeat it on standard error.
    loop.set_exception_handler(lambda _loop, _context: None)
    worker = ThreadPoolExecutor(1, initializer=lambda: asyncio.set_event_loop(asyncio.new_event_loop()))
    loop.set_default_executor(worker)
    asyncio.set_event_loop(loop)
    try:
        work(loop)
    finally:
        worker.submit(lambda: asyncio.get_event_loop().close()).result()
        worker.shutdown()
        loop.close()
        asyncio.set_event_loop(None)


@contextmanager
def _errors_for_formatted_outputs() -> Generator[None]:
    """Makes it an error to format an Output into a string, where Pulumi would put a warning into the string."""
    name = "PULUMI_ERROR_OUTPUT_STRING"
    before = os.environ.get(name)
    os.environ[name] = "true"
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _without_garbage_collection() -> Generator[None]:
    """Switches the garbage collector off: with the many objects of Pulumi's SDK it would take half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# Fields of a transform's options, and the fields of the registration that they correspond to.
_OPTIONS = {
    "additional_secret_outputs": "additionalSecretOutputs",
    "aliases": "aliases",
    "custom_timeouts": "customTimeouts",
    "delete_before_replace": "deleteBeforeReplace",
    "deleted_with": "deletedWith",
    "depends_on": "dependencies",
    "hide_diff": "hideDiffs",
    "hooks": "hooks",
    "ignore_changes": "ignoreChanges",
    "import": "importId",
    "plugin_download_url": "pluginDownloadURL",
    "protect": "protect",
    "provider": "provider",
    "providers": "providers",
    "replace_on_changes": "replaceOnChanges",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
    "retain_on_delete": "retainOnDelete",
    "version": "version",
}


class RecordingMonitor(mocks.MockMonitor):
    """Answers a program in place of the engine, applies its transforms, and records what it registers."""

    def __init__(self, answers: Mocks, result: Run) -> None:
        super().__init__(answers)
        self._result = result
        self._stack_callbacks: list[Any] = []
        # By URN: the resource's own transforms and those of all its parents, nearest first.
        self._callbacks: dict[str, list[Any]] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Returns the engine's URN, with the types of all parents; the SDK's mocks keep the last one only."""
        parent_type = parent.split("::")[2] if parent else "pulumi:pulumi:Stack"
        qualified_type = type_ if parent_type == "pulumi:pulumi:Stack" else f"{parent_type}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified_type}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self._callbacks:
            raise AssertionError(f"registered twice: {urn}")
        self._callbacks[urn] = [*request.transforms, *self._callbacks.get(request.parent, [])]
        if request.type == "pulumi:pulumi:Stack":
            return super().RegisterResource(request)
        request = self._transformed(request, [*self._callbacks[urn], *self._stack_callbacks])
        _refuse_engine_only_options(request)
        response = super().RegisterResource(request)
        inputs = rpc.deserialize_properties(request.object)
        secret = frozenset(key for key, value in inputs.items() if rpc.is_rpc_secret(value))
        plain = {key: rpc.unwrap_rpc_secret(value) for key, value in inputs.items()}
        self._result.resources.append(Registration(request.type, request.name, plain, secret, request))
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._result.component_outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)

    def RegisterStackTransform(self, request: Any) -> Any:
        self._stack_callbacks.append(request)
        return super().RegisterStackTransform(request)

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        raise NotImplementedError(f"transforms of function calls need the real engine: {request}")

    def _transformed(self, request: Any, callbacks: Sequence[Any]) -> Any:
        """Returns the registration after its transforms, which are called as the engine calls them: over gRPC."""
        for callback in callbacks:
            options = resource_pb2.TransformResourceOptions()
            for option, field_ in _OPTIONS.items():
                _copy(request, field_, options, option)
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=options,
            )
            with grpc.insecure_channel(callback.target) as channel:
                invocation = callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString())
                stub = cast(Any, callback_pb2_grpc.CallbacksStub(channel))
                answer: callback_pb2.CallbackInvokeResponse = stub.Invoke(invocation)
            transformed = resource_pb2.TransformResponse.FromString(answer.response)
            changed = resource_pb2.RegisterResourceRequest()
            changed.CopyFrom(request)
            changed.object.CopyFrom(transformed.properties)
            if transformed.HasField("options"):
                for option, field_ in _OPTIONS.items():
                    _copy(transformed.options, option, changed, field_)
            request = changed
        return request


def _refuse_engine_only_options(request: Any) -> None:
    """Raises an error for an option that would have no effect here, so that a test cannot pass without it."""
    engine_only = {
        "import_": bool(request.importId),
        "state_migrations": bool(request.state_migrations),
        "hooks of a component": not request.custom and bool(request.hooks.ListFields()),
    }
    for option, given in engine_only.items():
        if given:
            raise NotImplementedError(f"{request.type} {request.name}: the option {option} needs the real engine")


def _copy(source: Message, field_: str, target: Message, target_field: str) -> None:
    """Copies a field from source to target; an unset field is cleared."""
    target.ClearField(target_field)
    for descriptor, value in source.ListFields():
        if descriptor.name != field_:
            continue
        if isinstance(value, Message):
            getattr(target, target_field).CopyFrom(value)
        elif isinstance(value, str | bool):
            setattr(target, target_field, value)
        elif isinstance(value, Mapping):
            getattr(target, target_field).update(value)
        else:
            getattr(target, target_field).extend(value)
