"""A resource provider that stands in for pulumi-gcp and for the Google Cloud behind it, and is strict about both.

The first half behaves like the provider (checks, diffs, ids, waiting), the second like the services, each rule with its
source:

    [provider]  hashicorp/terraform-provider-google, which pulumi-gcp bridges: services/sql, resourcemanager
    [docs]      cloud.google.com, Cloud SQL for PostgreSQL, IAM
    [seen]      the provider's real code against a strict fake API
    tpg#n       an issue of hashicorp/terraform-provider-google
    sql-db#n    an issue of terraform-google-modules/terraform-google-sql-db
"""

import copy
import functools
import inspect
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi_gcp as gcp
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
)

ACCOUNT = "gcp:serviceaccount/account:Account"
INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
DATABASE = "gcp:sql/database:Database"
USER = "gcp:sql/user:User"
BINDING = "gcp:projects/iAMMember:IAMMember"

IAM_FLAG = "cloudsql.iam_authentication"


@dataclass(frozen=True)
class Rules:
    """What the provider knows of one class before it asks Google. Paths are dotted."""

    class_: type
    replaces: frozenset[str]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    enums: Mapping[str, set[Any]] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    named_by: str = "name"

    @functools.cached_property
    def writable(self) -> set[str]:
        """The SDK is generated from the provider's own schema."""
        own = {"self", "__self__", "resource_name", "opts", "__props__"}
        return {_camel_case(name) for name in inspect.signature(self.class_._internal_init).parameters.keys() - own}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


# All of [provider]: ForceNew, Default, Required and ValidateFunc of the schemas.
RULES = {
    ACCOUNT: Rules(
        class_=gcp.serviceaccount.Account,
        replaces=_words("accountId project"),
        required=("accountId",),
        patterns={"accountId": r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])"},
        named_by="accountId",
    ),
    INSTANCE: Rules(
        class_=gcp.sql.DatabaseInstance,
        replaces=_words("name project region encryptionKeyName settings.collation"),
        defaults={"deletionProtection": True},
        required=("databaseVersion", "settings.tier"),
        enums={
            "settings.edition": {"ENTERPRISE", "ENTERPRISE_PLUS"},
            "settings.connectorEnforcement": {"REQUIRED", "NOT_REQUIRED"},
            "settings.availabilityType": {"REGIONAL", "ZONAL"},
            "settings.ipConfiguration.sslMode": {
                *("ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
            },
            "settings.maintenanceWindow.day": set(range(1, 8)),
            "settings.maintenanceWindow.hour": set(range(24)),
            "settings.maintenanceWindow.updateTrack": {"canary", "stable", "week5"},
        },
        patterns={
            "settings.ipConfiguration.privateNetwork": (
                r"(https?://.+/)?projects/[^/]+/global/networks/[a-z]([-a-z0-9]*[a-z0-9])?"
            )
        },
    ),
    DATABASE: Rules(class_=gcp.sql.Database, replaces=_words("name instance project"), required=("instance",)),
    USER: Rules(
        class_=gcp.sql.User,
        replaces=_words("name instance project type host"),
        required=("instance",),
        enums={
            "type": {
                *("BUILT_IN", "CLOUD_IAM_USER", "CLOUD_IAM_SERVICE_ACCOUNT", "CLOUD_IAM_GROUP", "CLOUD_IAM_GROUP_USER"),
                "CLOUD_IAM_GROUP_SERVICE_ACCOUNT",
            }
        },
    ),
    BINDING: Rules(
        class_=gcp.projects.IAMMember,
        replaces=_words("project role member condition.title condition.expression condition.description"),
        required=("project", "role", "member"),
        named_by="role",
    ),
}


class ApiError(CloudError):
    """An answer of Google's APIs that is not success, in the provider's words."""

    def __init__(self, what: str, status: int, message: str, reason: str) -> None:
        super().__init__(f"Error, {what}: googleapi: Error {status}: {message}, {reason}")


