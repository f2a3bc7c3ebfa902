"""CloudSqlPostgres on the real engine, against a simulated Google Cloud that is strict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blocks import seen

from .cloud_stack import WAYS_AROUND_PROTECTION, WAYS_TO_DESTROY, CloudSqlStack, WayAroundProtection
from .simulated_cloud_sql import ACCESS_TOKEN, SimulatedCloudSql
from .stack import refused, succeeded

EMAIL = "backstage@portal-123.iam.gserviceaccount.com"
ROLE = "backstage@portal-123.iam"
NETWORK = "projects/portal-123/global/networks/default"
GUARD = "backstage-deletion-protection"
PROTECTED = 'CloudSqlPostgres "backstage" is protected: set deletion_protection to false, then `pulumi up`'
TEAM = {"jo": "jo@example.com", "team": "group:team@example.com"}
PRIVATE = {"ipAddressType": "PRIVATE", "privateNetwork": NETWORK}
EVERYTHING: dict[str, Any] = {
    "additionalUsers": TEAM,
    "tier": "db-custom-2-7680",
    "highAvailability": True,
    "diskSizeGb": 20,
    "backupRetention": 30,
    "backupStartTime": "03:30",
    "maintenanceDay": 7,
    "maintenanceHour": 2,
    "databaseFlags": {"max_connections": 200, "autovacuum_naptime": "30"},
    "labels": {"team": "platform"},
    "ipAddressType": "PSC",
    "pscConsumerProjects": ["consumer-2", "consumer-1"],
}


@pytest.fixture
def cloud_sql(cloud_sql: SimulatedCloudSql) -> SimulatedCloudSql:
    cloud_sql.known_accounts.add(EMAIL)
    cloud_sql.connected_networks.add(NETWORK)
    return cloud_sql


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


def test_a_second_up_a_refresh_and_a_preview_change_nothing(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    stack.arguments(**EVERYTHING)
    first = succeeded(stack.up())
    before = cloud_sql.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first.outputs
    assert cloud_sql.changes() == before


def test_a_preview_of_a_first_deployment_touches_nothing(stack: CloudSqlStack, cloud_sql: SimulatedCloudSql) -> None:
    assert succeeded(stack.preview()).changes["create"] == 10
    assert cloud_sql.calls == []


def test_nothing_in_the_state_is_secret_but_a_certificate_that_the_provider_hides(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.arguments(additionalUsers=TEAM)
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
    broken="no project is configured", survived="everything: nothing is created, and what to configure is said"
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


@pytest.mark.drill(
    broken="a creation succeeds, but its confirmation gets lost",
    survived="the user: the next `up` keeps it and makes no second one",
)
def test_a_user_whose_creation_was_not_seen_to_end_is_kept_and_not_made_twice(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    cloud_sql.broken_polls.append("User")
    assert "failure waiting for insertion" in refused(stack.up())
    succeeded(stack.up())
    assert len(cloud_sql.of_type("User")) == 1
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
    survived="everything: `up` ends before the instance is made",
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
    stack.deploy(user=EMAIL, additionalUsers=TEAM)
    before = len(cloud_sql.changes())
    stack.arguments(user=EMAIL, additionalUsers={"team": TEAM["team"], "zoe": "zoe@example.com"})
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
    stack.deploy(user=EMAIL)
    before = len(cloud_sql.changes())
    cloud_sql.database_roles.add("backstage")
    stack.arguments(user=EMAIL, tier="db-custom-4-15360", databaseFlags={"max_connections": 200}, role="backstage")
    up = succeeded(stack.up())
    assert sorted(change[:2] for change in new_changes(cloud_sql, before)) == [
        ("update", "DatabaseInstance"),
        ("update", "User"),
    ]
    assert cloud_sql.granted(ROLE) == [up.outputs["databaseConfig"]["role"]] == ["backstage"]
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


@pytest.mark.drill(broken="somebody changes a setting by hand", survived="the setting: put back by `up --refresh`")
def test_a_setting_that_somebody_changed_by_hand_is_put_back_after_a_refresh(
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


PSC = {"ipAddressType": "PSC", "pscConsumerProjects": ["consumer-1"]}
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


@pytest.mark.parametrize(
    ("arguments", "replacements"),
    [
        ({}, [{"region": "us-central1"}, {"instanceName": "another"}, {"project": "another-one"}]),
        (PRIVATE, [PSC, {"ipAddressType": "PUBLIC"}, {**PRIVATE, "databaseName": "another"}]),
    ],
    ids=["public", "private"],
)
@pytest.mark.drill(
    broken="a change would replace the protected instance or its database",
    survived="everything: refused in the preview and by `up`",
)
def test_a_change_that_would_replace_instance_or_database_is_stopped(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, arguments: dict[str, Any], replacements: list[dict[str, Any]]
) -> None:
    """It is stopped before anything is touched."""
    stack.deploy(**arguments, additionalUsers=TEAM)
    calls, urns = list(cloud_sql.calls), stack.urns()
    for replacement in replacements:
        stack.arguments(**replacement, additionalUsers=TEAM)
        for output in (refused(stack.preview()), refused(stack.up())):
            assert "marked for protection" in output, replacement
        assert cloud_sql.calls == calls, replacement
        assert stack.urns() == urns
    stack.arguments(**arguments, additionalUsers=TEAM)
    assert succeeded(stack.up()).changed == {}


@pytest.mark.drill(
    broken="an unprotected instance is replaced", survived="its users and their roles: made again on the new one"
)
def test_without_protection_a_replaced_instance_gets_its_users_again(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(user=EMAIL, additionalUsers=TEAM, deletionProtection=False)
    stack.arguments(user=EMAIL, additionalUsers=TEAM, deletionProtection=False, region="us-central1")
    up = succeeded(stack.up())
    (instance,) = cloud_sql.of_type("DatabaseInstance").values()
    assert instance["connectionName"] == up.outputs["connectionName"] == f"portal-123:us-central1:{instance['name']}"
    assert cloud_sql.of_type("User").keys() == {ROLE, "jo@example.com", "team@example.com"}
    assert cloud_sql.of_type("Database").keys() == {"backstage"}
    assert succeeded(stack.up()).changed == {}


# --- Taking it down


def destroy_with(*flags: str) -> Callable[[CloudSqlStack], str]:
    def destroy(stack: CloudSqlStack) -> str:
        return stack.cli("destroy", "--yes", *flags, "--stack", stack.name, check=False)

    destroy.__name__ = " ".join(flags)
    return destroy


@pytest.mark.parametrize(
    "destroy",
    [
        *WAYS_TO_DESTROY,
        destroy_with("--ignore-protect"),
        destroy_with("--ignore-protect", "--skip-preview"),
    ],
)
@pytest.mark.drill(
    broken="`destroy` of a protected database: the CLI's, with `--skip-preview`, through the Automation API",
    survived="everything, in the cloud and in the state",
)
def test_a_protected_database_refuses_destroy_and_nothing_is_touched(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, destroy: Any
) -> None:
    """Nothing is deleted in the cloud, and nothing is forgotten in the state."""
    stack.deploy(additionalUsers=TEAM)
    before, urns = cloud_sql.changes(), stack.urns()
    output = destroy(stack)
    assert PROTECTED in output
    assert GUARD in output
    assert cloud_sql.changes() == before
    assert stack.urns() == urns
    assert succeeded(stack.up()).changed == {}


@pytest.mark.parametrize("way", WAYS_AROUND_PROTECTION)
@pytest.mark.drill(
    broken="a protected instance: `destroy` or `up` with `--ignore-protect`, `--run-program`, without the component",
    survived="everything, in the cloud and in the state",
)
def test_a_protected_instance_loses_nothing_whichever_flag_is_used(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, way: WayAroundProtection
) -> None:
    stack.deploy(additionalUsers=TEAM)
    before, urns = cloud_sql.changes(), stack.urns()
    output = way(stack)
    assert "is protected" in output
    assert "set deletion_protection to false, then `pulumi up`" in output
    assert cloud_sql.changes() == before
    assert stack.urns() == urns
    assert succeeded(stack.up()).changed == {}


@pytest.mark.drill(
    broken="`up --ignore-protect` of a change that would replace the protected instance",
    survived="everything, in the cloud and in the state",
)
def test_an_up_that_ignores_protection_does_not_replace_a_protected_instance(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(additionalUsers=TEAM)
    before, urns = cloud_sql.changes(), stack.urns()
    stack.arguments(additionalUsers=TEAM, region="us-central1")
    refused(stack.up(flags=["--ignore-protect"]))
    assert cloud_sql.changes() == before
    assert stack.urns() == urns
    stack.arguments(additionalUsers=TEAM)
    assert succeeded(stack.up()).changed == {}


def test_a_final_backup_and_the_others_are_there_after_taking_it_down(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy()
    (name,) = cloud_sql.of_type("DatabaseInstance")
    stack.configure("cloudsql.deletionProtection", "false")
    succeeded(stack.up())
    succeeded(stack.destroy())
    assert cloud_sql.backups == {name: ["automated", "final"]}


@pytest.mark.drill(broken="`destroy` with users who own tables", survived="nothing is left, as it should")
def test_users_who_own_something_do_not_keep_the_instance_from_going(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(user=EMAIL, deletionProtection=False)
    cloud_sql.owners.add(ROLE)
    succeeded(stack.destroy())
    assert cloud_sql.resources == {}


@pytest.mark.drill(broken="`destroy` fails at the instance", survived="the state: the next `destroy` finishes")
def test_a_destroy_that_failed_at_the_instance_is_finished_by_the_next_one(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    stack.deploy(user=EMAIL, additionalUsers=TEAM, deletionProtection=False)
    cloud_sql.refusals["DatabaseInstance"] = ["Operation failed because another operation was already in progress."]
    assert "already in progress" in refused(stack.destroy())
    succeeded(stack.destroy())
    assert cloud_sql.resources == {}


# --- A run that is killed


@pytest.mark.parametrize("type_", ["Account", "DatabaseInstance", "Database", "User", "IAMMember"])
@pytest.mark.drill(
    broken="`pulumi up` is killed while it creates the account, the instance, the database, a user or a binding",
    survived="what was created: the next `up` prints the commands that take it over; no second instance",
)
def test_what_a_killed_run_was_creating_is_imported_by_the_printed_commands(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql, type_: str
) -> None:
    """The next runs report what exists in Google Cloud but not in the stack, and print the commands that import it."""
    pause = cloud_sql.pause(type_)
    refused(stack.up_killed(pause.reached))
    pause.release()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    before = len(cloud_sql.changes())
    up = stack.up()
    assert "interrupted while creating" in up.output
    while not up.ok:
        # What is created side by side may be left behind side by side; each run names what it meets.
        assert "exists in Google Cloud but not in this stack" in up.output
        stack.take_over(up.output)
        up = stack.up()
    for kind in ("Account", "DatabaseInstance", "Database", "User"):
        assert len(of_type(cloud_sql, kind)) == 1, f"a second {kind}"
    assert len(of_type(cloud_sql, "IAMMember")) == 2
    if type_ != "IAMMember":
        assert type_ not in [kind for operation, kind, _ in new_changes(cloud_sql, before) if operation == "create"]
        last = succeeded(stack.up())
        assert last.changed == {}, last.output
        assert "pending operations" not in last.output


# --- Broken on purpose: what the simulation is strict about


@pytest.mark.parametrize(
    ("how", "arguments", "answer"),
    [
        ("edition", {}, "Invalid Tier (db-custom-1-3840) for (ENTERPRISE_PLUS) Edition"),
        ("IAM flag", {}, "IAM authentication is not enabled"),
        ("authorized network", {}, "Authorized networks cannot be used with connector enforcement"),
        ("no backups", {"highAvailability": True}, "Regional availability requires backups and point-in-time recovery"),
        ("no consumers", {}, "Private Service Connect requires at least one allowed consumer project"),
        ("no address", {}, "At least one of Public IP or Private IP or PSC connectivity must be enabled"),
        ("suffix", {"user": EMAIL}, "remove .gserviceaccount.com from its name"),
        ("capitals", {"user": "jo@example.com"}, "expected non-nil error with nil state during Create"),
        ("password", {}, "For IAM users, password or hostname should not be specified"),
        ("an unknown role", {}, 'role "nobody" does not exist'),
        ("an unknown argument", {}, "unknown property settings.backupConfiguration.retention"),
        ("an unknown enforcement", {}, "expected settings.connectorEnforcement to be one of"),
    ],
)
def test_a_rule_of_googles_that_the_component_no_longer_keeps_fails_the_run(
    stack: CloudSqlStack, how: str, arguments: dict[str, Any], answer: str
) -> None:
    stack.arguments(**arguments)
    stack.break_on_purpose(how)
    assert answer in refused(stack.up())


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
