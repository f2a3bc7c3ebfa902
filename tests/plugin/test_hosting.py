"""The components in a process of their own, as programs in other languages use them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import grpc
import pulumi
import pytest
import yaml

from components.outputs import camel_case
from components.testing import Resolved, Run
from docs.reference import schema
from tests.blocks import seen
from tests.unit.azure import cases as azure_cases
from tests.unit.azure.cases import CLIENT, PRINCIPAL, TENANT
from tests.unit.cases import LEAST
from tests.unit.cloud_sql import cases as cloud_sql_cases
from tests.unit.existing import cases as existing_cases
from tests.unit.inputs import by_name, changed, unknown
from tests.unit.local import cases as local_cases

from .hosting import Host, hosted, wire

# The plugin's process loads every SDK: one for all of them, not one for each worker.
pytestmark = pytest.mark.xdist_group("plugin")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with hosted() as host:
        yield host


def construct(host: Host, component: str, /, *, preview: bool = False, **args: Any) -> Run:
    inputs = {camel_case(name): value for name, value in args.items()}
    return host.construct(component, inputs, preview=preview)


def test_the_plugin_says_what_it_has(host: Host) -> None:
    assert json.loads(host.schema()) == schema()


# --- Every argument in every form


FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "plain": (lambda value: value, lambda value: value),
    "output": (wire, lambda value: lambda: pulumi.Output.from_input(value)),
    "secret": (lambda value: wire(value, secret=True), lambda value: lambda: pulumi.Output.secret(value)),
    "unknown": (lambda _: wire(), lambda _: unknown),
}
"""How a value is passed: over the wire, and in Python."""

SETS: dict[str, tuple[str, Callable[..., Run], dict[str, Any], set[str]]] = {
    **{
        f"local {name}": ("LocalPostgres", local_cases.create, args, local_cases.PLAIN)
        for name, args in local_cases.SETS.items()
    },
    **{
        f"azure {name}": (
            "AzurePostgres",
            azure_cases.create,
            {"resource_group_name": "group", "server_name": "srv", **args},
            azure_cases.PLAIN,
        )
        for name, args in azure_cases.SETS.items()
    },
    **{
        f"cloud sql {name}": (
            "CloudSqlPostgres",
            cloud_sql_cases.create,
            {"instance_name": "db-1", **args},
            cloud_sql_cases.PLAIN,
        )
        for name, args in cloud_sql_cases.SETS.items()
    },
    **{
        f"existing {name}": ("ExistingPostgres", existing_cases.create, args, existing_cases.PLAIN)
        for name, args in existing_cases.SETS.items()
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("set_", SETS)
def test_a_hosted_component_does_what_it_does_in_python(host: Host, set_: str, form: str) -> None:
    component, create, args, plain = SETS[set_]
    on_the_wire, in_python = (
        changed(args, change, plain=plain, single_value={"token_renewal_offset"}) for change in FORMS[form]
    )
    preview = form == "unknown"
    hosted = construct(host, component, preview=preview, **on_the_wire)
    local = create(preview=preview, **in_python)
    assert hosted.outputs == {camel_case(name): in_camel_case(result) for name, result in local.outputs.items()}
    assert registered(hosted) == registered(local)


def in_camel_case(result: Resolved) -> Resolved:
    """Returns the output with arguments in the caller's spelling, as in a comment of the document."""
    if not isinstance(result.value, str):
        return result
    argument = "kubernetes_service_account"
    return replace(result, value=result.value.replace(argument, camel_case(argument)))


def registered(results: Run) -> list[Any]:
    return sorted(
        (
            (resource.type, resource.name, comparable(resource.inputs), sorted(resource.secret_inputs))
            for resource in results.resources
        ),
        key=repr,
    )


def comparable(value: Any) -> Any:
    """Returns the value with all unknowns equal."""
    if isinstance(value, Mapping):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return "unknown" if isinstance(value, pulumi.output.Unknown) else value


def test_the_block_arrives_in_backstages_spelling_and_as_secret_as_it_was(host: Host) -> None:
    args = {**PRINCIPAL, "client_id": CLIENT, "tenant_id": TENANT, "client_secret": wire("s3cret", secret=True)}
    results = construct(host, "AzurePostgres", resource_group_name="group", server_name="srv", **args)
    credential = {"tenantId": TENANT, "clientId": CLIENT, "clientSecret": "s3cret"}
    assert seen(results["databaseConfig"].value["connection"]["tokenCredential"]) == credential
    secret = {name for name, result in results.outputs.items() if result.secret}
    assert secret == {"databaseConfig", "appConfig", "environment", "kubernetesSecret"}


def test_a_secret_inside_a_map_is_neither_lost_nor_shown(host: Host) -> None:
    rules = {"office": wire("203.0.113.7", secret=True), "vpn": "203.0.113.8"}
    results = by_name(construct(host, "AzurePostgres", resource_group_name="group", firewall_rules=rules))
    office, vpn = results["db-rule-office"], results["db-rule-vpn"]
    assert (office.inputs["startIpAddress"], office.secret_inputs) == (
        "203.0.113.7",
        {"startIpAddress", "endIpAddress"},
    )
    assert (vpn.inputs["startIpAddress"], vpn.secret_inputs) == ("203.0.113.8", set())


