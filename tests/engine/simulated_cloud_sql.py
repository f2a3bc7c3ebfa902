"""A resource provider that stands in for pulumi-gcp and for the Google services behind it, and is strict about both.

The engine attaches to it by PULUMI_DEBUG_PROVIDERS. The first half behaves like the provider, which is Terraform's
behind Pulumi's bridge, the second like the services. Each rule has its source:

    [provider]   hashicorp/terraform-provider-google 8, google/services/sql, resourcemanager and tpgiamresource
    [bridge]     pulumi/pulumi-terraform-bridge, pkg/tfbridge/provider.go
    [docs]       Google's documentation of Cloud SQL, IAM and the Cloud SQL Admin API
    owner/name#n an issue of that repository
"""

import copy
import json
import re
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from .cloud_sql_schemas import (
    DEFAULTS,
    RULES,
    Rules,
    as_text,
    blocks,
    difference,
    network_path,
    own,
    replaces,
    take_over_changes,
)
from .simulated_provider import (
    UNKNOWN,
    CloudError,
    SimulatedProvider,
    at,
    diff_response,
    plain,
    struct,
    type_of,
)

ACCESS_TOKEN = "ya29.the-token-of-the-user-of-pulumi"
SERVICE_ACCOUNT = ".gserviceaccount.com"

# [provider]: how it introduces what Google answered.
INTRODUCTIONS = {
    ("create", "DatabaseInstance"): "Error, failed to create instance {name}: {answer}",
    ("update", "DatabaseInstance"): "Error, failed to update instance settings for {name}: {answer}",
    ("delete", "DatabaseInstance"): "Error, failed to delete instance {name}: {answer}",
    ("create", "Database"): "Error creating Database: {answer}",
    ("update", "Database"): "Error updating Database {name}: {answer}",
    ("delete", "Database"): "Error when reading or editing Database: {answer}",
    ("create", "User"): "Error, failed to insert user {name} into instance {instance}: {answer}",
    ("update", "User"): "Error, failed to updateuser {name} into user {instance}: {answer}",
    ("delete", "User"): "Error, failed to deleteuser {name} in instance {instance}: {answer}",
    ("create", "Account"): "Error creating service account: {answer}",
    ("update", "Account"): "{answer}",
    ("delete", "Account"): "Error deleting service account: {answer}",
    ("create", "IAMMember"): (
        'Request "Create IAM Members {role} {member} for project \\"{project}\\"" returned error: Error applying IAM '
        'policy for project "{project}": Error setting IAM policy for project "{project}": {answer}'
    ),
    ("delete", "IAMMember"): 'Error applying IAM policy for project "{project}": {answer}',
    ("create", "AccountIAMMember"): (
        "Request \"Create IAM Members {role} {member} for service account '{serviceAccountId}'\" returned error: Error "
        "applying IAM policy for service account '{serviceAccountId}': Error setting IAM policy for service account "
        "'{serviceAccountId}': {answer}"
    ),
    ("delete", "AccountIAMMember"): "Error applying IAM policy for service account '{serviceAccountId}': {answer}",
}


class GoogleError(CloudError):
    def __init__(self, code: int, message: str, reason: str) -> None:
        super().__init__(f"googleapi: Error {code}: {message}, {reason}")


class InvalidRequestError(GoogleError):
    def __init__(self, message: str) -> None:
        super().__init__(400, f"Invalid request: {message}", "invalid")


class ProviderError(Exception):
    """The provider's error as the bridge writes it: a list, even of one. [bridge]"""

    def __init__(self, error: str) -> None:
        super().__init__(f"1 error occurred:\n\t* {error}\n\n")