class SimulatedGoogle(SimulatedProvider):
    """`resources` are by the path that they have in Google's APIs; `refusals` are messages of an error 400."""

    def __init__(
        self, *, instance_seconds: float = 0.05, child_seconds: float = 0.02, iam_seconds: float = 0.02
    ) -> None:
        super().__init__("gcp", "10.2.0")
        self.connected_networks: set[str] = set()
        """VPC networks with a private services connection."""
        self.known_accounts: set[str] = set()
        """E-mail addresses of service accounts that somebody else made."""
        self.database_roles = {"cloudsqlsuperuser"}
        """The roles that exist inside every PostgreSQL, but for the users."""
        self.owners: set[str] = set()
        """The names of users who own something in a database."""
        self._seconds = {"DatabaseInstance": instance_seconds, "Database": child_seconds, "User": child_seconds}
        self._iam_seconds = iam_seconds
        self._configured: dict[str, Any] = {}
        self._mutexes: dict[str, threading.Lock] = {}

    # The provider

    def Configure(self, request: Any, context: Any) -> Any:
        self._configured = plain(request.args)
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok != "gcp:organizations/getClientConfig:getClientConfig":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the simulation does not know {request.tok}")
        configured = {key: self._configured.get(key, "") for key in ("project", "region", "zone")}
        answer = {**configured, "accessToken": "ya29.token", "id": "client", "defaultLabels": {}}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})  # pyright: ignore[reportArgumentType]

    def Check(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        inputs = {key: value for key, value in plain(request.news).items() if value is not None}
        inputs = {**rules.defaults, **inputs}
        # [provider] autonaming: logical name and 7 hex digits, kept from then on.
        if rules.named_by == "name" and "name" not in inputs:
            name = f"{request.urn.split('::')[-1]}-{request.randomSeed[:4].hex()[:7]}"
            inputs["name"] = plain(request.olds).get("name") or name
        failures = [f"An unexpected argument named {key!r}" for key in inputs.keys() - rules.writable]
        failures += [f"Missing required argument {key!r}" for key in rules.required if at(inputs, key) is None]
        for key, allowed in rules.enums.items():
            value = at(inputs, key)
            if value not in (None, UNKNOWN) and value not in allowed:
                failures.append(f"expected {key} to be one of {sorted(allowed)}, got {value}")
        for key, pattern in rules.patterns.items():
            value = at(inputs, key)
            if value not in (None, UNKNOWN) and not re.fullmatch(pattern, value):
                failures.append(f"{key!r} ({value!r}) doesn't match regexp {pattern!r}")
        return provider_pb2.CheckResponse(
            inputs=struct(inputs), failures=[provider_pb2.CheckFailure(reason=failure) for failure in failures]
        )

    def Diff(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        old, new = _comparable(plain(request.old_inputs)), _comparable(plain(request.news))
        changed = sorted({path for path, _ in set(leaves(old)) ^ set(leaves(new))})
        fixed = set(rules.replaces)
        network = "settings.ipConfiguration.privateNetwork"
        # [provider] isPrivateNetworkUnset: an instance that leaves its network is made anew; so is one for PSC.
        if at(old, network) and not at(new, network):
            fixed.add(network)
        if bool(_psc(old)) != bool(_psc(new)):
            fixed.add("settings.ipConfiguration.pscConfigs")
        replaces = [path for path in changed if path in fixed]
        # [provider] What was named by hand can only be replaced by deleting it first.
        named = old.get(rules.named_by) == new.get(rules.named_by)
        return diff_response(changed, replaces, delete_before_replace=named)

    def Create(self, request: Any, context: Any) -> Any:
        inputs = plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=struct(inputs))
        type_ = type_of(request.urn)
        with self.errors(context), self._mutex(type_, inputs):
            path = self._create(type_, inputs)
        short = _short(type_)
        outputs = _reported(self.resources[path])
        if short in self.broken_polls:
            self.broken_polls.remove(short)
            self.abort_partly(context, _id(type_, path, inputs), inputs, outputs, "Error waiting for Create: 503")
        if type_ == USER and self.resources[path]["name"] != inputs["name"]:
            # [seen] The provider asks for the name as it was written, and finds nobody.
            context.abort(grpc.StatusCode.UNKNOWN, "expected non-nil error with nil state during Create")
        return provider_pb2.CreateResponse(id=_id(type_, path, inputs), properties=struct({**inputs, **outputs}))

    def Update(self, request: Any, context: Any) -> Any:
        inputs, state = plain(request.news), plain(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=struct({**state, **inputs}))
        type_ = type_of(request.urn)
        with self.errors(context), self._mutex(type_, inputs):
            found = self._update(type_, _path(type_, state), inputs)
        return provider_pb2.UpdateResponse(properties=struct({**inputs, **_reported(found)}))

    def Read(self, request: Any, context: Any) -> Any:
        type_ = type_of(request.urn)
        state, inputs = plain(request.properties), plain(request.inputs)
        path = _path(type_, state) if state else _path_of_import(type_, request.id)
        found = self.resources.get(path)
        # [provider] A user is looked for by its name exactly, so capitals are never found again.
        if found is None or (type_ == USER and state and found["name"] != state["name"]):
            return provider_pb2.ReadResponse(id="")
        outputs = _reported(found)
        if inputs:
            take_over(inputs, state, outputs)
        else:
            inputs = {key: value for key, value in outputs.items() if key in RULES[type_].writable}
            inputs |= RULES[type_].defaults
        # [provider] Of its own switch only the state knows.
        outputs |= {key: state.get(key, value) for key, value in RULES[type_].defaults.items()}
        return provider_pb2.ReadResponse(
            id=_id(type_, path, found), inputs=struct(inputs), properties=struct({**inputs, **outputs})
        )

    def Delete(self, request: Any, context: Any) -> Any:
        type_, state = type_of(request.urn), plain(request.properties)
        with self.errors(context), self._mutex(type_, state):
            if type_ == INSTANCE and state.get("deletionProtection", True):
                raise CloudError(
                    "Error, failed to delete instance because deletion_protection is set to true. Set it to false to "
                    "proceed with instance deletion"
                )
            self._delete(type_, _path(type_, state))
        return empty_pb2.Empty()

    @contextmanager
    def _mutex(self, type_: str, inputs: Mapping[str, Any]) -> Iterator[None]:
        """[provider] One operation on an instance at a time: the provider waits for its turn."""
        name = inputs["name"] if type_ == INSTANCE else inputs.get("instance")
        if name is None:
            yield
            return
        with self._lock:
            mutex = self._mutexes.setdefault(name, threading.Lock())
        with mutex:
            yield

    # The services

    def _create(self, type_: str, inputs: dict[str, Any]) -> str:
        short, path = _short(type_), _path(type_, inputs)
        pause = self.pauses.pop(short, None)
        with self.request("create", short, _name(type_, inputs)):
            self._refuse(short, "create")
            properties = copy.deepcopy(inputs)
            {ACCOUNT: self._account, INSTANCE: self._instance, DATABASE: self._database, USER: self._user}.get(
                type_, self._binding
            )(path, properties, None)
            self.resources[path] = {**properties, "_type": short, "name": properties.get("name", _name(type_, inputs))}
            self.take_time(self._seconds.get(short, self._iam_seconds), pause)
            if type_ == DATABASE:
                self._instance_of(inputs)["_served"] = True
        if pause:
            pause.over.set()
        return path

    def _update(self, type_: str, path: str, inputs: dict[str, Any]) -> dict[str, Any]:
        short = _short(type_)
        with self.request("update", short, _name(type_, inputs)):
            self._refuse(short, "update")
            if path not in self.resources:
                raise CloudError("resource did not exist while updating")
            existing, properties = self.resources[path], copy.deepcopy(inputs)
            if type_ == INSTANCE and set(leaves(_api_view(existing))) == set(leaves(_api_view(properties))):
                # [provider] Its own switch is no business of the API's.
                self.calls.pop()
                existing["deletionProtection"] = properties["deletionProtection"]
                return existing
            {INSTANCE: self._instance, USER: self._user}[type_](path, properties, existing)
            existing.update(properties)
            time.sleep(self._seconds.get(short, self._iam_seconds))
        return self.resources[path]

    def _delete(self, type_: str, path: str) -> None:
        short = _short(type_)
        found = self.resources.get(path)
        if found is None:
            return  # [provider] 404 counts as deleted.
        with self.request("delete", short, found["name"]):
            self._refuse(short, "delete")
            if type_ == INSTANCE and at(found, "settings.deletionProtectionEnabled"):
                # [docs] Prevent deletion of an instance.
                message = "The instance is protected. Please disable the deletion protection and try again."
                raise ApiError(f"failed to delete instance {found['name']}", 400, message, "failedPrecondition")
            if type_ == USER and found["name"] in self.owners:
                # tpg#7677, sql-db#323
                message = f'Invalid request: failed to delete user {found["name"]}: . role "{found["name"]}" cannot be '
                message += "dropped because some objects depend on it"
                raise ApiError("failed to delete user", 400, message, "invalid")
            # Everything inside goes with it; IAM's bindings stay.
            for inside in [key for key in self.resources if key == path or key.startswith(path + "/")]:
                del self.resources[inside]
            time.sleep(self._seconds.get(short, self._iam_seconds))

    def _refuse(self, short: str, operation: str) -> None:
        if self.refusals.get(short):
            raise ApiError(f"failed to {operation} {short}", 400, self.refusals[short].pop(0), "invalid")

    def _account(self, path: str, account: dict[str, Any], existing: Any) -> None:
        email = f"{account['accountId']}@{account['project']}.iam.gserviceaccount.com"
        if path in self.resources:
            message = f"Service account {account['accountId']} already exists within project {account['project']}."
            raise ApiError("creating service account", 409, message, "alreadyExists")
        account |= {"email": email, "member": f"serviceAccount:{email}", "uniqueId": "1234567890", "name": path}

    def _instance(self, path: str, instance: dict[str, Any], existing: dict[str, Any] | None) -> None:
        name, project, settings = instance["name"], instance.get("project", ""), instance["settings"]

        def refuse(message: str, status: int = 400, reason: str = "invalid") -> None:
            raise ApiError(f"failed to {'update' if existing else 'create'} instance {name}", status, message, reason)

        if existing is None and path in self.resources:
            refuse("The Cloud SQL instance already exists.", 409, "instanceAlreadyExists")
        # [docs] instance settings: the name, and 98 characters together with the project.
        if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) or len(f"{project}:{name}") > 98:
            refuse("Invalid request: instance name.")
        if not project or not instance.get("region"):
            refuse("Invalid request: project and region are required.")
        version = re.fullmatch(r"POSTGRES_(\d+)", instance["databaseVersion"])
        if not version or not 9 <= int(version[1]) <= 18:
            refuse(f"Invalid value at 'body.database_version': {instance['databaseVersion']}")
            return
        if existing and int(version[1]) < int(existing["databaseVersion"].removeprefix("POSTGRES_")):
            refuse("The database version cannot be downgraded.")
        # [docs] editions: without one, PostgreSQL 16 and later are ENTERPRISE_PLUS.
        edition = settings.get("edition") or ("ENTERPRISE_PLUS" if int(version[1]) >= 16 else "ENTERPRISE")
        tier = settings["tier"]
        small = re.match(r"db-custom-|db-f1-micro$|db-g1-small$", tier)
        if (edition == "ENTERPRISE_PLUS" and small) or (edition == "ENTERPRISE" and "perf-optimized" in tier):
            refuse(f"Invalid Tier ({tier}) for ({edition}) Edition. Use a predefined Tier like db-perf-optimized-N-2")
        if custom := re.fullmatch(r"db-custom-(\d+)-(\d+)", tier):
            cpus, memory = int(custom[1]), int(custom[2])
            if (cpus > 1 and cpus % 2) or cpus > 96 or memory % 256 or memory < 3840 or memory > 6656 * cpus:
                refuse(f"Invalid request: custom machine type {tier}.")
        if int(settings.get("diskSize") or 10) < int(at(existing, "settings.diskSize") or 10):
            refuse("The disk cannot be made smaller, nor than 10 GB.")
        backups = settings.get("backupConfiguration", {})
        if backups.get("enabled"):
            kept = at(backups, "backupRetentionSettings.retainedBackups") or 7
            days = backups.get("transactionLogRetentionDays") or 7
            if not 1 <= kept <= 365:
                refuse("Invalid request: retained backups must be in the range 1 to 365.")
            if not 1 <= days <= (7 if edition == "ENTERPRISE" else 35) or days > kept:
                refuse("Invalid request: transaction log retention days.")
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", backups.get("startTime", "00:00")):
                refuse("Invalid request: start time.")
        # [docs] high availability: backups and point-in-time recovery are required.
        if settings.get("availabilityType") == "REGIONAL" and not (
            backups.get("enabled") and backups.get("pointInTimeRecoveryEnabled")
        ):
            refuse("Invalid request: a regional instance requires backups and point-in-time recovery.")
        addresses = settings.get("ipConfiguration", {})
        public = addresses.get("ipv4Enabled", True)
        network, psc = addresses.get("privateNetwork"), _psc(instance)
        if not public and not network and not psc:
            refuse("At least one of Public IP or Private IP or PSC connectivity must be enabled.")
        # [docs] connector enforcement: authorized networks cannot be used.
        if settings.get("connectorEnforcement") == "REQUIRED" and addresses.get("authorizedNetworks"):
            refuse("Invalid request: authorized networks with connector enforcement.")
        # [provider] asks before it creates, and waits for no connection.
        if network and network not in self.connected_networks:
            raise CloudError(
                f"Error, failed to create instance because the network doesn't have at least 1 private services "
                f"connection. Please see https://cloud.google.com/sql/docs/mysql/private-ip: {network}"
            )
        if psc and not psc.get("allowedConsumerProjects"):
            refuse("Invalid request: PSC requires at least one allowed consumer project.")
        flags = {flag["name"]: flag["value"] for flag in settings.get("databaseFlags", [])}
        labels = settings.get("userLabels", {})
        if any(not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) for key in labels) or len(labels) > 64:
            refuse("Invalid request: labels.")
        settings["edition"] = edition
        instance["connectionName"] = f"{project}:{instance['region']}:{name}"
        instance["publicIpAddress"] = "203.0.113.7" if public else ""
        instance["privateIpAddress"] = "10.20.0.3" if network else ""
        instance["dnsName"] = f"{name}.a1b2c3.{instance['region']}.sql.goog." if psc else ""
        instance["_iam"] = flags.get(IAM_FLAG) == "on"
        # tpg#14233: what IAM's users are members of is not there yet when the instance is.
        instance["_served"] = bool(existing and existing["_served"])

    def _database(self, path: str, database: dict[str, Any], existing: Any) -> None:
        self._instance_of(database)
        if path in self.resources or database["name"] in ("postgres", "template0", "template1", "cloudsqladmin"):
            message = f"Invalid request: failed to create database {database['name']}: already exists"
            raise ApiError("failed to insert database", 409, message, "alreadyExists")
        # tpg#12968
        database["_owner"] = "cloudsqlsuperuser"

    def _user(self, path: str, user: dict[str, Any], existing: dict[str, Any] | None) -> None:
        instance, name = self._instance_of(user), user["name"]

        def refuse(message: str, status: int = 400, reason: str = "invalid") -> None:
            raise ApiError(f"failed to insert user {name} into instance {user['instance']}", status, message, reason)

        if user.get("type", "BUILT_IN").startswith("CLOUD_IAM"):
            if user.get("password") or user.get("host"):
                raise CloudError("For IAM users, password or hostname should not be specified")
            if not instance["_iam"]:
                refuse(f"Invalid request: IAM authentication is off: flag {IAM_FLAG}.")
            # tpg#14019
            if name.endswith(".gserviceaccount.com"):
                refuse("Invalid request: User name for IAM service accounts must omit .gserviceaccount.com.")
            if user["type"] == "CLOUD_IAM_SERVICE_ACCOUNT":
                self._require_account(f"{name.lower()}.gserviceaccount.com", "failed to insert user")
            if not instance["_served"]:
                refuse('Invalid request: failed to create user: role "cloudsqliamserviceaccount" does not exist.')
        if len(name.encode()) > 63:
            refuse("Invalid request: user name is longer than 63 bytes.")
        if missing := set(user.get("databaseRoles", [])) - self.database_roles:
            refuse(f"Invalid request: role {sorted(missing)} does not exist.")
        if existing is None and path in self.resources:
            refuse("Invalid request: User already exists.", 409, "alreadyExists")
        # [docs] IAM users: names are stored in lower case.
        user["name"] = name.lower()

    def _binding(self, path: str, binding: dict[str, Any], existing: Any) -> None:
        kind, _, email = binding["member"].partition(":")
        if kind == "serviceAccount":
            self._require_account(email, f'setting IAM policy for project "{binding["project"]}"')
        if kind not in ("user", "serviceAccount", "group"):
            raise ApiError("setting IAM policy", 400, f"Invalid member {binding['member']}.", "badRequest")

    def _require_account(self, email: str, what: str) -> None:
        """[docs] Service accounts of this project are checked; of those elsewhere nothing is known here."""
        ours = email.endswith(f"@{self._configured.get('project')}.iam.gserviceaccount.com")
        made = {found["email"] for found in self.resources.values() if found["_type"] == "Account"}
        if ours and email not in made | self.known_accounts:
            raise ApiError(what, 400, f"Service account {email} does not exist.", "badRequest")

    def _instance_of(self, child: Mapping[str, Any]) -> dict[str, Any]:
        found = self.resources.get(f"projects/{child['project']}/instances/{child['instance']}")
        if found is None:
            message = f"The Cloud SQL instance {child['instance']} does not exist."
            raise ApiError("failed to find instance", 404, message, "instanceDoesNotExist")
        return found


