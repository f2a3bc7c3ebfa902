"""Waits while Azure is busy with a server, and says what to do about an object that exists already."""

import re

import pulumi

from .. import error_hooks

# hashicorp/terraform-provider-azurerm#19953, Azure/azure-postgresql#134 and #127: Azure's answers while it still works
# on a server.
BUSY_CODES = ("ServerIsBusy", "ServerBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible")
BUSY_MAX_RETRIES = 20
BUSY_RETRY_DELAY_SECONDS = 15


def retry_hooks(name: str, component: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """Returns the hooks for everything that the AzurePostgres `name` creates."""
    return error_hooks.error_hook(f"AzurePostgres {name}: wait while the server is busy", wait_while_busy, component)


async def wait_while_busy(component: pulumi.Resource, failure: pulumi.ErrorHookArgs) -> bool:
    """Returns whether to try again: only while Azure is busy with the server, and not indefinitely."""
    error = failure.errors[0]
    if existing := re.search(r"cannot create already existing resource '([^']+)'", error):
        await error_hooks.log_import_commands(failure, existing[1], component, "Azure")
    code = _busy_code(error)
    if code is None:
        return False
    return await error_hooks.wait_and_retry(
        failure,
        waiting_for=f"the server, which is busy ({code})",
        timeout_message=f"the server was still busy ({code})",
        max_retries=BUSY_MAX_RETRIES,
        seconds=BUSY_RETRY_DELAY_SECONDS,
    )


def _busy_code(error: str) -> str | None:
    if error_hooks.is_partial_failure(error):
        return None
    return next((code for code in BUSY_CODES if code in error), None)
