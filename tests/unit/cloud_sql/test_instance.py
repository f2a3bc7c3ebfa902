"""CloudSqlPostgres: the instance: its settings and its network."""

from typing import Any

import pytest

from components.cloud_sql.validators import default_edition
from components.inputs import ArgumentError
from tests.unit.cloud_sql.cases import INSTANCE, NETWORK, PRIVATE, PSC, TEAM, USER, create, instance, settings
from tests.unit.inputs import of_type

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
        "diskType": "PD_SSD",
        "diskAutoresizeLimit": 0,
        "finalBackupConfig": {"enabled": True, "retentionDays": 30},
        "retainBackupsOnDelete": True,
        "insightsConfig": {"queryInsightsEnabled": True},
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
        ("db-memory-optimized-N-4", "ENTERPRISE_PLUS"),
        ("db-c4a-highmem-2", "ENTERPRISE_PLUS"),
        ("db-custom-N4-2-4096", "ENTERPRISE"),
    ],
)
def test_the_edition_follows_from_the_tier(tier: str, edition: str) -> None:
    assert default_edition(tier) == edition


def test_the_edition_of_a_tier_that_is_not_known_here_can_be_said() -> None:
    assert settings(tier="db-n9-highmem-4", edition="ENTERPRISE_PLUS")["edition"] == "ENTERPRISE_PLUS"


@pytest.mark.parametrize(
    ("tier", "disk"),
    [("db-custom-1-3840", "PD_SSD"), ("db-c4a-highmem-2", "HYPERDISK_BALANCED"), ("db-n9-highmem-4", None)],
)
def test_the_type_of_the_disk_follows_from_the_tier_where_its_family_is_known(tier: str, disk: str | None) -> None:
    assert settings(tier=tier, edition=None if disk else "ENTERPRISE").get("diskType") == disk


def test_the_log_goes_back_35_days_where_the_edition_allows_it() -> None:
    plus = settings(tier="db-perf-optimized-N-2", backup_retention=40, log_retention_days=35)
    assert plus["backupConfiguration"]["transactionLogRetentionDays"] == 35


def test_a_final_backup_and_retained_backups_can_be_switched_off() -> None:
    found = settings(final_backup_days=0, retain_backups=False)
    assert (found["finalBackupConfig"], found["retainBackupsOnDelete"]) == ({"enabled": False}, False)


def test_an_instance_can_have_both_addresses_and_the_block_has_the_chosen_one() -> None:
    for kind, host in (("PUBLIC", "203.0.113.7"), ("PRIVATE", "10.1.2.3")):
        results = create(ip_address_type=kind, private_network=NETWORK, public_ip=True)
        addresses = results.resource(INSTANCE).inputs["settings"]["ipConfiguration"]
        assert (addresses["ipv4Enabled"], addresses["privateNetwork"]) == (True, NETWORK)
        assert results["host"].value == host


def test_a_project_may_be_named_by_its_number_where_google_takes_numbers() -> None:
    network = "projects/123456789012/global/networks/default"
    config = settings(ip_address_type="PSC", psc_consumer_network=network, psc_consumer_projects=["210987654321"])
    projects = config["ipConfiguration"]["pscConfigs"][0]["allowedConsumerProjects"]
    assert projects == ["123456789012", "210987654321"]


def test_the_endpoint_in_a_shared_vpc_belongs_to_the_service_project() -> None:
    network = "projects/host-1/global/networks/shared"
    config = settings(ip_address_type="PSC", psc_consumer_network=network, psc_service_project="service-1")
    (psc,) = config["ipConfiguration"]["pscConfigs"]
    assert psc["pscAutoConnections"] == [{"consumerNetwork": network, "consumerServiceProjectId": "service-1"}]
    assert psc["allowedConsumerProjects"] == ["host-1", "service-1"]


def test_without_backups_there_is_no_log_to_go_back_with_either() -> None:
    found = settings(backup_retention=0)["backupConfiguration"]
    assert (found["enabled"], found["pointInTimeRecoveryEnabled"]) == (False, False)


@pytest.mark.parametrize("count", [1, 6, 7, 365])
def test_the_log_reaches_no_further_back_than_backups_and_edition_allow(count: int) -> None:
    assert settings(backup_retention=count)["backupConfiguration"]["transactionLogRetentionDays"] == min(count, 7)


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
        "pscConfigs": [
            {
                "pscEnabled": True,
                "allowedConsumerProjects": ["consumer-1"],
                "pscAutoDnsEnabled": False,
                "pscAutoConnectionPolicyEnabled": False,
            }
        ],
    }


def test_a_network_for_psc_gets_an_endpoint_and_a_dns_name() -> None:
    """Its project is among those that may connect."""
    found = settings(ip_address_type="PSC", psc_consumer_network="projects/consumer-2/global/networks/default")
    assert found["ipConfiguration"]["pscConfigs"] == [
        {
            "pscEnabled": True,
            "allowedConsumerProjects": ["consumer-2"],
            "pscAutoConnections": [{"consumerNetwork": "projects/consumer-2/global/networks/default"}],
            "pscAutoDnsEnabled": True,
            "pscAutoConnectionPolicyEnabled": True,
        }
    ]


@pytest.mark.parametrize(
    "args",
    [
        {"zone": "us-central1-a"},
        {"zone": "europe-west1-b", "secondary_zone": "us-central1-a", "high_availability": True},
        {"encryption_key_name": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"},
    ],
)
def test_a_place_outside_the_providers_region_is_refused(args: dict[str, Any]) -> None:
    """Google would refuse the instance after the service account was created. The mocked region is europe-west1."""
    with pytest.raises(ArgumentError, match=r"europe-west1 is the provider's gcp:region\."):
        create(preview=True, **args)


def test_labels_may_have_letters_of_any_language() -> None:
    """Google: international characters are allowed."""
    labels = {"größe": "groß", "部門": "数据-1"}
    assert create(labels=labels).resource(INSTANCE).inputs["settings"]["userLabels"] == labels