def _short(type_: str) -> str:
    return type_.split(":")[-1]


def _name(type_: str, inputs: Mapping[str, Any]) -> str:
    return f"{inputs['member']} {inputs['role']}" if type_ == BINDING else inputs[RULES[type_].named_by]


def _path(type_: str, inputs: Mapping[str, Any]) -> str:
    """Where Google's APIs have it. A condition is part of what a binding is: two are two (sql-db#381)."""
    project = f"projects/{inputs['project']}"
    match _short(type_):
        case "Account":
            email = f"{inputs['accountId']}@{inputs['project']}.iam.gserviceaccount.com"
            return f"{project}/serviceAccounts/{email}"
        case "DatabaseInstance":
            return f"{project}/instances/{inputs['name']}"
        case "Database":
            return f"{project}/instances/{inputs['instance']}/databases/{inputs['name']}"
        case "User":
            return f"{project}/instances/{inputs['instance']}/users/{inputs['name'].lower()}"
    condition = inputs.get("condition", {})
    return f"{project} {inputs['role']} {inputs['member']} {condition.get('title')} {condition.get('expression')}"


def _path_of_import(type_: str, id_: str) -> str:
    """[provider] Import ids."""
    if type_ == USER:
        project, instance, name = id_.split("/")
        return f"projects/{project}/instances/{instance}/users/{name}"
    return id_


