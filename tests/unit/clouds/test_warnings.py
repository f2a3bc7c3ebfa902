"""Choices that are allowed and work badly, in both clouds: each is warned about once its value is known."""

from typing import Any

import pytest

from tests.unit.azure.cases import ISSUER, PODS, REACHABLE
from tests.unit.cases import CASES

# Arguments with which there is no warning.
QUIET: dict[str, dict[str, Any]] = {"AzurePostgres": REACHABLE, "CloudSqlPostgres": {}}

BURSTABLE = "Standard_B1ms is Burstable, which Microsoft advises for development only. It "
SHARED = "db-f1-micro shares its processor and has no service level agreement. It allows 25 "
NO_SLASH = "kubernetes_oidc_issuers lacks the slash that AKS puts at the end, for 'blue'."
WARNED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "AzurePostgres": [
        ({"sku_name": "Standard_B1ms"}, BURSTABLE),
        ({"sku_name": "Standard_B1ms"}, "allows 35 connections; Backstage opens up to 10 for each plugin."),
        ({"sku_name": "Standard_B4ms"}, "Standard_B4ms is Burstable"),
        ({"version": "14"}, "PostgreSQL 14 reaches its end of life in November 2026."),
        ({"version": "18"}, "Microsoft Entra logins on PostgreSQL 18 are reported broken"),
        ({"token_renewal_offset": "301s"}, "token_renewal_offset is more than 5 minutes."),
        ({**PODS, "kubernetes_oidc_issuers": {"blue": ISSUER.rstrip("/")}}, NO_SLASH),
    ],
    "CloudSqlPostgres": [
        ({"version": 14}, "PostgreSQL 14 reaches its end of life in November 2026."),
        ({"tier": "db-f1-micro"}, SHARED),
        ({"tier": "db-g1-small"}, "allows 50 connections; Backstage opens up to 10 for each plugin."),
    ],
}


@pytest.mark.parametrize(
    ("component", "args", "warning"), [(component, *case) for component, cases in WARNED.items() for case in cases]
)
def test_choices_that_work_poorly_are_warned_about(
    component: str, args: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    CASES[component].create(**{**QUIET[component], **args})
    assert warning in caplog.text


@pytest.mark.parametrize("component", QUIET)
def test_the_defaults_are_not_warned_about(component: str, caplog: pytest.LogCaptureFixture) -> None:
    CASES[component].create(**QUIET[component])
    assert caplog.messages == []
