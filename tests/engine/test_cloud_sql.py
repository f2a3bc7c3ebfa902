"""CloudSqlPostgres on the real engine, against a simulated Google Cloud that is strict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .cloud_stack import WAYS_TO_DESTROY, GoogleStack
from .simulated_google import SimulatedGoogle
from .stack import refused, succeeded

EMAIL = "backstage@portal-123.iam.gserviceaccount.com"
ROLE = "backstage@portal-123.iam"
NETWORK = "projects/portal-123/global/networks/default"
GUARD = "backstage-deletion-protection"
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
def google() -> Iterator[SimulatedGoogle]:
    with SimulatedGoogle() as simulated:
        simulated.known_accounts.add(EMAIL)
        simulated.connected_networks.add(NETWORK)
        yield simulated


@pytest.fixture
def stack(tmp_path: Path, google: SimulatedGoogle) -> GoogleStack:
    return GoogleStack(tmp_path / "stack", google.environment)


def new_changes(google: SimulatedGoogle, since: int) -> list[tuple[str, str, str]]:
    return google.changes()[since:]


def of_type(google: SimulatedGoogle, type_: str) -> list[dict[str, Any]]:
    return [found for found in google.resources.values() if found["_type"] == type_]


def errors(google: SimulatedGoogle) -> list[str]:
    return [call.error for call in google.calls if call.error]


# --- First deployment


def test_with_nothing_but_a_project_a_first_up_creates_all_that_backstage_needs_to_log_in(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    up = succeeded(stack.up())
    (instance,) = google.of_type("DatabaseInstance").values()
    (account,) = of_type(google, "Account")
    role = account["email"].removesuffix(".gserviceaccount.com")
    assert up.outputs["databaseConfig"] == {
        "client": "pg",
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
        },
    }
    assert google.of_type("Database").keys() == {"backstage"}
    assert google.of_type("User")[role]["databaseRoles"] == ["cloudsqlsuperuser"]
    assert {binding["role"] for binding in of_type(google, "IAMMember")} == {
        "roles/cloudsql.client",
        "roles/cloudsql.instanceUser",
    }
    assert errors(google) == []
    order = [type_ for _, type_, _ in google.changes() if type_ in ("DatabaseInstance", "Database", "User")]
    assert order == ["DatabaseInstance", "Database", "User"]


def test_a_second_up_a_refresh_and_a_preview_change_nothing(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.arguments(**EVERYTHING)
    first = succeeded(stack.up())
    before = google.changes()
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == first.outputs
    assert google.changes() == before


def test_a_preview_of_a_first_deployment_touches_nothing(stack: GoogleStack, google: SimulatedGoogle) -> None:
    assert succeeded(stack.preview()).changes["create"] == 10
    assert google.calls == []


def test_no_secret_is_in_the_state_because_there_is_none(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.arguments(additionalUsers=TEAM)
    up = succeeded(stack.up())
    assert up.secret_outputs == []
    assert "ciphertext" not in stack.cli("stack", "export", "--stack", stack.name)
    assert "ya29.token" not in "".join(
        file.read_text(errors="replace") for file in stack.folder.rglob("*") if file.is_file()
    )


def test_a_stack_without_a_project_says_what_to_configure(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.cli("config", "rm", "gcp:project", "--stack", stack.name)
    output = refused(stack.up())
    assert 'argument "project" is missing, and the provider\'s gcp:project is' in output
    assert "Traceback" not in output
    assert google.changes() == []


def test_a_service_account_that_google_does_not_know_everywhere_yet_is_waited_for(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    google.refusals["IAMMember"] = [f"Service account {EMAIL} does not exist."] * 2
    up = succeeded(stack.up())
    assert "waiting 0.05 s for the service account, which Google does not know everywhere yet" in up.output
    assert succeeded(stack.up()).changed == {}


def test_a_private_network_that_is_not_connected_ends_the_run_before_the_instance_is_made(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    google.connected_networks.clear()
    stack.arguments(**PRIVATE)
    assert "doesn't have at least 1 private services connection" in refused(stack.up())
    assert google.of_type("DatabaseInstance") == {}
    google.connected_networks.add(NETWORK)
    up = succeeded(stack.up())
    assert up.outputs["host"] == "10.20.0.3"
    assert up.outputs["databaseConfig"]["connection"]["ipAddressType"] == "PRIVATE"


# --- A new user's story


def test_a_new_user_deploys_adds_a_teammate_and_a_group_moves_to_a_private_network_and_takes_it_down(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    succeeded(stack.up())
    before = len(google.changes())
    stack.configure("cloudsql.additionalUsers.jo", "jo@example.com")
    stack.configure("cloudsql.additionalUsers.team", "group:team@example.com")
    succeeded(stack.up())
    assert {change[:2] for change in new_changes(google, before)} == {("create", "User"), ("create", "IAMMember")}
    assert google.of_type("User").keys() >= {"jo@example.com", "team@example.com"}

    before = len(google.changes())
    stack.configure("cloudsql.ipAddressType", "PRIVATE")
    stack.configure("cloudsql.privateNetwork", NETWORK)
    moved = succeeded(stack.up())
    assert [change[:2] for change in new_changes(google, before)] == [("update", "DatabaseInstance")]
    assert moved.outputs["databaseConfig"]["connection"]["ipAddressType"] == "PRIVATE"
    assert moved.outputs["host"] == "10.20.0.3"

    assert "cannot be deleted" in refused(stack.destroy())
    stack.configure("cloudsql.deletionProtection", "false")
    succeeded(stack.up())
    before = len(google.changes())
    succeeded(stack.destroy())
    assert google.resources == {}
    assert stack.resources() == []
    deleted = [type_ for _, type_, _ in new_changes(google, before)]
    assert deleted.count("DatabaseInstance") == 1
    assert "User" not in deleted, "users were dropped one by one"
    assert "Database" not in deleted


# --- Changes later


def test_a_user_that_is_added_or_removed_touches_no_other(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.arguments(user=EMAIL, additionalUsers=TEAM)
    succeeded(stack.up())
    before = len(google.changes())
    stack.arguments(user=EMAIL, additionalUsers={"team": TEAM["team"], "zoe": "zoe@example.com"})
    succeeded(stack.up())
    changes = new_changes(google, before)
    assert sorted((operation, name) for operation, type_, name in changes if type_ == "User") == [
        ("create", "zoe@example.com"),
        ("delete", "jo@example.com"),
    ]
    assert len(changes) == 6, "besides, the two IAM roles of each"
    assert not [change for change in changes if "team" in change[2]]


def test_backstages_own_user_can_be_replaced_by_another(stack: GoogleStack, google: SimulatedGoogle) -> None:
    succeeded(stack.up())
    before = len(google.changes())
    stack.arguments(user=EMAIL)
    up = succeeded(stack.up())
    assert up.outputs["user"] == ROLE
    users = [change for change in new_changes(google, before) if change[1] == "User"]
    assert [operation for operation, _, _ in users] == ["create", "delete"], "the new one is there before the old goes"
    assert of_type(google, "Account") == []
    assert succeeded(stack.up()).changed == {}


def test_size_version_and_role_change_in_place(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.arguments(user=EMAIL)
    succeeded(stack.up())
    before = len(google.changes())
    google.database_roles.add("backstage")
    stack.arguments(user=EMAIL, tier="db-custom-4-15360", version=18, role="backstage")
    up = succeeded(stack.up())
    assert sorted(change[:2] for change in new_changes(google, before)) == [
        ("update", "DatabaseInstance"),
        ("update", "User"),
    ]
    assert google.of_type("User")[ROLE]["databaseRoles"] == ["backstage"]
    assert up.outputs["databaseConfig"]["role"] == "backstage"


@pytest.mark.parametrize(
    "arguments",
    [
        {"region": "us-central1"},
        {"instanceName": "another-name"},
        {"project": "another-project"},
        {"ipAddressType": "PSC", "pscConsumerProjects": ["consumer-1"]},
        {"databaseName": "another"},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_a_change_that_would_replace_the_instance_or_its_database_is_stopped_with_nothing_touched(
    stack: GoogleStack, google: SimulatedGoogle, arguments: dict[str, Any]
) -> None:
    stack.arguments(additionalUsers=TEAM)
    succeeded(stack.up())
    before, urns = google.changes(), stack.urns()
    stack.arguments(additionalUsers=TEAM, **arguments)
    for output in (refused(stack.preview()), refused(stack.up())):
        assert "marked for protection" in output
    assert google.changes() == before
    assert stack.urns() == urns
    stack.arguments(additionalUsers=TEAM)
    assert succeeded(stack.up()).changed == {}


def test_without_protection_a_replaced_instance_gets_its_users_again(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    stack.arguments(user=EMAIL, additionalUsers=TEAM, deletionProtection=False)
    succeeded(stack.up())
    stack.arguments(user=EMAIL, additionalUsers=TEAM, deletionProtection=False, region="us-central1")
    up = succeeded(stack.up())
    (instance,) = google.of_type("DatabaseInstance").values()
    assert instance["connectionName"] == up.outputs["connectionName"] == f"portal-123:us-central1:{instance['name']}"
    assert google.of_type("User").keys() == {ROLE, "jo@example.com", "team@example.com"}
    assert google.of_type("Database").keys() == {"backstage"}
    assert succeeded(stack.up()).changed == {}


# --- Taking it down


@pytest.mark.parametrize("destroy", WAYS_TO_DESTROY)
def test_a_protected_database_refuses_to_be_destroyed_and_nothing_is_touched_or_forgotten(
    stack: GoogleStack, google: SimulatedGoogle, destroy: Any
) -> None:
    stack.arguments(additionalUsers=TEAM)
    succeeded(stack.up())
    before, urns = google.changes(), stack.urns()
    output = destroy(stack)
    assert "cannot be deleted" in output
    assert GUARD in output
    assert google.changes() == before
    assert stack.urns() == urns
    assert succeeded(stack.up()).changed == {}


def test_users_who_own_something_do_not_keep_the_instance_from_going(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    stack.arguments(user=EMAIL, deletionProtection=False)
    succeeded(stack.up())
    google.owners.add(ROLE)
    succeeded(stack.destroy())
    assert google.resources == {}


def test_a_destroy_that_failed_at_the_instance_is_finished_by_the_next_one(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    stack.arguments(user=EMAIL, additionalUsers=TEAM, deletionProtection=False)
    succeeded(stack.up())
    google.refusals["DatabaseInstance"] = ["Operation failed because another operation was already in progress."]
    assert "already in progress" in refused(stack.destroy())
    succeeded(stack.destroy())
    assert google.resources == {}


# --- A run that is killed


@pytest.mark.parametrize("type_", ["Account", "DatabaseInstance", "Database", "User", "IAMMember"])
def test_what_a_killed_run_was_creating_is_reported_and_taken_over_by_the_commands_that_the_next_runs_print(
    stack: GoogleStack, google: SimulatedGoogle, type_: str
) -> None:
    pause = google.pause(type_)
    refused(stack.up_killed(pause.reached))
    pause.release()
    stack.cli("cancel", "--yes", "--stack", stack.name)
    before = len(google.changes())
    up = stack.up()
    assert "interrupted while creating" in up.output
    while not up.ok:
        # What is created side by side may be left behind side by side; each run names what it meets.
        assert "Error 409" in up.output
        stack.take_over(up.output)
        up = stack.up()
    for kind in ("Account", "DatabaseInstance", "Database", "User"):
        assert len(of_type(google, kind)) == 1, f"a second {kind}"
    assert len(of_type(google, "IAMMember")) == 2
    if type_ != "IAMMember":
        assert type_ not in [kind for operation, kind, _ in new_changes(google, before) if operation == "create"]
        last = succeeded(stack.up())
        assert last.changed == {}, last.output
        assert "pending operations" not in last.output


# --- Broken on purpose: what the simulation is strict about


@pytest.mark.parametrize(
    ("how", "arguments", "answer"),
    [
        ("edition", {}, "Invalid Tier (db-custom-1-3840) for (ENTERPRISE_PLUS) Edition"),
        ("IAM flag", {}, "IAM authentication is off"),
        ("authorized network", {}, "authorized networks with connector enforcement"),
        ("no backups", {"highAvailability": True}, "a regional instance requires backups and point-in-time recovery"),
        ("no consumers", {}, "PSC requires at least one allowed consumer project"),
        ("no address", {}, "At least one of Public IP or Private IP or PSC connectivity must be enabled"),
        ("suffix", {"user": EMAIL}, "must omit .gserviceaccount.com"),
        ("capitals", {"user": "jo@example.com"}, "expected non-nil error with nil state during Create"),
        ("password", {}, "For IAM users, password or hostname should not be specified"),
        ("an unknown role", {}, "role ['nobody'] does not exist"),
    ],
)
def test_a_rule_of_googles_that_the_component_no_longer_keeps_fails_the_run(
    stack: GoogleStack, how: str, arguments: dict[str, Any], answer: str
) -> None:
    stack.arguments(**arguments)
    stack.break_on_purpose(how)
    assert answer in refused(stack.up())


def test_users_that_do_not_wait_for_the_database_are_refused(stack: GoogleStack, google: SimulatedGoogle) -> None:
    stack.arguments(deletionProtection=False)
    stack.break_on_purpose("users before the database")
    google.refusals["Database"] = ["not now"]
    output = refused(stack.up(continue_on_error=True))
    assert 'role "cloudsqliamserviceaccount" does not exist' in output


def test_without_the_hook_a_service_account_that_is_not_known_everywhere_yet_fails_the_run(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    google.refusals["IAMMember"] = [f"Service account {EMAIL} does not exist."]
    stack.break_on_purpose("hook")
    assert "does not exist." in refused(stack.up())


def test_without_deleted_with_a_user_who_owns_something_would_keep_the_instance_from_going(
    stack: GoogleStack, google: SimulatedGoogle
) -> None:
    stack.arguments(user=EMAIL, deletionProtection=False)
    stack.break_on_purpose("deleted_with")
    succeeded(stack.up())
    google.owners.add(ROLE)
    assert "cannot be dropped because some objects depend on it" in refused(stack.destroy())


def test_without_the_condition_two_instances_would_share_one_binding(
    stack: GoogleStack, google: SimulatedGoogle, tmp_path: Path
) -> None:
    other = GoogleStack(tmp_path / "other", google.environment)
    for how, bindings in (("", 4), ("no condition", 2)):
        for each in (stack, other):
            each.arguments(user=EMAIL, deletionProtection=False)
            each.break_on_purpose(how)
            succeeded(each.up())
        assert len(of_type(google, "IAMMember")) == bindings
    succeeded(other.destroy())
    left = of_type(google, "IAMMember")
    assert left == [], "the first instance's users were cut off by the second one's end"
