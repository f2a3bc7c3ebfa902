"""Pods of GKE that act as CloudSqlPostgres' service account: on the real engine, against a simulated Google Cloud."""

import pytest

from .cloud_sql_cases import MEMBER, OTHER_EMAIL, PODS, POOL
from .cloud_stack import CloudSqlStack
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import refused, succeeded

BINDING = "AccountIAMMember"


@pytest.fixture
def stack(cloud_sql_stack: CloudSqlStack) -> CloudSqlStack:
    return cloud_sql_stack


def bindings(cloud_sql: SimulatedCloudSql) -> list[tuple[str, str]]:
    """Returns account and member of each binding."""
    found = [one for one in cloud_sql.resources.values() if one["_type"] == BINDING]
    assert {one["role"] for one in found} <= {"roles/iam.workloadIdentityUser"}
    return sorted((one["serviceAccountId"].rpartition("/")[2], one["member"]) for one in found)


def changes(cloud_sql: SimulatedCloudSql, since: int) -> list[tuple[str, str]]:
    return [(operation, type_) for operation, type_, _ in cloud_sql.changes()[since:]]


def test_pods_may_act_as_the_created_account(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    up = stack.deploy(**PODS)
    assert bindings(cloud_sql) == [(up.outputs["serviceAccountEmail"], MEMBER)]
    assert [call.error for call in cloud_sql.calls if call.error] == []


def test_the_account_and_the_clusters_may_be_in_other_projects(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.pools = {"clusters-1.svc.id.goog"}
    stack.deploy(**PODS, user=OTHER_EMAIL, workloadIdentityPool="clusters-1.svc.id.goog")
    assert bindings(cloud_sql) == [(OTHER_EMAIL, "serviceAccount:clusters-1.svc.id.goog[portal/backstage]")]


@pytest.mark.drill(
    broken="no cluster of the project has Workload Identity Federation yet, so its pool does not exist",
    survived="all that exists: `up` ends and says what is missing; the next `up` continues",
)
def test_a_pool_that_does_not_exist_yet_is_explained_and_the_next_run_continues(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.pools.clear()
    stack.arguments(**PODS)
    output = refused(stack.up())
    assert f"Identity Pool does not exist ({POOL})" in output
    assert "with the first GKE cluster of PROJECT that has Workload Identity Federation" in output
    cloud_sql.pools.add(POOL)
    succeeded(stack.up())
    assert len(bindings(cloud_sql)) == 1
    assert len(cloud_sql.of_type("DatabaseInstance")) == 1


@pytest.mark.drill(
    broken="Google does not know the new service account everywhere yet, when pods get access to it",
    survived="everything: `up` waits and says so",
)
def test_a_new_account_that_is_not_known_everywhere_yet_is_waited_for(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**PODS, grantIamRoles=False)
    cloud_sql.unknown_accounts = 3
    up = succeeded(stack.up())
    assert "backstage-workload-identity: waiting" in up.output
    assert len(bindings(cloud_sql)) == 1
