"""Serves the components to Pulumi programs in every language: `python components ENGINE_ADDRESS`."""

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi
from pulumi.provider import main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

NAME = "backstage-database"
FOLDER = Path(__file__).resolve().parent


class Provider(ComponentProvider):
    """Pulumi's own host of components, which would print a wrong argument with a traceback."""

    def construct(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().construct(*args, **kwargs)
        except ComponentInitError as error:
            raise error.inner if isinstance(error.inner, pulumi.RunError) else error from None


def provider() -> Provider:
    """Of all components: some alone would be another package under the same name."""
    package = import_module(FOLDER.name)
    components = [package.LocalPostgres, package.AzurePostgres, package.CloudSqlPostgres]
    for component in components:
        # In the schema it is Markdown, where indented text is code.
        component.__doc__ = inspect.getdoc(component)
    return Provider(components, NAME, version=package.__version__)


if __name__ == "__main__":
    # Run as a folder, Python would look for modules inside it.
    sys.path[0] = str(FOLDER.parent)
    try:
        main(provider(), sys.argv[1:])
    except ModuleNotFoundError as absent:
        sys.exit(f"{NAME} serves all of its components, and {absent.name} is missing: install the extra `all`.")
