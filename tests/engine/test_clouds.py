"""What AzurePostgres and CloudSqlPostgres do alike on the real engine, each against its simulated cloud."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from . import azure_cases, cloud_sql_cases
from .cloud_stack import WAYS_AROUND_PROTECTION, WAYS_TO_DESTROY, CloudStack
from .stack import refused, succeeded


@dataclass(frozen=True)
class Cloud:
    """What these tests need to know of one cloud."""

    name: str
    """The part of the fixtures' names that says which cloud it is."""
    everything: dict[str, Any]
    """Arguments that create something of every kind."""
    few: dict[str, Any]
    """Arguments that create some children of the server."""
    refused_destroy: str
    """What a `destroy` says that is refused because of the argument `deletion_protection`."""
    protected: dict[str, Any]
    """Arguments with which no flag of Pulumi's takes the database away."""
    how_to_unprotect: str
    """What a refused operation on such a database says."""
    last_created: str
    """The class of what is created on the server, after it."""
    lost_confirmation: str
    """The error of a creation that succeeded, but of which the provider did not see the end."""
    already_there: str
    """What a run says that meets what a killed one left."""
    pods: dict[str, Any]
    """Arguments that let pods of Kubernetes log in."""
    credential: str
    """The class of what lets them in."""
    service_account: str
    """How it names a Kubernetes service account of the namespace portal."""
    renamed: list[str]
    """What happens to credentials when the Kubernetes service account has another name."""
    add_identity: Callable[[Any], dict[str, Any]]
    """Adds an identity that does not belong to the stack and has a credential; returns the arguments that name it."""


AZURE = Cloud(
    name="azure",
    everything=azure_cases.EVERYTHING,
    few=azure_cases.DATABASE,
    refused_destroy="cannot be deleted",
    protected={**azure_cases.DATABASE, "deleteLock": True},
    how_to_unprotect="leave out delete_lock, then `pulumi up`",
    last_created="AdministratorsMicrosoftEntra",
    lost_confirmation="polling failed: ServerIsBusy",
    already_there="cannot create already existing resource",
    pods=azure_cases.PODS,
    credential="FederatedIdentityCredential",
    service_account="system:serviceaccount:portal:{}",
    renamed=["update", "update"],
    add_identity=azure_cases.add_identity,
)
CLOUD_SQL = Cloud(
    name="cloud_sql",
    everything=cloud_sql_cases.EVERYTHING,
    few=cloud_sql_cases.USERS,
    refused_destroy="is protected: set deletion_protection to false, then `pulumi up`",
    protected=cloud_sql_cases.USERS,
    how_to_unprotect="set deletion_protection to false, then `pulumi up`",
    last_created="User",
    lost_confirmation="failure waiting for insertion",
    already_there="exists in Google Cloud but not in this stack",
    pods=cloud_sql_cases.PODS,
    credential="AccountIAMMember",
    service_account="[portal/{}]",
    renamed=["create", "delete"],
    add_identity=cloud_sql_cases.add_account,
)
CLOUDS = {cloud.name: cloud for cloud in (AZURE, CLOUD_SQL)}
each_cloud = pytest.mark.parametrize("cloud", CLOUDS.values(), ids=CLOUDS)


@pytest.fixture
def stack(cloud: Cloud, request: pytest.FixtureRequest) -> CloudStack:
    return request.getfixturevalue(f"{cloud.name}_stack")


# --- Nothing to do


@each_cloud
def test_a_second_up_a_refresh_and_a_preview_change_nothing(stack: CloudStack, cloud: Cloud) -> None:
    first = stack.deploy(**cloud.everything)
    before = stack.cloud.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first.outputs
    assert stack.cloud.changes() == before


@each_cloud
def test_a_preview_of_a_first_deployment_touches_nothing(stack: CloudStack, cloud: Cloud) -> None:
    assert succeeded(stack.preview()).changes["create"] == 10
    assert stack.cloud.calls == []


# --- Protection


