"""CloudSqlPostgres: what it registers and what it hands back."""

import asyncio
import functools
import itertools
import re
import shlex
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components import CloudSqlPostgres
from components.cloud_sql import component
from components.cloud_sql.args import CloudSqlPostgresArgs
from components.cloud_sql.validation import account_id, principal
from components.inputs import ArgumentError
from components.testing import LOGINS, Mocks, Run, run
from tests.unit.inputs import by_name, materialize, name_of, of_type, output, outputs, unknown, unknowns

COMPONENT = "backstage-database:index:CloudSqlPostgres"
STASH = "pulumi:index:Stash"
ACCOUNT = "gcp:serviceaccount/account:Account"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
DATABASE = "gcp:sql/database:Database"
USER = "gcp:sql/user:User"
BINDING = "gcp:projects/iAMMember:IAMMember"

PROJECT = LOGINS["gcp:organizations/getClientConfig:getClientConfig"]["project"]
EMAIL = f"backstage@{PROJECT}.iam.gserviceaccount.com"
NETWORK = f"projects/{PROJECT}/global/networks/default"
TEAM: dict[str, Any] = {"additional_users": {"jo": "jo@example.com", "team": "group:team@example.com"}}
PRIVATE: dict[str, Any] = {"ip_address_type": "PRIVATE", "private_network": NETWORK}
PSC: dict[str, Any] = {"ip_address_type": "PSC", "psc_consumer_projects": ["consumer-1"]}


class Google(Mocks):
    """Notes how often it was asked whom the provider is logged in as."""

    def __init__(self, **login: str) -> None:
        self.login = {**LOGINS["gcp:organizations/getClientConfig:getClientConfig"], **login}
        self.asked = 0

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        super().call(args)
        self.asked += 1
        return self.login, []


def create(preview: bool = False, google: Google | None = None, **args: Any) -> Run:
    def program() -> dict[str, Any]:
        database = CloudSqlPostgres("db", materialize(args))
        return {name: getattr(database, name) for name in CloudSqlPostgres.__annotations__}

    return run(program, mocks=google, preview=preview)


def block(**args: Any) -> dict[str, Any]:
    return create(**args)["database_config"].value


def instance(**args: Any) -> dict[str, Any]:
    return dict(create(**args).resource(INSTANCE).inputs)


def settings(**args: Any) -> dict[str, Any]:
    return instance(**args)["settings"]


# --- The block


def test_without_arguments_a_service_account_is_created_and_is_the_one_that_backstage_connects_as() -> None:
    results = create(instance_name="portal-db")
    assert results["database_config"].value == {
        "client": "pg",
        "pluginDivisionMode": "schema",
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": f"{PROJECT}:europe-west1:portal-db",
            "host": "203.0.113.7",
            "port": 5432,
            "user": f"portal-db@{PROJECT}.iam",
            "database": "backstage",
            "ipAddressType": "PUBLIC",
        },
    }
    assert results.resource(ACCOUNT).inputs["accountId"] == "portal-db"
    assert results["service_account_email"].value == f"portal-db@{PROJECT}.iam.gserviceaccount.com"
    assert results.resource(USER).inputs["type"] == "CLOUD_IAM_SERVICE_ACCOUNT"


@pytest.mark.parametrize(
    ("user", "type_", "member", "role"),
    [
        (EMAIL, "CLOUD_IAM_SERVICE_ACCOUNT", f"serviceAccount:{EMAIL}", f"backstage@{PROJECT}.iam"),
        (f"serviceAccount:{EMAIL}", "CLOUD_IAM_SERVICE_ACCOUNT", f"serviceAccount:{EMAIL}", f"backstage@{PROJECT}.iam"),
        (
            "123-compute@developer.gserviceaccount.com",
            "CLOUD_IAM_SERVICE_ACCOUNT",
            "serviceAccount:123-compute@developer.gserviceaccount.com",
            "123-compute@developer",
        ),
        ("Jo.O'Brien@Example.com", "CLOUD_IAM_USER", "user:jo.o'brien@example.com", "jo.o'brien@example.com"),
        ("user:jo@example.com", "CLOUD_IAM_USER", "user:jo@example.com", "jo@example.com"),
    ],
)
def test_a_user_has_the_name_that_each_of_google_iam_and_postgresql_knows_it_by(
    user: str, type_: str, member: str, role: str
) -> None:
    results = create(user=user)
    assert of_type(results, ACCOUNT) == []
    login = results.resource(USER).inputs
    assert (login["type"], login["name"]) == (type_, role)
    assert {binding.inputs["member"] for binding in of_type(results, BINDING)} == {member}
    assert results["user"].value == results["database_config"].value["connection"]["user"] == role


