"""Retries transient errors of Google Cloud, and logs how to import what an interrupted update left there."""

import re
from collections.abc import Mapping
from typing import Any

import pulumi

from .. import error_hooks
from .principals import account_email

# Errors that last only for a moment, by their pattern. Google's services, and Cloud SQL in its own words, do not know a
# new service account at first (GoogleCloudPlatform/terraform-google-three-tier-web-app#149); a new instance does not
# accept users at first (hashicorp/terraform-provider-google#14233).
_TRANSIENT_ERRORS = {
    r"(Service account|CLOUD_IAM_SERVICE_ACCOUNT:) \S+ does not exist": (
        "the service account, which Google does not know everywhere yet"
    ),
    r'role "cloudsqliam\w+" does not exist': "the instance, which does not accept IAM users yet",
}
# What to do about other refusals, by a pattern in Google's error.
_ADVICE = {
    r"Identity Pool does not exist": (
        "Google creates the workload identity pool PROJECT.svc.id.goog with the first GKE cluster of PROJECT that has "
        "Workload Identity Federation. If the cluster is in another project, name its pool by workload_identity_pool "
        "(workloadIdentityPool). If it is created in the same program, pass the cluster's own pool there, which exists "
        "when the cluster does."
    ),
}
_TRANSIENT_MAX_RETRIES = 6
TRANSIENT_RETRY_DELAY_SECONDS = 10.0


def retry_hooks(name: str, component: pulumi.Resource) -> pulumi.ResourceHookBinding:
    """Returns the hooks for all resources of the component."""
    return error_hooks.error_hook(f"CloudSqlPostgres {name}: wait while Google is not ready", wait_and_retry, component)


async def wait_and_retry(component: pulumi.Resource, failure: pulumi.ErrorHookArgs) -> bool:
    """Returns whether to retry: only for _TRANSIENT_ERRORS, up to _TRANSIENT_MAX_RETRIES times."""
    error = failure.errors[0]
    id_ = import_id(failure.type, failure.new_inputs or {})
    # Cloud SQL words the error differently for users (GoogleCloudPlatform/k8s-config-connector#2416).
    if id_ and re.search(r"already ?exists|user exists with the same name", error, re.IGNORECASE):
        await error_hooks.log_import_commands(failure, id_, component, "Google Cloud")
    error_hooks.log_advice(failure, _ADVICE)
    # The provider writes every error as a list. If the resource was created despite the error, it also says
    # "creating urn:"; retrying would orphan that resource.
    if "creating urn:" in error:
        return False
    waiting_for = next((what for pattern, what in _TRANSIENT_ERRORS.items() if re.search(pattern, error)), None)
    return waiting_for is not None and await error_hooks.wait_and_retry(
        failure,
        waiting_for=waiting_for,
        timeout_message="Google was still not ready",
        max_retries=_TRANSIENT_MAX_RETRIES,
        seconds=TRANSIENT_RETRY_DELAY_SECONDS,
    )


def import_id(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """Returns the id by which `pulumi import` finds the resource with these inputs; None if it cannot be imported."""
    match type_:
        case "gcp:serviceaccount/account:Account":
            email = account_email(inputs["accountId"], inputs["project"])
            return f"projects/{inputs['project']}/serviceAccounts/{email}"
        case "gcp:sql/databaseInstance:DatabaseInstance":
            return f"projects/{inputs['project']}/instances/{inputs['name']}"
        case "gcp:sql/database:Database":
            return f"projects/{inputs['project']}/instances/{inputs['instance']}/databases/{inputs['name']}"
        case "gcp:sql/user:User":
            return f"{inputs['project']}/{inputs['instance']}/{inputs['name']}"
        case _:
            return None