@each_cloud
@pytest.mark.drill(
    broken="`destroy` of a protected database: the CLI's, with `--skip-preview`, through the Automation API",
    survived="everything, in the cloud and in the state",
)
def test_a_protected_database_refuses_destroy_and_nothing_is_touched(stack: CloudStack, cloud: Cloud) -> None:
    """Nothing is deleted in the cloud, and nothing is forgotten in the state."""
    stack.deploy(**cloud.few)
    before, urns = stack.cloud.calls.copy(), stack.urns()
    for destroy in WAYS_TO_DESTROY:
        output = destroy(stack)
        assert cloud.refused_destroy in output, destroy.__name__
        assert "backstage-deletion-protection" in output, destroy.__name__
        assert stack.cloud.calls == before, destroy.__name__
        assert stack.urns() == urns, destroy.__name__
    assert succeeded(stack.up()).changed == {}


@each_cloud
@pytest.mark.drill(
    broken="a locked Azure server or a protected Cloud SQL instance: `destroy` or `up` with `--ignore-protect`, "
    "`--run-program`, without the component",
    survived="everything, in the cloud and in the state",
)
def test_no_flag_takes_away_what_is_protected(stack: CloudStack, cloud: Cloud) -> None:
    stack.deploy(**cloud.protected)
    before, urns = stack.cloud.calls.copy(), stack.urns()
    for way in WAYS_AROUND_PROTECTION:
        output = way(stack)
        assert "is protected" in output, way.__name__
        assert cloud.how_to_unprotect in output, way.__name__
        assert stack.cloud.calls == before, way.__name__
        assert stack.urns() == urns, way.__name__
    assert succeeded(stack.up()).changed == {}


@pytest.mark.parametrize(
    ("cloud", "network", "changes"),
    [
        pytest.param(
            AZURE,
            {},
            {
                "geoRedundantBackup": {"geoRedundantBackup": True},
                "location": {"location": "northeurope"},
                "serverName": {"serverName": "another-name"},
                "resourceGroupName": {"resourceGroupName": "another-group"},
            },
            id="azure",
        ),
        pytest.param(
            CLOUD_SQL,
            {},
            {
                "region": {"region": "us-central1"},
                "name": {"instanceName": "another"},
                "project": {"project": "another-one"},
            },
            id="cloud_sql",
        ),
        pytest.param(
            CLOUD_SQL,
            cloud_sql_cases.PRIVATE,
            {
                "pscConfigs": cloud_sql_cases.PSC,
                "privateNetwork": {"ipAddressType": "PUBLIC"},
                "name": {**cloud_sql_cases.PRIVATE, "databaseName": "another"},
            },
            id="cloud_sql-private",
        ),
    ],
)
@pytest.mark.drill(
    broken="a change would replace the protected server, instance or database",
    survived="everything: refused in the preview and by `up`",
)
def test_a_change_that_would_replace_the_database_is_stopped_in_the_preview(
    stack: CloudStack, cloud: Cloud, network: dict[str, Any], changes: dict[str, dict[str, Any]]
) -> None:
    """It is stopped before anything is touched, and the preview names the property."""
    stack.deploy(**cloud.few, **network)
    before, urns = stack.cloud.calls.copy(), stack.urns()
    for path, change in changes.items():
        stack.arguments(**cloud.few, **change)
        preview = refused(stack.preview(diff=True))
        assert re.search(rf"[-+~] {path}\b", preview), change
        for output in (preview, refused(stack.up())):
            assert "marked for protection" in output, change
        assert stack.cloud.calls == before, change
        assert stack.urns() == urns, change
    stack.arguments(**cloud.few, **network)
    assert succeeded(stack.up()).changed == {}


# --- A run that ends early


@each_cloud
@pytest.mark.drill(
    broken="a creation succeeds, but its confirmation gets lost",
    survived="the admin or the user: the next `up` keeps it and creates no second one",
)
def test_what_was_created_despite_an_error_is_kept_and_not_created_twice(stack: CloudStack, cloud: Cloud) -> None:
    stack.cloud.lost_confirmations.append(cloud.last_created)
    assert cloud.lost_confirmation in refused(stack.up())
    succeeded(stack.up())
    assert len(stack.cloud.of_type(cloud.last_created)) == 1
    assert succeeded(stack.up()).changed == {}


GIVEN_ACCOUNT = {**cloud_sql_cases.PODS, "user": cloud_sql_cases.OTHER_EMAIL, "grantIamRoles": False}


