"""Pods of GKE that act as CloudSqlPostgres' service account: on the real engine, against a simulated Google Cloud."""

from typing import Any

import pytest

from .cloud_stack import CloudSqlStack
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import refused, succeeded

EMAIL = "backstage@another-1.iam.gserviceaccount.com"
BINDING = "AccountIAMMember"
POOL = "portal-123.svc.id.goog"
PODS = {"kubernetesServiceAccount": "portal/backstage"}
MEMBER = f"serviceAccount:{POOL}[portal/backstage]"


@pytest.fixture
def cloud_sql(cloud_sql: SimulatedCloudSql) -> SimulatedCloudSql:
    cloud_sql.known_accounts.add(EMAIL)
    cloud_sql.pools.add(POOL)
    return cloud_sql


@pytest.fixture
def stack(cloud_sql_stack: CloudSqlStack) -> CloudSqlStack:
    return cloud_sql_stack


def bindings(cloud_sql: SimulatedCloudSql) -> list[tuple[str, str]]:
    """Account and member of each binding."""
    found = [one for one in cloud_sql.resources.values() if one["_type"] == BINDING]
    assert {one["role"] for one in found} <= {"roles/iam.workloadIdentityUser"}
    return sorted((one["serviceAccountId"].rpartition("/")[2], one["member"]) for one in found)


def changes(cloud_sql: SimulatedCloudSql, since: int) -> list[tuple[str, str]]:
    return [(operation, type_) for operation, type_, _ in cloud_sql.changes()[since:]]


def test_pods_may_act_as_the_created_account_and_later_runs_change_nothing(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**PODS)
    up = succeeded(stack.up())
    assert bindings(cloud_sql) == [(up.outputs["serviceAccountEmail"], MEMBER)]
    assert [call.error for call in cloud_sql.calls if call.error] == []
    before = cloud_sql.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert cloud_sql.changes() == before


def test_the_account_and_the_clusters_may_be_in_other_projects(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.pools = {"clusters-1.svc.id.goog"}
    stack.deploy(**PODS, user=EMAIL, workloadIdentityPool="clusters-1.svc.id.goog")
    assert bindings(cloud_sql) == [(EMAIL, "serviceAccount:clusters-1.svc.id.goog[portal/backstage]")]


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
    broken="Google does not know the new service account everywhere yet, when pods are let in",
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


@pytest.mark.drill(
    broken="the Kubernetes service account is renamed",
    survived="everything: the new one may act as the account, the old one no longer, and nothing else is touched",
)
def test_a_renamed_kubernetes_service_account_takes_the_place_of_the_old_one(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**PODS, user=EMAIL)
    before = len(cloud_sql.changes())
    stack.arguments(kubernetesServiceAccount="portal/backend", user=EMAIL)
    succeeded(stack.up())
    assert bindings(cloud_sql) == [(EMAIL, f"serviceAccount:{POOL}[portal/backend]")]
    assert sorted(changes(cloud_sql, before)) == [("create", BINDING), ("delete", BINDING)]


@pytest.mark.drill(
    broken="`pulumi up` is killed while it lets the pods in",
    survived="the right: the next `up` finds it and needs no command",
)
def test_a_binding_that_a_killed_run_left_is_found_by_the_next_run(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**PODS, user=EMAIL, grantIamRoles=False)
    pause = cloud_sql.pause(BINDING)
    refused(stack.up_killed(pause.reached))
    pause.release()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    up = stack.up()
    while not up.ok:
        # The user may have been created side by side.
        assert "exists in Google Cloud but not in this stack" in up.output, up.output
        stack.take_over(up.output)
        up = stack.up()
    assert bindings(cloud_sql) == [(EMAIL, MEMBER)]


@pytest.mark.parametrize("given", [{}, {"user": EMAIL}], ids=["created", "given"])
@pytest.mark.drill(
    broken="`destroy` with pods that act as an account of somebody else's",
    survived="that account and its other bindings; of ours nothing is left",
)
def test_when_the_database_goes_the_pods_lose_their_right_and_others_keep_theirs(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, given: dict[str, Any]
) -> None:
    other = f"serviceAccount:{POOL}[other/other]"
    cloud_sql.add_pod_binding(EMAIL, other)
    stack.deploy(**PODS, **given)
    assert len(bindings(cloud_sql)) == 2
    refused(stack.destroy())
    assert len(bindings(cloud_sql)) == 2, "a refused destroy touches nothing"
    stack.arguments(**PODS, **given, deletionProtection=False)
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert bindings(cloud_sql) == [(EMAIL, other)]
    assert stack.resources() == []


# --- Broken on purpose: what the simulation is strict about


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("a pod without a namespace", "Invalid service account"),
        ("an account of another project", "does not exist."),
        ("an account's bare address", "doesn't match regexp"),
    ],
)
def test_a_binding_that_the_component_would_never_ask_for_is_refused(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, how: str, answer: str
) -> None:
    stack.arguments(**PODS, user=EMAIL)
    stack.break_on_purpose(how)
    assert answer in refused(stack.up())
