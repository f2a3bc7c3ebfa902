"""Users, groups and service principals of Microsoft Entra. Each is one PostgreSQL role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from ..inputs import Inputs
from .cross_checks import after, check_together
from .validators import guid, principal_name, principal_type

_ONE_ROLE = "each principal is one PostgreSQL role. Name it once."


@dataclass(frozen=True)
class Principal:
    """A user, group or service principal of Microsoft Entra."""

    name: pulumi.Output[str]
    """The principal's name, which is also the name of its PostgreSQL role."""
    object_id: pulumi.Output[str]
    type: pulumi.Output[str]
    """User, Group or ServicePrincipal."""


@dataclass(frozen=True)
class Principals:
    """The principals that the arguments name."""

    admin: Principal | None
    user: Principal | None
    further_admins: Mapping[str, Principal]


def read_principals(inputs: Inputs, create_identity: bool) -> Principals:
    """Returns all principals. Names and object ids are unique, because each principal is one role and one resource."""
    further: dict[str, tuple[str, Principal]] = {}
    for argument, type_ in (
        ("admin_users", "User"),
        ("admin_groups", "Group"),
        ("admin_service_principals", "ServicePrincipal"),
    ):
        for name, object_id in inputs.get_map(argument, principal_name, guid).items():
            if name in further:
                inputs.fail(argument, f"names {name!r}, as {further[name][0]} does: {_ONE_ROLE}")
            further[name] = argument, Principal(_output(name), object_id, _output(type_))

    admin = _read_principal(inputs, "admin_name", "admin_object_id", "admin_type")
    user = _read_principal(inputs, "user", "user_object_id", "user_type")
    unique = _UniquePrincipals(inputs)
    if create_identity:
        unique.add(("server_name", inputs.raw("server_name")), ("", None))
    for name, object_id in (("admin_name", "admin_object_id"), ("user", "user_object_id")):
        unique.add((name, inputs.raw(name)), (object_id, inputs.raw(object_id)))
    for name, (argument, _) in further.items():
        unique.add((argument, name), (argument, inputs.raw(argument)[name]))
    checked = unique.check()

    def after_check(principal: Principal | None) -> Principal | None:
        if principal is None:
            return None
        return Principal(
            after(checked, principal.name), after(checked, principal.object_id), after(checked, principal.type)
        )

    return Principals(
        admin=after_check(admin),
        user=after_check(user),
        further_admins={
            name: Principal(principal.name, after(checked, principal.object_id), principal.type)
            for name, (_, principal) in sorted(further.items())
        },
    )


def _read_principal(inputs: Inputs, name: str, object_id: str, type_: str) -> Principal | None:
    known_name = inputs.get(name, principal_name)
    known_id = inputs.get(object_id, guid)
    known_type = inputs.get(type_, principal_type)
    if known_name is None or known_id is None or known_type is None:
        return None
    return Principal(known_name, known_id, known_type)


class _UniquePrincipals:
    """Collects the names and object ids of principals, with their arguments, and refuses duplicates."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._sources: list[tuple[str, str]] = []
        self._values: list[Any] = []

    def add(self, name: tuple[str, Any], object_id: tuple[str, Any]) -> None:
        """Adds a principal. Each parameter is a pair of an argument's name and its value."""
        for kind, (argument, value) in (("name", name), ("object id", object_id)):
            self._sources.append((kind, argument))
            self._values.append(value)

    def check(self) -> pulumi.Output[None]:
        """Fails at once for plain duplicates. Returns an Output that fails if Outputs turn out to be duplicates."""
        return check_together(self._values, self._compare)

    def _compare(self, values: Any) -> None:
        """Fails if two known values are equal."""
        seen: dict[tuple[str, str], str] = {}
        for (kind, argument), value in zip(self._sources, values, strict=True):
            if isinstance(value, str):
                key = kind, value.lower() if kind == "object id" else value
                if key in seen:
                    self._inputs.fail(
                        argument,
                        f"has {'an' if kind == 'object id' else 'a'} {kind} that {seen[key]} has too: {_ONE_ROLE}",
                    )
                seen[key] = argument


def _output(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)
