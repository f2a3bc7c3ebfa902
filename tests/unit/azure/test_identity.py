"""Who Backstage is, and how the block says it."""

from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from components.azure.validation import validate
from components.backstage.duration import duration
from components.inputs import ArgumentError
from components.testing import run
from tests.blocks import seen
from tests.unit.inputs import materialize, of_type, output

from .cases import (
    ADMIN,
    CLIENT,
    GROUP,
    IDENTITY,
    LEAST,
    LOGIN_TENANT,
    OBJECT,
    PRINCIPAL,
    REACHABLE,
    TENANT,
    USER,
    USER_OBJECT,
    connection,
    create,
    server,
)

# --- The block: identities


def test_without_an_identity_a_created_one_is_admin_and_in_the_block() -> None:
    results = create(server_name="db-1", **REACHABLE)
    assert seen(results["database_config"].value) == {
        "client": "pg",
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
        "connection": {
            "type": "azure",
            "host": "db-1.postgres.database.azure.com",
            "port": 5432,
            "user": "db-1",
            "ssl": True,
            "tokenCredential": {"clientId": CLIENT},
        },
    }
    assert results.resource(IDENTITY).inputs["resourceName"] == "db-1"
    admin = results.resource(ADMIN).inputs
    assert (admin["objectId"], admin["principalName"], admin["principalType"], admin["tenantId"]) == (
        OBJECT,
        "db-1",
        "ServicePrincipal",
        TENANT,
    )
    assert results["identity_id"].value == "db-identity-id"
    assert results["principal_id"].value == OBJECT


def test_the_created_identitys_client_id_can_be_left_out_for_workload_identity() -> None:
    results = create(use_default_credential=True)
    assert results["database_config"].value["connection"]["tokenCredential"] is None
    assert results["client_id"].value == CLIENT, "which the service account's annotation needs"


def test_a_created_identity_beside_an_admin_of_the_callers_is_no_admin() -> None:
    results = create(**GROUP, create_identity=True, server_name="srv")
    assert results["user"].value == results.resource(IDENTITY).inputs["resourceName"] == "srv"
    assert results["database_config"].value["connection"]["tokenCredential"]["clientId"] == CLIENT
    assert [admin.inputs["principalName"] for admin in of_type(results, ADMIN)] == ["DB Admins"]
    assert results["principal_id"].value == OBJECT
    assert results["identity_id"].value == "db-identity-id"


def test_a_named_principal_selects_default_azure_credential() -> None:
    results = create(**PRINCIPAL)
    assert results["database_config"].value["connection"]["tokenCredential"] is None
    assert results["user"].value == "backstage app"
    assert of_type(results, IDENTITY) == []
    assert results["identity_id"].value == results["client_id"].value == ""


def test_a_client_id_selects_managed_identity_credential() -> None:
    assert connection(**PRINCIPAL, client_id=CLIENT)["tokenCredential"] == {"clientId": CLIENT}


