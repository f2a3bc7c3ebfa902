"""What happens when a cloud refuses: what is tried again, and what only the user can do something about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from components.azure import retry as azure_retry
from components.cloud_sql import retry as cloud_sql_retry
from components.testing import run
from tests.unit.azure.cases import ADMIN
from tests.unit.cloud_sql.cases import ACCOUNT, BINDING, DATABASE, EMAIL, INSTANCE, PROJECT, USER


@dataclass(frozen=True)
class Cloud:
    name: str
    retry: ModuleType
    hook: Callable[..., Awaitable[bool]]
    delay: str
    """The constant of `retry` that says how long to wait."""
    max_retries: int
    type: str
    """A type of resource that may be refused."""
    transient: list[str]
    """Errors that pass."""
    final: list[str]
    """Errors that do not."""


BUSY = 'Status=409 Code="ServerIsBusy" Message="Server db is busy with other operations. Please try later."'


def answered(error: str) -> str:
    """Returns an error as Google's provider writes it."""
    return f"1 error occurred:\n\t* {error}\n\n"


NOT_THERE = answered(
    f"Error setting IAM policy: googleapi: Error 400: Service account {EMAIL} does not exist., badRequest"
)

AZURE = Cloud(
    name="AzurePostgres",
    retry=azure_retry,
    hook=azure_retry.wait_while_busy,
    delay="BUSY_RETRY_DELAY_SECONDS",
    max_retries=20,
    type=ADMIN,
    transient=[
        BUSY,
        'Code="ServerBusy" Message="The server is busy processing another operation."',
        'Code="AadAuthOperationCannotBePerformedWhenServerIsNotAccessible" Message="…"',
        'Status=409 Code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" Message="Too many …"',
        'Status=409 Code="Conflict" Message="Concurrent write request to federated identity credential resources …"',
    ],
    final=[
        'Status=400 Code="InvalidParameterValue" Message="Invalid value given for parameter sku"',
        'Status=403 Code="AuthorizationFailed" Message="…"',
        "cannot create already existing resource '/subscriptions/…'",
        f"1 error occurred:\n\t* polling failed: {BUSY}",
        "",
    ],
)
GOOGLE = Cloud(
    name="CloudSqlPostgres",
    retry=cloud_sql_retry,
    hook=cloud_sql_retry.wait_and_retry,
    delay="TRANSIENT_RETRY_DELAY_SECONDS",
    max_retries=6,
    type=BINDING,
    transient=[
        NOT_THERE,
        answered(
            f"googleapi: Error 400: Invalid request: Provided CLOUD_IAM_SERVICE_ACCOUNT: {EMAIL}, does not exist."
        ),
        answered(
            f"googleapi: Error 404: Service account projects/p-1234/serviceAccounts/{EMAIL} does not exist., notFound"
        ),
        answered(
            'googleapi: Error 400: Invalid request: failed to create user: role "cloudsqliamuser" does not exist.'
        ),
    ],
    final=[
        "googleapi: Error 403: The caller does not have permission, forbidden",
        "Invalid Tier (db-f1-micro) for (ENTERPRISE_PLUS) Edition",
        answered(f"creating urn:pulumi:dev::p::gcp:sql/user:User::db-user: {NOT_THERE}"),
        "",
    ],
)
CLOUDS = [AZURE, GOOGLE]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for cloud in CLOUDS:
        monkeypatch.setattr(cloud.retry, cloud.delay, 0)


def tries_again(cloud: Cloud, *errors: str, type_: str | None = None) -> bool:
    """Asks the component's hook whether to try again after these errors, the newest first."""
    inputs = {"project": PROJECT, "instance": "db-1", "name": "jo@example.com", "accountId": "db-1"}
    failure = pulumi.ErrorHookArgs(
        "urn", "", "db-x", type_ or cloud.type, new_inputs=inputs, failed_operation="create", errors=list(errors)
    )

    def program() -> dict[str, Any]:
        owner = cast(Any, SimpleNamespace(urn=pulumi.Output.from_input(f"urn:pulumi:dev::p::t${cloud.name}::db")))
        return {"again": cloud.hook(owner, failure)}

    return run(program)["again"].value


@pytest.mark.parametrize(("cloud", "error"), [(cloud, error) for cloud in CLOUDS for error in cloud.transient])
def test_what_a_cloud_refuses_for_a_moment_is_tried_again_a_limited_time(cloud: Cloud, error: str) -> None:
    assert tries_again(cloud, error)
    assert tries_again(cloud, *[error] * cloud.max_retries)
    assert not tries_again(cloud, *[error] * (cloud.max_retries + 1))


@pytest.mark.parametrize(("cloud", "error"), [(cloud, error) for cloud in CLOUDS for error in cloud.final])
def test_nothing_else_is_tried_again(cloud: Cloud, error: str) -> None:
    """Least of all what exists already."""
    assert not tries_again(cloud, error)


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_only_the_newest_error_counts(cloud: Cloud) -> None:
    assert not tries_again(cloud, "something else", cloud.transient[0])


SERVER_ADMIN = "/subscriptions/s/administrators/1"
IN_AZURE = f"cannot create already existing resource '{SERVER_ADMIN}'"
IN_GOOGLE = answered("googleapi: Error 409: The Cloud SQL instance already exists., instanceAlreadyExists")
USER_IN_GOOGLE = answered(
    "googleapi: Error 400: Database user 'jo' cannot be created because a user exists with the same name."
)


@pytest.mark.parametrize(
    ("cloud", "error", "type_", "id_"),
    [
        (AZURE, IN_AZURE, ADMIN, SERVER_ADMIN),
        (GOOGLE, IN_GOOGLE, ACCOUNT, f"projects/{PROJECT}/serviceAccounts/db-1@{PROJECT}.iam.gserviceaccount.com"),
        (GOOGLE, IN_GOOGLE, INSTANCE, f"projects/{PROJECT}/instances/jo@example.com"),
        (GOOGLE, IN_GOOGLE, DATABASE, f"projects/{PROJECT}/instances/db-1/databases/jo@example.com"),
        (GOOGLE, USER_IN_GOOGLE, USER, f"{PROJECT}/db-1/jo@example.com"),
    ],
)
def test_what_exists_already_is_named_with_the_commands_that_take_it_over(
    cloud: Cloud, error: str, type_: str, id_: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not tries_again(cloud, error, type_=type_)
    assert caplog.messages[0].endswith(
        f"pulumi import {type_} db-x {id_} --parent 'component=urn:pulumi:dev::p::t${cloud.name}::db' --protect=false "
        "--generate-code=false\npulumi refresh --clear-pending-creates"
    )


@pytest.mark.parametrize(
    ("cloud", "error", "advice"),
    [
        (
            AZURE,
            'Code="BadRequest" Message="Issuer and subject combination already exists for this …"',
            "If the cluster had another name in kubernetes_oidc_issuers",
        ),
        (
            GOOGLE,
            answered(
                "googleapi: Error 400: Identity Pool does not exist (portal-123.svc.id.goog). Please …, badRequest"
            ),
            "with the first GKE cluster of PROJECT that has Workload Identity Federation",
        ),
    ],
    ids=["trusted under another name", "no pool"],
)
def test_a_refusal_that_the_user_can_end_is_explained(
    cloud: Cloud, error: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not tries_again(cloud, error)
    assert advice in caplog.messages[0]
