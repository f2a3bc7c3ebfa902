"""What happens when Azure refuses."""

from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from components.azure import retry
from components.azure.retry import wait_while_busy
from components.testing import run

from .cases import ADMIN


def failure(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs("urn", "", "db-admin", ADMIN, failed_operation="create", errors=list(errors))


def tries_again(*errors: str) -> bool:

    def program() -> dict[str, Any]:
        owner = cast(Any, SimpleNamespace(urn=pulumi.Output.from_input("urn:pulumi:dev::p::t$AzurePostgres::db")))
        return {"again": wait_while_busy(owner, failure(*errors))}

    return run(program)["again"].value


BUSY = 'Status=409 Code="ServerIsBusy" Message="Server db is busy with other operations. Please try later."'


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BUSY_RETRY_DELAY_SECONDS", 0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "error",
    [
        BUSY,
        'Code="ServerBusy" Message="The server is busy processing another operation."',
        'Code="AadAuthOperationCannotBePerformedWhenServerIsNotAccessible" Message="…"',
        'Status=409 Code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" Message="Too many …"',
        'Status=409 Code="Conflict" Message="Concurrent write request to federated identity credential resources …"',
    ],
)
def test_a_busy_server_or_identity_is_tried_again(error: str) -> None:
    assert tries_again(error)


@pytest.mark.parametrize(
    "error",
    [
        'Status=400 Code="InvalidParameterValue" Message="Invalid value given for parameter sku"',
        'Status=403 Code="AuthorizationFailed" Message="…"',
        "cannot create already existing resource '/subscriptions/…'",
        f"1 error occurred:\n\t* polling failed: {BUSY}",
        "",
    ],
)
def test_nothing_else_is_tried_again_least_of_all_what_exists_already(error: str) -> None:
    assert not tries_again(error)


def test_what_exists_already_is_named_with_the_command_that_takes_it_over(caplog: pytest.LogCaptureFixture) -> None:
    assert not tries_again("cannot create already existing resource '/subscriptions/s/administrators/1'")
    assert caplog.messages[0].endswith(
        f"pulumi import {ADMIN} db-admin /subscriptions/s/administrators/1 "
        "--parent 'component=urn:pulumi:dev::p::t$AzurePostgres::db' --protect=false --generate-code=false\n"
        "pulumi refresh --clear-pending-creates"
    )


@pytest.mark.usefixtures("no_waiting")
def test_only_the_newest_error_counts_and_patience_ends_after_twenty_tries() -> None:
    assert not tries_again("something else", BUSY)
    assert tries_again(*[BUSY] * 20)
    assert not tries_again(*[BUSY] * 21)


def test_a_service_account_that_is_trusted_under_another_name_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    assert not tries_again('Code="BadRequest" Message="Issuer and subject combination already exists for this …"')
    assert "If the cluster had another name in kubernetes_oidc_issuers" in caplog.messages[0]
