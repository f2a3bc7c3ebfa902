"""What an admin runs with psql: the command that logs in, and the SQL that lets Backstage in."""

import re
import shlex

PORT = 5432


def psql_command(host: str, user: str) -> str:
    """Returns a shell line that logs in to `host` as `user`, with the token of `az login`."""
    quoted = "'" + re.sub(r"(['\\])", r"\\\1", user) + "'"
    role = user if re.fullmatch(r"[\w.@-]+", user) else quoted
    login = f"host={host} port={PORT} dbname=postgres user={role} sslmode=verify-full sslrootcert=system"
    token = "az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv"
    return f'PGPASSWORD="$({token})" psql {shlex.quote(login)}'


def bootstrap_sql(division: str, database: str, user: str, object_id: str, type_: str) -> str:
    """Returns SQL that creates the role for `user` by object id and grants the one privilege Backstage needs."""
    kind = {"User": "user", "Group": "group", "ServicePrincipal": "service"}[type_]
    right = (
        f"GRANT CONNECT, CREATE ON DATABASE {_identifier(database)} TO {_identifier(user)};"
        if division == "schema"
        else f"ALTER ROLE {_identifier(user)} CREATEDB;"
    )
    return (
        "-- Run once as an admin, on the database postgres.\n"
        f"SELECT * FROM pgaadauth_create_principal_with_oid({_literal(user)}, '{object_id}', '{kind}', false, false);\n"
        f"{right}\n"
    )


def _literal(text: str) -> str:
    """Returns an SQL string that means `text`, whatever standard_conforming_strings is."""
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
