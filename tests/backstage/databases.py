"""The databases of a server, apart from `postgres` and the templates."""

from typing import Any

import psycopg
from psycopg import sql


def databases(session: psycopg.Connection[Any]) -> set[str]:
    """Returns the names of the databases that were created on the server."""
    rows = session.execute("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
    return {name for (name,) in rows}


def drop_databases(session: psycopg.Connection[Any]) -> None:
    """Drops them all, with what is still connected to them."""
    for name in databases(session):
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
