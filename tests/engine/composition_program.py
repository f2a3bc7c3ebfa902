"""Components of one name in one stack, or one of them with resource options. The variable STEP says which."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pulumi_docker as docker
import pulumi_gcp as gcp

import components
from components.azure import retry

retry.BUSY_RETRY_DELAY_SECONDS = 0.05  # pyright: ignore[reportAttributeAccessIssue]

# Long enough that a resource which does not wait for `first` is created before it.
FIRST_TAKES_SECONDS = 1.0


class Parent(pulumi.ComponentResource):
    """A component of the user's. Pulumi distinguishes two children of one name by the types of their parents."""

    def __init__(self, name: str) -> None:
        super().__init__(f"test:index:{name.capitalize()}", name)


def local(name: str, opts: pulumi.ResourceOptions, port: str) -> components.LocalPostgres:
    return components.LocalPostgres(name, {"port": int(port)}, opts)


def azure(name: str, opts: pulumi.ResourceOptions) -> components.AzurePostgres:
    rules = {"office": "203.0.113.7"}
    args: components.AzurePostgresArgs = {"resource_group_name": "group", "firewall_rules": rules}
    return components.AzurePostgres(name, {**args, "deletion_protection": False}, opts)


def cloud_sql(name: str, opts: pulumi.ResourceOptions) -> components.CloudSqlPostgres:
    return components.CloudSqlPostgres(name, {"deletion_protection": False}, opts)


def existing(name: str, opts: pulumi.ResourceOptions, server: components.LocalPostgres) -> components.ExistingPostgres:
    """Creates the component for the server of another one, to which that one must have logged in first."""
    args: components.ExistingPostgresArgs = {"host": server.host, "port": server.port, "user": server.user}
    return components.ExistingPostgres(name, {**args, "password": server.password, "verify_login": True}, opts)


# --- Components of one name


def under_parents() -> None:
    """Creates all four components, of one name, under each of the parents in PARENTS."""
    for name, port in zip(os.environ["PARENTS"].split(), os.environ["PORTS"].split(), strict=False):
        opts = pulumi.ResourceOptions(parent=Parent(name))
        server = local("db", opts, port)
        cloud = azure("db", opts)
        made = {
            "Local": server,
            "Azure": cloud,
            "CloudSql": cloud_sql("db", opts),
            "Existing": existing("db", opts, server),
        }
        for kind, component in made.items():
            pulumi.export(f"{name}{kind}", component.database_config)
        # Nothing retries for the caller: this one is refused if the server is still at work when its name is known.
        azure_native.dbforpostgresql.FirewallRule(
            f"{name}-own",
            resource_group_name=cloud.resource_group_name,
            server_name=cloud.server_name,
            start_ip_address="198.51.100.7",
            end_ip_address="198.51.100.7",
        )


# --- One component with resource options


def with_options(name: str, **options: Any) -> None:
    """Creates the component in KIND with these options, in addition to those that all steps have."""
    opts = pulumi.ResourceOptions(
        parent=Parent("north"),
        depends_on=[slow_first()],
        providers=explicit_providers(),
        **shown_to_transforms(),
        **options,
    )
    port = os.environ["PORTS"].split()[0]
    match os.environ["KIND"]:
        case "LocalPostgres":
            local(name, opts, port)
        case "AzurePostgres":
            azure(name, opts)
        case "CloudSqlPostgres":
            cloud_sql(name, opts)
        case _:
            existing(name, opts, local("server", pulumi.ResourceOptions(), port))


def slow_first() -> pulumi.Resource:
    async def take_time(_: pulumi.ResourceHookArgs) -> None:
        await asyncio.sleep(FIRST_TAKES_SECONDS)

    hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("take time", take_time)])
    return pulumi.Stash("first", input="value", opts=pulumi.ResourceOptions(hooks=hooks))


def explicit_providers() -> list[pulumi.ProviderResource]:
    match os.environ["KIND"]:
        case "LocalPostgres":
            return [docker.Provider("explicit", host=os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))]
        case "AzurePostgres":
            return [azure_native.Provider("explicit", location="westeurope")]
        case "CloudSqlPostgres":
            return [gcp.Provider("explicit", project="portal-123", region="europe-west1")]
        case _:
            return []


def shown_to_transforms() -> Mapping[str, Any]:
    """Returns transforms of both kinds, which log what they are shown."""

    def saying(kind: str) -> Callable[[Any], None]:
        return lambda args: pulumi.log.info(f"{kind} was shown {args.name}")

    return {"transforms": [saying("transform")], "transformations": [saying("transformation")]}


def speaking_hooks() -> pulumi.ResourceHookBinding:
    def say(args: pulumi.ResourceHookArgs) -> None:
        pulumi.log.info(f"hook of {args.name}")

    return pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook("say", say)])


STEPS: Mapping[str, Callable[[], Any]] = {
    "under parents": under_parents,
    "protected": lambda: with_options("db", protect=True, hooks=speaking_hooks()),
    "renamed": lambda: with_options("renamed", aliases=[pulumi.Alias(name="db")], retain_on_delete=True),
    "plain": lambda: with_options("db"),
    "nothing": lambda: None,
}
STEPS[os.environ["STEP"]]()
