"""Serves the components to Pulumi programs in every language: `python components ENGINE_ADDRESS`."""

import sys
from importlib import import_module
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

FOLDER = Path(__file__).resolve().parent

if __name__ == "__main__":
    # Run as a folder, Python looks for modules inside it; the components are a package, of the folder's name.
    sys.path[0] = str(FOLDER.parent)
    components = import_module(FOLDER.name)
    try:
        hosted = [components.LocalPostgres, components.AzurePostgres, components.CloudSqlPostgres]
    except ModuleNotFoundError as absent:
        sys.exit(f"backstage-database serves all of its components, and {absent.name} is missing: install requirements.txt")
    component_provider_host(hosted, "backstage-database", version=components.__version__)
