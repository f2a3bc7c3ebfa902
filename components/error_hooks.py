"""Retries transient errors, and logs how to import resources that an interrupted update left behind."""

import asyncio
import functools
import re
import shlex
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakKeyDictionary

import pulumi

# How often each hook name was used, by the program's root resource. A component in its own process has no root.
_names_by_program: WeakKeyDictionary[pulumi.Resource, Counter[str]] = WeakKeyDictionary()
_names_without_root: Counter[str] = Counter()


def unique_hook_name(name: str) -> str:
    """Returns `name` when a program first uses it; after that `name (2)`, `name (3)` and so on.

    The engine accepts each name once, but components with the same name may have different parents. The result is the
    same in every run, because a delete finds its hook by the name in the state.
    """
    root = pulumi.runtime.get_root_resource()
    names = _names_without_root if root is None else _names_by_program.setdefault(root, Counter())
    names[name] += 1
    return name if names[name] == 1 else f"{name} ({names[name]})"


def error_hook(
    name: str, wait: Callable[[pulumi.Resource, pulumi.ErrorHookArgs], Awaitable[bool]], component: pulumi.Resource
) -> pulumi.ResourceHookBinding:
    """Returns a binding for the `hooks` of the component's resources; `wait` decides whether a failure is retried."""
    hook = pulumi.ErrorHook(unique_hook_name(name), functools.partial(wait, component))
    return pulumi.ResourceHookBinding(on_error=[hook])


def is_partial_failure(error: str) -> bool:
    """Returns whether the engine says that the resource exists despite the error. A retry would orphan it."""
    return error.startswith("1 error occurred")


async def wait_and_retry(
    failure: pulumi.ErrorHookArgs, *, waiting_for: str, timeout_message: str, max_retries: int, seconds: float
) -> bool:
    """Logs the reason, waits, and returns True for a retry; returns False after `max_retries`."""
    failed = len(failure.errors)
    if failed > max_retries:
        pulumi.log.warn(
            f"{failure.name}: {timeout_message} after {max_retries} retries. "
            "What exists so far is kept; `pulumi up` continues from there."
        )
        return False
    pulumi.log.info(f"{failure.name}: waiting {seconds} s for {waiting_for}; then retry {failed} of {max_retries}.")
    await asyncio.sleep(seconds)
    return True


def log_advice(failure: pulumi.ErrorHookArgs, advice: Mapping[str, str]) -> None:
    """Logs what to do about a refusal. `advice` maps patterns in the cloud's error to the advice."""
    for pattern, what_to_do in advice.items():
        if re.search(pattern, failure.errors[0]):
            pulumi.log.warn(f"{failure.name}: {what_to_do}")


async def log_import_commands(failure: pulumi.ErrorHookArgs, id_: str, component: pulumi.Resource, cloud: str) -> None:
    """Logs the commands that import an object that an interrupted update left in the cloud."""
    parent = f"component={await component.urn.future()}"
    pulumi.log.warn(
        f"{failure.name} exists in {cloud} but not in this stack, as after an interrupted update. If it is yours, "
        "import it, and then run `pulumi up` again:\n"
        f"pulumi import {failure.type} {shlex.quote(failure.name)} {shlex.quote(id_)} "
        f"--parent {shlex.quote(parent)} --protect=false --generate-code=false\n"
        "pulumi refresh --clear-pending-creates"
    )
