"""How a wrong argument is refused, for plain values and for Outputs."""

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypedDict

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

import components
from components.inputs import ArgumentError, CamelCaseArgs, Inputs
from components.testing import run
from components.validators import port_number, regex
from tests.unit.cases import CASES, LEAST


class ExampleArgs(TypedDict, total=False):
    port: pulumi.Input[float]
    password: pulumi.Input[str]
    user_name: pulumi.Input[str]
    division_mode: str
    labels: Mapping[str, pulumi.Input[str]]


word = regex(r"[a-z]+", "must be a word.")


def refusal(program: Callable[[], Any]) -> str:
    with pytest.raises(ArgumentError) as refused:
        run(lambda: {"value": program()})
    return str(refused.value)


def arguments(**values: Any) -> Inputs:
    return Inputs("Example", "db", values, ExampleArgs)


def test_an_unknown_argument_is_refused_with_the_closest_and_all_valid_names() -> None:
    assert refusal(lambda: arguments(prot=1)) == (
        'Example "db": unknown argument "prot". Did you mean "port"? Valid arguments: '
        "division_mode, labels, password, port, user_name."
    )


def test_an_unknown_argument_like_no_other_gets_no_guess() -> None:
    assert "Did you mean" not in refusal(lambda: arguments(zzz=1))


def test_a_wrong_value_is_named_with_what_is_allowed() -> None:
    expected = 'Example "db": argument "port" is 70000, but it must be an integer from 1 to 65535.'
    assert refusal(lambda: arguments(port=70000).get("port", port_number)) == expected
    assert refusal(lambda: arguments(port=pulumi.Output.from_input(70000)).get("port", port_number)) == expected


@pytest.mark.parametrize("as_input", [lambda text: text, pulumi.Output.from_input, pulumi.Output.secret])
def test_the_value_of_a_secret_argument_is_never_repeated(as_input: Callable[[str], Any]) -> None:
    message = refusal(lambda: arguments(password=as_input("hunter2")).get("password", word, secret=True))
    assert message == 'Example "db": argument "password" must be a word.'


def test_a_very_long_value_is_shown_by_its_beginning() -> None:
    message = refusal(lambda: arguments(user_name="X" * 100_000).get("user_name", word))
    assert "XXX…', but it must be a word." in message
    assert len(message) < 500


def test_an_output_that_another_stack_does_not_export_is_explained() -> None:
    message = refusal(lambda: arguments(user_name=pulumi.Output.from_input(None)).get("user_name", word))
    assert message.endswith("is None, but it must be a word. An output that another stack does not export is None.")


def test_a_value_that_comes_as_a_secret_is_not_repeated_whatever_the_argument() -> None:
    message = refusal(lambda: arguments(port=pulumi.Output.secret("hunter2")).get("port", port_number))
    assert message == 'Example "db": argument "port" must be an integer from 1 to 65535.'


@pytest.mark.parametrize(
    "pasted",
    [
        "postgres://jo:hunter2@db.example.com/portal",
        "postgres://jo:hunter2@3!@db.example.com/portal",
        "host=db.example.com password=hunter2",
        "host=db.example.com password = 'hunter2 3'",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2",
        {"connection": {"password": "hunter2"}},
        {"list": [{"clientSecret": "hunter2"}]},
    ],
)
def test_a_secret_pasted_into_a_wrong_argument_is_not_repeated(pasted: object) -> None:
    for shown in (arguments(user_name=pasted), camel_case("example", user_name=pasted)):
        message = refusal(lambda inputs=shown: inputs.get("user_name", word))
        assert "hunter2" not in message
        assert "[secret]" in message


@pytest.mark.parametrize("value", [[], "prod", 4711])
def test_something_else_in_the_place_of_a_map_is_named_with_what_is_right(value: object) -> None:
    message = refusal(lambda: camel_case("example", labels=value).get_map("labels", str, word))
    assert f'"labels" is {json.dumps(value)}, but it must be a map: `pulumi config rm --path example.labels`' in message
    assert "`pulumi config set --path example.labels.NAME VALUE`" in message
    message = refusal(lambda: arguments(labels=value).get_map("labels", str, word))
    assert f'"labels" is {value!r}, but it must be a map with plain keys' in message


def test_a_wrong_argument_ends_a_program_without_a_traceback() -> None:
    assert issubclass(ArgumentError, pulumi.RunError), "Pulumi prints a RunError's message alone"


def test_an_absent_argument_and_none_both_give_the_default() -> None:
    results = run(
        lambda: {
            "absent": arguments().get("port", port_number, 5432),
            "none": arguments(port=None).get("port", port_number, 5432),
        }
    )
    assert results["absent"].value == results["none"].value == 5432
    assert arguments().get("password", word) is None


def test_an_output_keeps_its_marks_through_the_check() -> None:
    result = run(lambda: {"port": arguments(port=pulumi.Output.secret(5433.0)).get("port", port_number)})["port"]
    assert (result.value, result.known, result.secret) == (5433, True, True)


