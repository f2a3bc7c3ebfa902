"""AzurePostgres as a platform team runs it: previews, locks, other people's networks, another principal."""

from typing import Any

import pytest

from .azure_cases import DATABASE, OBJECT, OTHER, PRIVATELINK, RULES, SUBNET, TEAM, WORKSPACE
from .cloud_stack import AzureStack
from .simulated_azure import SimulatedAzure
from .stack import refused, succeeded


@pytest.fixture
def stack(azure_stack: AzureStack) -> AzureStack:
    return azure_stack


def changes_of(azure: SimulatedAzure, since: int) -> list[tuple[str, str]]:
    return sorted((operation, type_) for operation, type_, _ in azure.changes()[since:])


@pytest.mark.parametrize("protection", [{}, {"deletionProtection": False}], ids=["protected", "not protected"])
def test_a_preview_of_changed_tags_shows_the_updates_that_follow(
    stack: AzureStack, azure: SimulatedAzure, protection: dict[str, Any]
) -> None:
    arguments = {**DATABASE, **protection}
    stack.deploy(**arguments)
    before = len(azure.changes())
    stack.arguments(**arguments, tags={"team": "platform"})
    preview = succeeded(stack.preview())
    assert preview.changed == {"update": 3}, preview.output
    succeeded(stack.up())
    assert changes_of(azure, before) == [
        ("update", "ResourceGroup"),
        ("update", "Server"),
        ("update", "UserAssignedIdentity"),
    ]


