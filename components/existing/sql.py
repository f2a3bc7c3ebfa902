"""Writes the SQL and the command line that an administrator runs so that Backstage can work."""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..sql import literal
from .validation import Access

_HEADER = r"""-- Gives Backstage the least rights that it needs. Run it with psql, on the database postgres, as a
-- superuser or as a role that may create roles and databases. Run again, it changes nothing. It holds no password: give
-- the role one with psql's \password.
\set ON_ERROR_STOP on
"""


@dataclass(frozen=True)
class _Rights:
    """Privileges of one role on objects of one kind, with the queries that grant them and that find missing ones."""

    role: str
    kind: str
    objects: Sequence[str]
    privileges: Sequence[str]

    def grant(self) -> str:
        return (
            f"SELECT format('GRANT %s ON {self.kind} %I TO %I', privilege, object, {literal(self.role)})\n"
            f"  {self._missing()} \\gexec"
        )

    def missing(self) -> str:
        return (
            f"SELECT format('%s ON {self.kind} %I for %I', privilege, object, {literal(self.role)})\n"
            f"    {self._missing()}"
        )

    def _missing(self) -> str:
        return (
            f"FROM unnest({_array(self.objects)}) AS object, unnest({_array(self.privileges)}) AS privilege "
            f"WHERE NOT has_{self.kind.lower()}_privilege({literal(self.role)}, object, privilege)"
        )


def bootstrap_sql(access: Access) -> str:
    """Returns a psql script that grants what `access` needs. It ends with an error if something is still missing.

    psql's \\gexec runs the statements that a query returns. A step that is done already returns none, so the script can
    be run again, even by a role that may not do that step.
    """
    return "\n".join([_HEADER, *_roles(access), *_databases(access), "\\echo Backstage has the rights it needs.\n"])


def psql_command(place: Mapping[str, Any], access: Access) -> str:
    """Returns a command line that logs in as Backstage does; psql asks for the password."""
    login = {
        "host": place["host"],
        "port": place["port"],
        "dbname": access.database_name if access.division == "schema" else access.first_database,
        "user": access.user,
        **_libpq_ssl(place["host"], place["ssl"]),
    }
    return f"psql {shlex.quote(' '.join(f'{key}={_conninfo_value(str(value))}' for key, value in login.items()))}"


def _libpq_ssl(host: str, ssl: Mapping[str, Any] | None) -> dict[str, str]:
    if ssl is None:
        return {"sslmode": "disable"}
    if not ssl["rejectUnauthorized"]:
        return {"sslmode": "require"}
    # libpq checks the name in `host` and connects to `hostaddr`.
    names = {"host": ssl["servername"], "hostaddr": host} if "servername" in ssl else {}
    return {**names, "sslmode": "verify-full", "sslrootcert": "ca.pem" if "ca" in ssl else "system"}


def _conninfo_value(text: str) -> str:
    quoted = re.sub(r"(['\\])", r"\\\1", text)
    return text if re.fullmatch(r"[\w.@:-]+", text) else f"'{quoted}'"


def _roles(access: Access) -> Iterator[str]:
    user, grantee = literal(access.user), literal(access.grantee)
    missing = [f"SELECT format('LOGIN for %I', {user}) WHERE NOT {_exists_role(access.user, 'rolcanlogin')}"]
    yield _when_missing("'CREATE ROLE %I LOGIN'", user, _exists_role(access.user))
    if access.role:
        member = f"pg_has_role({user}, {grantee}, 'MEMBER')"
        missing.append(f"SELECT format('membership of %I in %I', {user}, {grantee}) WHERE NOT {member}")
        yield _when_missing("'CREATE ROLE %I NOLOGIN'", grantee, _exists_role(access.role))
        yield _when_missing("'GRANT %I TO %I'", f"{grantee}, {user}", member)
    if access.division == "database" and access.ensure_exists:
        creates = _exists_role(access.grantee, "(rolcreatedb OR rolsuper)")
        missing.append(f"SELECT format('CREATEDB for %I', {grantee}) WHERE NOT {creates}")
        yield _when_missing("'ALTER ROLE %I CREATEDB'", grantee, creates)
    if access.ensure_exists:
        connect = _Rights(access.user, "DATABASE", ["postgres"], ["CONNECT"])
        missing.append(connect.missing())
        yield connect.grant()
    yield _check(missing)


def _databases(access: Access) -> Iterator[str]:
    for database in access.databases:
        # The search plugin fills a temporary table, and a locked-down server has revoked that right from PUBLIC.
        used = ["TEMPORARY", "CREATE"] if access.creates_schemas else ["TEMPORARY"]
        rights = [
            _Rights(access.user, "DATABASE", [database], ["CONNECT"]),
            _Rights(access.grantee, "DATABASE", [database], used),
        ]
        yield "\n" + _when_missing(
            "'CREATE DATABASE %I'",
            literal(database),
            f"EXISTS (SELECT FROM pg_database WHERE datname = {literal(database)})",
        )
        if not access.creates_schemas:
            yield f'\\connect "{database}"'
            schemas = access.schemas if access.division == "schema" else ["public"]
            rights.append(_Rights(access.grantee, "SCHEMA", schemas, ["USAGE", "CREATE"]))
            if access.division == "schema":
                yield (
                    f"SELECT format('CREATE SCHEMA %I', object) FROM unnest({_array(schemas)}) AS object\n"
                    "  WHERE object NOT IN (SELECT nspname FROM pg_namespace) \\gexec"
                )
        yield from (right.grant() for right in rights)
        yield _check([right.missing() for right in rights])


def _exists_role(name: str, attribute: str = "") -> str:
    condition = f" AND {attribute}" if attribute else ""
    return f"EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(name)}{condition})"


def _when_missing(statement: str, names: str, condition: str) -> str:
    return f"SELECT format({statement}, {names})\n  WHERE NOT {condition} \\gexec"


def _check(missing: Sequence[str]) -> str:
    """Returns a statement that raises an error naming everything that one of these queries finds."""
    body = (
        "\nDECLARE\n  missing text := (SELECT string_agg(item, ', ') FROM (\n    "
        + "\n    UNION ALL\n    ".join(missing)
        + "\n  ) AS queries (item));\nBEGIN\n  IF missing IS NOT NULL THEN\n"
        "    RAISE EXCEPTION 'Backstage still lacks: %', missing;\n  END IF;\nEND\n"
    )
    # A name may contain the tag that ends a dollar-quoted string.
    tag = next(tag for count in itertools.count() if (tag := f"$check{'_' * count}$") not in body)
    return f"DO {tag}{body}{tag};"


def _array(texts: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, texts))}]"