def test_the_service_account_is_told_where_backstage_runs_as_one() -> None:
    assert create(user=EMAIL.upper())["service_account_email"].value == EMAIL
    assert create(user="jo@example.com")["service_account_email"].value == ""


def test_in_database_mode_backstage_gets_no_database_and_keeps_the_role() -> None:
    assert block(plugin_division_mode="database", instance_name="db-1", user=EMAIL) == {
        "client": "pg",
        "role": "cloudsqlsuperuser",
        "connection": {
            "type": "cloudsql",
            "instance": f"{PROJECT}:europe-west1:db-1",
            "host": "203.0.113.7",
            "port": 5432,
            "user": f"backstage@{PROJECT}.iam",
            "ipAddressType": "PUBLIC",
        },
    }


@pytest.mark.parametrize("role", ["cloudsqlsuperuser", "backstage"])
def test_every_user_is_granted_the_role_that_the_block_names(role: str) -> None:
    results = create(role=role, **TEAM)
    assert [user.inputs["databaseRoles"] for user in of_type(results, USER)] == [[role]] * 3
    assert results["database_config"].value["role"] == role


@pytest.mark.parametrize(
    ("network", "host"),
    [({}, "203.0.113.7"), (PRIVATE, "10.1.2.3"), (PSC, "a1b2.c3d4.europe-west1.sql.goog")],
)
def test_the_blocks_address_and_its_type_are_those_of_the_network(network: dict[str, Any], host: str) -> None:
    results = create(**network)
    connection = results["database_config"].value["connection"]
    assert (connection["host"], connection["port"]) == (host, 5432)
    assert (results["host"].value, results["port"].value) == (host, 5432)
    assert connection["ipAddressType"] == results["ip_address_type"].value == network.get("ip_address_type", "PUBLIC")


def test_no_output_is_secret_because_there_is_no_secret() -> None:
    results = create(**TEAM)
    assert {name for name, result in results.outputs.items() if result.secret} == set()
    assert {name for resource in results.resources for name in resource.secret_inputs} == set()


def test_the_environment_form_refers_to_the_variables_that_environment_holds() -> None:
    results = create(user=EMAIL)
    connection = yaml.safe_load(results["app_config_from_env"].value)["backend"]["database"]["connection"]
    assert (connection["host"], connection["port"], connection["user"]) == (
        "${POSTGRES_HOST}",
        "${POSTGRES_PORT}",
        "${POSTGRES_USER}",
    )
    assert results["environment"].value == {
        "POSTGRES_HOST": "203.0.113.7",
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": f"backstage@{PROJECT}.iam",
    }


# --- Principals


@pytest.mark.parametrize(
    "instance_name", ["db", "backstage", "x" * 31, "a-" * 30 + "a", "production-portal-db-instance-1"]
)
def test_a_service_account_can_be_named_after_any_instance(instance_name: str) -> None:
    found = account_id(instance_name)
    assert 6 <= len(found) <= 30
    assert found == instance_name or found.startswith(instance_name[:20].rstrip("-"))
    assert found.strip("-") == found


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,65}[a-z0-9])?", fullmatch=True))
def test_the_id_of_every_service_account_is_one_that_google_takes(instance_name: str) -> None:
    assert re.fullmatch(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])", account_id(instance_name))


def test_a_created_account_whose_postgresql_name_would_be_too_long_is_refused_with_the_way_out() -> None:
    project = "p" * 30
    with pytest.raises(ArgumentError, match=r'"user" is missing, and the created service account is .* 63 bytes'):
        create(project=project, instance_name="i" * 30)


def test_the_created_account_stays_when_the_instance_gets_another_name_or_place() -> None:
    ignored = create().resource(ACCOUNT).options.ignoreChanges
    assert list(ignored) == ["accountId", "displayName", "project"]


def test_additional_users_are_named_after_their_keys_and_not_their_place() -> None:
    logins = {user.name: user.inputs["name"] for user in of_type(create(user=EMAIL, **TEAM), USER)}
    assert logins == {
        "db-user": f"backstage@{PROJECT}.iam",
        "db-user-jo": "jo@example.com",
        "db-user-team": "team@example.com",
    }


def test_every_principal_gets_both_iam_roles_on_this_instance_only() -> None:
    results = create(user=EMAIL, instance_name="db-1", **TEAM)
    bindings = {(one.inputs["member"], one.inputs["role"]) for one in of_type(results, BINDING)}
    members = (f"serviceAccount:{EMAIL}", "user:jo@example.com", "group:team@example.com")
    assert bindings == {
        (member, role) for member in members for role in ("roles/cloudsql.client", "roles/cloudsql.instanceUser")
    }
    conditions = [one.inputs["condition"] for one in of_type(results, BINDING)]
    assert conditions == 6 * [
        {
            "title": "db-1",
            "expression": 'resource.type == "sqladmin.googleapis.com/Instance" && '
            f'resource.name == "projects/{PROJECT}/instances/db-1"',
        }
    ]


