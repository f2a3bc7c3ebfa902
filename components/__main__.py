"""Serves the components to Pulumi programs in every language: `python components ENGINE_ADDRESS`."""

import inspect
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.provider import main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

NAME = "backstage-database"
FOLDER = Path(__file__).resolve().parent


class Provider(ComponentProvider):
    """Pulumi's host of components, with a readable schema and without a traceback for a wrong argument."""

    def __init__(self, components: list[type[pulumi.ComponentResource]], version: str) -> None:
        super().__init__(components, NAME, version=version)
        self.schema = json.dumps(_with_unwrapped_descriptions(json.loads(str(self.schema))))

    def map_inputs(self, inputs: Any, component_def: Any) -> Any:
        """Passes unknown arguments on, which Pulumi would drop, so that the component refuses them."""
        unknown = {name: value for name, value in inputs.items() if name not in component_def.inputs}
        camel_case_args = import_module(f"{FOLDER.name}.inputs").CamelCaseArgs
        return camel_case_args({**super().map_inputs(inputs, component_def), **unknown})

    def construct(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().construct(*args, **kwargs)
        except ComponentInitError as error:
            raise error.inner if isinstance(error.inner, pulumi.RunError) else error from None


def provider() -> Provider:
    """Serves all components: a subset would publish a different schema under the same name."""
    package = import_module(FOLDER.name)
    components = [package.LocalPostgres, package.AzurePostgres, package.CloudSqlPostgres, package.ExistingPostgres]
    return Provider(components, package.__version__)


def _with_unwrapped_descriptions(value: Any) -> Any:
    """Returns the schema with every paragraph of a description on one line: Markdown takes indented lines for code."""
    if isinstance(value, list):
        return [_with_unwrapped_descriptions(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _unwrapped(item) if key == "description" and isinstance(item, str) else _with_unwrapped_descriptions(item)
        for key, item in cast(dict[str, Any], value).items()
    }


def _unwrapped(docstring: str) -> str:
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(docstring))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


if __name__ == "__main__":
    # `python components` puts this folder on sys.path; use its parent instead.
    sys.path[0] = str(FOLDER.parent)
    try:
        main(provider(), sys.argv[1:])
    except ModuleNotFoundError as absent:
        sys.exit(f"{NAME} serves all of its components, and {absent.name} is missing: install the extra `all`.")