def test_a_client_secret_selects_client_secret_credential() -> None:
    credential = connection(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret", tenant_id=TENANT)["tokenCredential"]
    assert credential == {"tenantId": TENANT, "clientId": CLIENT, "clientSecret": "s3cret"}


def test_a_tenant_alone_stays_out_of_the_block_because_it_would_select_nothing() -> None:
    assert connection(**PRINCIPAL, client_id=CLIENT, tenant_id=TENANT)["tokenCredential"] == {"clientId": CLIENT}


def test_the_tenant_is_that_of_the_login_unless_it_is_given_or_the_identitys() -> None:
    assert server(**PRINCIPAL)["authConfig"]["tenantId"] == LOGIN_TENANT
    assert server()["authConfig"]["tenantId"] == TENANT
    assert server(**PRINCIPAL, tenant_id=USER_OBJECT)["authConfig"]["tenantId"] == USER_OBJECT


def test_a_principal_without_admin_rights_is_the_one_that_backstage_connects_as() -> None:
    results = create(**PRINCIPAL, **USER, client_id=CLIENT)
    assert results["user"].value == "backstage"
    assert results["principal_id"].value == USER_OBJECT
    assert [admin.inputs["principalName"] for admin in of_type(results, ADMIN)] == ["backstage app"]


# --- The block: secrets and the environment form


def test_without_a_client_secret_nothing_is_secret() -> None:
    assert {name for name, result in create(**REACHABLE).outputs.items() if result.secret} == set()


def test_exactly_the_outputs_that_hold_a_client_secret_are_secret() -> None:
    results = create(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret")
    holders = {name for name, result in results.outputs.items() if "s3cret" in str(result.value)}
    assert holders == {"database_config", "app_config", "environment", "kubernetes_secret"}
    assert {name for name, result in results.outputs.items() if result.secret} == holders


def test_in_the_environment_form_the_client_secret_is_a_variable() -> None:
    """Its value is in the output `environment`."""
    results = create(**PRINCIPAL, client_id=CLIENT, client_secret="s3cret", tenant_id=TENANT, server_name="srv")
    document = yaml.safe_load(results["app_config_from_env"].value)["backend"]["database"]["connection"]
    assert seen(document["tokenCredential"]) == {
        "tenantId": TENANT,
        "clientId": CLIENT,
        "clientSecret": "${AZURE_CLIENT_SECRET}",
    }
    assert results["environment"].value == {
        "POSTGRES_HOST": "srv.postgres.database.azure.com",
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "backstage app",
        "AZURE_CLIENT_SECRET": "s3cret",
    }


def test_a_client_secret_that_looks_like_a_variable_is_escaped_in_the_literal_form() -> None:
    document = create(**PRINCIPAL, client_id=CLIENT, client_secret="a${B}")["app_config"].value
    assert "clientSecret: a$${B}\n" in document


def test_whatever_else_the_caller_calls_secret_stays_so_in_the_environment_form() -> None:
    results = create(**PRINCIPAL, client_id=lambda: pulumi.Output.secret(CLIENT))
    assert results["app_config_from_env"].secret


# --- The block: token renewal

MINUTES = ["5 minutes", "5 mins", "5m", "300s", "PT5M", "PT4M60S", {"minutes": 3, "seconds": 30}, {"hours": 0.05}]


@pytest.mark.parametrize(
    ("offset", "written"),
    [*((text, text) for text in ("1d", "2 hours", "30 seconds")), ({"minutes": 3, "seconds": 30}, "PT3M30S")],
)
def test_every_form_of_the_guide_has_the_documented_key_and_the_one_read(offset: Any, written: str) -> None:
    credential = connection(token_renewal_offset=offset)["tokenCredential"]
    assert credential == {"clientId": CLIENT, "tokenRenewalOffsetTime": written, "tokenRenewableOffsetTime": written}


def test_an_offset_needs_no_client_id() -> None:
    credential = connection(**PRINCIPAL, token_renewal_offset="4m")["tokenCredential"]
    assert credential == {"tokenRenewalOffsetTime": "4m", "tokenRenewableOffsetTime": "4m"}


@pytest.mark.parametrize(
    ("units", "written"),
    [
        ({"minutes": 3.0, "seconds": 0.5}, "PT3M0.5S"),
        ({"milliseconds": 1500, "seconds": 2}, "PT3.5S"),
        ({"years": 1, "months": 2, "weeks": 3, "days": 4, "hours": 5}, "P1Y2M3W4DT5H"),
        ({"minutes": 0}, "PT0S"),
        ({"hours": 1e-7}, "PT0.0000001H"),
        ({"seconds": 2**53}, "PT9007199254740992S"),
    ],
)
def test_a_map_becomes_one_string_that_no_other_file_adds_to(units: Any, written: str) -> None:
    assert duration(units) == written


def log_warnings(**args: Any) -> None:
    """Logs what the component would warn about; tests/unit/clouds/test_warnings.py shows that it does."""

    def program() -> None:
        component = pulumi.ComponentResource("test:index:Component", "component")
        validate("db", materialize({**LEAST, **args})).log_warnings(component)

    run(program)


@pytest.mark.parametrize("offset", MINUTES)
def test_up_to_five_minutes_are_accepted_without_a_warning(offset: Any, caplog: pytest.LogCaptureFixture) -> None:
    log_warnings(token_renewal_offset=offset, **REACHABLE)
    assert caplog.messages == []


@pytest.mark.parametrize("offset", ["301s", "1d", "P1D", "PT5M0,5S", {"months": 1}, {"minutes": 5, "milliseconds": 1}])
def test_more_than_five_minutes_are_accepted_with_a_warning_that_says_why(
    offset: Any, caplog: pytest.LogCaptureFixture
) -> None:
    log_warnings(token_renewal_offset=output(offset), **REACHABLE)
    (warning,) = caplog.messages
    assert "more than 5 minutes" in warning
    assert "queries fail" in warning


@given(
    st.decimals(0, 10**6, places=2),
    st.sampled_from(["", " ", "  "]),
    st.sampled_from(["ms", "msecs", "Seconds", "sec", "s", "MINUTES", "mins", "m", "hours", "hrs", "h", "days", "d"]),
)
@example(5, " ", "weeks")
@example(5, "", "yrs")
def test_any_number_with_a_unit_is_a_length_of_time(number: Any, spaces: str, unit: str) -> None:
    assert duration(f" {number}{spaces}{unit} ") == f"{number}{spaces}{unit}"


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)))
def test_only_strings_and_maps_are_lengths_of_time(value: Any) -> None:
    with pytest.raises(ValueError, match="must be a length of time that Backstage reads"):
        duration(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "rubbish", "300", "1.5", "-1m", "1 month", "1m 30s", "9" * 100 + "s", "٣ m"),
        *("P", "PT", "P-1D", "-P1D", "PT1M1", "p1d"),
        *({}, {"minute": 1}, {"minutes": "1"}, {"minutes": -1}, {"minutes": True}, {"minutes": float("nan")}),
    ],
)
def test_a_malformed_length_of_time_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r'argument "token_renewal_offset" is .* must be a length of time'):
        create(token_renewal_offset=value)