def test_iam_roles_can_be_left_to_the_caller() -> None:
    assert of_type(create(grant_iam_roles=False, **TEAM), BINDING) == []


def test_project_and_region_are_the_providers_unless_they_are_given() -> None:
    google = Google()
    inputs = instance(google=google)
    assert (inputs["project"], inputs["region"]) == (PROJECT, "europe-west1")
    inputs = instance(google=Google(project=""), project="another-1", region="us-central1")
    assert (inputs["project"], inputs["region"]) == ("another-1", "us-central1")


def test_nothing_is_asked_when_project_and_region_are_given() -> None:
    google = Google()
    create(google=google, project="another-1", region="us-central1")
    assert google.asked == 0


@pytest.mark.parametrize("argument", ["project", "region"])
def test_a_provider_without_project_or_region_is_named_as_what_to_configure(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f"\"{argument}\" is missing, and the provider's gcp:{argument} is '', but"):
        create(google=Google(**{argument: ""}))


# --- The instance


def test_nobody_has_a_password() -> None:
    inputs = instance()
    assert "rootPassword" not in inputs
    assert inputs["settings"]["databaseFlags"] == [{"name": "cloudsql.iam_authentication", "value": "on"}]
    assert all("password" not in user.inputs for user in of_type(create(**TEAM), USER))


def test_the_defaults_are_a_small_instance_that_carries_backstage() -> None:
    inputs = instance(instance_name="db-1")
    assert inputs["databaseVersion"] == "POSTGRES_17"
    assert inputs["settings"] == {
        "tier": "db-custom-1-3840",
        "edition": "ENTERPRISE",
        "availabilityType": "ZONAL",
        "connectorEnforcement": "REQUIRED",
        "databaseFlags": [{"name": "cloudsql.iam_authentication", "value": "on"}],
        "backupConfiguration": {
            "enabled": True,
            "pointInTimeRecoveryEnabled": True,
            "transactionLogRetentionDays": 7,
            "backupRetentionSettings": {"retainedBackups": 7},
        },
        "ipConfiguration": {"ipv4Enabled": True, "sslMode": "ENCRYPTED_ONLY"},
        "deletionProtectionEnabled": True,
    }


def test_every_setting_of_the_instance_reaches_it() -> None:
    inputs = instance(
        version="16",
        tier="db-perf-optimized-N-2",
        high_availability=True,
        disk_size_gb=100.0,
        backup_retention=30,
        backup_start_time="03:30",
        maintenance_day=7,
        maintenance_hour=0,
        require_connector=False,
        database_flags={"max_connections": 200, "autovacuum": "off"},
        labels={"team": "platform"},
    )
    found = inputs["settings"]
    assert inputs["databaseVersion"] == "POSTGRES_16"
    assert (found["tier"], found["edition"]) == ("db-perf-optimized-N-2", "ENTERPRISE_PLUS")
    assert (found["availabilityType"], found["diskSize"]) == ("REGIONAL", 100)
    backups = found["backupConfiguration"]
    assert (backups["backupRetentionSettings"]["retainedBackups"], backups["startTime"]) == (30, "03:30")
    assert backups["transactionLogRetentionDays"] == 7
    assert found["maintenanceWindow"] == {"day": 7, "hour": 0, "updateTrack": "stable"}
    assert found["connectorEnforcement"] == "NOT_REQUIRED"
    assert {flag["name"]: flag["value"] for flag in found["databaseFlags"]} == {
        "cloudsql.iam_authentication": "on",
        "autovacuum": "off",
        "max_connections": "200",
    }
    assert found["userLabels"] == {"team": "platform"}


@pytest.mark.parametrize(
    ("tier", "edition"),
    [
        ("db-custom-1-3840", "ENTERPRISE"),
        ("db-custom-96-638976", "ENTERPRISE"),
        ("db-f1-micro", "ENTERPRISE"),
        ("db-g1-small", "ENTERPRISE"),
        ("db-perf-optimized-N-128", "ENTERPRISE_PLUS"),
    ],
)
def test_the_edition_follows_from_the_tier(tier: str, edition: str) -> None:
    assert settings(tier=tier)["edition"] == edition


def test_the_edition_of_a_tier_that_is_not_known_here_can_be_said() -> None:
    assert settings(tier="db-c4a-highmem-4", edition="ENTERPRISE_PLUS")["edition"] == "ENTERPRISE_PLUS"


def test_without_backups_there_is_no_log_to_go_back_with_either() -> None:
    found = settings(backup_retention=0)["backupConfiguration"]
    assert (found["enabled"], found["pointInTimeRecoveryEnabled"]) == (False, False)


