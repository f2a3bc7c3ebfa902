"""The least that each component has to be told."""

from typing import Any

LEAST: dict[str, dict[str, Any]] = {
    "LocalPostgres": {},
    "AzurePostgres": {"resource_group_name": "group"},
    "CloudSqlPostgres": {},
    "ExistingPostgres": {"host": "127.0.0.1", "user": "postgres", "password": "secret"},
}
