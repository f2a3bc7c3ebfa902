"""Which pods of Kubernetes clusters log in as the identity that Backstage connects as."""

import itertools
from typing import Any

import pulumi
import pytest

from components import AzurePostgres
from components.inputs import ArgumentError
from components.testing import MANAGED_IDENTITY, Mocks, run
from tests.unit.inputs import by_name, name_of, of_type, unknown

from .cases import CLIENT, CREDENTIAL, GROUP, IDENTITY, ISSUER, OWN_IDENTITY, PODS, STASH, USER, create

SERVER_NAME = "srv"
CLUSTERS = {**PODS, "kubernetes_oidc_issuers": {"green": f"{ISSUER}2/", "blue": ISSUER}}


def credentials(**args: Any) -> list[dict[str, Any]]:
    return [dict(one.inputs) for one in of_type(create(server_name=SERVER_NAME, **args), CREDENTIAL)]


def test_each_cluster_has_a_credential_on_the_created_identity() -> None:
    shared = {
        "resourceGroupName": "group",
        "resourceName": SERVER_NAME,
        "subject": "system:serviceaccount:portal:backstage",
        "audiences": ["api://AzureADTokenExchange"],
    }
    assert credentials(**CLUSTERS) == [
        {**shared, "federatedIdentityCredentialResourceName": "srv-blue", "issuer": ISSUER},
        {**shared, "federatedIdentityCredentialResourceName": "srv-green", "issuer": f"{ISSUER}2/"},
    ]


def test_without_a_kubernetes_service_account_there_is_no_credential() -> None:
    assert credentials() == []


def test_an_identity_without_admin_rights_has_the_credential_too() -> None:
    results = create(**GROUP, create_identity=True, server_name=SERVER_NAME, **PODS)
    assert results.resource(CREDENTIAL).inputs["resourceName"] == results.resource(IDENTITY).inputs["resourceName"]


@pytest.mark.parametrize("args", [OWN_IDENTITY, {**OWN_IDENTITY, **USER}], ids=["admin", "user"])
def test_the_credential_of_a_given_identity_is_in_that_identitys_group(args: dict[str, Any]) -> None:
    (credential,) = credentials(**args, **PODS)
    assert (credential["resourceGroupName"], credential["resourceName"]) == ("people", "portal")


def test_credentials_are_written_one_after_another_and_the_guard_waits_for_all() -> None:
    resources = by_name(create(**CLUSTERS))
    for before, after in itertools.pairwise(["identity", "cluster-blue", "cluster-green", "deletion-protection"]):
        assert f"db-{before}" in set(map(name_of, resources[f"db-{after}"].options.dependencies))


def test_credentials_go_with_the_created_identity_and_alone_from_a_given_one() -> None:
    of_created = create(**PODS).resource(CREDENTIAL)
    assert name_of(of_created.options.deletedWith) == "db-identity"
    assert not create(**OWN_IDENTITY, **PODS).resource(CREDENTIAL).options.deletedWith


class NoCredentialYet(Mocks):
    """A preview in which everything exists but the credentials."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        host = {"fullyQualifiedDomainName": "srv.postgres.database.azure.com"}
        stored = {"output": args.inputs["input"]} if args.typ == STASH else {}
        decided = {"name": args.inputs.get("resourceName") or args.inputs.get("serverName"), **MANAGED_IDENTITY, **host}
        return "" if args.typ == CREDENTIAL else f"{args.name}-id", {**decided, **args.inputs, **stored}


@pytest.mark.parametrize(("args", "known"), [({}, True), (PODS, False)], ids=["no pods", "pods"])
def test_every_output_waits_for_the_credentials(args: dict[str, Any], known: bool) -> None:
    def program() -> dict[str, Any]:
        arguments: Any = {"resource_group_name": "group", "server_name": SERVER_NAME, **args}
        database = AzurePostgres("db", arguments)
        names: list[str] = list(AzurePostgres.__annotations__)
        return {name: getattr(database, name) for name in names}

    results = run(program, mocks=NoCredentialYet(), preview=True)
    assert {result.known for result in results.outputs.values()} == {known}, results.outputs


@pytest.mark.parametrize("args", [PODS, {**OWN_IDENTITY, **PODS}], ids=["created", "given"])
def test_the_block_names_the_client_id_that_the_pods_token_is_exchanged_for(args: dict[str, Any]) -> None:
    results = create(**args)
    assert results["database_config"].value["connection"]["tokenCredential"]["clientId"] == CLIENT
    assert results["client_id"].value == CLIENT


@pytest.mark.parametrize("args", [PODS, {**OWN_IDENTITY, **PODS}], ids=["created", "given"])
def test_with_the_default_credential_the_client_id_is_only_an_output(args: dict[str, Any]) -> None:
    results = create(use_default_credential=True, **args)
    assert results["database_config"].value["connection"]["tokenCredential"] is None
    assert results["client_id"].value == CLIENT


class Login(Mocks):
    """A provider that creates resources in the subscription `s`."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answer, failures = super().call(args)
        return {**answer, "subscriptionId": "s"}, failures


@pytest.mark.parametrize("preview", [True, False])
def test_an_identity_in_another_subscription_is_refused_in_the_preview_too(preview: bool) -> None:
    def program(subscription: str) -> None:
        id_ = OWN_IDENTITY["identity_resource_id"].replace("/s/", f"/{subscription}/", 1)
        arguments: Any = {"resource_group_name": "group", **OWN_IDENTITY, **PODS, "identity_resource_id": id_}
        AzurePostgres("db", arguments)

    run(lambda: program("S"), mocks=Login(), preview=preview)
    with pytest.raises(ArgumentError, match='"identity_resource_id" is in another subscription than s, in which'):
        run(lambda: program("t"), mocks=Login(), preview=preview)


def test_an_identity_with_another_name_than_the_principal_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warning = "identity_resource_id ends in another name than the principal that Backstage connects as."
    create(**{**OWN_IDENTITY, **PODS, "admin_name": "Portal"})
    assert warning not in caplog.text
    create(**{**OWN_IDENTITY, **USER, **PODS, "admin_name": "Portal"})
    assert warning in caplog.text


def test_an_issuer_that_is_not_known_yet_is_not_compared_and_hides_no_other() -> None:
    issuers: dict[str, Any] = {"blue": unknown, "green": ISSUER, "red": unknown}
    results = create(preview=True, **{**PODS, "kubernetes_oidc_issuers": issuers})
    known = {one.name: one.inputs.get("issuer") for one in of_type(results, CREDENTIAL)}
    assert known["db-cluster-green"] == ISSUER


def test_the_names_of_the_clusters_are_plain() -> None:
    with pytest.raises(ArgumentError, match='"kubernetes_oidc_issuers" must be a map with plain keys'):
        create(**{**PODS, "kubernetes_oidc_issuers": unknown})