@pytest.mark.parametrize("count", [1, 6, 7, 365])
def test_the_log_never_reaches_further_back_than_the_backups_nor_than_enterprise_keeps_it(count: int) -> None:
    assert settings(backup_retention=count)["backupConfiguration"]["transactionLogRetentionDays"] == min(count, 7)


def test_a_generated_instance_name_starts_with_the_components_and_is_kept_in_the_stack() -> None:
    results = create()
    stash = by_name(results)["db-instance-name"]
    assert stash.options.ignoreChanges == ["input"]
    assert results.resource(INSTANCE).inputs["name"] == stash.inputs["input"] == results["instance"].value
    assert results["instance"].value.startswith("db-")
    assert create(instance_name="mine").resource(INSTANCE).inputs["name"] == "mine"


# --- Networks


def test_a_public_address_lets_no_network_in_that_has_no_certificate() -> None:
    assert settings()["ipConfiguration"] == {"ipv4Enabled": True, "sslMode": "ENCRYPTED_ONLY"}


def test_a_private_address_is_the_only_one() -> None:
    assert settings(**PRIVATE)["ipConfiguration"] == {
        "ipv4Enabled": False,
        "privateNetwork": NETWORK,
        "sslMode": "ENCRYPTED_ONLY",
    }


def test_private_service_connect_admits_the_projects_that_are_named() -> None:
    assert settings(**PSC)["ipConfiguration"] == {
        "ipv4Enabled": False,
        "sslMode": "ENCRYPTED_ONLY",
        "pscConfigs": [{"pscEnabled": True, "allowedConsumerProjects": ["consumer-1"]}],
    }


def test_a_network_for_private_service_connect_gets_an_endpoint_and_a_name_and_its_project_is_admitted() -> None:
    found = settings(ip_address_type="PSC", psc_consumer_network="projects/consumer-2/global/networks/default")
    assert found["ipConfiguration"]["pscConfigs"] == [
        {
            "pscEnabled": True,
            "allowedConsumerProjects": ["consumer-2"],
            "pscAutoConnections": [{"consumerNetwork": "projects/consumer-2/global/networks/default"}],
            "pscAutoDnsEnabled": True,
        }
    ]


# --- Order and options


@functools.cache
def team() -> Run:
    return create(**TEAM)


def test_the_database_comes_after_the_instance() -> None:
    assert "db-instance" in set(map(name_of, by_name(team())["db-database"].options.dependencies))


def test_users_come_one_by_one_each_with_its_iam_roles_and_backstages_own_first() -> None:
    resources = by_name(team())
    for before, after in itertools.pairwise(["database", "user", "user-jo", "user-team"]):
        for one in (after, after.replace("user", "client"), after.replace("user", "login")):
            assert f"db-{before}" in set(map(name_of, resources[f"db-{one}"].options.dependencies))


def test_what_google_deletes_with_the_instance_is_not_deleted_one_by_one() -> None:
    gone_with = {one.name: name_of(one.options.deletedWith) for one in team().resources if one.options.deletedWith}
    assert gone_with == dict.fromkeys(["db-database", "db-user", "db-user-jo", "db-user-team"], "db-instance")


@pytest.mark.parametrize("protection", [True, False])
def test_one_switch_protects_instance_database_and_guard_in_pulumi_in_the_provider_and_in_the_api(
    protection: bool,
) -> None:
    args: dict[str, Any] = {**TEAM, **({} if protection else {"deletion_protection": False})}
    results = create(**args)
    protected = {resource.name for resource in results.resources if resource.options.protect}
    assert protected == ({"db-instance", "db-database", "db-deletion-protection"} if protection else set())
    inputs = results.resource(INSTANCE).inputs
    assert inputs["deletionProtection"] is inputs["settings"]["deletionProtectionEnabled"] is protection


def test_the_guard_waits_for_everything_so_that_a_destroy_meets_it_first() -> None:
    guarded = set(map(name_of, by_name(team())["db-deletion-protection"].options.dependencies))
    assert guarded == {one.name for one in team().resources if one.type in (USER, BINDING)}


def test_every_child_belongs_to_the_component_and_its_project() -> None:
    children = [one for one in team().resources if one.type != COMPONENT]
    assert {name_of(child.options.parent) for child in children} == {"db"}
    assert {child.inputs["project"] for child in children if child.type != STASH} == {PROJECT}


def test_the_retry_hook_is_bound_to_everything_that_google_creates() -> None:
    hooks = {tuple(one.options.hooks.on_error) for one in team().resources if one.type not in (COMPONENT, STASH)}
    assert hooks == {("CloudSqlPostgres db: wait while Google is not ready",)}


