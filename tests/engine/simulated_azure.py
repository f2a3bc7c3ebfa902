"""A resource provider that stands in for azure-native and for the Azure behind it, and is strict about both.

The engine attaches to it by PULUMI_DEBUG_PROVIDERS. The first half behaves like the provider (checks, diffs, names),
the second like the services, whose rules stand in `RULES` and in the functions `_put_…`, each with its source:

    [spec]      Azure/azure-rest-api-specs, Microsoft.DBforPostgreSQL 2025-08-01 and the services around it
    [provider]  pulumi/pulumi-azure-native, provider/pkg
    [docs]      learn.microsoft.com, Azure Database for PostgreSQL
    [entra]     learn.microsoft.com, Microsoft Entra Workload ID: considerations for federated identity credentials, and
                their errors
    owner#n     an issue of hashicorp/terraform-provider-azurerm, Azure/azure-postgresql or Azure/bicep-registry-modules
"""

import copy
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from .simulated_provider import (
    UNKNOWN,
    CloudError,
    SimulatedProvider,
    at,
    diff_response,
    leaves,
    plain,
    struct,
    take_over,
    type_of,
    words,
)

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
IPV4 = r"(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
SERVER_NAME = r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*"
SWITCH = {"Enabled", "Disabled"}

# [docs] Premium SSD sizes: GiB and the number of the performance tier that a disk of this size has.
BASELINE_TIERS = {
    **{32: 4, 64: 6, 128: 10, 256: 15, 512: 20, 1024: 30, 2048: 40, 4095: 50, 4096: 50},
    **{8192: 60, 16384: 70, 32767: 80},
}


@dataclass(frozen=True)
class Rules:
    """The rules of one type of resource. Properties are dotted paths; `path` is the pattern of its id."""

    path: str
    name: str
    writable: frozenset[str]
    required: tuple[str, ...] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    enums: Mapping[str, set[str]] = field(default_factory=dict)
    create_only: frozenset[str] = frozenset()
    has_location: bool = False


_GROUP = SUBSCRIPTION + "/resourceGroups/{resourceGroupName}"
_IDENTITY = _GROUP + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"
_SERVER = _GROUP + "/providers/Microsoft.DBforPostgreSQL/flexibleServers/{serverName}"
_ENDPOINT = _GROUP + "/providers/Microsoft.Network/privateEndpoints/{privateEndpointName}"

