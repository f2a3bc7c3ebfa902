"""What Pulumi.dev.yaml says about the local database, for what is decided before Pulumi runs.

Needs PyYAML: callers outside the virtual environment run `python -m bootstrap.configuration ARGUMENT`, which prints it.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from . import paths


def local_argument(name: str, settings: Path = paths.SETTINGS) -> Any:
    """The argument of LocalPostgres, None if it is not set; Pulumi writes the key with the project's name before it.

    Raises OSError and yaml.YAMLError.
    """
    document = yaml.safe_load(settings.read_text(encoding="utf-8"))
    config = document.get("config") if isinstance(document, dict) else None
    for key, value in config.items() if isinstance(config, dict) else ():
        if str(key).rpartition(":")[2] == "local" and isinstance(value, dict):
            return value.get(name)
    return None


if __name__ == "__main__":
    try:
        print(local_argument(sys.argv[1]) or "")
    except (OSError, yaml.YAMLError) as error:
        sys.exit(str(error))