# --- Waiting for a new service account, and taking over


def tries_again(*errors: str, type_: str = BINDING) -> bool:
    inputs = {"project": PROJECT, "instance": "db-1", "name": "jo@example.com", "accountId": "db-1"}
    failure = pulumi.ErrorHookArgs(
        "urn", "", "db-x", type_, new_inputs=inputs, failed_operation="create", errors=list(errors)
    )
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        owner = cast(Any, SimpleNamespace(urn=pulumi.Output.from_input("urn:pulumi:dev::p::t$CloudSql::db")))
        return loop.run_until_complete(component.wait_while_not_ready(owner, failure))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def answered(error: str) -> str:
    """An error as the provider writes it."""
    return f"1 error occurred:\n\t* {error}\n\n"


NOT_THERE = answered(
    f"Error setting IAM policy: googleapi: Error 400: Service account {EMAIL} does not exist., badRequest"
)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "TRANSIENT_RETRY_DELAY_SECONDS", 0)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "error",
    [
        NOT_THERE,
        answered(
            f"googleapi: Error 400: Invalid request: Provided CLOUD_IAM_SERVICE_ACCOUNT: {EMAIL}, does not exist."
        ),
        answered(
            'googleapi: Error 400: Invalid request: failed to create user: role "cloudsqliamuser" does not exist.'
        ),
    ],
)
def test_what_google_refuses_only_for_a_moment_is_tried_again_a_limited_time(error: str) -> None:
    run(lambda: None)
    assert tries_again(error)
    assert tries_again(*[error] * 6)
    assert not tries_again(*[error] * 7)


@pytest.mark.parametrize(
    "error",
    [
        "googleapi: Error 403: The caller does not have permission, forbidden",
        "Invalid Tier (db-f1-micro) for (ENTERPRISE_PLUS) Edition",
        answered(f"creating urn:pulumi:dev::p::gcp:sql/user:User::db-user: {NOT_THERE}"),
        "",
    ],
)
def test_nothing_else_is_tried_again(error: str) -> None:
    assert not tries_again(error)


