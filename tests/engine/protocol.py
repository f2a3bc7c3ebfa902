"""Operates a simulated provider by the engine's own protocol, but without the engine: hundreds of deployments a minute.

    deployment = Deployment(simulated)
    assert deployment.up(run(program).resources) == ["create db-instance", "create db-database"]
    assert deployment.up(run(program).resources) == []
    assert deployment.refresh() == []

It does what the engine does with each resource, in the order of the program: Check, then Create, or Diff and Update. A
replacement is reported and not done. `ignoreChanges` and `replaceOnChanges` are honoured for top-level inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from components.testing import Registration

from .simulated_provider import plain, struct


class RefusedError(AssertionError):
    """The provider, or the cloud behind it, refused a request."""


class _Context:
    """What a gRPC method is handed: aborting a request raises here."""

    def abort(self, _code: object, details: str) -> NoReturn:
        raise RefusedError(details)

    def abort_with_status(self, status: Any) -> NoReturn:
        raise RefusedError(status.details)


@dataclass
class _Resource:
    urn: str
    id: str
    inputs: struct_pb2.Struct
    outputs: struct_pb2.Struct


class Deployment:
    """A stack's state, of the resources of one package."""

    def __init__(self, provider: Any, package: str) -> None:
        self._provider = provider
        self._package = package
        self._state: dict[str, _Resource] = {}

    def up(self, registrations: Sequence[Registration]) -> list[str]:
        """Creates, updates and deletes; returns what was done, such as `update db-instance: settings.tier`."""
        wanted = {
            f"urn:pulumi:dev::p::{one.type}::{one.name}": one
            for one in registrations
            if one.type.startswith(f"{self._package}:")
        }
        done = [change for urn, one in wanted.items() for change in self._apply(urn, one)]
        for urn in [urn for urn in reversed(self._state) if urn not in wanted]:
            gone = self._state.pop(urn)
            request = provider_pb2.DeleteRequest(id=gone.id, urn=urn, properties=gone.outputs)
            self._provider.Delete(request, _Context())
            done.append(f"delete {_name(urn)}")
        return done

    def refresh(self) -> list[str]:
        """Reads everything; returns the names of resources whose inputs are no longer what the program said."""
        changed: list[str] = []
        for urn, one in self._state.items():
            request = provider_pb2.ReadRequest(id=one.id, urn=urn, properties=one.outputs, inputs=one.inputs)
            found = self._provider.Read(request, _Context())
            before, now = plain(one.inputs), plain(found.inputs)
            if not found.id or now != {key: before[key] for key in now}:
                changed.append(_name(urn))
            one.outputs = found.properties
        return changed

    def _apply(self, urn: str, registration: Registration) -> list[str]:
        old = self._state.get(urn)
        inputs = struct(registration.inputs)
        for path in registration.options.ignoreChanges if old else []:
            if old and path in old.inputs:
                inputs.fields[path].CopyFrom(old.inputs.fields[path])
        checked = self._provider.Check(
            provider_pb2.CheckRequest(urn=urn, olds=old.inputs if old else None, news=inputs, randomSeed=b"0123456789"),
            _Context(),
        )
        if checked.failures:
            raise RefusedError("; ".join(failure.reason for failure in checked.failures))
        if old is None:
            made = self._provider.Create(provider_pb2.CreateRequest(urn=urn, properties=checked.inputs), _Context())
            self._state[urn] = _Resource(urn, made.id, checked.inputs, made.properties)
            return [f"create {_name(urn)}"]
        diff = self._provider.Diff(
            provider_pb2.DiffRequest(id=old.id, urn=urn, olds=old.outputs, news=checked.inputs, old_inputs=old.inputs),
            _Context(),
        )
        if diff.changes != provider_pb2.DiffResponse.DIFF_SOME:
            old.inputs = checked.inputs
            return []
        replaces = {*diff.replaces, *(set(diff.detailedDiff) & set(registration.options.replaceOnChanges))}
        if replaces:
            return [f"replace {_name(urn)}: {', '.join(sorted(replaces))}"]
        updated = self._provider.Update(
            provider_pb2.UpdateRequest(
                id=old.id, urn=urn, olds=old.outputs, news=checked.inputs, old_inputs=old.inputs
            ),
            _Context(),
        )
        self._state[urn] = _Resource(urn, old.id, checked.inputs, updated.properties)
        return [f"update {_name(urn)}: {', '.join(sorted(diff.detailedDiff))}"]


def _name(urn: str) -> str:
    return urn.split("::")[-1]
