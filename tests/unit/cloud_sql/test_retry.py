"""CloudSqlPostgres: retries, and commands that import what exists already."""

from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest

from components.cloud_sql import retry
from components.testing import run
from tests.unit.cloud_sql.cases import ACCOUNT, BINDING, DATABASE, EMAIL, INSTANCE, PROJECT, USER


def tries_again(*errors: str, type_: str = BINDING) -> bool:
    inputs = {"project": PROJECT, "instance": "db-1", "name": "jo@example.com", "accountId": "db-1"}
    failure = pulumi.ErrorHookArgs(
        "urn", "", "db-x", type_, new_inputs=inputs, failed_operation="create", errors=list(errors)
    )

    def program() -> dict[str, Any]:
        owner = cast(Any, SimpleNamespace(urn=pulumi.Output.from_input("urn:pulumi:dev::p::t$CloudSql::db")))
        return {"again": retry.wait_and_retry(owner, failure)}

    return run(program)["again"].value


def answered(error: str) -> str:
    """An error as the provider writes it."""
    return f"1 error occurred:\n\t* {error}\n\n"


NOT_THERE = answered(
    f"Error setting IAM policy: googleapi: Error 400: Service account {EMAIL} does not exist., badRequest"
)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "TRANSIENT_RETRY_DELAY_SECONDS", 0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "error",
    [
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
)
def test_what_google_refuses_only_for_a_moment_is_tried_again_a_limited_time(error: str) -> None:
    assert tries_again(error)
    assert tries_again(*[error] * 6)
    assert not tries_again(*[error] * 7)


@pytest.mark.parametrize(
    "error",
    [
        "googleapi: Error 403: The caller does not have permission, forbidden",
        "Invalid Tier (db-f1-micro) for (ENTERPRISE_PLUS) Edition",
        answered(f"creating urn:pulumi:dev::p::gcp:sql/user:User::db-user: {NOT_THERE}"),
        "",
    ],
)
def test_nothing_else_is_tried_again(error: str) -> None:
    assert not tries_again(error)


@pytest.mark.parametrize(
    ("type_", "id_"),
    [
        (ACCOUNT, f"projects/{PROJECT}/serviceAccounts/db-1@{PROJECT}.iam.gserviceaccount.com"),
        (INSTANCE, f"projects/{PROJECT}/instances/jo@example.com"),
        (DATABASE, f"projects/{PROJECT}/instances/db-1/databases/jo@example.com"),
        (USER, f"{PROJECT}/db-1/jo@example.com"),
    ],
)
def test_what_exists_already_is_named_with_the_commands_that_take_it_over(
    type_: str, id_: str, caplog: pytest.LogCaptureFixture
) -> None:
    exists = "googleapi: Error 409: The Cloud SQL instance already exists., instanceAlreadyExists"
    if type_ == "gcp:sql/user:User":
        exists = "googleapi: Error 400: Database user 'jo' cannot be created because a user exists with the same name."
    assert not tries_again(answered(exists), type_=type_)
    assert caplog.messages[0].endswith(
        f"pulumi import {type_} db-x {id_} --parent 'component=urn:pulumi:dev::p::t$CloudSql::db' --protect=false "
        "--generate-code=false\npulumi refresh --clear-pending-creates"
    )


def test_a_pool_that_does_not_exist_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    missing = "googleapi: Error 400: Identity Pool does not exist (portal-123.svc.id.goog). Please check …, badRequest"
    assert not tries_again(answered(missing))
    assert "with the first GKE cluster of PROJECT that has Workload Identity Federation" in caplog.messages[0]
