"""Pulumi components that give Backstage its PostgreSQL and hand back the `backend.database` block."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .azure.args import AzurePostgresArgs as AzurePostgresArgs
    from .azure.component import AzurePostgres as AzurePostgres
    from .cloud_sql.args import CloudSqlPostgresArgs as CloudSqlPostgresArgs
    from .cloud_sql.component import CloudSqlPostgres as CloudSqlPostgres
    from .local.args import LocalPostgresArgs as LocalPostgresArgs
    from .local.component import LocalPostgres as LocalPostgres

__version__ = "0.1.0"

_MODULES = {
    "AzurePostgres": "azure.component",
    "AzurePostgresArgs": "azure.args",
    "CloudSqlPostgres": "cloud_sql.component",
    "CloudSqlPostgresArgs": "cloud_sql.args",
    "LocalPostgres": "local.component",
    "LocalPostgresArgs": "local.args",
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