def test_an_unknown_output_stays_unknown_and_is_not_refused() -> None:
    unknown = lambda: pulumi.Output.from_input(pulumi.UNKNOWN)  # noqa: E731
    result = run(lambda: {"port": arguments(port=unknown()).get("port", port_number)}, preview=True)["port"]
    assert not result.known


@given(st.integers(1, 65535))
def test_a_port_may_come_as_integer_float_or_string(port: int) -> None:
    assert port_number(port) == port_number(float(port)) == port_number(str(port)) == port


@given(
    st.one_of(
        st.integers(max_value=0),
        st.integers(min_value=65536),
        st.floats().filter(lambda number: not number.is_integer()),
        st.text().filter(lambda text: not text.isascii() or not text.isdigit()),
        st.booleans(),
        st.lists(st.integers()),
    )
)
def test_anything_else_is_no_port(value: object) -> None:
    with pytest.raises(ValueError, match="integer from 1 to 65535"):
        port_number(value)


# --- Values that Python programs pass in place of strings


class Size(str, Enum):
    """As the clouds' SDKs define the values of their inputs; its str() is `Size.SMALL`."""

    SMALL = "small"


@pytest.mark.parametrize("as_input", [lambda value: value, pulumi.Output.from_input])
def test_the_members_of_an_sdks_enum_and_dates_are_their_strings(as_input: Callable[[Any], Any]) -> None:
    def program() -> dict[str, Any]:
        given = arguments(user_name=as_input(Size.SMALL), port=as_input(datetime.date(2026, 12, 20)))
        return {"size": given.get("user_name", str), "day": given.get("port", str)}

    results = run(program)
    assert (results["size"].value, results["day"].value) == ("small", "2026-12-20")
    assert arguments(division_mode=Size.SMALL).get_plain("division_mode", str, "") == "small"


@pytest.mark.parametrize(
    "read",
    [
        lambda given: arguments(user_name=given).get("user_name", word),
        lambda given: arguments(user_name=[given]).get("user_name", word),
        lambda given: arguments(division_mode=given).get_plain("division_mode", word, "a"),
        lambda given: arguments(labels={"a": given}).get_map("labels", word, word),
    ],
)
def test_a_resource_in_place_of_its_output_is_refused_by_its_name(read: Callable[[Any], Any]) -> None:
    message = refusal(lambda: read(pulumi.ComponentResource("test:index:Group", "portal")))
    assert "is the ComponentResource 'portal' itself. Pass the output that the argument asks for" in message
    assert "object at 0x" not in message


# --- What is passed in place of the arguments


@pytest.mark.parametrize(
    ("name", "is_"),
    [(None, "a NoneType"), (5, "an int"), ({}, "a dict"), ("", "empty")],
)
@pytest.mark.parametrize("component", CASES)
def test_a_component_without_a_name_is_refused_in_one_sentence(component: str, name: Any, is_: str) -> None:
    assert refusal(lambda: getattr(components, component)(name, LEAST[component])) == (
        f"{component}: the first argument, the component's name, is {is_}. It must be a string."
    )


def test_a_name_cannot_be_an_output() -> None:
    message = refusal(lambda: components.CloudSqlPostgres(pulumi.Output.from_input("db")))  # pyright: ignore[reportArgumentType]
    assert "name, is an Output. It must be a string." in message


@dataclass
class DataclassArgs:
    port: int = 5433


class ClassArgs:
    port = 5433


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        (DataclassArgs(), "a DataclassArgs"),
        (ClassArgs(), "a ClassArgs"),
        ([("port", 5433)], "a list"),
        ("port=5433", "a str"),
        (5433, "an int"),
        (pulumi.InvokeOptions(), "an InvokeOptions"),
    ],
)
def test_arguments_that_are_no_dict_are_refused_by_name_of_their_kind(args: Any, kind: str) -> None:
    message = refusal(lambda: Inputs("Example", "db", args, ExampleArgs))
    assert message == (
        f'Example "db": args must be a dict of arguments (ExampleArgs), not {kind}. Its values may be Outputs. '
        "Valid arguments: division_mode, labels, password, port, user_name."
    )


def test_an_output_of_all_arguments_is_refused() -> None:
    message = refusal(lambda: Inputs("Example", "db", pulumi.Output.from_input({"port": 1}), ExampleArgs))  # pyright: ignore[reportArgumentType]
    assert "not an Output. Its values may be Outputs." in message


def test_resource_options_in_the_place_of_the_arguments_are_refused_with_theirs() -> None:
    options: Any = pulumi.ResourceOptions(protect=True)
    message = refusal(lambda: Inputs("Example", "db", options, ExampleArgs))
    assert message == 'Example "db": resource options are the third argument: pass them as opts=….'


@pytest.mark.parametrize("none", [None, {}])
def test_no_arguments_at_all_are_all_defaults(none: Any) -> None:
    assert (
        run(lambda: {"port": Inputs("Example", "db", none, ExampleArgs).get("port", port_number, 5432)})["port"].value
        == 5432
    )


