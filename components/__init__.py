"""Pulumi components that give Backstage its PostgreSQL and hand back the `backend.database` block."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .azure_postgres import AzurePostgres as AzurePostgres
    from .azure_postgres import AzurePostgresArgs as AzurePostgresArgs
    from .cloud_sql_postgres import CloudSqlPostgres as CloudSqlPostgres
    from .cloud_sql_postgres import CloudSqlPostgresArgs as CloudSqlPostgresArgs
    from .local_postgres import LocalPostgres as LocalPostgres
    from .local_postgres import LocalPostgresArgs as LocalPostgresArgs

__version__ = "0.1.0"

_MODULES = {
    "AzurePostgres": "azure_postgres",
    "AzurePostgresArgs": "azure_postgres",
    "CloudSqlPostgres": "cloud_sql_postgres",
    "CloudSqlPostgresArgs": "cloud_sql_postgres",
    "LocalPostgres": "local_postgres",
    "LocalPostgresArgs": "local_postgres",
}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "AzurePostgres",
    "AzurePostgresArgs",
    "CloudSqlPostgres",
    "CloudSqlPostgresArgs",
    "LocalPostgres",
    "LocalPostgresArgs",
]


def __getattr__(name: str) -> Any:
    # Imported on first use: a stack then needs only the provider SDK of the component that it creates.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
