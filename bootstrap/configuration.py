"""Reads arguments of the local database from Pulumi.dev.yaml, for decisions before Pulumi runs.

Needs PyYAML: code outside the virtual environment runs `python -m bootstrap.configuration ARGUMENT`, which prints it.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from . import errors, paths


def local_argument(name: str, settings: Path = paths.SETTINGS) -> Any:
    """Returns an argument of LocalPostgres; None if it is not set. The key may have the project's name as a prefix.

    Raises OSError, UnicodeDecodeError and yaml.YAMLError.
    """
    local = _value("local", settings)
    return local.get(name) if isinstance(local, dict) else None


def chosen_database(settings: Path = paths.SETTINGS) -> str:
    """Returns which database the stack has. Raises the same errors."""
    return str(_value("database", settings) or "local")


def _value(name: str, settings: Path) -> Any:
    document = yaml.safe_load(settings.read_text(encoding="utf-8"))
    config = document.get("config") if isinstance(document, dict) else None
    values = {str(key).rpartition(":")[2]: value for key, value in config.items()} if isinstance(config, dict) else {}
    return values.get(name)


def main() -> None:
    try:
        print(local_argument(sys.argv[1], paths.SETTINGS) or "")
    except UnicodeDecodeError as error:
        sys.exit(errors.explain_encoding(error).words)
    except (OSError, yaml.YAMLError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
