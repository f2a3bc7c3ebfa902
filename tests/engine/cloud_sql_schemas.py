"""What pulumi-gcp knows of the resources that we use: their inputs, and what a change of one means.

All of it follows hashicorp/terraform-provider-google 8 and pulumi/pulumi-terraform-bridge: see simulated_cloud_sql.py.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .simulated_provider import UNKNOWN, at, words

DEFAULTS = "__defaults"
"""Where the bridge writes down which inputs it has filled in. [bridge]"""

PROJECT = r"(([-a-z0-9]{1,63}\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?:)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
NETWORK = r"(https?://.+/)?(projects/[^/]+/global/networks/[a-z]([-a-z0-9]*[a-z0-9])?)"


@dataclass(frozen=True)
class Rules:
    """What the provider knows of one type of resource. Paths are dotted, and go through lists."""

    inputs: frozenset[str]
    key: str
    """How the service calls it, made of inputs."""
    imported: str
    """How `pulumi import` calls it."""
    name: str = ""
    """The input that the bridge makes up where it is left out. [bridge]"""
    blocks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Nested inputs that the simulation knows, and their fields."""
    required: tuple[str, ...] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    """What the service decides where it is left out, and keeps where it is taken away."""


# All of [provider]: the schemas in Go, where a set's order means nothing. Field names are the bridge's.
RULES = {
    "gcp:serviceaccount/account:Account": Rules(
        inputs=words("accountId createIgnoreAlreadyExists deletionPolicy description disabled displayName project"),
        key="projects/{project}/serviceAccounts/{accountId}",
        imported=r"projects/(?P<project>[^/]+)/serviceAccounts/(?P<accountId>[^@]+)@.+",
        name="accountId",
        patterns={"accountId": r"[a-z]([-a-z0-9]{4,28}[a-z0-9])"},
        defaults={"disabled": False},
        replaces=words("accountId project"),
        computed=words("project deletionPolicy"),
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": Rules(
        inputs=words(
            "backupdrBackup blueGreenDeployment clone databaseVersion deletionPolicy deletionProtection "
            "encryptionConfidentialMode encryptionKeyName enforceNewSqlNetworkArchitecture finalBackupDescription "
            "includeReplicasForMajorVersionUpgrade instanceType maintenanceVersion masterInstanceName name nodeCount "
            "pointInTimeRestoreContext project region replicaConfiguration replicaNames replicationCluster "
            "restoreBackupContext rootPassword rootPasswordWo rootPasswordWoVersion settings "
            "switchTransactionLogsToCloudStorageEnabled"
        ),
        key="projects/{project}/instances/{name}",
        imported=r"projects/(?P<project>[^/]+)/instances/(?P<name>[^/]+)",
        name="name",
        blocks={
            "settings": words(
                "tier activationPolicy activeDirectoryConfig advancedMachineFeatures autoUpgradeEnabled "
                "availabilityType backupConfiguration collation connectionPoolConfigs connectorEnforcement "
                "dataApiAccess dataCacheConfig dataDiskProvisionedIops dataDiskProvisionedThroughput databaseFlags "
                "deletionProtectionEnabled denyMaintenancePeriod diskAutoresize diskAutoresizeLimit diskSize diskType "
                "edition effectiveAvailabilityType enableDataplexIntegration enableGoogleMlIntegration entraidConfig "
                "finalBackupConfig insightsConfig ipConfiguration locationPreference maintenanceWindow "
                "passwordValidationPolicy performanceCaptureConfig pricingPlan readPoolAutoScaleConfig "
                "replicationLagMaxSeconds retainBackupsOnDelete sqlServerAuditConfig timeZone userLabels version"
            ),
            "settings.databaseFlags": words("name value"),
            "settings.backupConfiguration": words(
                "backupRetentionSettings backupTier binaryLogEnabled enabled location pointInTimeRecoveryEnabled "
                "startTime transactionLogRetentionDays"
            ),
            "settings.backupConfiguration.backupRetentionSettings": words("retainedBackups retentionUnit"),
            "settings.ipConfiguration": words(
                "allocatedIpRange authorizedNetworks customSubjectAlternativeNames "
                "enablePrivatePathForGoogleCloudServices ipv4Enabled privateNetwork pscConfigs serverCaMode "
                "serverCaPool serverCertificateRotationMode sslMode"
            ),
            "settings.ipConfiguration.authorizedNetworks": words("value expirationTime name"),
            "settings.ipConfiguration.pscConfigs": words(
                "allowedConsumerProjects networkAttachmentUri pscAutoConnectionPolicyEnabled pscAutoConnections "
                "pscAutoDnsEnabled pscEnabled pscWriteEndpointDnsEnabled"
            ),
            "settings.ipConfiguration.pscConfigs.pscAutoConnections": words(
                "consumerNetwork consumerNetworkStatus consumerServiceProjectId instanceAutoDnsStatus ipAddress "
                "serviceConnectionPolicy serviceConnectionPolicyCreationResult status writeEndpointAutoDnsStatus"
            ),
            "settings.maintenanceWindow": words("day hour updateTrack"),
            "settings.locationPreference": words("followGaeApplication secondaryZone zone"),
            "settings.finalBackupConfig": words("enabled retentionDays"),
            "settings.insightsConfig": words(
                "enhancedQueryInsightsEnabled queryInsightsEnabled queryPlansPerMinute queryStringLength "
                "recordApplicationTags recordClientAddress"
            ),
            "settings.denyMaintenancePeriod": words("endDate startDate time"),
        },
        required=("databaseVersion", "settings", "settings.tier"),
        patterns={"settings.ipConfiguration.privateNetwork": NETWORK},
        choices={
            "settings.edition": words("ENTERPRISE ENTERPRISE_PLUS"),
            "settings.availabilityType": words("REGIONAL ZONAL"),
            "settings.connectorEnforcement": words("NOT_REQUIRED REQUIRED"),
            "settings.dataApiAccess": words("DISALLOW_DATA_API ALLOW_DATA_API"),
            "settings.ipConfiguration.sslMode": words(
                "ALLOW_UNENCRYPTED_AND_ENCRYPTED ENCRYPTED_ONLY TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
            ),
            "settings.maintenanceWindow.day": frozenset(map(str, range(1, 8))),
            "settings.maintenanceWindow.hour": frozenset(map(str, range(24))),
        },
        defaults={
            "deletionProtection": True,
            "settings.activationPolicy": "ALWAYS",
            "settings.availabilityType": "ZONAL",
            "settings.diskAutoresize": True,
            "settings.diskAutoresizeLimit": 0,
            "settings.pricingPlan": "PER_USE",
            "settings.backupConfiguration.backupRetentionSettings.retentionUnit": "COUNT",
            "settings.ipConfiguration.ipv4Enabled": True,
        },
        replaces=words("name project region encryptionKeyName settings.collation"),
        computed=words(
            "deletionPolicy encryptionKeyName enforceNewSqlNetworkArchitecture instanceType maintenanceVersion "
            "masterInstanceName nodeCount project region replicaConfiguration replicaNames replicationCluster "
            "settings.backupConfiguration settings.backupConfiguration.startTime "
            "settings.backupConfiguration.transactionLogRetentionDays "
            "settings.backupConfiguration.backupRetentionSettings settings.connectorEnforcement "
            "settings.dataApiAccess settings.diskSize settings.diskType settings.edition "
            "settings.effectiveAvailabilityType settings.insightsConfig settings.insightsConfig.queryPlansPerMinute "
            "settings.insightsConfig.queryStringLength settings.ipConfiguration settings.ipConfiguration.serverCaMode "
            "settings.ipConfiguration.sslMode settings.locationPreference settings.userLabels settings.version"
        ),
    ),
    "gcp:sql/database:Database": Rules(
        inputs=words("charset collation deletionPolicy instance name project"),
        key="projects/{project}/instances/{instance}/databases/{name}",
        imported=r"projects/(?P<project>[^/]+)/instances/(?P<instance>[^/]+)/databases/(?P<name>[^/]+)",
        name="name",
        required=("instance",),
        replaces=words("instance name project"),
        computed=words("charset collation deletionPolicy project"),
    ),
    "gcp:sql/user:User": Rules(
        inputs=words(
            "databaseRoles deletionPolicy host instance name password passwordPolicy passwordWo passwordWoVersion "
            "project type"
        ),
        key="projects/{project}/instances/{instance}/users/{name}",
        imported=r"(?P<project>[^/]+)/(?P<instance>[^/]+)/(?P<name>[^/]+)",
        name="name",
        required=("instance",),
        replaces=words("host instance name project type"),
        computed=words("deletionPolicy host project"),
    ),
    "gcp:projects/iAMMember:IAMMember": Rules(
        inputs=words("condition member project role"),
        key="{project}/{role}/{member}/{condition}",
        imported=r"(?P<project>\S+) (?P<role>\S+) (?P<member>\S+)( (?P<title>.+))?",
        blocks={"condition": words("description expression title")},
        required=("project", "role", "member"),
        patterns={"member": r"(?!deleted).+:.+"},
        replaces=words("condition member project role"),
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": Rules(
        inputs=words("condition member role serviceAccountId"),
        key="{serviceAccountId}/{role}/{member}/{condition}",
        imported=r"(?P<serviceAccountId>\S+) (?P<role>\S+) (?P<member>\S+)( (?P<title>.+))?",
        blocks={"condition": words("description expression title")},
        required=("serviceAccountId", "role", "member"),
        patterns={
            "member": r"(?!deleted).+:.+",
            # verify.ServiceAccountLinkRegex
            "serviceAccountId": (
                rf"projects/({PROJECT}|-)/serviceAccounts/([a-z]([-a-z0-9]{{4,28}}[a-z0-9])@[-a-z0-9.]{{1,63}}\.iam|"
                rf"[0-9]{{1,20}}-compute@developer|{PROJECT}@[a-z]+)\.gserviceaccount\.com"
            ),
        },
        replaces=words("condition member role serviceAccountId"),
    ),
}


