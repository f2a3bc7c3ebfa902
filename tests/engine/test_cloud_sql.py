"""CloudSqlPostgres on the real engine, against a simulated Google Cloud that is strict."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.blocks import seen

from .cloud_sql_cases import EMAIL, NETWORK, PRIVATE, ROLE, TEAM, USERS
from .cloud_stack import CloudSqlStack
from .simulated_cloud_sql import ACCESS_TOKEN, SimulatedCloudSql
from .stack import refused, succeeded

PEOPLE = {"jo@example.com", "team@example.com"}
PROTECTED = 'CloudSqlPostgres "backstage" is protected: set deletion_protection to false, then `pulumi up`'


@pytest.fixture
def stack(cloud_sql_stack: CloudSqlStack) -> CloudSqlStack:
    return cloud_sql_stack


def new_changes(cloud_sql: SimulatedCloudSql, since: int) -> list[tuple[str, str, str]]:
    return cloud_sql.changes()[since:]


def of_type(cloud_sql: SimulatedCloudSql, type_: str) -> list[dict[str, Any]]:
    return [found for found in cloud_sql.resources.values() if found["_type"] == type_]


def errors(cloud_sql: SimulatedCloudSql) -> list[str]:
    return [call.error for call in cloud_sql.calls if call.error]


# --- First deployment


def test_with_only_a_project_a_first_up_creates_all_that_a_login_needs(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    up = succeeded(stack.up())
    (instance,) = cloud_sql.of_type("DatabaseInstance").values()
    (account,) = of_type(cloud_sql, "Account")
    role = account["email"].removesuffix(".gserviceaccount.com")
    assert seen(up.outputs["databaseConfig"]) == {
        "client": "pg",
        "ensureExists": True,
        "pluginDivisionMode": "schema",
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": instance["connectionName"],
            "host": instance["publicIpAddress"],
            "port": 5432,
            "user": role,
            "database": "backstage",
            "ipAddressType": "PUBLIC",
            "ssl": False,
        },
    }
    assert cloud_sql.of_type("Database").keys() == {"backstage"}
    assert cloud_sql.granted(role) == [up.outputs["databaseConfig"]["role"]]
    assert {binding["role"] for binding in of_type(cloud_sql, "IAMMember")} == {
        "roles/cloudsql.client",
        "roles/cloudsql.instanceUser",
    }
    assert errors(cloud_sql) == []
    order = [type_ for _, type_, _ in cloud_sql.changes() if type_ in ("DatabaseInstance", "Database", "User")]
    assert order == ["DatabaseInstance", "Database", "User"]


def test_nothing_in_the_state_is_secret_but_a_certificate_that_the_provider_hides(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**USERS)
    up = succeeded(stack.up())
    assert up.secret_outputs == []
    hidden = [
        (resource["urn"].split("::")[-1], key)
        for resource in stack.resources()
        for key, value in {**resource.get("inputs", {}), **resource.get("outputs", {})}.items()
        if "ciphertext" in json.dumps(value)
    ]
    assert hidden == [("backstage-instance", "serverCaCerts")], "public, although pulumi-gcp marks it as a secret"
    written = [file.read_bytes() for file in stack.folder.rglob("*") if file.is_file()]
    assert not any(ACCESS_TOKEN.encode() in content for content in written)


@pytest.mark.drill(
    broken="no project is configured", survived="everything: nothing is created, and the error says what to configure"
)
def test_a_stack_without_a_project_says_what_to_configure(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    stack.cli("config", "rm", "gcp:project", "--stack", stack.name)
    output = refused(stack.up())
    assert 'argument "project" is missing, and the provider\'s gcp:project is' in output
    assert "Traceback" not in output
    assert cloud_sql.changes() == []


@pytest.mark.drill(
    broken="Google does not know the new service account everywhere yet", survived="everything: `up` waits and says so"
)
def test_a_service_account_that_google_does_not_know_everywhere_yet_is_waited_for(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.unknown_accounts = 6
    up = succeeded(stack.up())
    assert "waiting 0.05 s for the service account, which Google does not know everywhere yet" in up.output
    assert {call.type for call in cloud_sql.calls if call.error} == {"IAMMember", "User"}
    assert succeeded(stack.up()).changed == {}


def test_an_account_that_the_same_program_makes_can_be_backstages_user(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.program = stack.folder / "program.py"
    stack.program.write_text(
        "import pulumi, pulumi_gcp as gcp\n"
        "from components import CloudSqlPostgres\n"
        'app = gcp.serviceaccount.Account("app", account_id="portal-app")\n'
        'users = {"user": app.email, "additional_users": {"jo": "jo@example.com"}}\n'
        'pulumi.export("user", CloudSqlPostgres("backstage", users).user)\n'
    )
    succeeded(stack.preview())
    assert succeeded(stack.up()).outputs["user"] == "portal-app@portal-123.iam"
    assert cloud_sql.of_type("User").keys() == {"portal-app@portal-123.iam", "jo@example.com"}
    assert {binding["member"] for binding in of_type(cloud_sql, "IAMMember")} == {
        "serviceAccount:portal-app@portal-123.iam.gserviceaccount.com",
        "user:jo@example.com",
    }
    assert errors(cloud_sql) == []


@pytest.mark.drill(
    broken="the private network is not connected to Google's services",
    survived="everything: `up` ends before the instance is created",
)
def test_a_private_network_that_is_not_connected_ends_the_run_first(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    """The run ends before the instance is created, which takes Google many minutes."""
    cloud_sql.connected_networks.clear()
    stack.arguments(**PRIVATE)
    assert "doesn't have at least 1 private services connection" in refused(stack.up())
    assert cloud_sql.of_type("DatabaseInstance") == {}
    cloud_sql.connected_networks.add(NETWORK)
    up = succeeded(stack.up())
    assert up.outputs["host"] == "10.20.0.3"
    assert up.outputs["databaseConfig"]["connection"]["ipAddressType"] == "PRIVATE"


# --- A new user's story


def test_a_new_user_goes_from_the_first_deployment_to_taking_it_down(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    """Deploys, adds a teammate and a group, moves to a private network and takes everything down."""
    stack.deploy()
    before = len(cloud_sql.changes())
    stack.configure("cloudsql.additionalUsers.jo", "jo@example.com")
    stack.configure("cloudsql.additionalUsers.team", "group:team@example.com")
    succeeded(stack.up())
    assert {change[:2] for change in new_changes(cloud_sql, before)} == {("create", "User"), ("create", "IAMMember")}
    assert cloud_sql.of_type("User").keys() >= {"jo@example.com", "team@example.com"}

    before = len(cloud_sql.changes())
    stack.configure("cloudsql.ipAddressType", "PRIVATE")
    stack.configure("cloudsql.privateNetwork", NETWORK)
    moved = succeeded(stack.up())
    assert [change[:2] for change in new_changes(cloud_sql, before)] == [("update", "DatabaseInstance")]
    assert moved.outputs["databaseConfig"]["connection"]["ipAddressType"] == "PRIVATE"
    assert moved.outputs["host"] == "10.20.0.3"

    assert PROTECTED in refused(stack.destroy())
    before = len(cloud_sql.changes())
    stack.configure("cloudsql.deletionProtection", "false")
    succeeded(stack.up())
    assert [change[:2] for change in new_changes(cloud_sql, before)] == [("update", "DatabaseInstance")]
    before = len(cloud_sql.changes())
    succeeded(stack.destroy())
    assert cloud_sql.resources == {}
    assert stack.resources() == []
    deleted = [type_ for _, type_, _ in new_changes(cloud_sql, before)]
    assert deleted.count("DatabaseInstance") == 1
    assert "User" not in deleted, "users were dropped one by one"
    assert "Database" not in deleted


# --- Changes later


def test_a_user_that_is_added_or_removed_touches_no_other(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    stack.deploy(**USERS)
    before = len(cloud_sql.changes())
    stack.arguments(additionalUsers={"team": TEAM["team"], "zoe": "zoe@example.com"})
    succeeded(stack.up())
    changes = new_changes(cloud_sql, before)
    assert sorted((operation, name) for operation, type_, name in changes if type_ == "User") == [
        ("create", "zoe@example.com"),
        ("delete", "jo@example.com"),
    ]
    assert len(changes) == 6, "also the two IAM roles of each"
    assert not [change for change in changes if "team" in change[2]]


def test_backstages_own_user_can_be_replaced_by_another(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    stack.deploy()
    before = len(cloud_sql.changes())
    stack.arguments(user=EMAIL)
    up = succeeded(stack.up())
    assert up.outputs["user"] == ROLE
    users = [change for change in new_changes(cloud_sql, before) if change[1] == "User"]
    assert [operation for operation, _, _ in users] == ["delete", "create"]
    assert of_type(cloud_sql, "Account") == []
    assert succeeded(stack.up()).changed == {}


def test_size_flags_and_role_change_in_place(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    stack.deploy()
    (role,) = cloud_sql.of_type("User")
    before = len(cloud_sql.changes())
    cloud_sql.database_roles.add("backstage")
    stack.arguments(tier="db-custom-4-15360", databaseFlags={"max_connections": 200}, role="backstage")
    up = succeeded(stack.up())
    assert sorted(change[:2] for change in new_changes(cloud_sql, before)) == [
        ("update", "DatabaseInstance"),
        ("update", "User"),
    ]
    assert cloud_sql.granted(role) == [up.outputs["databaseConfig"]["role"]] == ["backstage"]
    assert succeeded(stack.up()).changed == {}


@pytest.mark.drill(
    broken="version and machine change in one `up`, which Google's API does in two steps",
    survived="both changes: the next `up` applies the second",
)
def test_what_changes_together_with_the_version_is_applied_by_the_next_up(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy()
    stack.arguments(version=18, tier="db-custom-4-15360")
    for changed, tier in (({"update": 1}, "db-custom-1-3840"), ({"update": 1}, "db-custom-4-15360"), ({}, None)):
        up = succeeded(stack.up())
        (instance,) = cloud_sql.of_type("DatabaseInstance").values()
        assert (up.changed, instance["databaseVersion"]) == (changed, "POSTGRES_18")
        assert tier in (None, instance["settings"]["tier"])
    stack.arguments(version=17)
    assert "Cannot downgrade" in refused(stack.up())


@pytest.mark.drill(broken="a setting is changed by hand", survived="the setting: put back by `up --refresh`")
def test_a_setting_changed_by_hand_is_put_back_after_a_refresh(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy()
    (instance,) = cloud_sql.of_type("DatabaseInstance").values()
    instance["settings"]["connectorEnforcement"] = "NOT_REQUIRED"
    instance["settings"]["diskSize"] = 25
    assert succeeded(stack.up(refresh=True)).changed == {"update": 1}
    assert instance["settings"]["connectorEnforcement"] == "REQUIRED"
    assert instance["settings"]["diskSize"] == 25, "it had grown by itself"
    assert succeeded(stack.up(refresh=True)).changed == {}


ENDPOINT = {"ipAddressType": "PSC", "pscConsumerNetwork": "projects/host-1/global/networks/shared"}


def test_private_service_connect_in_a_shared_vpc_has_an_endpoint_when_up_ends(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**ENDPOINT, pscServiceProject="service-1")
    up = succeeded(stack.up())
    assert cloud_sql.policies == {ENDPOINT["pscConsumerNetwork"]}
    assert up.outputs["host"].endswith(".sql.goog")
    assert succeeded(stack.up(refresh=True)).changed == {}


@pytest.mark.drill(
    broken="the consumer's network has no service connection policy, so Google creates no endpoint",
    survived="everything: `up` fails and says what is missing; the next `up` finds the endpoint",
)
def test_an_endpoint_that_google_does_not_create_fails_the_up(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(**ENDPOINT, pscConnectionPolicy=False)
    output = refused(stack.up())
    assert "has created no working endpoint: the endpoint is missing, its network CONNECTION_POLICY_MISSING" in output
    assert "Traceback" not in output
    cloud_sql.policies.add(ENDPOINT["pscConsumerNetwork"])
    assert succeeded(stack.up()).outputs["databaseConfig"]["connection"]["ipAddressType"] == "PSC"


@pytest.mark.drill(
    broken="an unprotected instance is replaced", survived="its users and their roles: created again on the new one"
)
def test_without_protection_a_replaced_instance_gets_its_users_again(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**USERS, deletionProtection=False)
    (role,) = cloud_sql.of_type("User").keys() - PEOPLE
    stack.arguments(**USERS, deletionProtection=False, region="us-central1")
    up = succeeded(stack.up())
    (instance,) = cloud_sql.of_type("DatabaseInstance").values()
    assert instance["connectionName"] == up.outputs["connectionName"] == f"portal-123:us-central1:{instance['name']}"
    assert cloud_sql.of_type("User").keys() == {role, *PEOPLE}
    assert cloud_sql.of_type("Database").keys() == {"backstage"}
    assert succeeded(stack.up()).changed == {}


# --- Taking it down


@pytest.mark.drill(
    broken="`up --ignore-protect` of a change that would replace the protected instance",
    survived="everything, in the cloud and in the state",
)
def test_an_up_that_ignores_protection_does_not_replace_a_protected_instance(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**USERS)
    before, urns = cloud_sql.changes(), stack.urns()
    stack.arguments(**USERS, region="us-central1")
    refused(stack.up(flags=["--ignore-protect"]))
    assert cloud_sql.changes() == before
    assert stack.urns() == urns
    stack.arguments(**USERS)
    assert succeeded(stack.up()).changed == {}


def test_a_final_backup_and_the_others_are_there_after_taking_it_down(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**USERS, deletionProtection=False)
    (name,) = cloud_sql.of_type("DatabaseInstance")
    succeeded(stack.destroy())
    assert cloud_sql.backups == {name: ["automated", "final"]}


@pytest.mark.drill(broken="`destroy` with users who own tables", survived="nothing is left, as it should")
def test_users_who_own_something_do_not_keep_the_instance_from_going(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**USERS, deletionProtection=False)
    cloud_sql.owners |= cloud_sql.of_type("User").keys()
    succeeded(stack.destroy())
    assert cloud_sql.resources == {}


@pytest.mark.drill(broken="`destroy` fails at the instance", survived="the state: the next `destroy` finishes")
def test_a_destroy_that_failed_at_the_instance_is_finished_by_the_next_one(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(**USERS, deletionProtection=False)
    cloud_sql.refusals["DatabaseInstance"] = ["Operation failed because another operation was already in progress."]
    assert "already in progress" in refused(stack.destroy())
    succeeded(stack.destroy())
    assert cloud_sql.resources == {}


# --- A run that is killed


# --- Broken on purpose: what the simulation is strict about


def test_users_that_do_not_wait_for_the_database_are_refused_for_some_time(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(deletionProtection=False)
    stack.break_on_purpose("users before the database")
    cloud_sql.late["Database"] = "User"
    up = succeeded(stack.up())
    assert any('role "cloudsqliamuser" does not exist' in error for error in errors(cloud_sql))
    assert "waiting 0.05 s for the instance, which does not accept IAM users yet" in up.output


def test_without_the_hook_a_service_account_not_known_everywhere_fails_the_run(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.unknown_accounts = 1
    stack.break_on_purpose("hook")
    assert "does not exist." in refused(stack.up())


def test_without_deleted_with_a_user_who_owns_something_blocks_the_delete(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(user=EMAIL, deletionProtection=False)
    stack.break_on_purpose("deleted_with")
    succeeded(stack.up())
    cloud_sql.owners.add(ROLE)
    assert "cannot be dropped because some objects depend on it" in refused(stack.destroy())


def test_without_the_guard_a_refused_destroy_forgets_users_and_takes_rights(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.break_on_purpose("guard")
    succeeded(stack.up())
    urns = stack.urns()
    assert "cannot be deleted" in refused(stack.destroy())
    assert of_type(cloud_sql, "IAMMember") == []
    assert [urn for urn in urns if "User" in urn and urn not in stack.urns()], "the users are still in Cloud SQL"
    assert len(cloud_sql.of_type("User")) == 1


def test_without_protect_googles_own_switches_stop_a_destroy_too_late(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    """They stop it only after the users and their rights are gone."""
    stack.break_on_purpose("protect")
    succeeded(stack.up())
    stack.arguments(region="us-central1")
    succeeded(stack.preview())
    assert "deletion_protection is set to true" in refused(stack.destroy())
    assert of_type(cloud_sql, "IAMMember") == []


def test_without_the_condition_two_instances_would_share_one_binding(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, tmp_path: Path
) -> None:
    other = CloudSqlStack(tmp_path / "other", cloud_sql)
    for how, bindings in (("", 4), ("no condition", 2)):
        for each in (stack, other):
            each.arguments(user=EMAIL, deletionProtection=False)
            each.break_on_purpose(how)
            succeeded(each.up())
        assert len(of_type(cloud_sql, "IAMMember")) == bindings
    succeeded(other.destroy())
    left = of_type(cloud_sql, "IAMMember")
    assert left == [], "the first instance's users were cut off by the second one's end"
