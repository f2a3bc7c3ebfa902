"""Waits while Azure is busy with a server or an identity, and gives advice on errors that only the user can fix."""

import asyncio
import functools
import re
from collections.abc import Sequence

import pulumi

from .. import error_hooks

# Azure's errors while it works on a server: hashicorp/terraform-provider-azurerm#19953, Azure/azure-postgresql#134 and
# Azure/azure-postgresql#127.
_BUSY_CODES = ("ServerIsBusy", "ServerBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible")
# Azure's errors while another credential of an identity is written (Microsoft Entra Workload ID, considerations for
# federated identity credentials). The credentials of one component wait for each other, but others may write too.
_BUSY_IDENTITY_CODES = (
    "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
    "Concurrent write request to federated identity credential",
)
_BUSY_MAX_RETRIES = 20
BUSY_RETRY_DELAY_SECONDS = 15
# An update deletes a lock and the resources under it at the same time, and Azure takes a moment to forget the lock.
_LOCK_MAX_RETRIES = 4

# What to do about other refusals, by a pattern in Azure's error.
_ADVICE = {
    r"StorageSize(Decrease|Reduction)Not": (
        "the storage of the server is larger than storage_gb (storageGb): Azure has grown it, and it never shrinks. "
        "Set the argument to the size that the server has now, which `az postgres flexible-server show --query "
        "storage.storageSizeGb` prints, or to a larger one."
    ),
    r"Issuer and subject combination already exists": (
        "the identity has a federated credential under another name that trusts this service account in this cluster. "
        "If the cluster had another name in kubernetes_oidc_issuers (kubernetesOidcIssuers): leave it out, run `pulumi "
        "up`, and set it again. Otherwise somebody else has created the credential: `az identity federated-credential "
        "list` shows it."
    ),
    r"ScopeLocked": (
        "a CanNotDelete lock is on the server, and Azure refuses to delete or replace what belongs to it. If it is the "
        "one of delete_lock (deleteLock): leave that out, run `pulumi up`, make this change, and set it again."
    ),
}


def retry_hooks(
    name: str, component: pulumi.Resource, created: Sequence[pulumi.CustomResource], *, locked: bool
) -> pulumi.ResourceHookBinding:
    """Returns the hooks for all resources of the AzurePostgres `name`. `created` lists them in the order of creation.

    With `locked` the server is to have a lock, so no retry waits for the lock to go.
    """
    wait = functools.partial(wait_while_busy, created=created, locked=locked)
    return error_hooks.error_hook(f"AzurePostgres {name}: wait while the server is busy", wait, component)


async def wait_while_busy(
    component: pulumi.Resource,
    failure: pulumi.ErrorHookArgs,
    created: Sequence[pulumi.CustomResource] = (),
    locked: bool = True,
) -> bool:
    """Returns whether to retry: only while Azure is busy with the server or identity, and not indefinitely."""
    error = failure.errors[0]
    if "ScopeLocked" in error and not locked and len(failure.errors) <= _LOCK_MAX_RETRIES:
        return await error_hooks.wait_and_retry(
            failure,
            waiting_for="the server's lock to go",
            timeout_message="the lock was still there",
            max_retries=_LOCK_MAX_RETRIES,
            seconds=BUSY_RETRY_DELAY_SECONDS,
        )
    if existing := re.search(r"cannot create already existing resource '([^']+)'", error):
        owner = await _owner_of(existing[1], failure.name, created)
        if owner is None:
            await error_hooks.log_import_commands(failure, existing[1], component, "Azure")
        else:
            pulumi.log.warn(
                f"{failure.name} is the same object in Azure as {owner} in this stack: two arguments name one thing. "
                "Leave one of them out. Do not import it."
            )
    error_hooks.log_advice(failure, _ADVICE)
    busy = _busy(error)
    if busy is None:
        return False
    what, code = busy
    return await error_hooks.wait_and_retry(
        failure,
        waiting_for=f"the {what}, which is busy ({code})",
        timeout_message=f"the {what} was still busy ({code})",
        max_retries=_BUSY_MAX_RETRIES,
        seconds=BUSY_RETRY_DELAY_SECONDS,
    )


async def _owner_of(id_: str, name: str, created: Sequence[pulumi.CustomResource]) -> str | None:
    """Returns the resource of this component, among those created before `name`, that has the id; None without one."""
    for resource in created:
        other = resource.pulumi_resource_name
        if other == name:
            return None
        try:
            # The id of an existing resource is known at once; that of one that waits for `name` never will be.
            known = await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(resource.id.future())), 1)
        except asyncio.TimeoutError:
            return None
        if str(known).lower() == id_.lower():
            return other
    return None


def _busy(error: str) -> tuple[str, str] | None:
    """Returns what is busy, server or identity, and Azure's error code; None if nothing is."""
    if error_hooks.is_partial_failure(error):
        return None
    for what, codes in (("server", _BUSY_CODES), ("identity", _BUSY_IDENTITY_CODES)):
        for code in codes:
            if code in error:
                return what, code
    return None