def test_an_identity_without_admin_rights_takes_over_from_the_admin_with_a_warning(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    first = stack.deploy()
    assert "Backstage will connect as" not in first.output
    stack.arguments(**TEAM)
    for output in (succeeded(stack.preview()).output, succeeded(stack.up()).output):
        assert f"Backstage will connect as DB Admins ({OBJECT}), no longer as backstage-" in output
        assert "Hand them over before this update: docs/azure.md" in output
    assert "Backstage will connect as" not in succeeded(stack.up()).output


def test_a_group_is_the_admin_and_backstage_an_identity_that_is_none(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.arguments(**TEAM, createIdentity=True)
    up = succeeded(stack.up())
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    (admin,) = azure.of_type("AdministratorsMicrosoftEntra").values()
    assert admin["principalName"] == "DB Admins"
    assert up.outputs["user"] == identity["name"]
    assert f"aadauth,oid={identity['principalId']},type=service" in up.outputs["bootstrapSql"]


def test_a_private_endpoint_lives_in_the_group_and_region_of_its_network(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    azure.add_group("hub", "northeurope")
    stack.arguments(
        privateEndpointSubnetId=SUBNET,
        privateDnsZoneId=PRIVATELINK,
        privateEndpointResourceGroupName="hub",
        privateEndpointLocation="northeurope",
    )
    succeeded(stack.up())
    (endpoint,) = azure.of_type("PrivateEndpoint").values()
    assert "/resourceGroups/hub/" in endpoint["id"]
    assert endpoint["location"] == "northeurope"
    assert succeeded(stack.up()).changed == {}


def test_of_a_locked_server_nothing_is_deleted_until_it_is_unlocked(stack: AzureStack, azure: SimulatedAzure) -> None:
    """It can be changed all the same."""
    stack.deploy(firewallRules=RULES, deleteLock=True, logAnalyticsWorkspaceId=WORKSPACE)
    more = {**RULES, "office": "203.0.113.8", "home": "203.0.113.9"}
    stack.arguments(firewallRules=more, deleteLock=True, logAnalyticsWorkspaceId=WORKSPACE)
    succeeded(stack.up())
    assert succeeded(stack.up()).changed == {}

    stack.arguments(firewallRules=RULES, deleteLock=True, logAnalyticsWorkspaceId=WORKSPACE)
    output = refused(stack.up())
    assert "ScopeLocked" in output
    assert "a CanNotDelete lock is on the server" in output
    # The refused update has made the other rules forget this one, so that it and the lock are deleted side by side.
    stack.arguments(firewallRules=RULES, logAnalyticsWorkspaceId=WORKSPACE)
    succeeded(stack.up())
    assert azure.of_type("FirewallRule").keys() == RULES.keys()


def test_an_admin_is_replaced_only_after_an_update_that_removed_the_lock(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    other = {**TEAM, "adminObjectId": OTHER}
    stack.deploy(**TEAM, deleteLock=True)
    before = azure.changes()
    # Azure deletes an admin before its successor can have the role; the lock would go after that.
    for lock in ({"deleteLock": True}, {}):
        stack.arguments(**other, **lock)
        output = refused(stack.up())
        assert "ScopeLocked" in output
        assert "leave that out, run `pulumi up`, make this change, and set it again" in output
        assert azure.changes() == before, "nothing is lost"

    stack.arguments(**TEAM)
    succeeded(stack.up())
    stack.arguments(**other)
    succeeded(stack.up())
    stack.arguments(**other, deleteLock=True)
    succeeded(stack.up())
    steps = [(operation, type_) for operation, type_, _ in azure.changes()[len(before) :]]
    admin = "AdministratorsMicrosoftEntra"
    lock = "ManagementLockByScope"
    assert steps == [("delete", lock), ("delete", admin), ("create", admin), ("create", lock)]
    (found,) = azure.of_type(admin).values()
    assert found["objectId"] == OTHER


def test_two_arguments_that_name_one_object_are_told_so_and_not_to_import_it(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    """Validation refuses what it can see; a transform, or an id that only Azure knows, it cannot."""
    stack.arguments(**TEAM, adminUsers={"jo": OTHER})
    stack.break_on_purpose("one principal twice")
    output = refused(stack.up())
    assert "backstage-admin-jo is the same object in Azure as backstage-admin in this stack" in output
    assert "Do not import it" in output
    assert "pulumi import" not in output
    stack.break_on_purpose("")
    succeeded(stack.up())
    assert len(azure.of_type("AdministratorsMicrosoftEntra")) == 2


def test_without_a_lock_a_destroy_that_ignores_protection_deletes_the_server(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    """Which docs/azure.md says: Azure itself protects only what is locked."""
    stack.deploy(**DATABASE)
    succeeded(stack.destroy(flags=["--ignore-protect"]))
    assert azure.of_type("Server") == {}


def test_storage_that_azure_has_grown_is_explained(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy()
    (server,) = azure.of_type("Server").values()
    server["storage"]["storageSizeGB"] = 64
    stack.arguments(backupRetentionDays=14)
    assert "the storage of the server is larger than storage_gb (storageGb)" in refused(stack.up())
    stack.arguments(backupRetentionDays=14, storageGb=64)
    succeeded(stack.up())


def test_the_command_that_sets_the_maintenance_window_of_a_new_server_is_printed(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(maintenanceDay=7, maintenanceHour=3)
    assert '--maintenance-window "Sun:3:0"' in succeeded(stack.up()).output
    (server,) = azure.of_type("Server").values()
    assert server["maintenanceWindow"]["customWindow"] == "Disabled", "as on Azure"
    stack.arguments(maintenanceDay=6, maintenanceHour=3)
    assert "--maintenance-window" not in succeeded(stack.up()).output
    (server,) = azure.of_type("Server").values()
    assert server["maintenanceWindow"] == {"customWindow": "Enabled", "dayOfWeek": 6, "startHour": 3, "startMinute": 0}


def test_an_own_key_is_fixed_when_the_server_is_created(stack: AzureStack, azure: SimulatedAzure) -> None:
    identity = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/key"
    stack.deploy(encryptionKeyUri="https://vault.vault.azure.net/keys/backstage", encryptionIdentityId=identity)
    (server,) = azure.of_type("Server").values()
    assert server["dataEncryption"]["primaryUserAssignedIdentityId"] == identity
    assert succeeded(stack.up()).changed == {}
    stack.arguments()
    assert "the mode is fixed at creation" in refused(stack.up())