def network_path(value: str | None) -> str:
    """Without the address of an API in front of it. [provider]"""
    found = re.fullmatch(NETWORK, value or "")
    return found[2] if found else ""


def difference(rules: Rules, old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Paths at which the wanted inputs and the state differ, as Terraform sees it."""
    wanted = dict(_leaves(own(new)))
    state = dict(_leaves({key: value for key, value in old.items() if key in rules.inputs}))

    def left_to_the_service(path: str) -> bool:
        steps = path.split(".")
        above = (".".join(steps[: count + 1]) for count in range(len(steps)))
        return any(at(new, one) is None for one in above if one in rules.computed)

    return {
        path
        for path in wanted.keys() | state.keys()
        if not (path not in wanted and left_to_the_service(path)) and not _same(path, state.get(path), wanted.get(path))
    }


def _same(path: str, old: Any, new: Any) -> bool:
    if new == UNKNOWN:
        return False
    if path == "settings.diskSize" and old and new:
        return new <= old  # [provider] It may have grown by itself.
    if path == "settings.ipConfiguration.privateNetwork":
        return network_path(old) == network_path(new)
    if path == "member":
        return str(old).lower() == str(new).lower()
    return _settled(path, old) == _settled(path, new)


def _settled(path: str, value: Any) -> Any:
    """Without the order of sets, without what only the service knows, and nothing for every kind of empty."""
    if path.endswith(".pscConfigs"):
        value = [
            {
                "enabled": config.get("pscEnabled"),
                "projects": sorted(config.get("allowedConsumerProjects") or []),
                "networks": [one["consumerNetwork"] for one in config.get("pscAutoConnections") or []],
                "services": [one.get("consumerServiceProjectId") for one in config.get("pscAutoConnections") or []],
                "dns": config.get("pscAutoDnsEnabled") or False,
                "policy": config.get("pscAutoConnectionPolicyEnabled") or False,
            }
            for config in value or []
        ]
    if isinstance(value, list) and path != "databaseRoles":
        value = sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return value or None


def replaces(rules: Rules, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if path == "settings.ipConfiguration.privateNetwork":
        return bool(at(old, path)) and not at(new, path)  # [provider]
    return path in rules.replaces or path.split(".")[0] in rules.replaces


def take_over_changes(inputs: dict[str, Any], now: Mapping[str, Any], path: str = "") -> None:
    for key in inputs.keys() & now.keys():
        here = f"{path}.{key}" if path else key
        if isinstance(inputs[key], dict) and isinstance(now[key], Mapping):
            take_over_changes(inputs[key], now[key], here)
        elif not _same(here, now[key], inputs[key]):
            inputs[key] = now[key]


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        if isinstance(item, Mapping):
            yield from _leaves(item, here)
        else:
            yield here, item


def blocks(values: Any, path: str) -> list[Mapping[str, Any]]:
    """Returns all values at a path, each item of a list."""
    found = [values]
    for key in path.split("."):
        inside = [value.get(key) for value in found if isinstance(value, Mapping)]
        found = [one for value in inside for one in (value if isinstance(value, list) else [value])]
    return [value for value in found if isinstance(value, Mapping)]


def own(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != DEFAULTS}


def as_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
