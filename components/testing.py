"""Runs a Pulumi program against mocks, for unit tests of programs that use these components, and of the components.

    from components.testing import run

    def program():
        database = LocalPostgres("db", {"port": 5433})
        return {"block": database.database_config}

    def test_backstage_is_told_the_port():
        assert run(program)["block"].value["connection"]["port"] == 5433

No engine, no network, no Docker. Each run has an event loop and one worker thread of its own and closes both, so that
runs neither see each other nor leave anything behind.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc, settings

from .cloud_sql.validation import account_email

# Turns an Output formatted into a string, otherwise a warning text as the value, into an error.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"


@dataclass(frozen=True)
class Resolved:
    """What became of an output: its value, whether it is known (in a preview it may not be), whether it is secret."""

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

    outputs: dict[str, Resolved] = field(default_factory=dict)
    resources: list[Registration] = field(default_factory=list)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each component registered as its outputs, by URN."""

    def __getitem__(self, output: str) -> Resolved:
        return self.outputs[output]

    def resource(self, type_: str, name: str | None = None) -> Registration:
        """The only resource of that type, such as docker:index/container:Container, or that type and name."""
        found = [resource for resource in self.resources if resource.type == type_ and name in (None, resource.name)]
        if len(found) != 1:
            registered = ", ".join(f"{resource.type} {resource.name}" for resource in self.resources) or "none"
            raise LookupError(f"{len(found)} resources of type {type_}, not 1; the program registered: {registered}")
        return found[0]


MANAGED_IDENTITY = {
    "principalId": "00000000-0000-0000-0000-000000000001",
    "clientId": "00000000-0000-0000-0000-000000000002",
    "tenantId": "00000000-0000-0000-0000-00000000000a",
}
"""What Azure makes of a managed identity, here."""

LOGINS: Mapping[str, Mapping[str, Any]] = {
    "azure-native:authorization:getClientConfig": {"tenantId": "00000000-0000-0000-0000-00000000000b"},
    "gcp:organizations/getClientConfig:getClientConfig": {"project": "portal-123", "region": "europe-west1"},
}
"""Whom the providers are logged in as, here."""


class Mocks(mocks.Mocks):
    """Answers like providers that accept everything, and decides what the clouds would. Derive from it for other answers."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:index:Stash":
            return f"{args.name}-id", {**args.inputs, "output": args.inputs["input"]}
        if pulumi.runtime.is_dry_run():
            return "", dict(args.inputs)
        inputs = {key: rpc.unwrap_rpc_secret(value) for key, value in args.inputs.items()}
        return f"{args.name}-id", {"name": f"{args.name}-0000000", **args.inputs, **_decided(args.typ, inputs)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token not in LOGINS:
            raise NotImplementedError(f"the program calls {args.token}: derive from Mocks and answer it")
        return dict(LOGINS[args.token]), []


def _decided(type_: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a cloud adds to these inputs."""
    match type_:
        case "azure-native:managedidentity:UserAssignedIdentity":
            return {"name": inputs["resourceName"], **MANAGED_IDENTITY}
        case "azure-native:dbforpostgresql:Server":
            name = inputs["serverName"]
            return {"name": name, "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com"}
        case "azure-native:network:PrivateEndpoint":
            return {"name": inputs["privateEndpointName"]}
        case "gcp:serviceaccount/account:Account":
            return {"email": account_email(inputs["accountId"], inputs["project"])}
        case "gcp:sql/databaseInstance:DatabaseInstance":
            return {
                "connectionName": f"{inputs['project']}:{inputs['region']}:{inputs['name']}",
                "selfLink": f"https://sqladmin.googleapis.com/sql/v1beta4/projects/{inputs['project']}/instances/{inputs['name']}",
                "serviceAccountEmailAddress": "p1-a1b2@gcp-sa-cloud-sql.iam.gserviceaccount.com",
                "pscServiceAttachmentLink": f"projects/a1b2-tp/regions/{inputs['region']}/serviceAttachments/a-1-psc",
                "publicIpAddress": "203.0.113.7",
                "privateIpAddress": "10.1.2.3",
                "dnsName": f"a1b2.c3d4.{inputs['region']}.sql.goog.",
            }
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

    `preview` makes what a provider would decide unknown. `config` and `secret_config` are the stack's configuration,
    with the project's name as the default namespace. Raises what the program raises, also inside `apply`.
    """
    result = Run()
    answers = mocks or Mocks()
    loop = asyncio.new_event_loop()
    # The first failure is raised below; those that follow from it would only repeat it on standard error.
    loop.set_exception_handler(lambda _loop, _context: None)
    worker = ThreadPoolExecutor(1, initializer=lambda: asyncio.set_event_loop(asyncio.new_event_loop()))
    loop.set_default_executor(worker)
    asyncio.set_event_loop(loop)
    settings.reset_options()
    pulumi.runtime.set_mocks(
        answers, project=project, stack=stack, preview=preview, monitor=RecordingMonitor(answers, result)
    )
    qualified = {
        key if ":" in key else f"{project}:{key}": value
        for key, value in {**(config or {}), **(secret_config or {})}.items()
    }
    secret_keys = [key if ":" in key else f"{project}:{key}" for key in secret_config or {}]
    pulumi.runtime.set_all_config(qualified, secret_keys)

    async def resolve() -> None:
        returned = program() or {}
        exported = settings.get_root_resource()
        for key, value in {**(exported.outputs if exported else {}), **returned}.items():  # pyright: ignore[reportAttributeAccessIssue]
            output = pulumi.Output.from_input(value)
            result.outputs[key] = Resolved(await output.future(), await output.is_known(), await output.is_secret())

    gc.disable()  # Pulumi's SDK makes so many objects that collecting them would take half of the time.
    try:
        pulumi.runtime.test(resolve)()
    finally:
        gc.enable()
        # What a failed program left behind ends here, and not in a warning of the garbage collector.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        worker.submit(lambda: asyncio.get_event_loop().close()).result()
        worker.shutdown()
        loop.close()
        asyncio.set_event_loop(None)
    return result


class RecordingMonitor(mocks.MockMonitor):
    """Answers a program in the engine's place and notes what the program registers."""

    def __init__(self, answers: Mocks, result: Run) -> None:
        super().__init__(answers)
        self._result = result
        self._urns: set[str] = set()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN that the engine makes, with the types of all parents; the SDK's mocks keep the last one only."""
        parent_type = parent.split("::")[2] if parent else "pulumi:pulumi:Stack"
        qualified_type = type_ if parent_type == "pulumi:pulumi:Stack" else f"{parent_type}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified_type}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        if response.urn in self._urns:
            raise AssertionError(f"registered twice: {response.urn}")
        self._urns.add(response.urn)
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object)
            secret = frozenset(key for key, value in inputs.items() if rpc.is_rpc_secret(value))
            plain = {key: rpc.unwrap_rpc_secret(value) for key, value in inputs.items()}
            self._result.resources.append(Registration(request.type, request.name, plain, secret, request))
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._result.component_outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)