# --- A caller who writes camelCase


def camel_case(config_key: str | None = None, **values: Any) -> Inputs:
    return Inputs("Example", "db", CamelCaseArgs(values, config_key), ExampleArgs)


def test_messages_name_arguments_as_the_caller_writes_them() -> None:
    def fail(inputs: Inputs) -> Any:
        inputs.fail("user_name", "needs division_mode, not my_user_name or /user_name.")

    assert refusal(lambda: fail(arguments())).endswith(
        '"user_name" needs division_mode, not my_user_name or /user_name.'
    )
    assert refusal(lambda: fail(camel_case())).endswith(
        '"userName" needs divisionMode, not my_user_name or /user_name.'
    )
    assert 'unknown argument "userNaem". Did you mean "userName"?' in refusal(lambda: camel_case(userNaem="a"))
    assert "Valid arguments: divisionMode, labels," in refusal(lambda: camel_case(x=1))


def test_messages_show_values_as_the_caller_writes_them() -> None:
    assert "is False, but" in refusal(lambda: arguments(port=False).get("port", port_number))
    assert "is false, but" in refusal(lambda: camel_case(port=False).get("port", port_number))


@pytest.mark.parametrize("inputs", [arguments, camel_case])
def test_an_integer_that_came_as_a_float_is_shown_as_the_integer(inputs: Callable[..., Inputs]) -> None:
    assert '"port" is 0, but' in refusal(lambda: inputs(port=0.0).get("port", port_number))
    assert '"port" is 0.5, but' in refusal(lambda: inputs(port=0.5).get("port", port_number))


@pytest.mark.parametrize(("typed", "kind"), [(12345678, "a number"), (True, "true or false")])
def test_a_string_that_pulumi_took_for_something_else_is_explained(typed: object, kind: str) -> None:
    any_string = regex(".+", "must be a string.")
    text = str(typed).lower()
    assert refusal(lambda: camel_case("example", user_name=typed).get("user_name", any_string)).endswith(
        f"Pulumi reads it as {kind}; to set it as a string: "
        f"`pulumi config set --path --type string example.userName {text}`."
    )
    assert refusal(lambda: camel_case("example", password=typed).get("password", any_string, secret=True)).endswith(
        f"Pulumi reads it as {kind}; to set it as a string: `pulumi config set --path --secret example.password`."
    )
    assert refusal(lambda: camel_case(user_name=typed).get("user_name", any_string)).endswith(
        f"It was read as {kind}: put it in quotation marks."
    )


def test_a_number_is_not_advised_as_a_string_that_would_be_refused_too() -> None:
    assert refusal(lambda: camel_case("example", user_name=1).get("user_name", word)).endswith("must be a word.")


def test_the_way_to_set_a_missing_argument_is_that_of_the_caller() -> None:
    assert refusal(lambda: camel_case("example").require("user_name", word)).endswith(
        '"userName" is missing, and it has no default. Run `pulumi config set --path example.userName VALUE`.'
    )
    assert refusal(lambda: arguments().require("user_name", word)).endswith("is missing, and it has no default.")


@pytest.mark.parametrize("wrap", [lambda value: value, pulumi.Output.from_input])
def test_a_map_of_strings_takes_numbers_and_booleans_as_strings(wrap: Callable[[Any], Any]) -> None:
    def program() -> dict[str, Any]:
        labels = arguments(
            labels={"cost": wrap(4711), "float": wrap(1.5), "production": wrap(True), "whole": wrap(2.0)}
        )
        return labels.get_map("labels", str, regex(".*", "must be a string."))

    assert {key: label.value for key, label in run(program).outputs.items()} == {
        "cost": "4711",
        "float": "1.5",
        "production": "true",
        "whole": "2",
    }


def test_a_name_with_a_dot_that_became_a_path_is_explained() -> None:
    nested = {"pgbouncer": {"enabled": True}}
    assert refusal(lambda: camel_case("example", labels=nested).get_map("labels", str, word)).endswith(
        'argument "labels" has a map under the key "pgbouncer", but its values are single values. A name with a dot '
        "needs brackets: `pulumi config rm --path example.labels.pgbouncer`, then "
        "`pulumi config set --path 'example.labels[\"pgbouncer.enabled\"]' …`."
    )
    deep = {"203": {"0": {"113": {"7": "203.0.113.7"}}}}
    assert "'example.labels[\"203.0.113.7\"]'" in refusal(
        lambda: camel_case("example", labels=deep).get_map("labels", str, regex(".*", "")),
    )
    two = {"office": {"startIpAddress": "203.0.113.7", "endIpAddress": "203.0.113.9"}}
    assert refusal(lambda: camel_case("example", labels=two).get_map("labels", str, word)).endswith(
        "its values are single values."
    )
    assert "pulumi config" not in refusal(lambda: arguments(labels=nested).get_map("labels", str, word))
