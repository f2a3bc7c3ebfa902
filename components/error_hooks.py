"""What to do when a cloud refuses: wait where it only needs time, and explain where only its user can help."""

import asyncio
import functools
import shlex
from collections.abc import Awaitable, Callable

import pulumi


def error_hook(
    name: str, wait: Callable[[pulumi.Resource, pulumi.ErrorHookArgs], Awaitable[bool]], component: pulumi.Resource
) -> pulumi.ResourceHookBinding:
    """For the `hooks` of the component's resources: `wait` says of each failure whether to try again."""
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(name, functools.partial(wait, component))])


def is_partial_failure(error: str) -> bool:
    """Whether the object exists although its creation failed, by the engine's words: created again, it would be lost."""
    return error.startswith("1 error occurred")


async def wait_and_retry(
    failure: pulumi.ErrorHookArgs, *, waiting_for: str, timeout_message: str, max_retries: int, seconds: float
) -> bool:
    """Waits and says what for; after that many tries says so and gives up, with the cloud's own error left to be seen."""
    failed = len(failure.errors)
    if failed > max_retries:
        pulumi.log.warn(
            f"{failure.name}: {timeout_message} after {max_retries} more tries. "
            "What exists so far is kept; `pulumi up` continues from there."
        )
        return False
    pulumi.log.info(f"{failure.name}: waiting {seconds} s for {waiting_for}; then try {failed} of {max_retries}.")
    await asyncio.sleep(seconds)
    return True


async def log_import_commands(failure: pulumi.ErrorHookArgs, id_: str, component: pulumi.Resource, cloud: str) -> None:
    """Prints the commands that take an object into the stack which a killed run has left in the cloud."""
    parent = f"component={await component.urn.future()}"
    pulumi.log.warn(
        f"{failure.name} exists in {cloud} but not in this stack, as after a run that was killed. If it is yours, take "
        "it over, and then run `pulumi up` again:\n"
        f"pulumi import {failure.type} {shlex.quote(failure.name)} {shlex.quote(id_)} "
        f"--parent {shlex.quote(parent)} --protect=false --generate-code=false\n"
        "pulumi refresh --clear-pending-creates"
    )
