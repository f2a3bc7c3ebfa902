"""Writes the psql command with which an admin logs in, and the SQL with which they create Backstage's role."""

import re
import shlex

from ..sql import identifier, literal

PORT = 5432

# Names of the principal types in Microsoft's security label.
_LABEL_TYPES = {"User": "user", "Group": "group", "ServicePrincipal": "service"}


def psql_command(host: str, user: str, tenant_id: str) -> str:
    """Returns a shell line that logs in to `host` as `user`, with the token of `az login`."""
    quoted = "'" + re.sub(r"(['\\])", r"\\\1", user) + "'"
    role = user if re.fullmatch(r"[\w.@-]+", user) else quoted
    login = f"host={host} port={PORT} dbname=postgres user={role} sslmode=verify-full sslrootcert=system"
    token = (
        f"az account get-access-token --tenant {tenant_id} --resource-type oss-rdbms --query accessToken --output tsv"
    )
    return f'PGPASSWORD="$({token})" psql {shlex.quote(login)}'


def bootstrap_sql(division: str, database: str, user: str, object_id: str, type_: str) -> str:
    """Returns SQL for psql that creates the role of `user` with the rights that Backstage needs and no more.

    It uses the security label that Microsoft documents for a Microsoft Entra role. Each transaction ends with a check
    that fails if Backstage could not work, because PostgreSQL only warns about a GRANT without the right to it.
    """
    role, name = identifier(user), literal(user)
    label = literal(f"aadauth,oid={object_id},type={_LABEL_TYPES[type_]}")
    in_schema_mode = division == "schema"
    checks = [
        (f"EXISTS (SELECT FROM pg_roles WHERE rolname = {name} AND rolcanlogin)", "it cannot log in"),
        (
            "EXISTS (SELECT FROM pg_seclabels WHERE provider = 'pgaadauth' AND objtype = 'role'"
            f" AND objname = quote_ident({name}) AND label = {label})",
            "it is not the role of the principal: the security label is missing",
        ),
        (
            "NOT EXISTS (SELECT FROM pg_auth_members JOIN pg_roles admin ON admin.oid = roleid"
            " JOIN pg_roles member ON member.oid = pg_auth_members.member"
            f" WHERE admin.rolname = 'azure_pg_admin' AND member.rolname = {name})",
            "it is an admin: drop the role, or take it away from azure_pg_admin",
        ),
    ]
    if in_schema_mode:
        checks.append(
            (
                f"has_database_privilege({name}, {literal(database)}, 'CREATE')",
                f"it may not create schemas in the database {database}: run this as the owner of the database",
            )
        )
    else:
        checks.append((f"EXISTS (SELECT FROM pg_roles WHERE rolname = {name} AND rolcreatedb)", "CREATEDB is missing"))
    lines = [
        "-- Run once as an admin on the database postgres, with psql.",
        "\\set ON_ERROR_STOP on",
        "BEGIN;",
        f"CREATE ROLE {role} LOGIN{'' if in_schema_mode else ' CREATEDB'};",
        f'SECURITY LABEL FOR "pgaadauth" ON ROLE {role} IS {label};',
    ]
    if in_schema_mode:
        lines.append(f"GRANT CONNECT, CREATE ON DATABASE {identifier(database)} TO {role};")
    lines += [_check(user, checks), "COMMIT;"]
    if not in_schema_mode:
        # On Azure the schema public belongs to azure_pg_admin, not to the owner of the database.
        may_create = f"has_schema_privilege({name}, 'public', 'CREATE')"
        lines += [
            "-- The databases that Backstage creates are copies of template1.",
            "\\connect template1",
            "BEGIN;",
            f"GRANT CREATE ON SCHEMA public TO {role};",
            _check(user, [(may_create, "it may not create tables in new databases: GRANT was refused on template1")]),
            "COMMIT;",
        ]
    return "\n".join(lines) + "\n"


def _check(user: str, checks: list[tuple[str, str]]) -> str:
    """Returns a statement that raises an exception for the first of these conditions that does not hold."""
    body = "".join(
        f"  IF NOT ({condition}) THEN\n"
        f"    RAISE EXCEPTION USING MESSAGE = {literal(f'Backstage cannot use the role {user}: {reason}.')};\n"
        "  END IF;\n"
        for condition, reason in checks
    )
    tag = "check"
    while f"${tag}$" in body:
        tag += "_"
    return f"DO ${tag}$\nBEGIN\n{body}END\n${tag}$;"
