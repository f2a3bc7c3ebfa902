"""Pods of Kubernetes clusters that log in as AzurePostgres' identity: on the real engine, against a simulated Azure."""

from pathlib import Path

import pytest

from .azure_cases import BLUE, GREEN, PODS, add_identity
from .cloud_stack import AzureStack
from .simulated_azure import SimulatedAzure
from .stack import refused, succeeded

CREDENTIAL = "FederatedIdentityCredential"
SUBJECT = "system:serviceaccount:portal:backstage"
CONCURRENT = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"


@pytest.fixture
def stack(azure_stack: AzureStack) -> AzureStack:
    return azure_stack


def trusted(azure: SimulatedAzure) -> dict[str, tuple[str, str]]:
    """Returns who is trusted: the end of each credential's name → issuer and subject."""
    found = azure.of_type(CREDENTIAL)
    return {name.split("-")[-1]: (one["issuer"], one["subject"]) for name, one in found.items()}


def changes(azure: SimulatedAzure, since: int) -> list[tuple[str, str, str]]:
    return [(operation, type_, name.split("-")[-1]) for operation, type_, name in azure.changes()[since:]]


# --- Clusters that are trusted


def test_pods_of_two_clusters_are_trusted_one_after_another(stack: AzureStack, azure: SimulatedAzure) -> None:
    first = stack.deploy(**PODS)
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    assert trusted(azure) == {"blue": (BLUE, SUBJECT), "green": (GREEN, SUBJECT)}
    assert {key.rsplit("/", 2)[0] for key, one in azure.resources.items() if one["_type"] == CREDENTIAL} == {
        identity["id"]
    }
    assert first.outputs["databaseConfig"]["connection"]["tokenCredential"]["clientId"] == identity["clientId"]
    assert [call.error for call in azure.calls if call.error] == []


def test_a_preview_of_changed_tags_does_not_replace_the_credentials(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PODS)
    stack.arguments(**PODS, tags={"team": "platform"})
    assert succeeded(stack.preview()).changed == {"update": 3}