@pytest.mark.parametrize(
    ("type_", "id_"),
    [
        (ACCOUNT, f"projects/{PROJECT}/serviceAccounts/db-1@{PROJECT}.iam.gserviceaccount.com"),
        (INSTANCE, f"projects/{PROJECT}/instances/jo@example.com"),
        (DATABASE, f"projects/{PROJECT}/instances/db-1/databases/jo@example.com"),
        (USER, f"{PROJECT}/db-1/jo@example.com"),
    ],
)
def test_what_exists_already_is_named_with_the_commands_that_take_it_over(
    type_: str, id_: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(lambda: None)
    exists = "googleapi: Error 409: The Cloud SQL instance already exists., instanceAlreadyExists"
    if type_ == "gcp:sql/user:User":
        exists = "googleapi: Error 400: Database user 'jo' cannot be created because a user exists with the same name."
    assert not tries_again(answered(exists), type_=type_)
    assert caplog.messages[0].endswith(
        f"pulumi import {type_} db-x {id_} --parent 'component=urn:pulumi:dev::p::t$CloudSql::db' --protect=false "
        "--generate-code=false\npulumi refresh --clear-pending-creates"
    )


# --- psql


def psql(**args: Any) -> tuple[list[str], dict[str, Any]]:
    """The command line of the proxy, and what psql is told."""
    words = shlex.split(create(instance_name="db-1", **args)["psql_command"].value)
    proxy = words[words.index("cloud-sql-proxy") : words.index("&")]
    return proxy, conninfo_to_dict(words[words.index("psql") + 1])


def test_the_psql_line_is_for_a_person_if_one_may_log_in() -> None:
    proxy, login = psql(**TEAM)
    assert proxy == ["cloud-sql-proxy", "--auto-iam-authn", "--port", "6543", f"{PROJECT}:europe-west1:db-1"]
    assert login == {
        "host": "127.0.0.1",
        "port": "6543",
        "dbname": "backstage",
        "user": "jo@example.com",
        "options": "-crole=cloudsqlsuperuser",
    }


def test_the_psql_line_is_for_a_member_of_a_group_if_only_groups_may_log_in() -> None:
    line = create(additional_users={"team": "group:team@example.com"})["psql_command"].value
    assert " user=$(gcloud config get account) " in line


def test_the_psql_line_borrows_the_service_account_if_nobody_else_may_log_in() -> None:
    proxy, login = psql(user=EMAIL, role="backstage")
    assert f"--impersonate-service-account={EMAIL}" in proxy
    assert (login["user"], login["options"]) == (f"backstage@{PROJECT}.iam", "-crole=backstage")


@pytest.mark.parametrize(("network", "flag"), [(PRIVATE, "--private-ip"), (PSC, "--psc")])
def test_the_psql_line_takes_the_way_that_the_network_has(network: dict[str, Any], flag: str) -> None:
    assert flag in psql(**network)[0]


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+'-]{0,30}@([a-z0-9-]{1,10}\.){1,2}[a-z]{2,5}", fullmatch=True))
def test_any_persons_name_survives_the_shell_and_libpq(email: str) -> None:
    found = principal(email)
    line = component.psql_command("PUBLIC", "p:r:i", "backstage", "cloudsqlsuperuser", [found])
    words = shlex.split(line)
    assert conninfo_to_dict(words[words.index("psql") + 1])["user"] == found.role == email.lower()


# --- Warnings


@pytest.mark.parametrize(
    ("args", "warning"),
    [
        ({"version": 14}, "PostgreSQL 14 reaches its end of life in November 2026."),
        ({"tier": "db-f1-micro"}, "db-f1-micro shares its processor and has no service level agreement. It allows 25 "),
        ({"tier": "db-g1-small"}, "allows 50 connections; Backstage opens up to 10 for each plugin."),
    ],
)
def test_choices_that_work_badly_are_warned_about(
    args: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    create(**args)
    assert warning in caplog.text


def test_the_defaults_are_not_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    create()
    assert caplog.messages == []


# --- Outputs


def test_all_outputs_are_registered_in_camel_case() -> None:
    results = create()
    registered = next(outputs for urn, outputs in results.component_outputs.items() if COMPONENT in urn)
    names = {"".join(part.title() if i else part for i, part in enumerate(n.split("_"))) for n in results.outputs}
    assert set(registered) == names


def test_in_a_first_preview_nothing_claims_that_the_database_is_there() -> None:
    known = {name for name, result in create(preview=True).outputs.items() if result.known}
    assert known == {"database", "ip_address_type", "instance"}, "what the program itself decides"


SETS: dict[str, dict[str, Any]] = {
    "users": {"user": EMAIL, **TEAM, "grant_iam_roles": False, "role": "backstage"},
    "place": {"project": "another-1", "region": "us-central1", "instance_name": "db-2"},
    "database": {"database_name": "bs", "plugin_division_mode": "database"},
    "instance": {
        "version": "16",
        "tier": "db-perf-optimized-N-2",
        "edition": "ENTERPRISE_PLUS",
        "high_availability": True,
        "disk_size_gb": 100,
        "backup_retention": 30,
        "backup_start_time": "03:30",
        "maintenance_day": 1,
        "maintenance_hour": 23,
        "require_connector": False,
        "database_flags": {"max_connections": "200"},
        "labels": {"team": "platform"},
        "deletion_protection": False,
    },
    "private": PRIVATE,
    "psc": {**PSC, "psc_consumer_network": NETWORK},
}
"""Arguments that go together; between them, all."""

PLAIN = {"plugin_division_mode", "ip_address_type", "grant_iam_roles", "deletion_protection"}
later = functools.partial(outputs, plain=PLAIN, single_value=set())
not_known_yet = functools.partial(unknowns, plain=PLAIN, single_value=set())


def test_the_sets_cover_every_argument() -> None:
    assert {argument for args in SETS.values() for argument in args} == set(CloudSqlPostgresArgs.__annotations__)


@pytest.mark.parametrize("args", SETS.values(), ids=SETS)
def test_an_output_does_what_its_plain_value_does(args: dict[str, Any]) -> None:
    fixed = {"instance_name": "db-1", **args}
    from_plain, from_outputs = create(**fixed), create(**later(fixed))
    assert {name: result.value for name, result in from_outputs.outputs.items()} == {
        name: result.value for name, result in from_plain.outputs.items()
    }
    assert {r.name: r.inputs for r in from_outputs.resources} == {r.name: r.inputs for r in from_plain.resources}


def test_the_items_of_a_list_may_be_outputs() -> None:
    found = create(ip_address_type="PSC", psc_consumer_projects=[output("consumer-1")]).resource(INSTANCE).inputs
    assert found["settings"]["ipConfiguration"]["pscConfigs"][0]["allowedConsumerProjects"] == ["consumer-1"]


@pytest.mark.parametrize("args", SETS.values(), ids=SETS)
def test_a_preview_survives_unknowns(args: dict[str, Any]) -> None:
    assert not create(preview=True, **not_known_yet(args))["app_config"].known


def test_a_service_account_of_the_same_program_can_be_the_user() -> None:
    def program() -> Mapping[str, Any]:
        import pulumi_gcp as gcp

        account = gcp.serviceaccount.Account("mine", account_id="my-backstage", project=PROJECT)
        return {"user": CloudSqlPostgres("db", {"user": account.email}).user}

    assert run(program)["user"].value == f"my-backstage@{PROJECT}.iam"


@pytest.mark.parametrize("argument", sorted(PLAIN))
def test_what_decides_what_is_created_cannot_be_an_output(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a plain value, not an Output, because it decides'):
        create(preview=False, google=None, **{argument: unknown})


@pytest.mark.parametrize("argument", ["additional_users", "database_flags", "labels"])
def test_the_keys_of_a_map_cannot_be_outputs(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f'"{argument}" must be a map with plain keys'):
        create(preview=False, google=None, **{argument: unknown})


# --- Wrong arguments

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"user": "backstage"}, "\"user\" is 'backstage', but it must be the e-mail address of a person or a service"),
    ({"user": "group:team@example.com"}, "must not be a group: its members log in under their own names"),
    ({"user": "principal://iam.googleapis.com/x"}, "as principal://… and allUsers are, nobody can log in"),
    ({"user": "allUsers"}, "must be the e-mail address of a person or a service account"),
    ({"user": "domain:example.com"}, "must be the e-mail address of a person or a service account"),
    ({"user": "jo@example.com\n"}, "must be the e-mail address"),
    ({"user": f"backstage@{PROJECT}.iam"}, f"must be the service account's full e-mail address: {EMAIL}."),
    ({"user": f"user:{EMAIL}"}, "must have the prefix serviceAccount: exactly when the address ends in"),
    ({"user": "serviceAccount:jo@example.com"}, "must have the prefix serviceAccount: exactly when"),
    ({"user": f"{'x' * 52}@example.com"}, "takes 63 bytes as the name of a role."),
    (
        {"additional_users": {"jo": "jo"}},
        'argument "additional_users", key "jo", is \'jo\', but it must be the e-mail address',
    ),
    ({"additional_users": {"jo@example.com": "jo@example.com"}}, "\"additional_users\" has the key 'jo@example.com'"),
    ({"role": "pg_read_all_data"}, "not with pg_, which PostgreSQL reserves."),
    ({"role": 'a"b'}, "must be 1 to 63 of A-Z"),
    ({"project": "123456"}, "\"project\" is '123456', but it must be a project's id, such as my-project"),
    ({"region": "europe-west1-b"}, "must name a Google Cloud region, such as europe-west1; not a zone."),
    ({"instance_name": "Db"}, "\"instance_name\" is 'Db', but it must be 1 to 67 of a-z, 0-9 and hyphens"),
    ({"instance_name": "db-"}, "not end with a hyphen"),
    ({"instance_name": "1db"}, "start with a letter"),
    ({"instance_name": "d" * 68}, "must be 1 to 67"),
    ({"instance_name": "d" * 89, "project": "portal-123"}, "must be 1 to 87"),
    ({"database_name": "postgres"}, "not be one that exists already: postgres, template0, template1, cloudsqladmin."),
    ({"database_name": "x" * 64}, "must be 1 to 63"),
    ({"version": "13"}, "\"version\" is '13', but it must be a whole number from 14 to 18."),
    ({"version": "17.2"}, "must be a whole number from 14 to 18."),
    ({"version": "POSTGRES_17"}, "must be a whole number from 14 to 18."),
    ({"tier": "db-custom-3-7680"}, "must have 1 or an even number of processors up to 96"),
    ({"tier": "db-custom-98-638976"}, "must have 1 or an even number of processors up to 96"),
    ({"tier": "db-custom-2-3841"}, "a multiple of 256, at least 3840, and 921.6 to 6656 for each processor"),
    ({"tier": "db-custom-1-3328"}, "at least 3840"),
    ({"tier": "db-custom-1-6912"}, "921.6 to 6656 for each processor"),
    ({"tier": "db-custom-8-4096"}, "921.6 to 6656 for each processor"),
    ({"tier": "db-custom-2"}, "must be Google's name of a machine, such as db-custom-2-7680"),
    ({"tier": "n1-standard-1"}, "must be Google's name of a machine"),
    ({"edition": "enterprise"}, "must be ENTERPRISE or ENTERPRISE_PLUS."),
    ({"edition": "ENTERPRISE_PLUS"}, "must be ENTERPRISE for the tier db-custom-1-3840."),
    ({"edition": "ENTERPRISE", "tier": "db-perf-optimized-N-2"}, "must be ENTERPRISE_PLUS for the tier"),
    ({"edition": "ENTERPRISE_PLUS", "tier": "db-f1-micro"}, "must be ENTERPRISE for the tier db-f1-micro."),
    ({"high_availability": "yes"}, "must be true or false."),
    ({"high_availability": True, "backup_retention": 0}, "must be false without backups, which a standby needs"),
    ({"disk_size_gb": 9}, "must be a whole number from 10 to 65536."),
    ({"backup_retention": 366}, "must be a whole number from 0 to 365."),
    ({"backup_start_time": "25:00"}, "must be a time in UTC from 00:00 to 23:59, such as 03:30."),
    ({"backup_start_time": "3:30"}, "must be a time in UTC"),
    ({"maintenance_day": 8, "maintenance_hour": 0}, "must be a whole number from 1 to 7."),
    ({"maintenance_day": 1, "maintenance_hour": 24}, "must be a whole number from 0 to 23."),
    ({"ip_address_type": "private"}, "must be PUBLIC, PRIVATE or PSC."),
    ({**PRIVATE, "private_network": "default"}, "must be a VPC network's id: projects/…/global/networks/…."),
    ({**PSC, "psc_consumer_projects": []}, "must be a list of project ids."),
    ({**PSC, "psc_consumer_projects": "consumer-1"}, "must be a list of project ids."),
    ({**PSC, "psc_consumer_projects": ["123"]}, "must be a project's id"),
    ({"ip_address_type": "PSC", "psc_consumer_network": "default"}, "must be a VPC network's id"),
    ({"require_connector": 1}, "must be true or false."),
    ({"database_flags": {"cloudsql.iam_authentication": "off"}}, "it is on, because nobody has a password."),
    ({"database_flags": {"max_connections": ""}}, "must be the parameter's value as text and not empty"),
    ({"labels": {"Team": "x"}}, "must be 1 to 63 of a-z, 0-9, _ and -, starting with a letter."),
    ({"labels": {"team": "Platform"}}, "must be at most 63 of a-z, 0-9, _ and -."),
    ({"plugin_division_mode": "databaze"}, "must be schema or database."),
    ({"deletion_protection": "no"}, "must be true or false."),
    ({"grant_iam_roles": "no"}, "must be true or false."),
]

