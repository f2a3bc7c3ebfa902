"""The test kit: what it applies, what it refuses, and that it leaves nothing behind."""

import asyncio
import os
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import containerinstance, dbforpostgresql, managedidentity, network
from pulumi_gcp import serviceaccount, sql

from components import LocalPostgres
from components.testing import MANAGED_IDENTITY, Mocks, Run, run

CONTAINER = "docker:index/container:Container"


def with_memory(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != CONTAINER:
        return None
    return pulumi.ResourceTransformResult({**args.props, "memory": 512}, args.opts)


def local(**options: Any) -> Run:
    return run(lambda: {"host": LocalPostgres("db", {}, pulumi.ResourceOptions(**options)).host})


# --- Transforms


def test_a_components_transforms_reach_its_children() -> None:
    assert "memory" not in local().resource(CONTAINER).inputs
    assert local(transforms=[with_memory]).resource(CONTAINER).inputs["memory"] == 512


def test_a_parents_transforms_reach_its_grandchildren() -> None:
    def program() -> None:
        parent = pulumi.ComponentResource(
            "test:index:Parent", "parent", None, pulumi.ResourceOptions(transforms=[with_memory])
        )
        LocalPostgres("db", {}, pulumi.ResourceOptions(parent=parent))

    assert run(program).resource(CONTAINER).inputs["memory"] == 512


def test_a_stacks_transforms_reach_every_resource() -> None:
    def program() -> None:
        pulumi.runtime.register_resource_transform(with_memory)
        LocalPostgres("db", {})

    assert run(program).resource(CONTAINER).inputs["memory"] == 512


def test_a_transform_may_change_options() -> None:
    def protected(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True, ignore_changes=["image"]))
        return pulumi.ResourceTransformResult(args.props, opts)

    options = local(transforms=[protected]).resource(CONTAINER).options
    assert (options.protect, list(options.ignoreChanges), list(options.replaceOnChanges)) == (
        True,
        ["image"],
        ["#initerror", "healthcheck.tests"],
    )


def test_transforms_run_from_the_resource_up_to_the_stack() -> None:
    seen: list[str] = []

    def transform(name: str) -> Any:
        def note(args: pulumi.ResourceTransformArgs) -> None:
            if args.type_ == CONTAINER:
                seen.append(name)

        return note

    def program() -> None:
        pulumi.runtime.register_resource_transform(transform("stack"))
        outer = pulumi.ComponentResource(
            "test:index:A", "a", None, pulumi.ResourceOptions(transforms=[transform("outer")])
        )
        LocalPostgres("db", {}, pulumi.ResourceOptions(parent=outer, transforms=[transform("own")]))

    run(program)
    assert seen == ["own", "outer", "stack"]


def test_an_error_in_a_transform_fails_the_run() -> None:
    def broken(args: pulumi.ResourceTransformArgs) -> None:
        raise RuntimeError("a mistake in the transform")

    with pytest.raises(Exception, match="a mistake in the transform"):
        local(transforms=[broken])


# --- What only the engine does


def test_an_option_that_only_the_engine_honours_is_refused() -> None:
    def hook(args: pulumi.ResourceHookArgs) -> None:
        """Does nothing: only the engine calls it."""

    def imported() -> None:
        pulumi.Stash("stash", input="value", opts=pulumi.ResourceOptions(import_="id"))

    with pytest.raises(NotImplementedError, match="the option import_ needs the real engine"):
        run(imported)
    with pytest.raises(NotImplementedError, match="the option hooks of a component needs the real engine"):
        run(
            lambda: {
                "host": LocalPostgres(
                    "db",
                    {},
                    pulumi.ResourceOptions(
                        hooks=pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("hook", hook)])
                    ),
                ).host
            }
        )


# --- Nothing is left behind


def test_a_run_leaves_event_loop_settings_and_environment_as_they_were() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    before = dict(os.environ)
    pulumi.runtime.set_mocks(Mocks(), project="mine", stack="my-stack", preview=True)
    pulumi.runtime.set_all_config({"mine:key": "value"}, ["mine:key"])
    pulumi.runtime.test(lambda: None)()
    root = pulumi.runtime.get_root_resource()
    run(lambda: {"project": pulumi.get_project()}, project="other", config={"key": "other"})
    assert asyncio.get_event_loop_policy().get_event_loop() is loop
    assert (pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()) == ("mine", "my-stack", True)
    assert pulumi.Config("mine").get("key") == "value"
    assert pulumi.runtime.get_root_resource() is root
    assert dict(os.environ) == before
    asyncio.set_event_loop(None)
    loop.close()


def test_a_failed_run_leaves_nothing_behind_either() -> None:
    before = dict(os.environ)

    def program() -> None:
        raise RuntimeError("a mistake in the program")

    with pytest.raises(RuntimeError, match="a mistake in the program"):
        run(program)
    assert dict(os.environ) == before


def test_a_run_works_where_an_event_loop_is_running() -> None:
    async def test() -> Any:
        return run(lambda: {"port": LocalPostgres("db", {"port": 5433}).port})["port"].value

    assert asyncio.run(test()) == 5433


# --- Answers


@pytest.mark.parametrize("preview", [False, True])
def test_a_resource_in_azure_answers_with_its_identities_as_a_map(preview: bool) -> None:
    def program() -> dict[str, Any]:
        group = containerinstance.ContainerGroup(
            "group",
            resource_group_name="g",
            containers=[],
            os_type="Linux",
            identity={"user_assigned_identities": ["/id"]},
        )
        return {
            "identities": group.identity.apply(
                lambda given: dict(given.user_assigned_identities or {}) if given else {}
            )
        }

    assert list(run(program, preview=preview)["identities"].value) == ["/id"]


def test_the_callers_own_resources_may_leave_out_what_the_provider_fills_in() -> None:
    def program() -> dict[str, Any]:
        return {
            "email": serviceaccount.Account("account", account_id="portal").email,
            "instance": sql.DatabaseInstance("instance", database_version="POSTGRES_17").connection_name,
            "identity": managedidentity.UserAssignedIdentity("identity", resource_group_name="g").client_id,
            "server": dbforpostgresql.Server("server", resource_group_name="g").fully_qualified_domain_name,
            "endpoint": network.PrivateEndpoint("endpoint", resource_group_name="g").name,
        }

    assert {name: output.value for name, output in run(program).outputs.items()} == {
        "email": "portal@portal-123.iam.gserviceaccount.com",
        "instance": "portal-123:europe-west1:instance-0000000",
        "identity": MANAGED_IDENTITY["clientId"],
        "server": "server-0000000.postgres.database.azure.com",
        "endpoint": "endpoint-0000000",
    }