# All of [spec]: paths, names and patterns from the PUT operations; writable, required and enums from the bodies;
# create-only where x-ms-mutability has no `update`. That a change of the path replaces is [provider].
RULES = {
    "azure-native:resources:ResourceGroup": Rules(
        path=_GROUP,
        name="resourceGroupName",
        writable=words("resourceGroupName location managedBy tags"),
        patterns={"resourceGroupName": r"[-\w._()]{1,90}"},
        create_only=words("location"),
        has_location=True,
    ),
    "azure-native:managedidentity:UserAssignedIdentity": Rules(
        path=_IDENTITY,
        name="resourceName",
        writable=words("resourceGroupName resourceName location tags"),
        create_only=words("location"),
        has_location=True,
    ),
    "azure-native:managedidentity:FederatedIdentityCredential": Rules(
        path=_IDENTITY + "/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}",
        name="federatedIdentityCredentialResourceName",
        writable=words(
            "resourceGroupName resourceName federatedIdentityCredentialResourceName issuer subject audiences"
        ),
        required=("issuer", "subject", "audiences"),
        patterns={"federatedIdentityCredentialResourceName": r"[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}"},
    ),
    "azure-native:dbforpostgresql:Server": Rules(
        path=_SERVER,
        name="serverName",
        writable=words(
            "resourceGroupName serverName location tags sku identity administratorLogin administratorLoginPassword "
            "version storage authConfig dataEncryption backup network highAvailability maintenanceWindow "
            "sourceServerResourceId pointInTimeUTC availabilityZone replicationRole replica createMode cluster"
        ),
        patterns={"serverName": rf"(?=.{{3,63}}$){SERVER_NAME}"},
        required=("sku.name", "sku.tier"),
        enums={
            "version": {"11", "12", "13", "14", "15", "16", "17", "18"},
            "sku.tier": {"Burstable", "GeneralPurpose", "MemoryOptimized"},
            "storage.autoGrow": SWITCH,
            "storage.tier": {f"P{number}" for number in (1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80)},
            "storage.type": {"Premium_LRS", "PremiumV2_LRS", "UltraSSD_LRS"},
            "identity.type": {"None", "UserAssigned", "SystemAssigned", "SystemAssigned,UserAssigned"},
            "dataEncryption.type": {"SystemManaged", "AzureKeyVault"},
            "backup.geoRedundantBackup": SWITCH,
            "highAvailability.mode": {"Disabled", "ZoneRedundant", "SameZone"},
            "network.publicNetworkAccess": SWITCH,
            "authConfig.activeDirectoryAuth": SWITCH,
            "authConfig.passwordAuth": SWITCH,
        },
        create_only=words(
            "location administratorLogin sourceServerResourceId pointInTimeUTC availabilityZone "
            "backup.geoRedundantBackup"
        ),
        has_location=True,
    ),
    "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra": Rules(
        path=_SERVER + "/administrators/{objectId}",
        name="objectId",
        writable=words("resourceGroupName serverName objectId principalName principalType tenantId"),
        enums={"principalType": {"Unknown", "User", "Group", "ServicePrincipal"}},
    ),
    "azure-native:dbforpostgresql:Database": Rules(
        path=_SERVER + "/databases/{databaseName}",
        name="databaseName",
        writable=words("resourceGroupName serverName databaseName charset collation"),
        patterns={
            "databaseName": r"[a-zA-Z_][\w\-]{0,62}",
            "charset": r"[a-zA-Z]+\w*",
            "collation": r"[a-zA-Z\-]+([. ]|\w)*",
        },
    ),
    "azure-native:dbforpostgresql:FirewallRule": Rules(
        path=_SERVER + "/firewallRules/{firewallRuleName}",
        name="firewallRuleName",
        writable=words("resourceGroupName serverName firewallRuleName startIpAddress endIpAddress"),
        required=("startIpAddress", "endIpAddress"),
        patterns={
            "firewallRuleName": r"[a-zA-Z0-9][-_a-zA-Z0-9]{0,79}(?<!-)",
            "startIpAddress": IPV4,
            "endIpAddress": IPV4,
        },
    ),
    "azure-native:dbforpostgresql:Configuration": Rules(
        path=_SERVER + "/configurations/{configurationName}",
        name="configurationName",
        writable=words("resourceGroupName serverName configurationName value source"),
        patterns={"configurationName": r"[-\w._]{1,256}"},
    ),
    "azure-native:network:PrivateEndpoint": Rules(
        path=_ENDPOINT,
        name="privateEndpointName",
        writable=words(
            "resourceGroupName privateEndpointName location tags extendedLocation id subnet "
            "privateLinkServiceConnections manualPrivateLinkServiceConnections customDnsConfigs "
            "applicationSecurityGroups ipConfigurations customNetworkInterfaceName"
        ),
        has_location=True,
    ),
    "azure-native:network:PrivateDnsZoneGroup": Rules(
        path=_ENDPOINT + "/privateDnsZoneGroups/{privateDnsZoneGroupName}",
        name="privateDnsZoneGroupName",
        writable=words("resourceGroupName privateEndpointName privateDnsZoneGroupName id name privateDnsZoneConfigs"),
    ),
    "azure-native:authorization:ManagementLockByScope": Rules(
        path="{scope}/providers/Microsoft.Authorization/locks/{lockName}",
        name="lockName",
        writable=words("scope lockName level notes owners"),
        required=("level",),
        enums={"level": {"NotSpecified", "CanNotDelete", "ReadOnly"}},
    ),
    "azure-native:monitor:DiagnosticSetting": Rules(
        path="{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
        name="name",
        writable=words(
            "resourceUri name workspaceId storageAccountId serviceBusRuleId eventHubAuthorizationRuleId eventHubName "
            "logs metrics marketplacePartnerId logAnalyticsDestinationType"
        ),
    ),
}