def _id(type_: str, path: str, inputs: Mapping[str, Any]) -> str:
    """[provider] What the state calls it."""
    if type_ == INSTANCE:
        return inputs["name"]
    return f"{inputs['name']}//{inputs['instance']}" if type_ == USER else path


def _psc(instance: Mapping[str, Any]) -> Mapping[str, Any] | None:
    configs = at(instance, "settings.ipConfiguration.pscConfigs") or []
    return next((config for config in configs if config.get("pscEnabled")), None)


def _comparable(inputs: dict[str, Any]) -> dict[str, Any]:
    """[provider] Flags and consumer projects are sets."""
    known = copy.deepcopy(inputs)
    flags, psc = at(known, "settings.databaseFlags"), _psc(known)
    if isinstance(flags, list):
        flags.sort(key=lambda flag: flag["name"])
    if psc and isinstance(psc.get("allowedConsumerProjects"), list):
        psc["allowedConsumerProjects"].sort()
    return known


def _api_view(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Of an instance, what the API is told."""
    return _comparable({key: instance[key] for key in ("databaseVersion", "settings") if key in instance})


def _reported(resource: Mapping[str, Any]) -> dict[str, Any]:
    """What the service tells: without our own notes. [provider] databaseRoles is write-only."""
    hidden = ("databaseRoles", "deletionProtection")
    return copy.deepcopy(
        {key: value for key, value in resource.items() if not key.startswith("_") and key not in hidden}
    )
