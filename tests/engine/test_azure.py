"""AzurePostgres on the real engine, against a simulated Azure that is strict."""

import copy
from typing import Any

import pytest

from tests.blocks import seen

from .cloud_stack import WAYS_TO_DESTROY, AzureStack
from .simulated_azure import SimulatedAzure
from .stack import refused, succeeded

OBJECT = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
CLIENT = "00000000-0000-0000-0000-000000000003"
NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/s"
PRIVATELINK = f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com"
ZONE = f"{NETWORK}/privateDnsZones/backstage.postgres.database.azure.com"
PRINCIPAL = {"adminName": "backstage app", "adminObjectId": OBJECT, "adminType": "ServicePrincipal"}
RULES = {"office": "203.0.113.7", "vpn": "203.0.113.0/28"}

SERVER = "azure-native:dbforpostgresql:Server"
GUARD = "backstage-deletion-protection"


@pytest.fixture
def stack(azure_stack: AzureStack) -> AzureStack:
    return azure_stack


def new_changes(azure: SimulatedAzure, since: int) -> list[tuple[str, str, str]]:
    return azure.changes()[since:]


# --- First deployment


def test_a_first_up_creates_group_identity_server_and_admin_in_this_order(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    up = succeeded(stack.up())
    assert [(operation, type_) for operation, type_, _ in azure.changes()] == [
        ("create", "ResourceGroup"),
        ("create", "UserAssignedIdentity"),
        ("create", "Server"),
        ("create", "AdministratorsMicrosoftEntra"),
    ]
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    (server,) = azure.of_type("Server").values()
    (admin,) = azure.of_type("AdministratorsMicrosoftEntra").values()
    assert server["location"] == "westeurope"
    assert (admin["objectId"], admin["principalName"]) == (identity["principalId"], identity["name"])
    assert seen(up.outputs["databaseConfig"]) == {
        "client": "pg",
        "pluginDivisionMode": "database",
        "prefix": "backstage_plugin_",
        "ensureExists": True,
        "connection": {
            "type": "azure",
            "host": server["fullyQualifiedDomainName"],
            "port": 5432,
            "user": identity["name"],
            "ssl": True,
            "tokenCredential": {"clientId": identity["clientId"]},
        },
    }
    assert up.secret_outputs == []


def test_a_second_up_a_refresh_and_a_preview_change_nothing(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.arguments(
        firewallRules=RULES,
        adminGroups={"DB Admins": OTHER},
        serverParameters={"azure.extensions": "PG_TRGM", "work_mem": 8192},
        privateEndpointSubnetId=SUBNET,
        privateDnsZoneId=PRIVATELINK,
        pluginDivisionMode="schema",
        highAvailability="ZoneRedundant",
    )
    first = succeeded(stack.up())
    before = azure.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first.outputs
    assert azure.changes() == before


def test_a_preview_of_a_first_deployment_touches_nothing(stack: AzureStack, azure: SimulatedAzure) -> None:
    preview = succeeded(stack.preview())
    assert preview.changes["create"] == 10
    assert azure.calls == []


def test_nothing_ever_waits_for_a_busy_server(stack: AzureStack, azure: SimulatedAzure) -> None:
    """Azure takes one operation on a server at a time, so operations that overlap would be refused and tried again."""
    stack.arguments(
        **PRINCIPAL,
        pluginDivisionMode="schema",
        adminGroups={"DB Admins": OTHER},
        firewallRules=RULES,
        serverParameters={"azure.extensions": "PG_TRGM"},
        privateEndpointSubnetId=SUBNET,
        privateDnsZoneId=PRIVATELINK,
    )
    succeeded(stack.up())
    assert [call.error for call in azure.calls if call.error] == []
    assert [type_ for _, type_, _ in azure.changes()] == [
        "ResourceGroup",
        "Server",
        "AdministratorsMicrosoftEntra",
        "Database",
        "AdministratorsMicrosoftEntra",
        "FirewallRule",
        "FirewallRule",
        "Configuration",
        "PrivateEndpoint",
        "PrivateDnsZoneGroup",
    ]
    assert azure.of_type("Database")["backstage"]["_owner"] == "backstage app"


def test_a_server_inside_a_virtual_network(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.arguments(**PRINCIPAL, delegatedSubnetId=SUBNET, privateDnsZoneId=ZONE)
    succeeded(stack.up())
    (server,) = azure.of_type("Server").values()
    assert server["network"] == {"delegatedSubnetResourceId": SUBNET, "privateDnsZoneArmResourceId": ZONE}


def test_a_named_resource_group_is_used_and_none_is_created(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.arguments(resourceGroupName="not-there")
    assert "not-there could not be found" in refused(stack.up())
    assert azure.changes() == []


# --- A busy server


@pytest.mark.drill(
    broken="the service is busy and refuses requests (ServerIsBusy and similar)",
    survived="everything: `up` waits and says so",
)
def test_the_first_busy_answers_are_survived_and_said(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = [
        "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
        "ServerIsBusy",
        "ServerIsBusy",
    ]
    up = succeeded(stack.up())
    assert len(azure.of_type("AdministratorsMicrosoftEntra")) == 1
    assert "backstage-admin: waiting" in up.output
    assert "the server, which is busy (ServerIsBusy)" in up.output


@pytest.mark.drill(broken="the service stays busy", survived="all that exists; the next `up` continues")
def test_a_server_that_stays_busy_ends_the_run_clearly_and_the_next_run_continues(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = ["ServerIsBusy"] * 30
    output = refused(stack.up())
    assert 'Code="ServerIsBusy"' in output, "Azure's own words"
    assert "still busy (ServerIsBusy) after 20 retries" in output
    azure.refusals.clear()
    succeeded(stack.up())
    assert len(azure.of_type("Server")) == len(azure.of_type("AdministratorsMicrosoftEntra")) == 1


@pytest.mark.drill(
    broken="the service refuses a request for good",
    survived="all that exists: `up` ends at once, and tries it once only",
)
def test_any_other_error_ends_the_run_at_once(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = ["AuthorizationFailed"]
    assert "AuthorizationFailed" in refused(stack.up())
    assert [call.type for call in azure.calls].count("AdministratorsMicrosoftEntra") == 1


@pytest.mark.drill(broken="the service is busy during an update and a delete", survived="everything: `up` waits")
def test_an_update_and_a_delete_wait_for_a_busy_server_too(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(firewallRules=RULES)
    stack.arguments(firewallRules={"office": "203.0.113.8"})
    azure.refusals["FirewallRule"] = ["ServerIsBusy"] * 3
    succeeded(stack.up())
    assert azure.of_type("FirewallRule")["office"]["startIpAddress"] == "203.0.113.8"
    assert len(azure.of_type("FirewallRule")) == 1


@pytest.mark.drill(
    broken="a creation succeeds, but its confirmation gets lost",
    survived="the admin: the next `up` keeps it and makes no second one",
)
def test_what_was_created_despite_an_error_is_kept_and_repaired_by_the_next_run(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    azure.broken_polls.append("AdministratorsMicrosoftEntra")
    assert "polling failed: ServerIsBusy" in refused(stack.up())
    succeeded(stack.up())
    assert len(azure.of_type("AdministratorsMicrosoftEntra")) == 1
    assert succeeded(stack.up()).changed == {}


# --- A run that is killed


@pytest.mark.parametrize("type_", ["Server", "AdministratorsMicrosoftEntra"])
@pytest.mark.drill(
    broken="`pulumi up` is killed while it creates the server, or its admin",
    survived="what was created: the next `up` prints the command that takes it over",
)
def test_what_a_killed_run_was_creating_is_imported_by_the_printed_command(
    stack: AzureStack, azure: SimulatedAzure, type_: str
) -> None:
    """The next run reports what exists in Azure but not in the stack, and prints the command that imports it."""
    stack.arguments(firewallRules=RULES)
    pause = azure.pause(type_)
    refused(stack.up_killed(pause.reached))
    pause.release()
    assert "delete the lock file with `pulumi cancel`" in refused(stack.up())
    stack.cli("cancel", "--yes", "--stack", stack.name)
    output = refused(stack.up())
    assert "interrupted while creating" in output
    assert "cannot create already existing resource" in output
    before = len(azure.changes())
    left_over = copy.deepcopy(azure.of_type(type_))

    stack.take_over(output)
    succeeded(stack.up())
    assert len(azure.of_type("Server")) == len(azure.of_type("AdministratorsMicrosoftEntra")) == 1
    assert azure.of_type(type_) == left_over, "taken over as it was"
    changes = [(operation, kind) for operation, kind, _ in new_changes(azure, before)]
    assert [change for change in changes if change[0] != "create"] == []
    assert ("create", type_) not in changes
    last = succeeded(stack.up())
    assert last.changed == {}
    assert "pending operations" not in last.output


@pytest.mark.drill(
    broken="`pulumi up` is killed, and what it left is deleted by hand", survived="the server's name: no second server"
)
def test_what_a_killed_run_was_creating_may_also_be_deleted_by_hand(stack: AzureStack, azure: SimulatedAzure) -> None:
    pause = azure.pause("Server")
    refused(stack.up_killed(pause.reached))
    pause.release()
    (name,) = azure.of_type("Server")
    stack.cli("cancel", "--yes", "--stack", stack.name)
    stack.cli("refresh", "--clear-pending-creates", "--yes", "--stack", stack.name)
    azure.resources.pop(azure.of_type("Server")[name]["id"])
    last = succeeded(stack.up())
    assert "pending operations" not in last.output
    assert list(azure.of_type("Server")) == [name], "the same server as before, by name, and no second one"


# --- Broken on purpose: what the simulation is strict about

EVERYTHING = {
    **PRINCIPAL,
    "pluginDivisionMode": "schema",
    "adminGroups": {"DB Admins": OTHER},
    "firewallRules": RULES,
    "serverParameters": {"azure.extensions": "PG_TRGM", "work_mem": 8192},
}


def test_without_the_chain_operations_overlap_and_the_service_refuses_them(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(**EVERYTHING)
    stack.break_on_purpose("chain")
    stack.up()
    assert any("ServerIsBusy" in call.error for call in azure.calls)


def test_without_the_hook_one_busy_answer_ends_the_run(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = ["AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"]
    stack.break_on_purpose("hook")
    assert "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible" in refused(stack.up())


def test_a_database_made_before_the_admin_belongs_to_a_role_that_nobody_can_use(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(**PRINCIPAL, pluginDivisionMode="schema")
    azure.refusals["AdministratorsMicrosoftEntra"] = ["ServerIsBusy"] * 3
    stack.break_on_purpose("database before admin")
    succeeded(stack.up())
    assert azure.of_type("Database")["backstage"]["_owner"] == "azuresu"


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("passwordAuth", "administratorLogin is required with password authentication"),
        ("activeDirectoryAuth", "one way of authentication must be enabled"),
        ("tenantId", "tenantId is required with Microsoft Entra authentication"),
        ("the SDK's spelling of a principal", "Invalid value given for parameter principalType: servicePrincipal"),
        ("another tenant", "tenantId must be the server's"),
    ],
)
def test_a_missing_or_misspelt_field_of_the_authentication_is_refused(stack: AzureStack, how: str, answer: str) -> None:
    """The simulated Azure refuses it, so the component's request is known to be complete."""
    stack.break_on_purpose(how)
    assert answer in refused(stack.up())


def test_an_object_id_that_is_really_a_client_id_names_nobody(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy()
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    stack.arguments(adminServicePrincipals={"another": identity["clientId"]})
    assert "was not found in Entra" in refused(stack.up())


def test_if_zones_were_not_ignored_a_failover_would_replace_the_server(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.break_on_purpose("zones")
    succeeded(stack.up())
    (name,) = azure.of_type("Server")
    azure.move_zone(name, "2")
    succeeded(stack.refresh())
    assert "marked for protection" in refused(stack.preview())


def test_without_deleted_with_the_children_would_be_deleted_one_by_one(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.break_on_purpose("deleted_with")
    stack.arguments(firewallRules=RULES, deletionProtection=False)
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert [change[:2] for change in azure.changes()].count(("delete", "FirewallRule")) == 2


# --- Changes later


@pytest.mark.drill(
    broken="the server fails over to another zone", survived="everything: `up` and `refresh` change nothing"
)
def test_a_failover_to_another_zone_changes_nothing(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(highAvailability="ZoneRedundant")
    (name,) = azure.of_type("Server")
    azure.move_zone(name, "2")
    before = azure.changes()
    succeeded(stack.refresh())
    for operation in (stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert azure.changes() == before


def test_admins_and_rules_added_later_come_one_by_one_and_touch_nothing_else(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(firewallRules={"vpn": "203.0.113.0/28"})
    before = len(azure.changes())
    stack.arguments(firewallRules=RULES, adminUsers={"jo@example.com": OTHER}, serverParameters={"work_mem": 8192})
    succeeded(stack.up())
    assert sorted(new_changes(azure, before)) == [
        ("create", "AdministratorsMicrosoftEntra", OTHER),
        ("create", "Configuration", "work_mem"),
        ("create", "FirewallRule", "office"),
    ]
    assert [call.error for call in azure.calls if call.error] == []


def test_the_first_firewall_rule_opens_public_access_and_the_last_one_closes_it(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    assert "nobody can reach this server" in succeeded(stack.up()).output
    before = len(azure.changes())
    stack.arguments(firewallRules={"office": "203.0.113.7"})
    succeeded(stack.up())
    stack.arguments()
    succeeded(stack.up())
    assert [change[:2] for change in new_changes(azure, before)] == [
        ("update", "Server"),
        ("create", "FirewallRule"),
        ("update", "Server"),
        ("delete", "FirewallRule"),
    ]
    (server,) = azure.of_type("Server").values()
    assert server["network"] == {"publicNetworkAccess": "Disabled"}


def test_admins_and_rules_can_be_removed_although_the_server_is_protected(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(firewallRules=RULES, adminUsers={"jo@example.com": OTHER})
    before = len(azure.changes())
    stack.arguments(firewallRules={"vpn": RULES["vpn"]})
    succeeded(stack.up())
    assert sorted(new_changes(azure, before)) == [
        ("delete", "AdministratorsMicrosoftEntra", OTHER),
        ("delete", "FirewallRule", "office"),
    ]


def test_size_storage_and_retention_change_in_place(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy()
    before = len(azure.changes())
    stack.arguments(skuName="Standard_D4ds_v5", storageGb=64, backupRetentionDays=14, version=18)
    succeeded(stack.up())
    assert [change[:2] for change in new_changes(azure, before)] == [("update", "Server")]


def test_moving_from_the_created_identity_to_a_service_principal(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy()
    before = len(azure.changes())
    stack.arguments(**PRINCIPAL, clientId=CLIENT, tenantId="22222222-2222-2222-2222-222222222222")
    up = succeeded(stack.up())
    assert [change[:2] for change in new_changes(azure, before)] == [
        ("delete", "AdministratorsMicrosoftEntra"),
        ("create", "AdministratorsMicrosoftEntra"),
        ("delete", "UserAssignedIdentity"),
    ]
    connection = up.outputs["databaseConfig"]["connection"]
    assert (connection["user"], connection["tokenCredential"]["clientId"]) == ("backstage app", CLIENT)


@pytest.mark.drill(broken="the admin's name was wrong", survived="the server: only the admin is recreated")
def test_an_admin_whose_name_was_wrong_is_deleted_and_added_again(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**PRINCIPAL)
    before = len(azure.changes())
    stack.arguments(**{**PRINCIPAL, "adminName": "Backstage App"})
    succeeded(stack.up())
    assert new_changes(azure, before) == [
        ("delete", "AdministratorsMicrosoftEntra", OBJECT),
        ("create", "AdministratorsMicrosoftEntra", OBJECT),
    ]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"geoRedundantBackup": True}, "geoRedundantBackup"),
        ({"location": "northeurope"}, "location"),
        ({"serverName": "another-name"}, "serverName"),
        ({"resourceGroupName": "another-group"}, "resourceGroupName"),
    ],
)
@pytest.mark.drill(broken="a change would replace the protected server", survived="everything: refused in the preview")
def test_a_change_that_would_replace_the_server_is_stopped_in_the_preview(
    stack: AzureStack, azure: SimulatedAzure, arguments: dict[str, Any], path: str
) -> None:
    stack.deploy()
    before, urns = azure.changes(), stack.urns()
    stack.arguments(**arguments)
    preview = refused(stack.preview(diff=True))
    assert f"~ {path}" in preview
    for output in (preview, refused(stack.up())):
        assert "backstage-server" in output
        assert "marked for protection" in output
    assert azure.changes() == before
    assert stack.urns() == urns


@pytest.mark.drill(
    broken="an unprotected server is replaced", survived="its admins, database and rules: made again on the new one"
)
def test_without_protection_a_replaced_server_gets_its_admins_and_rules_again(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(firewallRules=RULES, pluginDivisionMode="schema", deletionProtection=False)
    stack.arguments(firewallRules=RULES, pluginDivisionMode="schema", deletionProtection=False, geoRedundantBackup=True)
    succeeded(stack.up())
    (server,) = azure.of_type("Server").values()
    assert server["backup"]["geoRedundantBackup"] == "Enabled"
    assert len(azure.of_type("AdministratorsMicrosoftEntra")) == len(azure.of_type("Database")) == 1
    assert azure.of_type("FirewallRule").keys() == RULES.keys()
    assert succeeded(stack.up()).changed == {}


# --- Taking it down


@pytest.mark.parametrize("destroy", WAYS_TO_DESTROY)
@pytest.mark.drill(
    broken="`destroy` of a protected database: the CLI's, with `--skip-preview`, through the Automation API",
    survived="everything, in the cloud and in the state",
)
def test_a_protected_database_refuses_destroy_and_nothing_is_touched(
    stack: AzureStack, azure: SimulatedAzure, destroy: Any
) -> None:
    """Nothing is deleted in the cloud, and nothing is forgotten in the state."""
    stack.deploy(firewallRules=RULES, pluginDivisionMode="schema")
    before, urns = azure.changes(), stack.urns()
    output = destroy(stack)
    assert "cannot be deleted" in output
    assert GUARD in output
    assert azure.changes() == before
    assert stack.urns() == urns
    assert succeeded(stack.up()).changed == {}


def test_an_unprotected_destroy_deletes_the_server_and_not_each_of_its_children(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(firewallRules=RULES, pluginDivisionMode="schema", serverParameters={"work_mem": 8192})
    before = len(azure.changes())
    stack.arguments(
        firewallRules=RULES, pluginDivisionMode="schema", serverParameters={"work_mem": 8192}, deletionProtection=False
    )
    succeeded(stack.up())
    assert new_changes(azure, before) == [], "the switch itself asks Azure for nothing"
    succeeded(stack.destroy())
    assert [change[:2] for change in new_changes(azure, before)] == [
        ("delete", "Server"),
        ("delete", "UserAssignedIdentity"),
        ("delete", "ResourceGroup"),
    ]
    assert azure.resources == {}
    assert stack.resources() == []


def test_a_private_endpoint_is_deleted_too(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(privateEndpointSubnetId=SUBNET, privateDnsZoneId=PRIVATELINK, deletionProtection=False)
    succeeded(stack.destroy())
    assert azure.resources == {}


# --- Secrets


def test_a_client_secret_is_nowhere_in_plain_text(stack: AzureStack) -> None:
    stack.arguments(**PRINCIPAL, clientId=CLIENT)
    stack.configure("azure.clientSecret", "hunter2-hunter2", secret=True)
    up = succeeded(stack.up())
    assert up.outputs["databaseConfig"]["connection"]["tokenCredential"]["clientSecret"] == "hunter2-hunter2"
    assert set(up.secret_outputs) == {"databaseConfig", "appConfig", "environment", "kubernetesSecret"}
    assert "hunter2" not in up.output
    written = [file for file in stack.folder.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
    assert written == []
    assert "hunter2" not in stack.cli("stack", "output", "--stack", stack.name)
