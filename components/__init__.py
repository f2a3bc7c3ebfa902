"""Provides Pulumi components that give Backstage its PostgreSQL and return the `backend.database` block."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .azure.args import AzurePostgresArgs as AzurePostgresArgs
    from .azure.component import AzurePostgres as AzurePostgres
    from .cloud_sql.args import CloudSqlPostgresArgs as CloudSqlPostgresArgs
    from .cloud_sql.component import CloudSqlPostgres as CloudSqlPostgres
    from .existing.args import ExistingPostgresArgs as ExistingPostgresArgs
    from .existing.component import ExistingPostgres as ExistingPostgres
    from .local.args import LocalPostgresArgs as LocalPostgresArgs
    from .local.component import LocalPostgres as LocalPostgres

__version__ = "0.1.0"

_MODULES = {
    "AzurePostgres": "azure.component",
    "AzurePostgresArgs": "azure.args",
    "CloudSqlPostgres": "cloud_sql.component",
    "CloudSqlPostgresArgs": "cloud_sql.args",
    "ExistingPostgres": "existing.component",
    "ExistingPostgresArgs": "existing.args",
    "LocalPostgres": "local.component",
    "LocalPostgresArgs": "local.args",
}

# The extra that installs what a component needs, by the component's folder.
_EXTRAS = {"azure": "azure", "cloud_sql": "gcp", "existing": "existing", "local": "local"}

__all__ = [
    "AzurePostgres",
    "AzurePostgresArgs",
    "CloudSqlPostgres",
    "CloudSqlPostgresArgs",
    "ExistingPostgres",
    "ExistingPostgresArgs",
    "LocalPostgres",
    "LocalPostgresArgs",
]


def __getattr__(name: str) -> Any:
    # Imported on first use: a stack then needs only the provider SDK of the component that it creates.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        raise _missing_extra(name, error) from None


def _missing_extra(component: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Returns an error that says how to install what `component` needs."""
    from pulumi import RunError

    class MissingExtraError(RunError, ModuleNotFoundError):
        """Raised for a package that is not installed. Pulumi prints its message alone, without a traceback."""

    extra = _EXTRAS[_MODULES[component].split(".")[0]]
    # In a checkout `components` is not an installed package that could have extras.
    arguments = f'"backstage-database[{extra}]"' if __name__ == "backstage_database" else f"-r requirements/{extra}.txt"
    missing = MissingExtraError(f"{component} needs {error.name}, which is not installed: pip install {arguments}")
    missing.name = error.name
    return missing
