"""Pods of Kubernetes clusters that log in as AzurePostgres' identity: on the real engine, against a simulated Azure."""

from pathlib import Path
from typing import Any

import pytest

from .cloud_stack import AzureStack
from .simulated_azure import SimulatedAzure
from .stack import refused, succeeded

CREDENTIAL = "FederatedIdentityCredential"
BLUE = "https://westeurope.oic.prod-aks.azure.com/22222222-2222-2222-2222-222222222222/blue/"
GREEN = "https://northeurope.oic.prod-aks.azure.com/22222222-2222-2222-2222-222222222222/green/"
SUBJECT = "system:serviceaccount:portal:backstage"
PODS: dict[str, Any] = {
    "kubernetesServiceAccount": "portal/backstage",
    "kubernetesOidcIssuers": {"blue": BLUE, "green": GREEN},
}
PRINCIPAL = {
    "adminName": "portal",
    "adminObjectId": "00000000-0000-0000-0000-000000000001",
    "adminType": "ServicePrincipal",
    "clientId": "00000000-0000-0000-0000-000000000002",
}
CONCURRENT = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"


@pytest.fixture
def stack(azure_stack: AzureStack) -> AzureStack:
    return azure_stack


def trusted(azure: SimulatedAzure) -> dict[str, tuple[str, str]]:
    """End of each credential's name → issuer and subject."""
    found = azure.of_type(CREDENTIAL)
    return {name.split("-")[-1]: (one["issuer"], one["subject"]) for name, one in found.items()}


def changes(azure: SimulatedAzure, since: int) -> list[tuple[str, str, str]]:
    return [(operation, type_, name.split("-")[-1]) for operation, type_, name in azure.changes()[since:]]


def given_identity(azure: SimulatedAzure) -> dict[str, Any]:
    """Arguments for an identity of the caller's that pods of another application log in as too."""
    id_ = azure.add_identity("people", "portal")
    azure.add_credential(id_, "other", BLUE, "system:serviceaccount:other:other")
    return {**PRINCIPAL, "identityResourceId": id_}


# --- As it should be


def test_pods_of_two_clusters_are_trusted_one_after_another(stack: AzureStack, azure: SimulatedAzure) -> None:
    """Later runs change nothing."""
    stack.arguments(**PODS)
    first = succeeded(stack.up())
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    assert trusted(azure) == {"blue": (BLUE, SUBJECT), "green": (GREEN, SUBJECT)}
    assert {key.rsplit("/", 2)[0] for key, one in azure.resources.items() if one["_type"] == CREDENTIAL} == {
        identity["id"]
    }
    assert first.outputs["databaseConfig"]["connection"]["tokenCredential"]["clientId"] == identity["clientId"]
    assert [call.error for call in azure.calls if call.error] == []
    before = azure.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert azure.changes() == before


def test_a_preview_of_changed_tags_does_not_replace_the_credentials(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PODS)
    stack.arguments(**PODS, tags={"team": "platform"})
    assert succeeded(stack.preview()).changed == {"update": 3}