@pytest.mark.parametrize(
    ("cloud", "type_", "arguments"),
    [
        (AZURE, "Server", azure_cases.DATABASE),
        (AZURE, "AdministratorsMicrosoftEntra", azure_cases.DATABASE),
        (AZURE, "FederatedIdentityCredential", azure_cases.PODS),
        (CLOUD_SQL, "Account", {}),
        (CLOUD_SQL, "DatabaseInstance", {}),
        (CLOUD_SQL, "Database", {}),
        (CLOUD_SQL, "User", {}),
        (CLOUD_SQL, "IAMMember", {}),
        (CLOUD_SQL, "AccountIAMMember", GIVEN_ACCOUNT),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.drill(
    broken="`pulumi up` is killed while it creates the server, its admin, a credential, an account, a user or a right",
    survived="what was created: the next `up` prints the commands that take it over; nothing is created twice",
)
def test_what_a_killed_run_was_creating_is_taken_over_by_the_printed_commands(
    stack: CloudStack, cloud: Cloud, type_: str, arguments: dict[str, Any]
) -> None:
    """The next runs report what exists in the cloud but not in the stack, and print the commands that import it."""
    stack.arguments(**arguments)
    pause = stack.cloud.pause(type_)
    refused(stack.up_killed(pause.reached))
    pause.release()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    left_over = copy.deepcopy(stack.cloud.of_type(type_))
    before = len(stack.cloud.changes())
    up = stack.up()
    assert "interrupted while creating" in up.output
    while not up.ok:
        # What is created side by side may be left behind side by side; each run names what it meets.
        assert cloud.already_there in up.output, up.output
        stack.take_over(up.output)
        up = stack.up()
    managed = [one for one in stack.resources() if one["type"].startswith(("azure-native:", "gcp:"))]
    assert len(stack.cloud.resources) == len(managed), "something was created twice"
    # Google finds a right that is there already, so nothing has to be taken over.
    if not type_.endswith("IAMMember"):
        created = [(kind, name) for operation, kind, name in stack.cloud.changes()[before:] if operation == "create"]
        assert [name for kind, name in created if kind == type_ and name in left_over] == []
        last = succeeded(stack.up())
        assert last.changed == {}, last.output
        assert "pending operations" not in last.output
    # An instance is updated after its import.
    if type_ != "DatabaseInstance":
        now = stack.cloud.of_type(type_)
        assert {name: now[name] for name in left_over} == left_over, "taken over as it was"


# --- Pods of Kubernetes


@each_cloud
@pytest.mark.drill(
    broken="the Kubernetes service account is renamed",
    survived="everything: the new one may log in everywhere, the old one nowhere, and nothing else is touched",
)
def test_a_renamed_service_account_is_trusted_everywhere_and_the_old_one_nowhere(
    stack: CloudStack, cloud: Cloud
) -> None:
    stack.deploy(**cloud.pods)
    before = len(stack.cloud.changes())
    stack.arguments(**{**cloud.pods, "kubernetesServiceAccount": "portal/backend"})
    succeeded(stack.up())
    changes = stack.cloud.changes()[before:]
    assert sorted(operation for operation, _, _ in changes) == cloud.renamed
    assert {type_ for _, type_, _ in changes} == {cloud.credential}
    trusted = [json.dumps(one) for one in stack.cloud.of_type(cloud.credential).values()]
    assert trusted
    for one in trusted:
        assert cloud.service_account.format("backend") in one
        assert cloud.service_account.format("backstage") not in one
    assert [call.error for call in stack.cloud.calls if call.error] == []


@pytest.mark.parametrize("given", [False, True], ids=["created", "given"])
@each_cloud
@pytest.mark.drill(
    broken="`destroy` with pods that log in as a created identity, and as one that belongs to another stack",
    survived="that identity and its other credentials; of ours nothing is left",
)
def test_a_given_identity_keeps_its_other_credentials_when_the_database_goes(
    stack: CloudStack, cloud: Cloud, given: bool
) -> None:
    identity = cloud.add_identity(stack.cloud)
    others = copy.deepcopy(stack.cloud.resources)
    arguments = {**cloud.pods, **(identity if given else {})}
    stack.deploy(**arguments)
    deployed = set(stack.cloud.resources)
    assert cloud.refused_destroy in refused(stack.destroy())
    assert set(stack.cloud.resources) == deployed, "a refused destroy touches nothing"
    stack.arguments(**arguments, deletionProtection=False)
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert stack.cloud.resources == others
    assert stack.resources() == []
    assert [call.error for call in stack.cloud.calls if call.error] == []
