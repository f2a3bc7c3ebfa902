"""Microsoft's description of the requests that AzurePostgres makes: property names, types, values, when each is taken.

Written down from these API descriptions; `properties`, in which a request wraps most of them, is left out, as the SDK
does:

    Microsoft.DBforPostgreSQL 2025-08-01: Azure/azure-rest-api-specs, 04541b2, specification/postgresql/
        resource-manager/Microsoft.DBforPostgreSQL/stable/2025-08-01/openapi.json
    Microsoft.ManagedIdentity 2023-01-31, Microsoft.Network 2024-05-01, Microsoft.Resources 2024-03-01:
        Azure/bicep-types-az, 1f896de, generated/{msi,network,resources_11}

Each line is a property, its type and, where the description has them: `*` for required, `create` or `update` for a
property that only such a request takes, the allowed values, or a pattern. What is read-only is not here. Of the subnet
of a private endpoint there is the id and what the SDK adds to it: the rest describes a subnet that is to be created.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_GROUP = "resourceGroupName string * /[-\\w._()]{1,90}/"
_SERVER = "serverName string * /(?=.{3,63}$)[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*/"
_OCTET = "([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_IPV4 = f"/({_OCTET}\\.){{3}}{_OCTET}/"

DESCRIPTION = {
    "azure-native:resources:ResourceGroup": f"""
        {_GROUP}
        location string *
        managedBy string
        tags.* string
    """,
    "azure-native:managedidentity:UserAssignedIdentity": f"""
        {_GROUP}
        resourceName string *
        location string *
        tags.* string
    """,
    "azure-native:dbforpostgresql:Server": f"""
        {_GROUP}
        {_SERVER}
        location string * create
        tags.* string
        administratorLogin string create
        administratorLoginPassword string
        version string 18 17 16 15 14 13 12 11
        sku.name string *
        sku.tier string * Burstable GeneralPurpose MemoryOptimized
        storage.storageSizeGB integer
        storage.autoGrow string Enabled Disabled
        storage.tier string P1 P2 P3 P4 P6 P10 P15 P20 P30 P40 P50 P60 P70 P80
        storage.iops integer
        storage.throughput integer
        storage.type string Premium_LRS PremiumV2_LRS UltraSSD_LRS
        authConfig.activeDirectoryAuth string Enabled Disabled
        authConfig.passwordAuth string Enabled Disabled
        authConfig.tenantId string
        dataEncryption.type string SystemManaged AzureKeyVault
        dataEncryption.primaryKeyURI string
        dataEncryption.primaryUserAssignedIdentityId string
        dataEncryption.geoBackupKeyURI string
        dataEncryption.geoBackupUserAssignedIdentityId string
        backup.backupRetentionDays integer
        backup.geoRedundantBackup string create Enabled Disabled
        network.publicNetworkAccess string Enabled Disabled
        network.delegatedSubnetResourceId string
        network.privateDnsZoneArmResourceId string
        highAvailability.mode string Disabled ZoneRedundant SameZone
        highAvailability.standbyAvailabilityZone string
        maintenanceWindow.customWindow string update
        maintenanceWindow.dayOfWeek integer update
        maintenanceWindow.startHour integer update
        maintenanceWindow.startMinute integer update
        identity.type string * None UserAssigned SystemAssigned SystemAssigned,UserAssigned
        identity.principalId string
        identity.userAssignedIdentities.*.principalId string
        identity.userAssignedIdentities.*.clientId string
        sourceServerResourceId string create
        pointInTimeUTC string create
        availabilityZone string create
        replicationRole string None Primary AsyncReplica GeoAsyncReplica
        replica.role string update None Primary AsyncReplica GeoAsyncReplica
        replica.promoteMode string update Standalone Switchover
        replica.promoteOption string update Planned Forced
        createMode string Default Create Update PointInTimeRestore GeoRestore Replica ReviveDropped
        cluster.clusterSize integer
        cluster.defaultDatabaseName string
    """,
    "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra": f"""
        {_GROUP}
        {_SERVER}
        objectId string *
        principalType string Unknown User Group ServicePrincipal
        principalName string
        tenantId string
    """,
    "azure-native:dbforpostgresql:Database": f"""
        {_GROUP}
        {_SERVER}
        databaseName string * /[a-zA-Z_][\\w-]{{0,62}}/
        charset string /[a-zA-Z]+\\w*/
        collation string /[a-zA-Z-]+([.\\x20]|\\w)*/
    """,
    "azure-native:dbforpostgresql:FirewallRule": f"""
        {_GROUP}
        {_SERVER}
        firewallRuleName string * /[a-zA-Z0-9][-_a-zA-Z0-9]{{0,79}}(?<!-)/
        startIpAddress string * {_IPV4}
        endIpAddress string * {_IPV4}
    """,
    "azure-native:dbforpostgresql:Configuration": f"""
        {_GROUP}
        {_SERVER}
        configurationName string * /[-\\w._]{{1,256}}/
        value string
        source string
    """,
    "azure-native:network:PrivateEndpoint": f"""
        {_GROUP}
        privateEndpointName string *
        location string
        tags.* string
        id string
        subnet.id string
        subnet.privateEndpointNetworkPolicies string Enabled Disabled NetworkSecurityGroupEnabled RouteTableEnabled
        subnet.privateLinkServiceNetworkPolicies string Enabled Disabled
        extendedLocation.name string
        extendedLocation.type string EdgeZone
        privateLinkServiceConnections[].id string
        privateLinkServiceConnections[].name string
        privateLinkServiceConnections[].privateLinkServiceId string
        privateLinkServiceConnections[].groupIds[] string
        privateLinkServiceConnections[].requestMessage string
        customNetworkInterfaceName string
    """,
    "azure-native:network:PrivateDnsZoneGroup": f"""
        {_GROUP}
        privateEndpointName string *
        privateDnsZoneGroupName string *
        id string
        name string
        privateDnsZoneConfigs[].name string
        privateDnsZoneConfigs[].privateDnsZoneId string
    """,
}

_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": (int, float)}


@dataclass(frozen=True)
class Property:
    """What a request may say about one property."""

    type: str
    required: bool
    request: str | None
    """create or update, if only such a request takes the property."""
    values: frozenset[str]
    pattern: str | None


def properties(type_: str) -> dict[str, Property]:
    """The description of a type of resource: path → property."""
    found: dict[str, Property] = {}
    for path, kind, *rest in filter(None, map(str.split, DESCRIPTION[type_].splitlines())):
        pattern = next((word.strip("/") for word in rest if word.startswith("/")), None)
        request = next((word for word in rest if word in ("create", "update")), None)
        values = frozenset(word for word in rest if word not in ("*", request) and not word.startswith("/"))
        found[path] = Property(kind, "*" in rest, request, values, pattern)
    return found


def objections(type_: str, inputs: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> list[str]:
    """What the description says against a request. `before` are the properties of a resource that exists: an update
    may repeat what only a request to create takes, but not change it.
    """
    described = properties(type_)
    unchanged = set(_leaves(before or {}))
    found: list[str] = []
    given: set[str] = set()
    for path, value in _leaves(inputs):
        general = next((known for known in described if _fits(known, path)), None)
        if general is None:
            found.append(f"{path} is not described")
            continue
        given.add(general)
        found += [f"{path} {problem}" for problem in _problems(described[general], value)]
        if (
            described[general].request == ("create" if before is not None else "update")
            and (path, value) not in unchanged
        ):
            found.append(f"{path} is only taken by a request to {described[general].request}")
    parents = {path.rpartition(".")[0] for path in given} | {""}
    found += [
        f"{path} is missing"
        for path, known in described.items()
        if known.required and path not in given and path.rpartition(".")[0] in parents
    ]
    return found


def _problems(known: Property, value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, _TYPES[known.type]):
        yield f"is no {known.type}: {value!r}"
        return
    if known.type == "integer" and value != int(value):
        yield f"is no integer: {value!r}"
    if known.values and value not in known.values:
        yield f"is none of {sorted(known.values)}: {value!r}"
    if known.pattern and not re.fullmatch(known.pattern, value):
        yield f"does not match {known.pattern}: {value!r}"


def _fits(general: str, path: str) -> bool:
    pattern = re.escape(general).replace(r"\.\*", r"\.<[^>]*>").replace(r"\[\]", r"\[\d+\]")
    return re.fullmatch(pattern, path) is not None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of each leaf. The keys of maps stand in angle brackets, because they may contain dots."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            part = f"<{key}>" if path in ("tags", "identity.userAssignedIdentities") else key
            yield from _leaves(item, f"{path}.{part}" if path else part)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    elif value is not None:
        yield path, value
