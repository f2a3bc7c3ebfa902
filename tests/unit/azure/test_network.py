"""Who can reach the server."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.azure.validators import address_range
from tests.unit.inputs import of_type

from .cases import DNS, ENDPOINT, PRIVATELINK, REACHABLE, RULE, SERVER, SUBNET, VNET, ZONE, create, server


def test_an_address_a_range_and_a_cidr_block_become_firewall_rules() -> None:
    """They open public access."""
    results = create(
        firewall_rules={"one": "203.0.113.7", "range": "203.0.113.1-203.0.113.9", "block": "203.0.113.16/28"}
    )
    rules = {
        rule.inputs["firewallRuleName"]: (rule.inputs["startIpAddress"], rule.inputs["endIpAddress"])
        for rule in of_type(results, RULE)
    }
    assert rules == {
        "block": ("203.0.113.16", "203.0.113.31"),
        "one": ("203.0.113.7", "203.0.113.7"),
        "range": ("203.0.113.1", "203.0.113.9"),
    }
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}


def test_letting_in_azure_services_is_a_rule_of_its_own_and_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    results = create(allow_azure_services=True)
    rule = results.resource(RULE).inputs
    assert (rule["startIpAddress"], rule["endIpAddress"]) == ("0.0.0.0", "0.0.0.0")
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}
    (warning,) = caplog.messages
    assert "every machine in Azure, including other customers' machines" in warning


def test_a_private_endpoint_leaves_public_access_off_and_the_host_name_as_is() -> None:
    results = create(private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK, server_name="srv")
    endpoint = results.resource(ENDPOINT).inputs
    assert endpoint["subnet"]["id"] == SUBNET
    (link,) = endpoint["privateLinkServiceConnections"]
    assert (link["privateLinkServiceId"], link["groupIds"]) == ("db-server-id", ["postgresqlServer"])
    assert results.resource(DNS).inputs["privateDnsZoneConfigs"][0]["privateDnsZoneId"] == PRIVATELINK
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Disabled"}
    assert results["host"].value == "srv.postgres.database.azure.com"


def test_a_private_endpoint_without_a_zone_warns_about_name_resolution(
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = create(private_endpoint_subnet_id=SUBNET)
    assert of_type(results, DNS) == []
    assert "resolves to its public address" in caplog.text


def test_a_private_endpoint_and_firewall_rules_go_together() -> None:
    results = create(private_endpoint_subnet_id=SUBNET, private_dns_zone_id=PRIVATELINK, **REACHABLE)
    assert results.resource(SERVER).inputs["network"] == {"publicNetworkAccess": "Enabled"}


def test_a_delegated_subnet_puts_the_server_inside_the_network(caplog: pytest.LogCaptureFixture) -> None:
    assert server(**VNET)["network"] == {"delegatedSubnetResourceId": SUBNET, "privateDnsZoneArmResourceId": ZONE}
    assert caplog.messages == []


def test_a_server_that_nobody_can_reach_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    create()
    (warning,) = caplog.messages
    assert warning.startswith('AzurePostgres "db": nobody can reach this server')
    assert "firewall_rules" in warning


@given(st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_any_two_addresses_in_order_are_a_range(one: Any, other: Any) -> None:
    first, last = sorted([one, other])
    if int(first) == 0:
        with pytest.raises(ValueError, match="allow_azure_services"):
            address_range(f"{first}-{last}")
    else:
        assert address_range(f"{first} - {last}") == (str(first), str(last))
        assert address_range(str(first)) == (str(first), str(first))
