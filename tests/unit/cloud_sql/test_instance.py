"""CloudSqlPostgres: the instance: its settings and its network."""

import pytest

from tests.unit.cloud_sql.cases import INSTANCE, NETWORK, PRIVATE, PSC, TEAM, USER, create, instance, settings
from tests.unit.inputs import by_name, of_type

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
        "userLabels": {},
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