WRONG_TOGETHER: list[tuple[dict[str, Any], str]] = [
    ({"ip_address_type": "PRIVATE"}, '"private_network" is missing: ip_address_type PRIVATE needs it.'),
    ({"private_network": NETWORK}, '"private_network" is for ip_address_type PRIVATE: set that too'),
    ({"ip_address_type": "PSC"}, '"psc_consumer_projects" is missing: ip_address_type PSC needs it or psc_consumer'),
    ({"psc_consumer_projects": ["consumer-1"]}, '"psc_consumer_projects" is for ip_address_type PSC'),
    ({"psc_consumer_network": NETWORK}, '"psc_consumer_network" is for ip_address_type PSC'),
    ({"maintenance_day": 1}, '"maintenance_hour" is missing: maintenance_day and maintenance_hour make a window'),
    ({"maintenance_hour": 0}, '"maintenance_day" is missing: maintenance_hour and maintenance_day make a window'),
    ({"labels": {f"l{number}": "" for number in range(65)}}, '"labels" has 65 entries, but Google allows 64.'),
    (
        {"user": "jo@example.com", "additional_users": {"me": "user:Jo@Example.com"}},
        "\"additional_users\" has 'jo@example.com', which is a user already.",
    ),
    ({"additional_users": {"a": EMAIL, "b": EMAIL}}, f"\"additional_users\" has '{EMAIL}', which is a user already."),
]