class ServiceError(CloudError):
    """Azure answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f'Status={status} Code="{code}" Message="{message}"')


class SimulatedAzure(SimulatedProvider):
    """Has `resources` by resource id; `refusals` are error codes."""

    def __init__(self, *, server_seconds: float = 0.05, child_seconds: float = 0.02) -> None:
        super().__init__("azure-native", "3.29.0")
        self._server_seconds = server_seconds
        self._child_seconds = child_seconds
        self._at_work: set[str] = set()
        self._location: str | None = None

    def add_group(self, name: str, location: str) -> None:
        """Adds a resource group that exists before the stack."""
        self.resources[f"{SUBSCRIPTION}/resourceGroups/{name}"] = {
            "_type": "ResourceGroup",
            "name": name,
            "location": location,
        }

    def add_identity(self, group: str, name: str) -> str:
        """Adds a managed identity that exists before the stack, with its group, and returns its resource id."""
        self.add_group(group, "westeurope")
        type_ = "azure-native:managedidentity:UserAssignedIdentity"
        inputs = {"resourceGroupName": group, "resourceName": name, "location": "westeurope"}
        id_ = _fill(RULES[type_].path, inputs)
        self._put(type_, id_, inputs, existing=None)
        return id_

    def add_credential(self, identity: str, name: str, issuer: str, subject: str) -> None:
        """Adds a federated identity credential that exists before the stack."""
        type_ = "azure-native:managedidentity:FederatedIdentityCredential"
        inputs = _parts(_IDENTITY, identity) | {"federatedIdentityCredentialResourceName": name, "issuer": issuer}
        inputs |= {"subject": subject, "audiences": ["api://AzureADTokenExchange"]}
        self._put(type_, _fill(RULES[type_].path, inputs), inputs, existing=None)

    def move_zone(self, server: str, zone: str) -> None:
        """Moves a server to another zone, as a failover does."""
        self.of_type("Server")[server]["availabilityZone"] = zone

    # The provider

    def Configure(self, request: Any, context: Any) -> Any:
        self._location = plain(request.args).get("location")
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok != "azure-native:authorization:getClientConfig":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the simulation does not know {request.tok}")
        answer = {"tenantId": TENANT, "subscriptionId": SUBSCRIPTION.split("/")[-1], "clientId": "", "objectId": ""}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})  # pyright: ignore[reportArgumentType]

    def Check(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        inputs = {key: value for key, value in plain(request.news).items() if value is not None}
        old = plain(request.olds)
        # [provider] autonaming: logical name and 8 hex digits, kept from then on.
        if rules.name not in inputs:
            inputs[rules.name] = old.get(rules.name) or f"{request.urn.split('::')[-1]}{request.randomSeed[:4].hex()}"
        # [provider] getDefaultLocation: the old one, else the configured one, else the resource group's.
        if rules.has_location and "location" not in inputs:
            group = self.resources.get(_fill(_GROUP, inputs), {}) if "resourceGroupName" in inputs else {}
            location = old.get("location") or self._location or group.get("location")
            if location is None and inputs.get("resourceGroupName") == UNKNOWN:
                location = UNKNOWN
            if location:
                inputs["location"] = location
        failures = self._check_inputs(rules, inputs)
        return provider_pb2.CheckResponse(
            inputs=struct(inputs), failures=[provider_pb2.CheckFailure(reason=failure) for failure in failures]
        )

    def objections(self, type_: str, inputs: dict[str, Any]) -> list[str]:
        """Returns what the provider or Azure objects to in a new resource; if nothing, it exists afterwards."""
        found = self._check_inputs(RULES[type_], inputs)
        if not found:
            try:
                self._put(type_, _fill(RULES[type_].path, inputs), inputs, existing=None)
            except CloudError as error:
                found.append(str(error))
        return found

    def _check_inputs(self, rules: Rules, inputs: dict[str, Any]) -> list[str]:
        # [provider] validates required, type, length and pattern before any request; not enums.
        failures = [f"unknown property {key!r}" for key in inputs.keys() - rules.writable]
        required = [*re.findall(r"{(\w+)}", rules.path), *rules.required, *(["location"] if rules.has_location else [])]
        failures += [f"missing required property {key!r}" for key in required if at(inputs, key) is None]
        for key, pattern in rules.patterns.items():
            value = at(inputs, key)
            if value not in (None, UNKNOWN) and not re.fullmatch(pattern, value):
                failures.append(f"{key!r} does not match {pattern}: {value!r}")
        return failures

    def Diff(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        old, new = plain(request.old_inputs), plain(request.news)
        changed = sorted({path for path, _ in set(leaves(old)) ^ set(leaves(new))})
        fixed = {*re.findall(r"{(\w+)}", rules.path), *rules.create_only}
        replaces = [path for path in changed if path in fixed]
        # [provider] A resource that keeps its name can only be replaced by deleting it first.
        return diff_response(changed, replaces, delete_before_replace=old.get(rules.name) == new.get(rules.name))

    def Create(self, request: Any, context: Any) -> Any:
        inputs = plain(request.properties)
        if request.preview:
            # [provider] What the service decides is unknown in a preview.
            return provider_pb2.CreateResponse(id="", properties=struct(inputs))
        type_ = type_of(request.urn)
        id_ = _fill(RULES[type_].path, inputs)
        with self.errors(context):
            # [provider] asks before it creates; parameters of a server always exist.
            if id_ in self.resources and not type_.endswith(":Configuration"):
                raise CloudError(f"cannot create already existing resource '{id_}'")
            outputs = self._put(type_, id_, inputs, existing=None)
        short = type_.split(":")[-1]
        if short in self.lost_confirmations:
            self.lost_confirmations.remove(short)
            self.abort_partly(context, id_, inputs, outputs, "polling failed: ServerIsBusy")
        return provider_pb2.CreateResponse(id=id_, properties=struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = plain(request.news)
        if request.preview:
            # [provider] What the service decides is unknown in a preview of an update too.
            decided = dict.fromkeys(plain(request.olds).keys() - inputs.keys(), UNKNOWN)
            return provider_pb2.UpdateResponse(properties=struct({**decided, **inputs}))
        with self.errors(context):
            outputs = self._put(type_of(request.urn), request.id, inputs, existing=self.resources.get(request.id))
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        found = self.resources.get(request.id)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        outputs = _reported(found)
        inputs, before = plain(request.inputs), plain(request.properties)
        if inputs:
            # [provider] A property that moved since the last time is taken over into the inputs.
            take_over(inputs, before, outputs)
        else:
            rules = RULES[type_of(request.urn)]
            inputs = {
                key: value
                for key, value in {**outputs, **_parts(rules.path, request.id)}.items()
                if key in rules.writable
            }
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=struct(inputs),
            properties=struct({**outputs, **_parts(RULES[type_of(request.urn)].path, request.id)}),
        )

    def Delete(self, request: Any, context: Any) -> Any:
        with self.errors(context):
            self._delete(type_of(request.urn), request.id)
        return empty_pb2.Empty()

    # The services

    def _put(self, type_: str, id_: str, inputs: dict[str, Any], *, existing: dict[str, Any] | None) -> dict[str, Any]:
        rules, short = RULES[type_], type_.split(":")[-1]
        with self.request("update" if existing else "create", short, id_.split("/")[-1]):
            for path, allowed in rules.enums.items():
                value = at(inputs, path)
                if value is not None and value not in allowed:
                    raise ServiceError(
                        400, "InvalidParameterValue", f"Invalid value given for parameter {path}: {value}"
                    )
            if existing is not None:
                for path in rules.create_only:
                    if at(inputs, path) not in (None, "", at(existing, path)):
                        raise ServiceError(400, "PropertyChangeNotAllowed", f"{path} cannot be changed")
            inside = rules.path.startswith(_GROUP) and short != "ResourceGroup"
            if inside and _fill(_GROUP, inputs) not in self.resources:
                raise ServiceError(404, "ResourceGroupNotFound", f"{inputs['resourceGroupName']} could not be found")
            properties = copy.deepcopy(inputs)
            pause = self.pauses.pop(short, None) if existing is None else None
            with self._server_at_work(short, id_, inputs), self._identity_at_work(short, id_):
                # The resource exists as soon as Azure accepts the request.
                getattr(self, "_put" + re.sub("([A-Z])", r"_\1", short).lower())(id_, properties, existing)
                properties |= {"name": inputs[rules.name], "id": id_, "_type": short}
                properties["azureApiVersion"] = "2025-08-01"
                self.resources[id_] = properties
                self.take_time(self._server_seconds if short == "Server" else self._child_seconds, pause)
        if pause:
            pause.over.set()
        return _reported(properties)

    def _delete(self, type_: str, id_: str) -> None:
        short = type_.split(":")[-1]
        with self.request("delete", short, id_.split("/")[-1]):
            found = self.resources.get(id_)
            if found is None:
                return  # [provider] 404 counts as deleted
            self._check_locks(short, id_)
            with self._server_at_work(short, id_, found), self._identity_at_work(short, id_):
                # Everything inside goes with it. [spec] Deleting a parameter does not exist; [provider] resets it.
                for inside in [key for key in self.resources if key == id_ or key.startswith(id_ + "/")]:
                    del self.resources[inside]
                time.sleep(self._child_seconds)

    def _check_locks(self, short: str, id_: str) -> None:
        """Refuses to delete a resource with a CanNotDelete lock, what is in it, and its group. [docs] lock-resources"""
        for key, lock in self.resources.items():
            if lock["_type"] != "ManagementLockByScope" or short == "ManagementLockByScope":
                continue
            scope = key.split("/providers/Microsoft.Authorization/")[0]
            if lock["level"] == "CanNotDelete" and (
                id_ == scope or id_.startswith(scope + "/") or scope.startswith(id_ + "/providers/")
            ):
                raise ServiceError(
                    409, "ScopeLocked", f"The scope {id_} cannot perform delete operation because {scope} is locked."
                )

    @contextmanager
    def _server_at_work(self, short: str, id_: str, inputs: Mapping[str, Any]) -> Iterator[None]:
        """Runs one operation on a server at a time; others get 409.

        hashicorp/terraform-provider-azurerm#18159, hashicorp/terraform-provider-azurerm#19953,
        Azure/azure-postgresql#134.
        """
        server = None
        if short == "PrivateEndpoint":
            server = inputs["privateLinkServiceConnections"][0]["privateLinkServiceId"]
        elif "/flexibleServers/" in id_ and short not in ("ManagementLockByScope", "DiagnosticSetting"):
            server = re.sub(r"(/flexibleServers/[^/]+).*", r"\1", id_)
        if server is None:
            yield
            return
        name = server.split("/")[-1]
        with self._lock:
            if short != "Server" and server not in self.resources:
                raise ServiceError(404, "ResourceNotFound", f"The server {name} was not found")
            if self.refusals.get(short):
                # Usually so right after the server: Azure/azure-postgresql#134, Azure/azure-postgresql#127,
                # Azure/bicep-registry-modules#3257.
                raise ServiceError(409, self.refusals[short].pop(0), f"The operation on server {name} is not possible.")
            if server in self._at_work:
                raise ServiceError(409, "ServerIsBusy", f"Server {name} is busy with another operation.")
            self._at_work.add(server)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(server)

    @contextmanager
    def _identity_at_work(self, short: str, id_: str) -> Iterator[None]:
        """Runs one write of a credential per identity at a time; others get 409. [entra] No concurrent updates."""
        if short != "FederatedIdentityCredential":
            yield
            return
        identity = id_.rsplit("/", 2)[0]
        code = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"
        with self._lock:
            refused = bool(self.refusals.get(short)) and self.refusals[short].pop(0)
            if refused or identity in self._at_work:
                raise ServiceError(409, refused or code, f"Concurrent writes under {identity} are not supported.")
            self._at_work.add(identity)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(identity)

    def _put_resource_group(self, id_: str, group: dict[str, Any], existing: Any) -> None:
        pass

    def _put_user_assigned_identity(self, id_: str, identity: dict[str, Any], existing: Any) -> None:
        identity["principalId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, id_ + "principal"))
        identity["clientId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, id_ + "client"))
        identity["tenantId"] = TENANT

    def _put_federated_identity_credential(self, id_: str, credential: dict[str, Any], existing: Any) -> None:
        identity = id_.rsplit("/", 2)[0]
        if identity not in self.resources:
            raise ServiceError(404, "ParentResourceNotFound", "The parent user-assigned identity does not exist.")
        others = [
            found for key, found in self.resources.items() if key.startswith(identity + "/federated") and key != id_
        ]
        if len(others) >= 20:
            raise ServiceError(400, "BadRequest", f"Too many federated identity credentials on {identity}: at most 20.")
        if any(
            (found["issuer"], found["subject"]) == (credential["issuer"], credential["subject"]) for found in others
        ):
            raise ServiceError(
                400, "BadRequest", "Issuer and subject combination already exists for this Managed Identity."
            )
        if len(credential["audiences"]) != 1:
            raise ServiceError(400, "BadRequest", "Federated identity credentials must have exactly 1 audience.")
        # [spec] `issuer` is a URI; OpenID Connect Discovery 1.0, section 3: https, without query and fragment.
        url = urllib.parse.urlsplit(credential["issuer"])
        if url.scheme != "https" or not url.netloc or url.query or url.fragment:
            raise ServiceError(400, "BadRequest", f"The issuer {credential['issuer']} is not the URL of an issuer.")
        for key in ("issuer", "subject"):
            value = credential[key]
            if not 1 <= len(value) <= 600 or value != value.strip() or "*" in value:
                raise ServiceError(400, "BadRequest", f"{key} must have 1 to 600 characters and no wildcard.")
        # [entra] Microsoft Entra issuers are not supported.
        if re.search(r"(^|\.)(login\.(microsoftonline|microsoft)\.com|(login|sts)\.windows\.net)$", url.netloc):
            raise ServiceError(400, "BadRequest", "AAD-issued tokens may not be used for federated identity flows.")

    def _put_server(self, id_: str, server: dict[str, Any], existing: dict[str, Any] | None) -> None:
        auth = {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled", "tenantId": ""} | server.get(
            "authConfig", {}
        )
        # [spec] The default is passwords; azurerm, resource postgresql_flexible_server: a login is then required.
        if auth["passwordAuth"] == "Enabled" and not server.get("administratorLogin"):
            raise ServiceError(
                400, "InvalidParameterValue", "administratorLogin is required with password authentication"
            )
        if auth["passwordAuth"] == "Disabled" and server.get("administratorLogin"):
            raise ServiceError(400, "InvalidParameterValue", "administratorLogin needs password authentication")
        if auth["passwordAuth"] == auth["activeDirectoryAuth"] == "Disabled":
            raise ServiceError(400, "InvalidParameterValue", "one way of authentication must be enabled")
        if auth["activeDirectoryAuth"] == "Enabled" and not re.fullmatch(GUID, auth["tenantId"]):
            raise ServiceError(400, "InvalidParameterValue", "tenantId is required with Microsoft Entra authentication")
        # [docs] compute options: the tier belongs to the size; high availability: not on Burstable.
        letter = {"Burstable": "B", "GeneralPurpose": "D", "MemoryOptimized": "E"}[server["sku"]["tier"]]
        if not server["sku"]["name"].startswith(f"Standard_{letter}"):
            raise ServiceError(400, "InvalidParameterValue", f"{server['sku']} is not a size of that tier")
        if letter == "B" and at(server, "highAvailability.mode") not in (None, "Disabled"):
            raise ServiceError(400, "HADisabledForBurstable", "High availability is not supported on Burstable")
        # [docs] storage options: these sizes, and no way back.
        size = at(server, "storage.storageSizeGB") or 32
        version_2 = self._check_storage_type(server, existing, size)
        if not version_2 and size not in (32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767):
            raise ServiceError(400, "InvalidParameterValue", f"{size} GB is not a size of storage")
        if existing and size < (at(existing, "storage.storageSizeGB") or 32):
            raise ServiceError(400, "StorageSizeDecreaseNotSupported", "Storage cannot shrink")
        # [docs] Premium SSD: a performance tier is at least the one of the disk's size; up to P50 below 8 TiB.
        tier = at(server, "storage.tier")
        if tier and not version_2 and not BASELINE_TIERS[size] <= int(tier[1:]) <= (50 if size <= 4096 else 80):
            raise ServiceError(400, "InvalidPerformanceTier", f"{tier} is not a tier for {size} GB")
        # [docs] major version upgrade: only up.
        if existing and int(server.get("version", 17)) < int(existing.get("version", 17)):
            raise ServiceError(400, "MajorVersionDowngradeNotSupported", "The version cannot go down")
        # [docs] networking: a delegated subnet needs its zone, has no public access, and stays.
        network = server.get("network", {})
        if network.get("delegatedSubnetResourceId"):
            if not network.get("privateDnsZoneArmResourceId"):
                raise ServiceError(
                    400, "InvalidPrivateDnsZone", "a private DNS zone is required with a delegated subnet"
                )
            if network.get("publicNetworkAccess"):
                raise ServiceError(
                    400, "InvalidParameterValue", "publicNetworkAccess is read-only with a delegated subnet"
                )
        if existing and network.get("delegatedSubnetResourceId") != at(existing, "network.delegatedSubnetResourceId"):
            raise ServiceError(400, "VnetChangeNotAllowed", "a server cannot move into or out of a virtual network")
        # [docs] server names are unique in all of Azure.
        if existing is None and server["serverName"] in self.of_type("Server"):
            raise ServiceError(
                409, "ServerNameAlreadyExists", f"Specified server name {server['serverName']} is already used"
            )
        self._check_encryption(server, existing)
        # [spec] maintenanceWindow: read and update, not create. azurerm sends it after the creation.
        if existing is None:
            server["maintenanceWindow"] = {"customWindow": "Disabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0}
        else:
            server.setdefault("maintenanceWindow", existing["maintenanceWindow"])
        server["authConfig"] = auth
        # hashicorp/terraform-provider-azurerm#16888: Azure picks the zone.
        server["availabilityZone"] = server.get("availabilityZone") or (existing or {}).get("availabilityZone") or "1"
        server["fullyQualifiedDomainName"] = f"{server['serverName']}.postgres.database.azure.com"
        server["state"] = "Ready"

    def _check_storage_type(self, server: dict[str, Any], existing: dict[str, Any] | None, size: int) -> bool:
        """Whether the storage is Premium SSD v2. [docs] concepts-storage-premium-ssd-v2; [cli] azure-cli, rdbms,
        _pg_storage_type_validator: operations and throughput are for it alone, which has no tier and no auto-grow.
        """
        storage = server.get("storage", {})
        version_2 = storage.get("type") == "PremiumV2_LRS"
        if existing and version_2 != (at(existing, "storage.type") == "PremiumV2_LRS"):
            raise ServiceError(400, "StorageTypeChangeNotSupported", "The type of storage is fixed at creation")
        iops, throughput = storage.get("iops"), storage.get("throughput")
        if not version_2:
            if iops is not None or throughput is not None:
                raise ServiceError(400, "InvalidParameterValue", "iops and throughput need the type PremiumV2_LRS")
            return False
        if storage.get("tier") or storage.get("autoGrow") == "Enabled" or server["sku"]["tier"] == "Burstable":
            raise ServiceError(400, "InvalidParameterValue", "PremiumV2_LRS has no tier, auto-grow or Burstable sizes")
        if at(server, "dataEncryption.type") == "AzureKeyVault":
            raise ServiceError(400, "InvalidParameterValue", "PremiumV2_LRS takes no customer-managed key")
        if not 3000 <= (iops or 0) <= min(80000, max(3000, 500 * size)) or not 125 <= (throughput or 0) <= iops / 4:
            raise ServiceError(400, "InvalidParameterValue", f"{iops} operations and {throughput} MB/s at {size} GiB")
        return True

    def _check_encryption(self, server: dict[str, Any], existing: dict[str, Any] | None) -> None:
        """Checks that a key is decided at creation, read as an identity of the server, one for each region. [docs]"""
        encryption = server.get("dataEncryption") or {}
        if existing and bool(encryption) != bool(existing.get("dataEncryption")):
            raise ServiceError(400, "DataEncryptionModeChangeNotSupported", "the mode is fixed at creation")
        if not encryption:
            return
        identities = (at(server, "identity.userAssignedIdentities") or {}).keys()
        keys = [("primaryKeyURI", "primaryUserAssignedIdentityId")]
        if at(server, "backup.geoRedundantBackup") == "Enabled":
            keys.append(("geoBackupKeyURI", "geoBackupUserAssignedIdentityId"))
        for uri, identity in keys:
            if not encryption.get(uri) or encryption.get(identity) not in identities:
                raise ServiceError(400, "InvalidDataEncryption", f"{uri} and {identity} are required")

    def _put_management_lock_by_scope(self, id_: str, lock: dict[str, Any], existing: Any) -> None:
        if lock["scope"] not in self.resources:
            raise ServiceError(404, "ResourceNotFound", f"The scope {lock['scope']} was not found")

    def _put_diagnostic_setting(self, id_: str, setting: dict[str, Any], existing: Any) -> None:
        # [docs] diagnostic settings: a destination and a category are required.
        if setting["resourceUri"] not in self.resources:
            raise ServiceError(404, "ResourceNotFound", f"{setting['resourceUri']} was not found")
        if not setting.get("workspaceId") or not (setting.get("logs") or setting.get("metrics")):
            raise ServiceError(400, "BadRequest", "a destination and at least one category are required")

    def _put_administrators_microsoft_entra(
        self, id_: str, admin: dict[str, Any], existing: dict[str, Any] | None
    ) -> None:
        server = self._server(id_)
        if server["authConfig"]["activeDirectoryAuth"] != "Enabled":
            raise ServiceError(400, "AadAuthNotEnabled", "Microsoft Entra authentication is not enabled on the server")
        if not re.fullmatch(GUID, admin["objectId"]) or not admin.get("principalName"):
            raise ServiceError(400, "InvalidParameterValue", "objectId must be a GUID and principalName is required")
        # [docs] manage Entra users: the object id, not the application id, which names nobody.
        if any(admin["objectId"] == known.get("clientId") for known in self.resources.values()):
            raise ServiceError(400, "AadPrincipalNotFound", f"The principal {admin['objectId']} was not found in Entra")
        if admin.get("principalType") not in ("User", "Group", "ServicePrincipal"):
            raise ServiceError(400, "InvalidParameterValue", "principalType must be User, Group or ServicePrincipal")
        if admin.get("tenantId") != server["authConfig"]["tenantId"]:
            raise ServiceError(400, "InvalidParameterValue", "tenantId must be the server's")
        # [docs] A role is fixed to its principal.
        if existing and any(existing[key] != admin[key] for key in ("principalName", "principalType", "tenantId")):
            raise ServiceError(400, "AadAdminUpdateNotAllowed", "delete the administrator and add it again")

    def _put_database(self, id_: str, database: dict[str, Any], existing: Any) -> None:
        # [docs] hashicorp/terraform-provider-azurerm#27895: owned by an Entra admin if there is one by then, else by a
        # role that nobody can use.
        admins = [
            found
            for key, found in self.resources.items()
            if key.startswith(self._server(id_)["id"] + "/administrators/")
        ]
        database["_owner"] = (existing or {}).get("_owner") or (admins[0]["principalName"] if admins else "azuresu")

    def _put_firewall_rule(self, id_: str, rule: dict[str, Any], existing: Any) -> None:
        if at(self._server(id_), "network.delegatedSubnetResourceId"):
            # [docs] networking: firewall rules are for public access.
            raise ServiceError(400, "FirewallRuleNotAllowed", "Firewall rule operations need public access")
        first, last = (tuple(map(int, rule[end].split("."))) for end in ("startIpAddress", "endIpAddress"))
        if first > last:
            raise ServiceError(400, "InvalidParameterValue", "startIpAddress is after endIpAddress")

    def _put_configuration(self, id_: str, setting: dict[str, Any], existing: Any) -> None:
        # [docs] REST reference, Configurations - Put: a custom value goes with this source.
        if setting.get("source") != "user-override" or not setting.get("value"):
            raise ServiceError(400, "InvalidParameterValue", "a value needs the source user-override")

    def _put_private_endpoint(self, id_: str, endpoint: dict[str, Any], existing: Any) -> None:
        (connection,) = endpoint["privateLinkServiceConnections"]
        server = self.resources[connection["privateLinkServiceId"]]
        # [docs] private link: this sub-resource, and not for servers in a virtual network.
        if connection["groupIds"] != ["postgresqlServer"]:
            raise ServiceError(
                400, "PrivateEndpointInvalidGroupId", f"{connection['groupIds']} is not postgresqlServer"
            )
        if at(server, "network.delegatedSubnetResourceId"):
            raise ServiceError(400, "PrivateEndpointNotAllowed", "the server is in a virtual network")

    def _put_private_dns_zone_group(self, id_: str, group: dict[str, Any], existing: Any) -> None:
        if id_.rsplit("/", 2)[0] not in self.resources:
            raise ServiceError(404, "ResourceNotFound", "the private endpoint was not found")

    def _server(self, child_id: str) -> dict[str, Any]:
        return self.resources[re.sub(r"(/flexibleServers/[^/]+).*", r"\1", child_id)]


def _reported(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the service reports: all but the notes of the simulation."""
    return copy.deepcopy({key: value for key, value in resource.items() if not key.startswith("_") and key != "id"})


def _fill(path: str, inputs: Mapping[str, Any]) -> str:
    return path.format(**inputs)


def _parts(path: str, id_: str) -> dict[str, str]:
    found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path), id_)
    return found.groupdict() if found else {}
