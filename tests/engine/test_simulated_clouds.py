"""What the simulated clouds are strict about: a request that the components would never make is refused.

This proves that the requests of the components are complete. The requests are those of the component, changed as a
caller's transform could change them, sent by the provider's protocol.
"""

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from components.testing import Registration
from tests.unit.azure import cases as azure
from tests.unit.cloud_sql import cases as cloud_sql

from . import azure_mocks, cloud_sql_mocks
from .protocol import Deployment, RefusedError
from .simulated_provider import SimulatedProvider

Change = Callable[[dict[str, Any]], Any]
OTHER = "99999999-9999-9999-9999-999999999999"
ANOTHER = "backstage@another-1.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Cloud:
    package: str
    simulated: Callable[[], SimulatedProvider]
    registered: Callable[[Mapping[str, Any]], Sequence[Registration]]


AZURE = Cloud("azure-native", azure_mocks.simulated_azure, azure_mocks.registered)
CLOUD_SQL = Cloud("gcp", cloud_sql_mocks.simulated_cloud_sql, cloud_sql_mocks.registered)


def without(*path: str) -> Change:
    """Takes an input away."""

    def change(inputs: dict[str, Any]) -> None:
        for key in path[:-1]:
            inputs = inputs[key]
        del inputs[path[-1]]

    return change


def with_(**values: Any) -> Change:
    return lambda inputs: inputs.update(values)


def with_settings(**values: Any) -> Change:
    return lambda inputs: inputs["settings"].update(values)


def with_network(**values: Any) -> Change:
    return with_settings(ipConfiguration={"ipv4Enabled": False, **values})


AZURE_CASES: dict[str, tuple[dict[str, Any], str, Change, str]] = {
    "no Entra authentication": (
        {},
        azure.SERVER,
        without("authConfig", "activeDirectoryAuth"),
        "one way of authentication must be enabled",
    ),
    "password authentication left open": (
        {},
        azure.SERVER,
        without("authConfig", "passwordAuth"),
        "administratorLogin is required with password authentication",
    ),
    "no tenant": (
        {},
        azure.SERVER,
        without("authConfig", "tenantId"),
        "tenantId is required with Microsoft Entra authentication",
    ),
    "the SDK's spelling of a principal": (
        {},
        azure.ADMIN,
        with_(principalType="servicePrincipal"),
        "Invalid value given for parameter principalType: servicePrincipal",
    ),
    "another tenant": ({}, azure.ADMIN, with_(tenantId=OTHER), "tenantId must be the server's"),
    "two audiences": (
        azure.PODS,
        azure.CREDENTIAL,
        with_(audiences=["api://AzureADTokenExchange", "another"]),
        "Federated identity credentials must have exactly 1 audience.",
    ),
    "an issuer without TLS": (
        azure.PODS,
        azure.CREDENTIAL,
        with_(issuer="http://example.com/"),
        "is not the URL of an issuer.",
    ),
    "a name with a period": (
        azure.PODS,
        azure.CREDENTIAL,
        with_(federatedIdentityCredentialResourceName="a.b"),
        "does not match",
    ),
}
GIVEN = {"user": cloud_sql.EMAIL}
PODS = {**cloud_sql.PODS, **GIVEN}
CLOUD_SQL_CASES: dict[str, tuple[dict[str, Any], str, Change, str]] = {
    "no edition": (
        {},
        cloud_sql.INSTANCE,
        without("settings", "edition"),
        "Invalid Tier (db-custom-1-3840) for (ENTERPRISE_PLUS) Edition",
    ),
    "no IAM flag": ({}, cloud_sql.INSTANCE, with_settings(databaseFlags=[]), "IAM authentication is not enabled"),
    "an authorized network": (
        {},
        cloud_sql.INSTANCE,
        with_network(ipv4Enabled=True, authorizedNetworks=[{"value": "203.0.113.0/24"}]),
        "Authorized networks cannot be used with connector enforcement",
    ),
    "a standby without backups": (
        {"high_availability": True},
        cloud_sql.INSTANCE,
        with_settings(backupConfiguration={"enabled": False}),
        "Regional availability requires backups and point-in-time recovery",
    ),
    "no consumers": (
        {},
        cloud_sql.INSTANCE,
        with_network(pscConfigs=[{"pscEnabled": True}]),
        "Private Service Connect requires at least one allowed consumer project",
    ),
    "no address": (
        {},
        cloud_sql.INSTANCE,
        with_network(),
        "At least one of Public IP or Private IP or PSC connectivity must be enabled",
    ),
    "the suffix of an account": (
        GIVEN,
        cloud_sql.USER,
        with_(name=cloud_sql.EMAIL),
        "remove .gserviceaccount.com from its name",
    ),
    "capitals": (
        {"user": "jo@example.com"},
        cloud_sql.USER,
        with_(name="Jo@example.com", type="CLOUD_IAM_USER"),
        "expected non-nil error with nil state during Create",
    ),
    "a password": (
        {},
        cloud_sql.USER,
        with_(password="hunter2"),
        "For IAM users, password or hostname should not be specified",
    ),
    "an unknown role": ({}, cloud_sql.USER, with_(databaseRoles=["nobody"]), 'role "nobody" does not exist'),
    "an unknown argument": (
        {},
        cloud_sql.INSTANCE,
        with_settings(backupConfiguration={"retention": 7}),
        "unknown property settings.backupConfiguration.retention",
    ),
    "an unknown enforcement": (
        {},
        cloud_sql.INSTANCE,
        with_settings(connectorEnforcement="ALWAYS"),
        "expected settings.connectorEnforcement to be one of",
    ),
    "a pod without a namespace": (
        PODS,
        cloud_sql.POD_BINDING,
        with_(member=f"serviceAccount:{cloud_sql.PROJECT}.svc.id.goog[backstage]"),
        "Invalid service account",
    ),
    "an account of another project": (
        PODS,
        cloud_sql.POD_BINDING,
        with_(serviceAccountId=f"projects/{cloud_sql.PROJECT}/serviceAccounts/{ANOTHER}"),
        "does not exist.",
    ),
    "an account's bare address": (
        PODS,
        cloud_sql.POD_BINDING,
        with_(serviceAccountId=ANOTHER),
        "doesn't match regexp",
    ),
}


@pytest.mark.parametrize(
    ("cloud", "args", "type_", "change", "answer"),
    [
        pytest.param(cloud, *case, id=name)
        for cloud, cases in ((AZURE, AZURE_CASES), (CLOUD_SQL, CLOUD_SQL_CASES))
        for name, case in cases.items()
    ],
)
def test_a_request_that_breaks_a_rule_of_the_clouds_is_refused(
    cloud: Cloud, args: dict[str, Any], type_: str, change: Change, answer: str
) -> None:
    resources = cloud.registered(args)
    Deployment(cloud.simulated(), cloud.package).up(resources)

    broken = [changed(one, change) if one.type == type_ else one for one in resources]
    with pytest.raises(RefusedError, match=re.escape(answer)):
        Deployment(cloud.simulated(), cloud.package).up(broken)


def changed(registration: Registration, change: Change) -> Registration:
    inputs = copy.deepcopy(dict(registration.inputs))
    change(inputs)
    return dataclasses.replace(registration, inputs=inputs)