def test_an_identity_of_the_callers_gets_the_credentials_in_its_own_group(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = add_identity(azure)
    stack.deploy(**given, **PODS)
    assert len([key for key in azure.resources if key.startswith(f"{given['identityResourceId']}/federated")]) == 3


def test_an_identity_in_another_subscription_is_refused_in_the_preview(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = add_identity(azure)
    before = azure.changes()
    given["identityResourceId"] = given["identityResourceId"].replace("1111-1111", "1111-9999", 1)
    stack.arguments(**given, **PODS)
    output = refused(stack.preview())
    assert 'argument "identityResourceId" is in another subscription than 11111111-1111-1111' in output
    assert "Traceback" not in output
    assert azure.changes() == before


# --- Changes and mistakes


@pytest.mark.drill(
    broken="the OIDC issuer of a cluster was wrong, so no pod can log in",
    survived="everything: the credential is corrected in place, and nothing else is touched",
)
def test_a_wrong_issuer_is_corrected_in_place(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.arguments(**{**PODS, "kubernetesOidcIssuers": {"blue": BLUE.rstrip("/"), "green": GREEN}})
    assert "lacks the slash that AKS puts at the end, for 'blue'" in succeeded(stack.up()).output
    before = len(azure.changes())
    stack.arguments(**PODS)
    succeeded(stack.up())
    assert changes(azure, before) == [("update", CREDENTIAL, "blue")]
    assert trusted(azure)["blue"] == (BLUE, SUBJECT)


def test_a_cluster_that_comes_or_goes_touches_no_other(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**{**PODS, "kubernetesOidcIssuers": {"green": GREEN}})
    before = len(azure.changes())
    stack.arguments(**PODS)
    succeeded(stack.up())
    stack.arguments(**{**PODS, "kubernetesOidcIssuers": {"blue": BLUE}})
    succeeded(stack.up())
    assert changes(azure, before) == [("create", CREDENTIAL, "blue"), ("delete", CREDENTIAL, "green")]
    stack.arguments()
    succeeded(stack.up())
    assert trusted(azure) == {}
    assert len(azure.of_type("UserAssignedIdentity")) == 1


@pytest.mark.drill(
    broken="a cluster gets another name in the arguments, so Azure is asked for a second credential like the first",
    survived="everything: refused, with what to do, and after that the cluster is trusted under the new name",
)
def test_a_cluster_under_another_name_is_refused_with_what_to_do(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PODS)
    renamed = {**PODS, "kubernetesOidcIssuers": {"cyan": BLUE, "green": GREEN}}
    stack.arguments(**renamed)
    output = refused(stack.up())
    assert "Issuer and subject combination already exists for this Managed Identity" in output
    assert "If the cluster had another name in kubernetes_oidc_issuers (kubernetesOidcIssuers): leave it out" in output
    assert trusted(azure)["blue"] == (BLUE, SUBJECT)
    stack.arguments(**{**PODS, "kubernetesOidcIssuers": {"green": GREEN}})
    succeeded(stack.up())
    stack.arguments(**renamed)
    succeeded(stack.up())
    assert trusted(azure) == {"cyan": (BLUE, SUBJECT), "green": (GREEN, SUBJECT)}


def test_moving_to_an_identity_of_the_callers_moves_the_credentials(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PODS)
    given = add_identity(azure)
    stack.arguments(**given, **PODS)
    succeeded(stack.up())
    assert azure.of_type("UserAssignedIdentity").keys() == {"portal"}
    assert len([key for key in azure.resources if key.startswith(f"{given['identityResourceId']}/federated")]) == 3
    assert succeeded(stack.up()).changed == {}


def test_a_server_that_is_replaced_under_another_name_leaves_the_credentials_alone(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**PODS, deletionProtection=False)
    before, created = len(azure.changes()), azure.of_type(CREDENTIAL)
    stack.arguments(**PODS, deletionProtection=False, serverName="another-name")
    succeeded(stack.up())
    assert [change for change in changes(azure, before) if change[1] == CREDENTIAL] == []
    assert azure.of_type(CREDENTIAL) == created


@pytest.mark.drill(
    broken="another program writes a credential of the same identity at that moment",
    survived="everything: `up` waits and says so",
)
def test_another_writer_of_the_same_identity_is_waited_for(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals[CREDENTIAL] = [CONCURRENT] * 3
    stack.arguments(**PODS)
    up = succeeded(stack.up())
    assert "backstage-cluster-blue: waiting" in up.output
    assert f"the identity, which is busy ({CONCURRENT})" in up.output
    assert trusted(azure).keys() == {"blue", "green"}


@pytest.mark.drill(
    broken="the identity has 20 credentials already, which is Azure's limit",
    survived="all that exists: `up` ends with Azure's words, and continues when there is room",
)
def test_an_identity_that_is_full_ends_the_run_and_the_next_one_continues(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = add_identity(azure)
    for number in range(18):
        azure.add_credential(given["identityResourceId"], f"other{number}", f"{BLUE}{number}", SUBJECT)
    stack.arguments(**given, **PODS)
    assert "at most 20" in refused(stack.up())
    (name, *_) = azure.of_type(CREDENTIAL)
    del azure.resources[azure.of_type(CREDENTIAL)[name]["id"]]
    succeeded(stack.up())
    assert {"blue", "green"} <= trusted(azure).keys()


@pytest.mark.drill(
    broken="the credential of a cluster is deleted by hand",
    survived="the pods' login: `up --refresh` creates the credential again, and touches nothing else",
)
def test_a_credential_deleted_by_hand_is_created_again_after_a_refresh(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**PODS)
    before = len(azure.changes())
    (blue,) = [key for key in azure.resources if key.endswith("-blue")]
    del azure.resources[blue]
    succeeded(stack.up(refresh=True))
    assert changes(azure, before) == [("create", CREDENTIAL, "blue")]


# --- A run that is killed


# --- Taking it down


# --- Broken on purpose: what the simulation is strict about


def test_credentials_that_do_not_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    with SimulatedAzure(child_seconds=1) as azure:
        stack = AzureStack(tmp_path / "stack", azure)
        stack.arguments(**PODS)
        stack.break_on_purpose("chain of credentials")
        stack.up()
    assert any(CONCURRENT in call.error for call in azure.calls)
