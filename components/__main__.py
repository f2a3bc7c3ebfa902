"""Serves the components to Pulumi programs in every language: `python components ENGINE_ADDRESS`."""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import grpc
import pulumi
from pulumi.provider import main, server
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ComponentInitError
from typing_extensions import override

NAME = "backstage-database"
FOLDER = Path(__file__).resolve().parent


class Provider(ComponentProvider):
    """Pulumi's host of components, with a readable schema and without a traceback for a wrong argument."""

    def __init__(self, components: list[type[pulumi.ComponentResource]], version: str) -> None:
        super().__init__(components, NAME, version=version)
        schema = json.loads(str(self.schema))
        self.schema = json.dumps(_with_descriptions_for_all_languages(schema, {*_property_names(schema), "dependsOn"}))

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


class Servicer(server.ProviderServicer):
    """Pulumi's server of a provider, which answers a wrong argument with its message alone."""

    @override
    async def Construct(self, request: Any, context: Any) -> Any:
        try:
            return await super().Construct(request, context)
        except pulumi.RunError as error:
            # gRPC would put the error's Python class before the message.
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def provider() -> Provider:
    """Serves all components: a subset would publish a different schema under the same name."""
    package = import_module(FOLDER.name)
    components = [package.LocalPostgres, package.AzurePostgres, package.CloudSqlPostgres, package.ExistingPostgres]
    return Provider(components, package.__version__)


def _property_names(schema: dict[str, Any]) -> Iterator[str]:
    """Yields the names of all arguments and outputs, in camelCase."""
    for resource in schema["resources"].values():
        yield from resource["inputProperties"]
        yield from resource["properties"]


def _with_descriptions_for_all_languages(value: Any, names: set[str]) -> Any:
    """Returns the schema with descriptions that say `clientId` for `client_id`, as the schema itself does.

    Every paragraph is on one line: Markdown takes indented lines for code.
    """
    if isinstance(value, list):
        return [_with_descriptions_for_all_languages(item, names) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _in_camel_case(_unwrapped(item), names)
        if key == "description" and isinstance(item, str)
        else _with_descriptions_for_all_languages(item, names)
        for key, item in cast(dict[str, Any], value).items()
    }


def _unwrapped(docstring: str) -> str:
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(docstring))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _in_camel_case(text: str, names: set[str]) -> str:
    """Rewrites the names of arguments and outputs only: `pg_read_all_data` is PostgreSQL's."""

    def rewrite(quoted: re.Match[str]) -> str:
        name = camel_case(quoted[1])
        return f"`{name}`" if name in names else quoted[0]

    return re.sub(r"`([a-z0-9_]+)`", rewrite, text)


if __name__ == "__main__":
    # `python components` puts this folder on sys.path; use its parent instead.
    sys.path[0] = str(FOLDER.parent)
    server.ProviderServicer = Servicer
    try:
        main(provider(), sys.argv[1:])
    except ModuleNotFoundError as absent:
        sys.exit(f"{NAME} serves all of its components, and {absent.name} is missing: install the extra `all`.")