class SimulatedCloudSql(SimulatedProvider):
    """Has `resources` by their path in Google's APIs; `refusals` are messages of an error 400."""

    def __init__(
        self, *, instance_seconds: float = 0.05, child_seconds: float = 0.02, iam_seconds: float = 0.02
    ) -> None:
        super().__init__("gcp", "10.2.0")
        self.connected_networks: set[str] = set()
        """VPC networks that have a private services connection: projects/…/global/networks/…"""
        self.policies: set[str] = set()
        """VPC networks that have a service connection policy for Cloud SQL: projects/…/global/networks/…"""
        self.keys: set[str] = set()
        """Cloud KMS keys that Cloud SQL's service agent may use: projects/…/cryptoKeys/…"""
        self.backups: dict[str, list[str]] = {}
        """Backups of instances that were deleted: instance → kinds, such as final."""
        self.pools: set[str] = set()
        """Workload identity pools of GKE: PROJECT.svc.id.goog"""
        self.known_accounts: set[str] = set()
        """E-mail addresses of service accounts that exist without the stack."""
        self.unknown_accounts = 0
        """How many requests that name a service account are answered as if it did not exist yet."""
        # [docs] Predefined roles: PostgreSQL's own; of them, those that exist in every major from 14 on.
        self.database_roles = {"cloudsqlsuperuser", "pg_read_all_data", "pg_write_all_data", "pg_monitor"}
        """PostgreSQL roles that exist on every instance."""
        self.owners: set[str] = set()
        """Names of users who own something in a database themselves, and not through a role."""
        self.late: dict[str, str] = {}
        """Class → another one: creations of the first reach the service after an answer to one of the second."""
        self._seconds = {"DatabaseInstance": instance_seconds, "Database": child_seconds, "User": child_seconds}
        self._iam_seconds = iam_seconds
        self._config: dict[str, Any] = {}
        self._mutexes: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def granted(self, user: str) -> list[str]:
        """Returns the roles of a user inside PostgreSQL."""
        return self.of_type("User")[user]["_roles"]

    def add_pod_binding(self, email: str, member: str) -> None:
        """Lets other pods act as an account, before the stack exists."""
        account = f"projects/{_account_project(email)}/serviceAccounts/{email}"
        wanted = {"serviceAccountId": account, "role": "roles/iam.workloadIdentityUser", "member": member}
        self._create("gcp:serviceaccount/iAMMember:IAMMember", wanted)

    # The provider

    def Configure(self, request: Any, context: Any) -> Any:
        self._config = plain(request.args)
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok == "gcp:sql/getDatabaseInstance:getDatabaseInstance":
            return self._data_source(plain(request.args), context)
        if request.tok != "gcp:organizations/getClientConfig:getClientConfig":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the simulation does not know {request.tok}")
        project, region, zone = (self._config.get(key, "") for key in ("project", "region", "zone"))
        # [bridge] pf/tfbridge/provider_invoke.go: the token arrives, and not as a secret.
        answer = {"accessToken": ACCESS_TOKEN, "project": project, "region": region, "zone": zone}
        answer |= {"id": f"projects/{project}/regions/{region}/zones/{zone}", "defaultLabels": {}}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})  # pyright: ignore[reportArgumentType]

    def _data_source(self, args: Mapping[str, Any], context: Any) -> Any:
        """Answers with the instance, of its settings only those in use here. Every block is a list. [provider]"""
        found = self.resources.get(f"projects/{args['project']}/instances/{args['name']}")
        if found is None:
            context.abort(grpc.StatusCode.UNKNOWN, "Error reading instance: googleapi: Error 404")
        assert found is not None
        self._connect_endpoints(found)
        settings = {"ipConfigurations": [{"pscConfigs": at(found, "settings.ipConfiguration.pscConfigs") or []}]}
        answer = {"name": args["name"], "project": args["project"], "settings": [settings]}
        return provider_pb2.InvokeResponse(**{"return": struct(answer)})  # pyright: ignore[reportArgumentType]

    def Check(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        inputs = {key: value for key, value in plain(request.news).items() if value is not None}
        failures = [f"unknown property {key!r}" for key in inputs.keys() - rules.inputs]
        for path, fields in rules.blocks.items():
            failures += [
                f"unknown property {path}.{key}" for block in blocks(inputs, path) for key in block.keys() - fields
            ]
        failures += [f"missing required property {path!r}" for path in rules.required if at(inputs, path) is None]
        for path, pattern in rules.patterns.items():
            value = at(inputs, path)
            if value not in (None, "", UNKNOWN) and not re.fullmatch(pattern, value):
                failures.append(f'"{path}" ("{value}") doesn\'t match regexp "{pattern}"')
        for path, choices in rules.choices.items():
            value = at(inputs, path)
            if value not in (None, "", UNKNOWN) and as_text(value) not in choices:
                failures.append(f"expected {path} to be one of {sorted(choices)}, got {as_text(value)}")
        inputs[DEFAULTS] = []
        if rules.name and rules.name not in inputs:
            # [bridge] logical name, hyphen and 7 hex digits, kept from then on.
            made_up = f"{request.urn.split('::')[-1]}-{request.randomSeed.hex()[:7]}"
            inputs[rules.name] = plain(request.olds).get(rules.name) or made_up
            inputs[DEFAULTS].append(rules.name)
        for path, value in rules.defaults.items():
            *parents, key = path.split(".")
            block = at(inputs, ".".join(parents)) if parents else inputs
            if isinstance(block, dict) and key not in block:
                block[key] = value
                inputs[DEFAULTS] += [] if parents else [key]
        return provider_pb2.CheckResponse(
            inputs=struct(inputs), failures=[provider_pb2.CheckFailure(reason=failure) for failure in failures]
        )

    def Diff(self, request: Any, context: Any) -> Any:
        rules = RULES[type_of(request.urn)]
        # [bridge] Compared with the state, not with the inputs of the last time.
        old, new = plain(request.olds), plain(request.news)
        changed = sorted(difference(rules, old, new))
        fatal = [path for path in changed if replaces(rules, path, old, new)]
        # [bridge] nameRequiresDeleteBeforeReplace: where the name was not made up.
        named = bool(rules.name) and rules.name not in new.get(DEFAULTS, [])
        return diff_response(changed, fatal, delete_before_replace=named)

    def Create(self, request: Any, context: Any) -> Any:
        type_, inputs = type_of(request.urn), own(plain(request.properties))
        if request.preview:
            # [bridge] What the service decides is unknown in a preview.
            return provider_pb2.CreateResponse(id="", properties=struct(inputs))
        short = _short(type_)
        with self._refused(context):
            wanted = self._completed(type_, inputs)
            outputs = self._create(type_, wanted)
            if short == "User" and outputs["name"] != wanted["name"]:
                # [provider] It looks for exactly the name that it asked for, and finds it gone.
                context.abort(
                    grpc.StatusCode.UNKNOWN, f"expected non-nil error with nil state during Create of {request.urn}"
                )
            poll = "failure waiting for insertion: googleapi: Error 503: Service unavailable, backendError"
            if short in self.lost_confirmations:
                self.lost_confirmations.remove(short)
                if short != "User":
                    # [provider] It forgets the id of what it did not see completed.
                    raise ProviderError(f"Error, {poll}")
                reason = f"creating {request.urn}: {ProviderError(f'Error, {poll}')}"
                self.abort_partly(context, _id(short, outputs), inputs, {**inputs, **outputs}, reason)
        return provider_pb2.CreateResponse(id=_id(short, outputs), properties=struct({**inputs, **outputs}))

    def Update(self, request: Any, context: Any) -> Any:
        type_, inputs, old = type_of(request.urn), own(plain(request.news)), plain(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=struct({**old, **inputs}))
        changed = difference(RULES[type_], old, inputs)
        if changed <= {"deletionPolicy"}:
            # [bridge] Nothing to do. [provider] clientSideFields: the policy is only in the state.
            return provider_pb2.UpdateResponse(properties=struct({**old, **inputs} if changed else old))
        with self._refused(context):
            try:
                place = {key: old[key] for key in ("project", "region") if key in old}
                outputs = self._update(type_, self._completed(type_, {**place, **inputs}))
            except ProviderError as error:
                # [provider] A change that failed is recorded as done.
                reason = f"updating {request.urn}: {error}"
                self.abort_partly(context, request.id, inputs, {**old, **inputs}, reason)
                raise
        return provider_pb2.UpdateResponse(properties=struct({**inputs, **outputs}))

    def Read(self, request: Any, context: Any) -> Any:
        type_, old, inputs = type_of(request.urn), plain(request.properties), own(plain(request.inputs))
        rules, short = RULES[type_], _short(type_)
        with self._refused(context, f"refreshing {request.urn}: "):
            known = old or self._imported(rules, request.id)
            if short in ("Database", "User") and _instance_key(known) not in self.resources:
                # [provider] It asks for the instance first, and does not take its absence for the child's.
                raise ProviderError("googleapi: Error 404: The Cloud SQL instance does not exist., notFound")
            found = self.resources.get(_key(rules, known)) if old or short != "IAMMember" else self._binding(known)
            if found is None:
                return provider_pb2.ReadResponse(id="")
            outputs = {**old, **_reported(found)}
            if old:
                # [bridge] Inputs that the service has changed since are taken over.
                take_over_changes(inputs, outputs)
            else:
                # [provider] Import switches the protection on.
                outputs |= {"deletionProtection": True} if short == "DatabaseInstance" else {}
                inputs = {key: value for key, value in outputs.items() if key in rules.inputs}
        return provider_pb2.ReadResponse(id=_id(short, outputs), inputs=struct(inputs), properties=struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        type_, old = type_of(request.urn), plain(request.properties)
        with self._refused(context, f"deleting {request.urn}: "):
            if old.get("deletionPolicy") == "PREVENT":
                raise ProviderError(
                    'cannot destroy SQLDatabase without setting deletion_policy="DELETE" and running `terraform apply`'
                )
            if old.get("deletionProtection"):
                raise ProviderError(
                    "Error, failed to delete instance because deletion_protection is set to true. Set it to false "
                    "to proceed with instance deletion"
                )
            self._delete(type_, old)
        return empty_pb2.Empty()

    def _completed(self, type_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Adds the provider's project and region where none are given. [provider]"""
        for key in ("project", *(["region"] if type_.endswith(":DatabaseInstance") else [])):
            if not inputs.get(key) and not self._config.get(key):
                raise ProviderError(f"{key}: required field is not set")
        given = {key: self._config.get(key) for key in ("project", "region")}
        return copy.deepcopy({**given, **{key: value for key, value in inputs.items() if value is not None}})

    def _imported(self, rules: Rules, id_: str) -> dict[str, Any]:
        found = re.fullmatch(rules.imported, id_)
        if found is None:
            raise ProviderError(f"Import id {id_!r} doesn't match any of the accepted formats")
        return found.groupdict()

    def _binding(self, known: Mapping[str, Any]) -> dict[str, Any] | None:
        """Finds a binding by the title of its condition, which is all that an import id has. [provider]"""
        return self.of_type("IAMMember").get(_name("IAMMember", {**known, "condition": {"title": known["title"]}}))

    @contextmanager
    def _refused(self, context: Any, introduction: str = "") -> Iterator[None]:
        try:
            yield
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"{introduction}{error}")

    # The services

    def _create(self, type_: str, wanted: dict[str, Any]) -> dict[str, Any]:
        short = _short(type_)
        network = network_path(at(wanted, "settings.ipConfiguration.privateNetwork"))
        if network and network not in self.connected_networks:
            # [provider] It asks first.
            raise ProviderError(
                "Error, failed to create instance because the network doesn't have at least 1 private services "
                "connection. Please see https://cloud.google.com/sql/docs/mysql/private-ip#network_requirements "
                "for how to create this connection."
            )
        if short in self.late:
            self._wait_for(self.late[short])
        pause = None
        with self._asked("create", type_, wanted):
            found = getattr(self, f"_put_{short.lower()}")(wanted, None)
            # The resource exists as soon as Google accepts the request.
            self.resources[_key(RULES[type_], found)] = found | {"_type": short, "_name": _name(short, found)}
            pause = self.pauses.pop(short, None)
            self.take_time(self._seconds.get(short, self._iam_seconds), pause)
        if pause:
            pause.over.set()
        return _reported(found)

    def _update(self, type_: str, wanted: dict[str, Any]) -> dict[str, Any]:
        short = _short(type_)
        with self._asked("update", type_, wanted):
            existing = self.resources.get(_key(RULES[type_], wanted))
            if existing is None:
                raise GoogleError(404, f"The {short} does not exist.", "notFound")
            existing |= getattr(self, f"_put_{short.lower()}")(wanted, existing)
            time.sleep(self._seconds.get(short, self._iam_seconds))
        return _reported(existing)

    def _delete(self, type_: str, old: dict[str, Any]) -> None:
        short, key = _short(type_), _key(RULES[type_], old)
        with self._asked("delete", type_, old):
            found = self.resources.get(key)
            if found is None and short in ("DatabaseInstance", "User"):
                raise GoogleError(404, f"The {short} does not exist.", "notFound")
            if found is None:
                return  # [provider] Other resources count as deleted.
            if at(found, "settings.deletionProtectionEnabled"):
                # [docs] Prevent deletion of an instance.
                raise GoogleError(
                    400,
                    "The instance is protected. Please disable the deletion protection and try again. To disable "
                    "deletion protection, update the instance settings with deletionProtectionEnabled set to false.",
                    "invalidRequest",
                )
            if short == "User" and found["name"] in self.owners:
                # terraform-google-modules/terraform-google-sql-db#323, hashicorp/terraform-provider-google#7677
                name = found["name"]
                raise InvalidRequestError(
                    f'failed to delete user {name}: . role "{name}" cannot be dropped because some objects depend on '
                    "it Details: 3 objects in database backstage."
                )
            if short == "DatabaseInstance":
                self.backups[found["name"]] = _backups_left(found["settings"])
            # Everything inside goes with it, regardless of its owner.
            for inside in [one for one in list(self.resources) if one == key or one.startswith(f"{key}/")]:
                del self.resources[inside]
            time.sleep(self._seconds.get(short, self._iam_seconds))

    @contextmanager
    def _asked(self, operation: str, type_: str, values: Mapping[str, Any]) -> Iterator[None]:
        """Runs one request; those for an instance and its children one after another, as the provider does."""
        short = _short(type_)
        with self._mutex(short, values):
            try:
                with self.request(operation, short, _name(short, values)):
                    with self._lock:
                        refusals = self.refusals.get(short)
                        answer = refusals.pop(0) if refusals else None
                    if answer:
                        raise GoogleError(400, answer, "invalid")
                    yield
            except CloudError as error:
                said = INTRODUCTIONS[operation, short].format_map({**values, "answer": error})
                raise ProviderError(said) from error

    @contextmanager
    def _mutex(self, short: str, values: Mapping[str, Any]) -> Iterator[None]:
        if short not in self._seconds:
            yield
            return
        with self._lock:
            mutex = self._mutexes[_instance_key(values)]
        with mutex:
            yield

    def _wait_for(self, type_: str) -> None:
        deadline = time.monotonic() + 30
        while not any(call.type == type_ and call.ended for call in list(self.calls)):
            assert time.monotonic() < deadline, f"nobody asked for a {type_}"
            time.sleep(0.01)

    def _put_account(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        project, account = wanted["project"], wanted["accountId"]
        email = _account_email(account, project)
        if existing is None and email in self._emails() and not wanted.get("createIgnoreAlreadyExists"):
            raise GoogleError(
                409, f"Service account {account} already exists within project projects/{project}.", "alreadyExists"
            )
        # terraform-google-modules/terraform-google-sql-db#733
        if (length := len(wanted.get("displayName", ""))) > 100:
            raise GoogleError(
                400, f"The display_name length ({length}) is longer than the maximum allowed length 100.", "badRequest"
            )
        reported = {key: wanted.get(key, "") for key in ("accountId", "project", "displayName", "description")}
        return {
            **reported,
            "disabled": wanted.get("disabled", False),
            "email": email,
            "member": f"serviceAccount:{email}",
            "name": f"projects/{project}/serviceAccounts/{email}",
            "uniqueId": "100000000000000000001",
        }

    def _emails(self) -> set[str]:
        return self.known_accounts | {account["email"] for account in self.of_type("Account").values()}

    def _knows(self, email: str) -> bool:
        """Returns whether Google knows a service account, which takes a moment after its creation. [docs]"""
        with self._lock:
            slow = self.unknown_accounts > 0
            self.unknown_accounts -= slow
        return not slow and email in self._emails()

    def _put_iammember(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        kind, _, email = wanted["member"].partition(":")
        if kind not in ("user", "serviceAccount", "group", "domain") or not re.fullmatch(
            r"roles/\w+\.\w+", wanted["role"]
        ):
            raise GoogleError(400, f"The member {wanted['member']} or role {wanted['role']} is invalid.", "badRequest")
        if kind == "serviceAccount" and not self._knows(email):
            raise GoogleError(400, f"Service account {email} does not exist.", "badRequest")
        condition = wanted.get("condition")
        if condition and not (condition.get("title") and condition.get("expression")):
            raise GoogleError(400, "A condition needs a title and an expression.", "badRequest")
        # [provider] Merged into the policy: one that is there already is left alone.
        return {key: wanted.get(key) for key in ("project", "role", "member", "condition")}

    def _put_accountiammember(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        account, member = wanted["serviceAccountId"], wanted["member"]
        project, email = re.fullmatch(r"projects/(.+)/serviceAccounts/(.+)", account).groups()  # pyright: ignore[reportOptionalMemberAccess]
        if not self._knows(email):
            if project == "-":
                # [docs] serviceAccounts.getIamPolicy: with the wildcard 403 instead of 404.
                raise GoogleError(
                    403, "Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist).", "x"
                )
            raise GoogleError(404, f"Service account {account} does not exist.", "notFound")
        if project not in ("-", _account_project(email)):
            raise GoogleError(404, f"Service account {account} does not exist.", "notFound")
        # [docs] Use Workload Identity Federation for GKE: IAM principal for IAM service accounts.
        pod = re.fullmatch(r"serviceAccount:(.+\.svc\.id\.goog)\[([^/\]]+)/([^/\]]+)\]", member)
        if pod is None:
            raise GoogleError(400, f"Invalid service account ({member.partition(':')[2]}).", "badRequest")
        if pod[1] not in self.pools:
            # terraform-google-modules/terraform-google-kubernetes-engine#916
            raise GoogleError(
                400,
                f"Identity Pool does not exist ({pod[1]}). Please check that you specified a valid resource name as "
                "returned in the `name` attribute in the configuration API.",
                "badRequest",
            )
        # [provider] Merged into the policy: one that is there already is left alone.
        return {key: wanted.get(key) for key in ("serviceAccountId", "role", "member", "condition")}

    def _put_database(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        instance, name = self._instance(wanted), wanted["name"]
        if existing is None and (
            _key(RULES["gcp:sql/database:Database"], wanted) in self.resources or name in ("postgres", "template1")
        ):
            # PostgreSQL's own words; Google's code for it is not documented.
            raise InvalidRequestError(
                f'failed to create database {name}. Detail: pq: database "{name}" already exists.'
            )
        # [docs] Names of PostgreSQL databases.
        if not re.fullmatch(r"[A-Za-z_][\w-]{0,62}", name):
            raise InvalidRequestError(f"Invalid database name {name}.")
        instance["_ready_for_iam"] = True
        return {
            **{key: wanted[key] for key in ("name", "instance", "project")},
            "charset": wanted.get("charset", "UTF8"),
            "collation": wanted.get("collation", "en_US.UTF8"),
            "selfLink": f"https://sqladmin.googleapis.com/{_key(RULES['gcp:sql/database:Database'], wanted)}",
        }

    def _put_user(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        instance, name, type_ = self._instance(wanted), wanted["name"], wanted.get("type", "BUILT_IN")
        if type_.startswith("CLOUD_IAM_"):
            self._check_iam_user(instance, name, type_, wanted)
        stored = name.lower()  # [docs] Capitals are not kept.
        if existing is None and any(
            user["name"] == stored and _instance_key(user) == _instance_key(wanted)
            for user in self.of_type("User").values()
        ):
            # GoogleCloudPlatform/k8s-config-connector#2416
            raise InvalidRequestError(
                f"Database user '{stored}' cannot be created because a user exists with the same name."
            )
        for role in wanted.get("databaseRoles", []):
            if role not in self.database_roles:
                raise InvalidRequestError(f'failed to grant roles to user "{stored}": role "{role}" does not exist.')
        return {
            **{key: wanted[key] for key in ("instance", "project")},
            "name": stored,
            "type": type_,
            "host": "",
            "iamEmail": "",
            # [provider] Write-only: roles are granted, or all revoked and granted again, and never read.
            "_roles": list(wanted.get("databaseRoles", [])),
        }

    def _check_iam_user(self, instance: dict[str, Any], name: str, type_: str, wanted: Mapping[str, Any]) -> None:
        flags = {flag["name"]: flag["value"] for flag in at(instance, "settings.databaseFlags") or []}
        if flags.get("cloudsql.iam_authentication") != "on":
            # [docs] Configure instances for IAM database authentication.
            raise InvalidRequestError("IAM authentication is not enabled for the instance.")
        if wanted.get("password") or wanted.get("host"):
            # hashicorp/terraform-provider-google#10946, terraform-google-modules/terraform-google-sql-db#463
            raise InvalidRequestError("For IAM users, password or hostname should not be specified.")
        if type_ not in ("CLOUD_IAM_USER", "CLOUD_IAM_SERVICE_ACCOUNT", "CLOUD_IAM_GROUP"):
            raise InvalidRequestError(f"Users of type {type_} cannot be created.")
        if name.endswith(SERVICE_ACCOUNT):
            # hashicorp/terraform-provider-google#14019
            raise InvalidRequestError(
                f"Database user {name} cannot be created: remove {SERVICE_ACCOUNT} from its name."
            )
        if "@" not in name:
            # hashicorp/terraform-provider-google#16693
            raise InvalidRequestError(
                f'Database user cannot be created. Provided Cloud IAM user account "{name}" is not in valid format. '
                "Please specify full email address Eg: iamuser@gmail.com.."
            )
        if len(name.encode()) > 63:
            # [docs] As long as the name of a role may be in PostgreSQL.
            raise InvalidRequestError(f"Database user name {name} is longer than 63 characters.")
        if type_ == "CLOUD_IAM_SERVICE_ACCOUNT" and not self._knows(name.lower() + SERVICE_ACCOUNT):
            # GoogleCloudPlatform/terraform-google-three-tier-web-app#149
            raise InvalidRequestError(f"Provided CLOUD_IAM_SERVICE_ACCOUNT: {name}{SERVICE_ACCOUNT}, does not exist.")
        if not instance.get("_ready_for_iam"):
            # hashicorp/terraform-provider-google#14233, #14221 there: for some seconds after the instance was created;
            # here until enough requests were made.
            raise InvalidRequestError(f'failed to create user "{name}": role "cloudsqliamuser" does not exist.')

    def _put_databaseinstance(self, wanted: dict[str, Any], existing: dict[str, Any] | None) -> dict[str, Any]:
        project, region, name, version = (wanted[key] for key in ("project", "region", "name", "databaseVersion"))
        network = network_path(at(wanted, "settings.ipConfiguration.privateNetwork"))
        if network and network not in self.connected_networks:
            # [docs] Private services access.
            raise InvalidRequestError(f"The network {network} doesn't have a private services connection.")
        if existing is None and _instance_key(wanted) in self.resources:
            # hashicorp/terraform-provider-google#22621
            raise GoogleError(409, "The Cloud SQL instance already exists.", "instanceAlreadyExists")
        before = existing["settings"] if existing else _first_settings(version, region, at(wanted, "settings.tier"))
        settings = wanted["settings"]
        if existing and version != existing["databaseVersion"]:
            # [provider] Sent alone, and what was read back afterwards replaces all other changes.
            settings = copy.deepcopy(before)
        elif existing and settings.get("edition", before["edition"]) != before["edition"]:
            # [provider] Likewise, with the tier.
            settings = {**copy.deepcopy(before), "edition": settings["edition"], "tier": settings["tier"]}
        settings = _with_computed(settings, before)
        self._check_key(wanted)
        settings["effectiveAvailabilityType"] = settings["availabilityType"]
        settings["version"] = before["version"] + 1
        for objection in _objections(f"{project}:{name}", version, settings, existing):
            raise InvalidRequestError(objection)
        if settings.get("maintenanceWindow"):
            settings["maintenanceWindow"].setdefault("updateTrack", "stable")  # Google answers with one.
        self._connect_endpoints({"settings": settings, "region": region})
        public = "203.0.113.10" if at(settings, "ipConfiguration.ipv4Enabled") else ""
        private = "10.20.0.3" if network else ""
        psc = any(config.get("pscEnabled") for config in at(settings, "ipConfiguration.pscConfigs") or [])
        digits = f"{zlib.crc32(name.encode()):08x}"
        return {
            **{"name": name, "project": project, "region": region, "databaseVersion": version, "settings": settings},
            "connectionName": f"{project}:{region}:{name}",
            "firstIpAddress": public or private,
            "publicIpAddress": public,
            "privateIpAddress": private,
            "dnsName": f"{digits}.abcdefghijkl.{region}.sql.goog." if psc else "",
            "pscServiceAttachmentLink": f"projects/a1-tp/regions/{region}/serviceAttachments/{digits}" if psc else "",
            "encryptionKeyName": wanted.get("encryptionKeyName") or (existing or {}).get("encryptionKeyName", ""),
            "instanceType": "CLOUD_SQL_INSTANCE",
            "selfLink": f"https://sqladmin.googleapis.com/{_instance_key(wanted)}",
            "serverCaCerts": [{"cert": "-----BEGIN CERTIFICATE-----", "commonName": "C=US,O=Google"}],
            "serviceAccountEmailAddress": f"p1-{digits}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
        }

    def _check_key(self, wanted: Mapping[str, Any]) -> None:
        key = wanted.get("encryptionKeyName")
        if key and key not in self.keys:
            # [docs] Customer-managed encryption keys: the service agent needs a role on the key.
            raise InvalidRequestError(f"The service account does not have permission to use the key {key}.")

    def _connect_endpoints(self, instance: Mapping[str, Any]) -> None:
        """Connects the automatic endpoints, each of which needs a service connection policy in its network. [docs]"""
        for config in at(instance, "settings.ipConfiguration.pscConfigs") or []:
            for connection in config.get("pscAutoConnections") or []:
                network, made = (
                    network_path(connection["consumerNetwork"]),
                    config.get("pscAutoConnectionPolicyEnabled"),
                )
                if made:
                    self.policies.add(network)
                there = network in self.policies
                # The statuses' names are those of Network Connectivity's API, which makes the endpoints.
                connection |= {
                    "status": "ACTIVE" if there else "",
                    "ipAddress": "10.30.0.4" if there else "",
                    "consumerNetworkStatus": "VALID" if there else "CONNECTION_POLICY_MISSING",
                    "serviceConnectionPolicyCreationResult": "SUCCESS" if made else "",
                }

    def _instance(self, child: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.resources[_instance_key(child)]
        except KeyError:
            raise GoogleError(404, "The Cloud SQL instance does not exist.", "instanceDoesNotExist") from None


def _objections(full_name: str, version: str, settings: Mapping[str, Any], existing: Any) -> Iterator[str]:
    """Yields what Cloud SQL objects to in an instance, most of which the provider lets through."""
    name, tier, edition = full_name.split(":")[-1], settings["tier"], settings["edition"]
    backups, addresses = settings["backupConfiguration"], settings["ipConfiguration"]
    # [docs] Instance settings: instance ID.
    if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name):
        yield f"Invalid instance name ({name})."
    if len(full_name) > 98:
        yield f"The combination of project and instance name ({full_name}) is longer than 98 characters."
    if not re.fullmatch(r"POSTGRES_(9_6|1[0-8])", version):
        yield f"Invalid database version {version}."
    # [docs] Upgrade the major version in place: only up.
    if existing and _major(version) < _major(existing["databaseVersion"]):
        yield f"Cannot downgrade the database version from {existing['databaseVersion']} to {version}."
    # [docs] Machine series overview.
    plus, disk_types = _machine(tier)
    if (edition == "ENTERPRISE_PLUS") != plus:
        yield f"Invalid Tier ({tier}) for ({edition}) Edition. Use a predefined Tier like db-perf-optimized-N-2"
    if disk_types and settings["diskType"] not in disk_types:
        yield f"Invalid disk type {settings['diskType']} for tier {tier}."
    custom = re.fullmatch(r"db-custom-(\d+)-(\d+)", tier)
    if custom:
        cpus, memory = int(custom[1]), int(custom[2])
        fits = memory % 256 == 0 and memory >= 3840 and 921.6 * cpus <= memory <= 6656 * cpus
        if not (cpus == 1 or (cpus % 2 == 0 and cpus <= 96)) or not fits:
            yield f"Invalid custom machine type {tier}."
    elif not disk_types:
        yield f"Invalid tier {tier}."
    # [docs] High availability: for PostgreSQL with backups and point-in-time recovery.
    recovery = backups.get("pointInTimeRecoveryEnabled")
    if recovery and not backups.get("enabled"):
        yield "Point-in-time recovery requires automated backups."
    if settings["availabilityType"] == "REGIONAL" and not (backups.get("enabled") and recovery):
        yield "Regional availability requires backups and point-in-time recovery."
    # [docs] Backups.
    if not 1 <= at(backups, "backupRetentionSettings.retainedBackups") <= 365:
        yield "Retained backups must be between 1 and 365."
    if not 1 <= backups["transactionLogRetentionDays"] <= (35 if plus else 7):
        yield f"Invalid transaction log retention days for ({edition}) Edition."
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", backups["startTime"]):
        yield f"Invalid backup start time {backups['startTime']}."
    # [docs] Deny maintenance periods, final backups, location of an instance.
    period = settings.get("denyMaintenancePeriod")
    if period and not all(re.fullmatch(r"(\d{4}-)?\d{2}-\d{2}", period[key]) for key in ("startDate", "endDate")):
        yield "Invalid deny maintenance period."
    final = settings.get("finalBackupConfig") or {}
    if final.get("enabled") and not 1 <= final.get("retentionDays", 30) <= 365:
        yield "Final backup retention days must be between 1 and 365."
    place = settings.get("locationPreference") or {}
    if place.get("secondaryZone") and place["secondaryZone"] == place.get("zone"):
        yield "The secondary zone must be different from the primary zone."
    # [provider] The description of disk_size: 20 GB for HYPERDISK_BALANCED. [docs] Storage only grows.
    smallest = 20 if settings["diskType"] == "HYPERDISK_BALANCED" else 10
    limit = settings.get("diskAutoresizeLimit") or 0
    if limit and limit < settings["diskSize"]:
        yield "The storage auto-increase limit is less than the disk size."
    if not smallest <= settings["diskSize"] <= 65536 or (
        existing and settings["diskSize"] < at(existing, "settings.diskSize")
    ):
        yield f"Invalid disk size {settings['diskSize']:g}."
    # [docs] Connection options.
    psc = [config for config in addresses.get("pscConfigs") or [] if config.get("pscEnabled")]
    if not addresses.get("ipv4Enabled") and not addresses.get("privateNetwork") and not psc:
        yield "At least one of Public IP or Private IP or PSC connectivity must be enabled for the instance."
    # [provider] TestAccSqlDatabaseInstance_withPSCEnabled_withIpV4Enabled
    if psc and addresses.get("ipv4Enabled") and not addresses.get("privateNetwork"):
        yield "PSC connectivity cannot be enabled together with only public IP."
    if addresses.get("allocatedIpRange") and not addresses.get("privateNetwork"):
        yield "An allocated IP range needs a private network."
    if any(not config.get("allowedConsumerProjects") and not config.get("pscAutoConnections") for config in psc):
        yield "Private Service Connect requires at least one allowed consumer project."
    if settings["connectorEnforcement"] == "REQUIRED" and addresses.get("authorizedNetworks"):
        yield "Authorized networks cannot be used with connector enforcement."
    # [docs] Label instances: international characters are allowed.
    labels: Mapping[str, str] = settings["userLabels"]
    if len(labels) > 50:
        yield f"{len(labels)} labels are more than 50."
    for key, value in labels.items():
        if not re.fullmatch(r"[^\W\d_][\w-]{0,62}", key) or not re.fullmatch(r"[\w-]{0,63}", value):
            yield f"Invalid label {key}={value}."
        if (key + value).lower() != key + value:
            yield f"Label {key}={value} has capitals."
    flags = [flag["name"] for flag in settings.get("databaseFlags") or []]
    if len(flags) != len(set(flags)):
        yield "A database flag is set more than once."


def _machine(tier: str) -> tuple[bool, set[str]]:
    """Returns whether the machine is one of ENTERPRISE_PLUS, and the types of disk of its series."""
    # [docs] Machine series overview, the tables by edition: series → storage options.
    ssd, hyperdisk = {"PD_SSD", "PD_HDD"}, {"HYPERDISK_BALANCED"}
    by_prefix = {
        "db-custom-N4-": (False, hyperdisk),
        "db-custom-": (False, ssd),
        "db-f1-micro": (False, ssd),
        "db-g1-small": (False, ssd),
        "db-perf-optimized-N-": (True, {"PD_SSD"}),
        "db-memory-optimized-N-": (True, {"PD_SSD"}),
        "db-c4a-highmem-": (True, hyperdisk),
    }
    return next((found for prefix, found in by_prefix.items() if tier.startswith(prefix)), (False, set()))


def _backups_left(settings: Mapping[str, Any]) -> list[str]:
    """Returns the kinds of backups that outlive the instance. [provider]"""
    retained = ["automated"] if settings.get("retainBackupsOnDelete") else []
    return retained + (["final"] if at(settings, "finalBackupConfig.enabled") else [])


def _account_email(account: str, project: str) -> str:
    """Returns the address of an account; a project's domain comes after its name. [docs]"""
    if ":" in project:
        domain, project = project.split(":")
        return f"{account}@{project}.{domain}.iam.gserviceaccount.com"
    return f"{account}@{project}.iam.gserviceaccount.com"


def _account_project(email: str) -> str:
    """Returns the project in an account's address; that of a default account does not have one. [docs]"""
    name, _, domain = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com").partition(".")
    return f"{domain}:{name}" if domain else name


def _first_settings(version: str, region: str, tier: str) -> dict[str, Any]:
    """Returns the values that Cloud SQL chooses for settings that are left out."""
    hyperdisk = _machine(tier)[1] == {"HYPERDISK_BALANCED"}
    return {
        "version": 0,
        # [docs] Editions: from PostgreSQL 16 on.
        "edition": "ENTERPRISE_PLUS" if _major(version) >= 16 else "ENTERPRISE",
        "diskSize": 20 if hyperdisk else 10,
        "diskType": "HYPERDISK_BALANCED" if hyperdisk else "PD_SSD",
        "connectorEnforcement": "NOT_REQUIRED",
        "dataApiAccess": "DISALLOW_DATA_API",
        "userLabels": {},
        "locationPreference": {"zone": f"{region}-b"},
        "insightsConfig": {"queryInsightsEnabled": False, "queryStringLength": 1024, "queryPlansPerMinute": 5},
        "backupConfiguration": {
            "enabled": False,
            "startTime": "03:00",
            "transactionLogRetentionDays": 7,
            "backupRetentionSettings": {"retainedBackups": 7, "retentionUnit": "COUNT"},
        },
        "ipConfiguration": {
            "ipv4Enabled": True,
            "sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
            "serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA",
        },
    }


def _with_computed(settings: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the wanted settings; what is left to the service stays as it was. A disk never shrinks. [provider]"""
    result = copy.deepcopy(dict(settings))
    for path in sorted(RULES["gcp:sql/databaseInstance:DatabaseInstance"].computed):
        if path.startswith("settings."):
            *parents, key = path.split(".")[1:]
            block = at(result, ".".join(parents)) if parents else result
            if isinstance(block, dict) and block.get(key) in (None, ""):
                block[key] = copy.deepcopy(at(before, ".".join([*parents, key])))
    result["diskSize"] = max(result["diskSize"], before["diskSize"])
    return result


def _major(version: str) -> float:
    return float(version.removeprefix("POSTGRES_").replace("_", "."))


def _reported(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the service reports: all but the notes of the simulation."""
    return copy.deepcopy({key: value for key, value in resource.items() if not key.startswith("_")})


def _short(type_: str) -> str:
    """Returns the class's name, which tells bindings on an account and bindings in a project apart."""
    return "AccountIAMMember" if type_.startswith("gcp:serviceaccount/iAMMember:") else type_.split(":")[-1]


def _key(rules: Rules, values: Mapping[str, Any]) -> str:
    condition = values.get("condition") or {}
    # [docs] Role and condition make a binding, and a member is in it once.
    named = {"condition": json.dumps(condition, sort_keys=True), "member": str(values.get("member")).lower()}
    return rules.key.format_map({**values, **named})


def _instance_key(values: Mapping[str, Any]) -> str:
    return f"projects/{values['project']}/instances/{values.get('instance') or values['name']}"


def _name(short: str, values: Mapping[str, Any]) -> str:
    """Returns the name by which tests find the resource."""
    if short in ("IAMMember", "AccountIAMMember"):
        title = at(values, "condition.title")
        return f"{values['member']} {values['role']}" + (f" on {title}" if title else "")
    return values["accountId"] if short == "Account" else values["name"]


def _id(short: str, outputs: Mapping[str, Any]) -> str:
    """Returns the id that the provider gives to the resource. [provider]"""
    match short:
        case "DatabaseInstance":
            return outputs["name"]
        case "User":
            return f"{outputs['name']}//{outputs['instance']}"
        case "IAMMember":
            title = at(outputs, "condition.title")
            return "/".join([outputs["project"], outputs["role"], outputs["member"], *([title] if title else [])])
        case "AccountIAMMember":
            return "/".join([outputs["serviceAccountId"], outputs["role"], outputs["member"]])
        case "Account":
            return outputs["name"]
    return _key(RULES["gcp:sql/database:Database"], outputs)
