"""People, service accounts and groups, by the names that IAM, Cloud SQL and PostgreSQL have for them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..inputs import Inputs

_SERVICE_ACCOUNT_SUFFIX = ".gserviceaccount.com"

# Type of the Cloud SQL user by kind of IAM member.
_USER_TYPES = {
    "user": "CLOUD_IAM_USER",
    "serviceAccount": "CLOUD_IAM_SERVICE_ACCOUNT",
    "group": "CLOUD_IAM_GROUP",
}


@dataclass(frozen=True)
class Principal:
    """A person, service account or group. IAM, Cloud SQL and PostgreSQL each name it differently."""

    kind: str
    """user, serviceAccount or group."""
    email: str

    @property
    def type(self) -> str:
        """Returns the type of the Cloud SQL user."""
        return _USER_TYPES[self.kind]

    @property
    def member(self) -> str:
        """Returns the IAM member string."""
        return f"{self.kind}:{self.email}"

    @property
    def role(self) -> str:
        """Returns the role in PostgreSQL.

        Cloud SQL refuses a service account's full e-mail address (hashicorp/terraform-provider-google#14019).
        """
        return self.email.removesuffix(_SERVICE_ACCOUNT_SUFFIX)


@dataclass(frozen=True)
class Login:
    """A principal and the PostgreSQL role that it is granted."""

    principal: Principal
    role: str


# Principal and PostgreSQL role of each user, by the suffix of its resources' names. Backstage's user has no suffix.
Users = Mapping[str, tuple[pulumi.Output[Principal], pulumi.Output[str]]]


def account_email(account_id: str, project: str) -> str:
    """Returns the e-mail address of a project's service account. The domain of a domain-scoped project goes last."""
    domain, _, name = project.rpartition(":")
    return f"{account_id}@{'.'.join(filter(None, [name, domain]))}.iam{_SERVICE_ACCOUNT_SUFFIX}"


def account_resource(email: str) -> str:
    """Returns the resource name of a service account, with "-" for a project that is not in its address."""
    name, _, domain = email.partition("@")[2].removesuffix(f".iam{_SERVICE_ACCOUNT_SUFFIX}").partition(".")
    known = email.endswith(f".iam{_SERVICE_ACCOUNT_SUFFIX}")
    return f"projects/{':'.join(filter(None, [domain, name])) if known else '-'}/serviceAccounts/{email}"


def principal(value: Any) -> Principal:
    """Reads a principal from its e-mail address. IAM ignores capitals, and Cloud SQL stores lower case."""
    prefix, _, address = str(value).rpartition(":")
    email = address.lower()
    kind = prefix or ("serviceAccount" if email.endswith(_SERVICE_ACCOUNT_SUFFIX) else "user")
    form = r"[A-Za-z0-9_][A-Za-z0-9._+'-]*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
    if kind not in _USER_TYPES or not re.fullmatch(form, address):
        raise ValueError(
            "must be the e-mail address of a person or a service account, or group: followed by that of a group. "
            "principal://… and allUsers have no address, so they cannot log in to PostgreSQL."
        )
    if email.endswith(".iam"):
        raise ValueError(f"must be the service account's full e-mail address: {email}{_SERVICE_ACCOUNT_SUFFIX}.")
    if (kind == "serviceAccount") != email.endswith(_SERVICE_ACCOUNT_SUFFIX):
        raise ValueError(
            f"must have the prefix serviceAccount: exactly when the address ends in {_SERVICE_ACCOUNT_SUFFIX}."
        )
    found = Principal(kind, email)
    if len(found.role.encode()) > 63:
        raise ValueError(
            f"must be shorter: its PostgreSQL role would be {found.role}, and PostgreSQL allows 63 bytes for a name."
        )
    return found


def backstage_principal(value: Any) -> Principal:
    found = principal(value)
    if found.kind == "group":
        raise ValueError(
            "must not be a group: its members log in under their own names, but Backstage is not a member. Leave it "
            "out to have a service account created; groups go into additional_users."
        )
    return found


def check_unique(
    inputs: Inputs, place: str, found: Principal, known: Mapping[str, Principal], *, shown: bool = True
) -> Principal:
    """Fails if another place names the same principal. An address that may be secret is not `shown`."""
    for other, value in known.items():
        if other != place and value == found:
            both = " and ".join(sorted({place, other}))
            address = repr(found.email) if shown else "an address"
            inputs.fail("additional_users", f"has {address}, which is a user already: {both}. Leave one out.")
    return found


def account_id(instance: str) -> str:
    """Returns the id of the created service account: the instance's name, or its start and a hash if it is too long."""
    if 6 <= len(instance) <= 30:
        return instance
    return f"{instance[:21].rstrip('-')}-{hashlib.sha256(instance.encode()).hexdigest()[:8]}"


def account_display_name(instance: str) -> str:
    """Returns the display name of the created service account, for which IAM allows 100 bytes."""
    return f"Backstage, user of Cloud SQL instance {instance}"[:100]
