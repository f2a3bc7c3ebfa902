"""Checks before the container is created that its volume and port are free, and afterwards that the login works.

The checks run as resource hooks: never in a preview, and not under mocks.
"""

import asyncio
import shlex
from collections.abc import Mapping
from typing import Any, NoReturn

import pulumi

from ..error_hooks import unique_hook_name
from ..login import LoginError, log_in
from .engine import Engine, RunningContainer, engine_of

# Seconds. A container that is healthy answers at once; Docker's own proxy may need a moment more.
_LOGIN_TIMEOUT = 10.0


def container_hooks(name: str, owner: str, component: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """Returns the container's hooks: one refuses a volume or port that is in use, one explains a failed creation."""

    async def check(container: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(
            refuse_conflicts, await engine_of(component), name, owner, await _plain(container.new_inputs)
        )

    async def explain(failure: pulumi.ErrorHookArgs) -> bool:
        explanation = await asyncio.to_thread(
            explain_failure, await engine_of(component), owner, failure.errors[0], await _plain(failure.new_inputs)
        )
        if explanation:
            pulumi.log.error(f'LocalPostgres "{name}": {explanation}')
        return False

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(unique_hook_name(f"{name}-not-taken"), check)],
        on_error=[pulumi.ErrorHook(unique_hook_name(f"{name}-why-it-failed"), explain)],
    )


def login_hooks(name: str, component: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """Returns the hooks of the login record, which is written only after the program has logged in."""

    async def prove(record: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(
            prove_login, await engine_of(component), name, (await _plain(record.new_inputs))["input"]
        )

    hook = pulumi.ResourceHook(unique_hook_name(f"{name}-login"), prove)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


async def _plain(inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Returns a hook's inputs with their secrets as plain values: the SDK hands them over as Outputs."""
    return await pulumi.Output.from_input(inputs or {}).future() or {}


def refuse_conflicts(engine: Engine, name: str, owner: str, container: Mapping[str, Any]) -> None:
    """Raises an error if another container uses the volume or the port.

    The entrypoint's lock on the volume protects the data even without this check.
    """
    for volume in container.get("volumes", []):
        for found in engine.running_containers(volume=volume["volumeName"]):
            if found.is_postgres and volume["volumeName"] in found.volumes:
                _fail(
                    name,
                    f"container {found} runs PostgreSQL on the volume {volume['volumeName']}. Two servers on one "
                    f"volume destroy its data, so no second one was started. "
                    f"{_remedy(found, owner, 'Use another `volume`')}",
                )
    for port in container.get("ports", []):
        for found in engine.running_containers(publish=str(int(port["external"]))):
            _fail(name, f"container {found} has port {port['external']:g}. {_remedy(found, owner, _ANOTHER_PORT)}")


_ANOTHER_PORT = "Choose another `port`"


# Removing the container, as if it belonged to something else, would let the next `pulumi up` delete the volume.
_MOVED = (
    "If it is this component under its former name or parent, name that in the resource option `aliases`, and the data "
    "stays: without it, `pulumi up` deletes the stack's old volume."
)


def _remedy(found: RunningContainer, owner: str, alternative: str) -> str:
    if found.owner == owner:
        return (
            "It is left from an interrupted `pulumi up` of this stack, or belongs to the same stack of another "
            f"checkout. If it is not needed, remove it, which keeps its volume: `{found.removal_command}`. {_MOVED} "
            f"Otherwise: {alternative.lower()}. Then run `pulumi up` again."
        )
    if found.owner and found.owner.partition(" of stack ")[2] == owner.partition(" of stack ")[2]:
        return f"It belongs to this stack. {_MOVED} Otherwise: {alternative.lower()}. Then run `pulumi up` again."
    return (
        f"{alternative}, or stop that container, which keeps its volume: `docker stop {found.name}`. "
        "Then run `pulumi up` again."
    )


def explain_failure(engine: Engine, owner: str, error: str, inputs: Mapping[str, Any]) -> str | None:
    """Returns an explanation that the provider's error lacks; None if the engine has none."""
    if "address already in use" in error or "port is already allocated" in error:
        for port in inputs.get("ports", []):
            for found in engine.running_containers(publish=str(int(port["external"]))):
                return f"container {found} has port {port['external']:g}. {_remedy(found, owner, _ANOTHER_PORT)}"
            return (
                f"a program other than Docker's containers has port {port['external']:g} on the machine with the "
                f"engine. Stop it, or choose another `port`; then run `pulumi up` again. To see which one it is: "
                f"`ss -ltnp sport = :{port['external']:g}`, on a Mac `lsof -nP -iTCP:{port['external']:g}`."
            )
    if "healthy" in error and (said := engine.state_and_log(inputs.get("name", ""))):
        status, log = said
        return f"container {inputs['name']} never accepted a login ({status}). The end of its log:\n{log}"
    return None


def prove_login(engine: Engine, name: str, record: Mapping[str, Any]) -> None:
    """Raises an error if the program cannot log in with the values that Backstage gets.

    It cannot connect to a container on a Docker network. There the container's health check counts, which logs in too.
    """
    if record["network"]:
        if engine.is_healthy(record["container"]) is False:
            _fail(
                name,
                f"container {record['name']} does not accept a login. Find the cause with "
                f"`docker logs {record['name']}`, then have it recreated: `pulumi up --replace '**::{name}-postgres'`.",
            )
        return
    try:
        log_in(record["host"], int(record["port"]), record["user"], record["password"], timeout=_LOGIN_TIMEOUT)
    except LoginError as error:
        # This program cannot send such a password, but the health check has logged in with it.
        if error.reason != "unsupported":
            _fail(name, f"{error} {_login_advice(engine, name, error, record)}")


def _login_advice(engine: Engine, name: str, error: LoginError, record: Mapping[str, Any]) -> str:
    machine = engine.other_machine
    if machine and error.reason != "password":
        forward = f"ssh -N -L {record['port']:g}:127.0.0.1:{record['port']:g} {machine}"
        return (
            f"The Docker engine is on another machine, {engine.host}, and so is the database. Backstage reaches it "
            f"through a tunnel, `{forward}`, or at an address of that machine: set `host_address` to it. "
            "Then run `pulumi up` again."
        )
    return (
        f"Its container is {record['name']}: see `docker logs {record['name']}`. Start it if it is stopped: "
        f"`docker start {record['name']}`; or have it recreated: "
        f"`pulumi up --replace {shlex.quote(f'**::{name}-postgres')}`."
    )


def _fail(name: str, why: str) -> NoReturn:
    raise pulumi.RunError(f'LocalPostgres "{name}": {why}')