# --- The keys of a map in Backstage's own spelling


@pytest.mark.parametrize("component", LEAST)
def test_database_options_arrive_with_their_integers_secrets_and_unknowns(host: Host, component: str) -> None:
    options = {
        "knexConfig": {"pool": {"max": 3.0, "min": wire(1.0)}, "version": wire("16.1", secret=True)},
        "keepalive": wire(True),
        "plugin": {"catalog": {"skipMigrations": True}},
    }
    results = construct(host, component, **LEAST[component], database_options=options)
    added = {
        "knexConfig": {"pool": {"max": 3, "min": 1}, "version": "16.1"},
        "keepalive": True,
        "plugin": {"catalog": {"skipMigrations": True}},
    }
    for document in (
        results["databaseConfig"].value,
        *(yaml.safe_load(results[name].value)["backend"]["database"] for name in ("appConfig", "appConfigFromEnv")),
    ):
        assert {key: document[key] for key in added} == added
    assert "max: 3\n" in results["appConfig"].value, "a float that nobody wrote"
    assert all(results[name].secret for name in ("databaseConfig", "appConfig", "appConfigFromEnv"))

    later = {**options, "keepalive": wire()}
    preview = construct(host, component, preview=True, **LEAST[component], database_options=later)
    assert not preview["databaseConfig"].known


@pytest.mark.parametrize("component", LEAST)
def test_a_wrong_key_of_database_options_is_named_with_the_closest(host: Host, component: str) -> None:
    message = refusal(host, component, **LEAST[component], database_options={"knexConfg": {}})
    assert 'argument "databaseOptions" is {"knexConfg": {}}, but it must have keys that Backstage reads' in message
    assert "Did you mean knexConfig?" in message


# --- Wrong arguments


def refusal(host: Host, component: str, /, **args: Any) -> str:
    with pytest.raises(grpc.RpcError) as refused:
        construct(host, component, **args)
    return str(refused.value.details())  # pyright: ignore[reportAttributeAccessIssue] - it is a grpc.Call, too


@pytest.mark.parametrize("passed", [0, wire(0)], ids=["plain", "output"])
def test_a_wrong_argument_is_explained_in_one_line(host: Host, passed: Any) -> None:
    message = refusal(host, "LocalPostgres", port=passed)
    assert re.fullmatch(r'LocalPostgres "db": argument "port" is 0, but it must be .* from 1 to 65535\.', message), (
        "a Python class would precede, a traceback would follow, or a float that nobody wrote"
    )


@pytest.mark.parametrize("passed", ["schemas", wire("schemas")], ids=["plain", "output"])
def test_a_wrong_argument_is_named_as_other_languages_write_it(host: Host, passed: Any) -> None:
    message = refusal(host, "AzurePostgres", resource_group_name="group", plugin_division_mode=passed)
    assert 'argument "pluginDivisionMode" ' in message


def test_an_unknown_argument_is_refused_with_the_closest_in_camel_case(host: Host) -> None:
    message = refusal(host, "CloudSqlPostgres", ip_adress_type="PRIVATE")
    assert 'unknown argument "ipAdressType". Did you mean "ipAddressType"?' in message


def test_a_number_for_a_string_is_explained(host: Host) -> None:
    message = refusal(host, "LocalPostgres", image=17)
    assert message.endswith("It was read as a number: put it in quotation marks.")


def test_a_map_of_strings_takes_numbers_and_booleans(host: Host) -> None:
    results = construct(host, "AzurePostgres", resource_group_name="group", tags={"cost": 4711.0, "production": True})
    assert by_name(results)["db-server"].inputs["tags"] == {"cost": "4711", "production": "true"}


def test_a_wrong_secret_is_explained_without_showing_it(host: Host) -> None:
    message = refusal(host, "LocalPostgres", password=wire("one\ntwo", secret=True))
    assert message.endswith('LocalPostgres "db": argument "password" must be a single line without NUL.')


@pytest.mark.parametrize(
    "passed", [wire(), wire({"office": "203.0.113.7"}), wire({"office": "203.0.113.7"}, secret=True)]
)
def test_a_map_whose_keys_arrive_later_is_refused_and_not_taken_for_empty(host: Host, passed: Any) -> None:
    message = refusal(host, "AzurePostgres", resource_group_name="group", firewall_rules=passed)
    assert message.endswith(
        'AzurePostgres "db": argument "firewallRules" must be a map with plain keys, not an Output; '
        "its values may be Outputs."
    )


def test_a_refusal_leaves_the_plugin_fit_for_the_next_component(host: Host) -> None:
    refusal(host, "LocalPostgres", port=0)
    assert construct(host, "LocalPostgres", port=5433)["port"].value == 5433
