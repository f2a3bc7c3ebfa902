"""AzurePostgres on the real engine, against a simulated Azure that is strict."""

import pytest

from tests.blocks import seen

from .azure_cases import CLIENT, DATABASE, EVERYTHING, OBJECT, OTHER, PRINCIPAL, PRIVATELINK, RULES, SUBNET, ZONE
from .cloud_stack import AzureStack
from .simulated_azure import SimulatedAzure
from .stack import refused, succeeded


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
def test_up_waits_while_the_server_is_busy_and_says_so(stack: AzureStack, azure: SimulatedAzure) -> None:
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
def test_a_server_that_stays_busy_ends_the_run_and_the_next_run_continues(
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
    survived="all that exists: `up` ends at once, without a retry",
)
def test_any_other_error_ends_the_run_at_once(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = ["AuthorizationFailed"]
    assert "AuthorizationFailed" in refused(stack.up())
    assert [call.type for call in azure.calls].count("AdministratorsMicrosoftEntra") == 1


@pytest.mark.drill(broken="the service is busy during an update and a delete", survived="everything: `up` waits")
def test_an_update_and_a_delete_wait_for_a_busy_server_too(stack: AzureStack, azure: SimulatedAzure) -> None:
    stack.deploy(**DATABASE)
    stack.arguments(**{**DATABASE, "firewallRules": {"office": "203.0.113.8"}})
    azure.refusals["FirewallRule"] = ["ServerIsBusy"] * 3
    succeeded(stack.up())
    assert azure.of_type("FirewallRule")["office"]["startIpAddress"] == "203.0.113.8"
    assert len(azure.of_type("FirewallRule")) == 1


# --- A run that is killed


@pytest.mark.drill(
    broken="`pulumi up` is killed, and what it left is deleted by hand", survived="the server's name: no second server"
)
def test_what_a_killed_run_was_creating_may_also_be_deleted_by_hand(stack: AzureStack, azure: SimulatedAzure) -> None:
    pause = azure.pause("Server")
    refused(stack.up_killed(pause.reached))
    pause.release()
    (name,) = azure.of_type("Server")
    assert "delete the lock file with `pulumi cancel`" in refused(stack.up())
    stack.cli("cancel", "--yes", "--stack", stack.name)
    stack.cli("refresh", "--clear-pending-creates", "--yes", "--stack", stack.name)
    azure.resources.pop(azure.of_type("Server")[name]["id"])
    last = succeeded(stack.up())
    assert "pending operations" not in last.output
    assert list(azure.of_type("Server")) == [name], "the same server as before, by name, and no second one"


# --- Broken on purpose: what the simulation is strict about


def test_without_the_chain_operations_overlap_and_the_service_refuses_them(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(**{**DATABASE, **PRINCIPAL}, adminGroups={"DB Admins": OTHER}, serverParameters={"work_mem": 8192})
    stack.break_on_purpose("chain")
    stack.up()
    assert any("ServerIsBusy" in call.error for call in azure.calls)


def test_without_the_hook_one_busy_answer_ends_the_run(stack: AzureStack, azure: SimulatedAzure) -> None:
    azure.refusals["AdministratorsMicrosoftEntra"] = ["AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"]
    stack.break_on_purpose("hook")
    assert "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible" in refused(stack.up())


def test_a_database_created_before_the_admin_belongs_to_a_role_that_nobody_can_use(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.arguments(**PRINCIPAL, pluginDivisionMode="schema")
    azure.refusals["AdministratorsMicrosoftEntra"] = ["ServerIsBusy"] * 3
    stack.break_on_purpose("database before admin")
    succeeded(stack.up())
    assert azure.of_type("Database")["backstage"]["_owner"] == "azuresu"


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
    stack.deploy(**EVERYTHING)
    (name,) = azure.of_type("Server")
    azure.move_zone(name, "2")
    before = azure.changes()
    succeeded(stack.refresh())
    up = succeeded(stack.up())
    assert up.changed == {}, up.output
    assert azure.changes() == before


def test_admins_and_rules_added_later_come_one_by_one_and_touch_nothing_else(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**DATABASE)
    before = len(azure.changes())
    more = {**DATABASE, "firewallRules": {**RULES, "home": "203.0.113.9"}}
    stack.arguments(**more, adminUsers={"jo@example.com": OTHER}, serverParameters={"work_mem": 8192})
    succeeded(stack.up())
    assert sorted(new_changes(azure, before)) == [
        ("create", "AdministratorsMicrosoftEntra", OTHER),
        ("create", "Configuration", "work_mem"),
        ("create", "FirewallRule", "home"),
    ]
    assert [call.error for call in azure.calls if call.error] == []


def test_the_first_firewall_rule_opens_public_access_and_the_last_one_closes_it(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    assert "nobody can reach this server" in stack.deploy().output
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
    stack.deploy(**EVERYTHING)
    before = len(azure.changes())
    stack.arguments(**{**EVERYTHING, "firewallRules": {"vpn": RULES["vpn"]}, "adminGroups": {}})
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


@pytest.mark.drill(
    broken="an unprotected server is replaced", survived="its admins, database and rules: created again on the new one"
)
def test_without_protection_a_replaced_server_gets_its_admins_and_rules_again(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    stack.deploy(**DATABASE, deletionProtection=False)
    stack.arguments(**DATABASE, deletionProtection=False, geoRedundantBackup=True)
    succeeded(stack.up())
    (server,) = azure.of_type("Server").values()
    assert server["backup"]["geoRedundantBackup"] == "Enabled"
    assert len(azure.of_type("AdministratorsMicrosoftEntra")) == len(azure.of_type("Database")) == 1
    assert azure.of_type("FirewallRule").keys() == RULES.keys()
    assert succeeded(stack.up()).changed == {}


# --- Taking it down


def test_an_unprotected_destroy_deletes_the_server_and_not_each_of_its_children(
    stack: AzureStack, azure: SimulatedAzure
) -> None:
    """What is not inside the server is deleted one by one."""
    stack.deploy(**EVERYTHING)
    before = len(azure.changes())
    stack.arguments(**EVERYTHING, deletionProtection=False)
    succeeded(stack.up())
    assert new_changes(azure, before) == [], "the switch itself asks Azure for nothing"
    succeeded(stack.destroy())
    assert [change[:2] for change in new_changes(azure, before)] == [
        ("delete", "DiagnosticSetting"),
        ("delete", "PrivateEndpoint"),
        ("delete", "Server"),
        ("delete", "UserAssignedIdentity"),
        ("delete", "ResourceGroup"),
    ]
    assert azure.resources == {}
    assert stack.resources() == []


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