def test_an_identity_of_the_callers_gets_the_credentials_in_its_own_group(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = given_identity(azure)
    stack.deploy(**given, **PODS)
    assert len([key for key in azure.resources if key.startswith(f"{given['identityResourceId']}/federated")]) == 3


def test_an_identity_in_another_subscription_is_refused_in_the_preview(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = given_identity(azure)
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


@pytest.mark.drill(
    broken="the Kubernetes service account is renamed, with two clusters that trust it",
    survived="everything: both credentials change in place, one after another",
)
def test_a_renamed_service_account_is_trusted_everywhere_and_the_old_one_nowhere(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**PODS)
    before = len(azure.changes())
    stack.arguments(**{**PODS, "kubernetesServiceAccount": "portal/backend"})
    succeeded(stack.up())
    assert changes(azure, before) == [("update", CREDENTIAL, "blue"), ("update", CREDENTIAL, "green")]
    assert {subject for _, subject in trusted(azure).values()} == {"system:serviceaccount:portal:backend"}
    assert [call.error for call in azure.calls if call.error] == []


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
    given = given_identity(azure)
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
    broken="somebody else writes a credential of the same identity at that moment",
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
    given = given_identity(azure)
    for number in range(18):
        azure.add_credential(given["identityResourceId"], f"other{number}", f"{BLUE}{number}", SUBJECT)
    stack.arguments(**given, **PODS)
    assert "at most 20" in refused(stack.up())
    (name, *_) = azure.of_type(CREDENTIAL)
    del azure.resources[azure.of_type(CREDENTIAL)[name]["id"]]
    succeeded(stack.up())
    assert {"blue", "green"} <= trusted(azure).keys()


@pytest.mark.drill(
    broken="somebody deletes the credential of a cluster by hand",
    survived="the pods' login: `up --refresh` makes the credential again, and touches nothing else",
)
def test_a_credential_that_somebody_deleted_is_made_again_after_a_refresh(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**PODS)
    before = len(azure.changes())
    (blue,) = [key for key in azure.resources if key.endswith("-blue")]
    del azure.resources[blue]
    succeeded(stack.up(refresh=True))
    assert changes(azure, before) == [("create", CREDENTIAL, "blue")]


# --- A run that is killed


@pytest.mark.drill(
    broken="`pulumi up` is killed while it creates the credential of a cluster",
    survived="the credential: the next `up` prints the command that takes it over",
)
def test_a_credential_that_a_killed_run_left_is_taken_over_by_the_printed_command(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(**PODS)
    pause = azure.pause(CREDENTIAL)
    refused(stack.up_killed(pause.reached))
    pause.release()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    before = len(azure.changes())
    up = stack.up()
    while not up.ok:
        # The server may have been created side by side.
        assert "cannot create already existing resource" in up.output, up.output
        stack.take_over(up.output)
        up = stack.up()
    assert trusted(azure) == {"blue": (BLUE, SUBJECT), "green": (GREEN, SUBJECT)}
    assert [change for change in changes(azure, before) if change[1] == CREDENTIAL] == [("create", CREDENTIAL, "green")]
    last = succeeded(stack.up())
    assert last.changed == {}
    assert "pending operations" not in last.output


# --- Taking it down


@pytest.mark.drill(
    broken="`destroy` with pods that log in as an identity of somebody else's",
    survived="that identity and its other credentials; of ours nothing is left",
)
def test_a_given_identity_keeps_its_other_credentials_when_the_database_goes(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    given = given_identity(azure)
    others = set(azure.resources)
    stack.deploy(**given, **PODS)
    created = set(azure.resources)
    assert "cannot be deleted" in refused(stack.destroy())
    assert set(azure.resources) == created, "a refused destroy touches nothing"
    stack.arguments(**given, **PODS, deletionProtection=False)
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert set(azure.resources) == others
    assert [call.error for call in azure.calls if call.error] == []


def test_with_a_created_identity_nothing_is_left(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PODS, deletionProtection=False)
    before = len(azure.changes())
    succeeded(stack.destroy())
    assert azure.resources == {}
    assert stack.resources() == []
    assert [type_ for _, type_, _ in changes(azure, before)] == ["Server", "UserAssignedIdentity", "ResourceGroup"]


# --- Broken on purpose: what the simulation is strict about


def test_credentials_that_do_not_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    with SimulatedAzure(child_seconds=1) as azure:
        stack = AzureStack(tmp_path / "stack", azure)
        stack.arguments(**PODS)
        stack.break_on_purpose("chain of credentials")
        stack.up()
    assert any(CONCURRENT in call.error for call in azure.calls)


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("two audiences", "Federated identity credentials must have exactly 1 audience."),
        ("issuer without TLS", "is not the URL of an issuer."),
        ("a name with a period", "does not match"),
    ],
)
def test_a_credential_that_the_component_would_never_ask_for_is_refused(
    stack: AzureStack, how: str, answer: str
) -> None:
    stack.arguments(**PODS)
    stack.break_on_purpose(how)
    assert answer in refused(stack.up())