@pytest.mark.parametrize(("args", "message"), WRONG + WRONG_TOGETHER)
def test_a_wrong_argument_is_refused_before_anything_is_registered(args: dict[str, Any], message: str) -> None:
    def program() -> None:
        try:
            CloudSqlPostgres("db", cast(Any, args))
        except ArgumentError as error:
            refusals.append(str(error))

    refusals: list[str] = []
    results = run(program)
    (refusal,) = refusals
    assert results.resources == []
    assert refusal.startswith('CloudSqlPostgres "db": argument ')
    assert message in refusal


@pytest.mark.parametrize(("args", "message"), {tuple(args): (args, message) for args, message in WRONG}.values())
def test_a_wrong_output_is_refused_with_the_same_words(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        create(**later(args))
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["Backstage", "back_stage", "db-", "1db", "x" * 59])
def test_a_component_whose_name_cannot_start_an_instances_says_so(name: str) -> None:
    def program() -> None:
        CloudSqlPostgres(name, cast(Any, given_name))

    given_name: dict[str, str] = {}
    with pytest.raises(ArgumentError, match="none can be made from the component's name"):
        run(program)
    given_name = {"instance_name": "db-1"}
    run(program)


def test_a_mistyped_argument_is_refused_with_the_right_name() -> None:
    with pytest.raises(ArgumentError, match=r'unknown argument "additional_user"\. Did you mean "additional_users"\?'):
        create(additional_user={})
