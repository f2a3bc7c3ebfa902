"""AzurePostgres: arguments that are checked together, and what counts as left out."""

from typing import Any

import pytest

from components import AzurePostgres
from components.inputs import ArgumentError
from components.testing import run
from tests.unit.inputs import of_type, unknown

from .cases import (
    ADMIN,
    OBJECT,
    OTHER_ID,
    PRINCIPAL,
    REACHABLE,
    create,
    later,
)


def test_principals_that_arrive_as_outputs_are_unique_too() -> None:
    with pytest.raises(ArgumentError, match='"admin_users" has an object id that admin_object_id has too'):
        create(**later({**PRINCIPAL, "admin_users": {"jo": OBJECT.upper()}}))


def test_an_unknown_principal_is_not_compared_and_hides_nobody_else() -> None:
    results = create(preview=True, **PRINCIPAL, admin_users={"jo": unknown, "mo": OTHER_ID})
    ids = {admin.name: admin.inputs.get("objectId") for admin in of_type(results, ADMIN)}
    assert (ids["db-admin"], ids["db-admin-mo"]) == (OBJECT, OTHER_ID)


def test_a_sovereign_cloud_in_the_providers_configuration_is_refused() -> None:
    for config in ({"azure-native:environment": "usgovernment"}, {"azure-native:location": "chinaeast2"}):
        with pytest.raises(ArgumentError, match="tokens of Azure's public cloud"):
            run(lambda: AzurePostgres("db", {"resource_group_name": "g"}) and None, config=config)


def test_a_contradiction_is_seen_although_its_values_are_not_known_yet() -> None:
    with pytest.raises(ArgumentError, match="cannot be used with delegated_subnet_id"):
        create(preview=True, delegated_subnet_id=unknown, private_dns_zone_id=unknown, **REACHABLE)


@pytest.mark.parametrize("nothing", [None, {}, False])
def test_none_false_and_empty_maps_count_as_left_out(nothing: Any) -> None:
    maps = (
        ("firewall_rules", "admin_users", "server_parameters", "tags") if nothing == {} else ("allow_azure_services",)
    )
    assert create(server_name="srv", **dict.fromkeys(maps, nothing)).outputs == create(server_name="srv").outputs
