"""Validates a component's arguments, so that a mistake is named before anything is created."""

import datetime
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from inspect import isawaitable
from typing import Any, NoReturn, TypeVar, get_args, get_origin, overload

import pulumi
from typing_extensions import Required

from .backstage.options import OPTIONS
from .outputs import camel_case
from .validators import Validator, is_list, is_map, with_integers

T = TypeVar("T")


class ArgumentError(pulumi.RunError):
    """Raised for a wrong argument. Pulumi prints its message alone, without a traceback.

    It is not a ValueError, because Pulumi wraps one that is raised in an Output into its own error, with a traceback.
    """


class CamelCaseArgs(dict[str, Any]):
    """Arguments of a caller who writes camelCase: in a stack's configuration, in YAML or in another language.

    Messages spell names and values as that caller does. `config_key` is set when they come from the configuration.
    """

    def __init__(self, values: Mapping[str, Any], config_key: str | None = None) -> None:
        super().__init__(values)
        self.config_key = config_key


class Inputs:
    """The arguments that the caller passed to one component. Names are validated at once, values as they are read."""

    def __init__(self, component: str, name: str, values: Mapping[str, Any] | None, allowed: type) -> None:
        """`allowed` is the component's TypedDict. Raises ArgumentError for an argument that is not in it."""
        given_name: Any = name  # Python checks no types.
        if not isinstance(given_name, str) or not given_name:
            kind = "empty" if given_name == "" else kind_of(given_name)
            raise ArgumentError(
                f"{component}: the first argument, the component's name, is {kind}. It must be a string."
            )
        self._owner = f'{component} "{name}"'
        self._annotations = annotations(allowed)
        self._camel_case = isinstance(values, CamelCaseArgs)
        self._config_key = values.config_key if isinstance(values, CamelCaseArgs) else None
        given = _as_mapping(self._owner, values, allowed)
        self._values: Mapping[str, Any] = {argument: _plain(value) for argument, value in given.items()}
        names = [self.spelled(name) for name in self._annotations]
        for unknown in self._values.keys() - self._annotations.keys():
            closest = difflib.get_close_matches(self.spelled(str(unknown)), names, n=1)
            if unknown in OPTIONS and "database_options" in self._annotations:
                closest = [f"{self.spelled('database_options')}.{unknown}"]
            hint = f' Did you mean "{closest[0]}"?' if closest else ""
            raise ArgumentError(
                f'{self._owner}: unknown argument "{unknown}".{hint} Valid arguments: {", ".join(sorted(names))}.'
            )

    @overload
    def get(
        self, argument: str, validator: Validator[T], default: T, *, secret: bool = ..., related: Sequence[str] = ...
    ) -> pulumi.Output[T]: ...
    @overload
    def get(
        self, argument: str, validator: Validator[T], *, secret: bool = ..., related: Sequence[str] = ...
    ) -> pulumi.Output[T] | None: ...
    def get(
        self,
        argument: str,
        validator: Validator[Any],
        default: Any = None,
        *,
        secret: bool = False,
        related: Sequence[str] = (),
    ) -> Any:
        """Returns the argument after validation; `default`, or None without one, when it is absent or None.

        A plain value is checked at once, an Output when its value is known. The message repeats the value, unless
        `secret` is true or the Output is secret. The validator also receives the arguments named in `related`, None for
        an absent one.
        """
        value = self._values.get(argument)
        if value is None:
            return None if default is None else pulumi.Output.from_input(default)
        others = [self._values.get(name) for name in related]
        return self._checked(argument, f'argument "{self.spelled(argument)}"', value, validator, secret, others)

    def require(self, argument: str, validator: Validator[T]) -> pulumi.Output[T]:
        """Returns a required argument, like `get`. Raises ArgumentError if it is absent."""
        value = self.get(argument, validator)
        if value is None:
            path = f"{self._config_key}.{camel_case(argument)}"
            remedy = "" if self._config_key is None else f" Run `pulumi config set --path {path} VALUE`."
            self.fail(argument, f"is missing, and it has no default.{remedy}")
        return value

    def get_plain(self, argument: str, validator: Validator[T], default: T) -> T:
        """Returns an argument that decides what is created, so that it cannot be an Output."""
        value = self._values.get(argument)
        if value is None:
            return default
        if _contains_output(value):
            kind = "a plain value, not an Output" if self._config_key is None else "set without --secret"
            self.fail(argument, f"must be {kind}, because it decides what is created.")
        self._refuse_resource(f'argument "{self.spelled(argument)}"', value)
        try:
            return validator(value)
        except ValueError as reason:
            hint = self._retyped(argument, value, validator, secret=False)
            self.fail(argument, f"is {self._shown(value)}, but it {reason}{hint}")

    def get_map(
        self, argument: str, key_validator: Validator[str], validator: Validator[T]
    ) -> dict[str, pulumi.Output[T]]:
        """Returns a map's entries in the order of their keys, each validated; values may be Outputs, keys are plain."""
        values = self._values.get(argument)
        if values is None:
            return {}
        if not is_map(values):
            self.fail(argument, self._no_map(argument, values))
        for key, value in values.items():
            try:
                key_validator(key)
            except ValueError as reason:
                self.fail(argument, f"has the key {self._shown(key)}, but it {reason}")
            if is_map(value):
                self.fail(argument, self._nested(argument, key, value))
        of_strings = is_map_of_strings(self._annotations[argument])

        def validate(value: Any) -> T:
            return validator(as_string(value) if of_strings else value)

        return {
            key: self._checked(
                argument, f'argument "{self.spelled(argument)}", key "{key}",', values[key], validate, False, []
            )
            for key in sorted(values)
        }

    def raw(self, argument: str) -> Any:
        """Returns what the caller passed, without validation."""
        return self._values.get(argument)

    def is_set(self, argument: str) -> bool:
        """Returns whether the caller set the argument. None, False and an empty map count as not set."""
        value = self._values.get(argument)
        return _contains_output(value) or (value is not None and value is not False and value != {})

    def validate_default(self, argument: str, value: Any, validator: Validator[T], source: str) -> T:
        """Validates a value that replaces an argument that was left out; `source` names it in the error."""
        try:
            return validator(value)
        except ValueError as reason:
            self.fail(argument, f"is missing, and {source} is {self._shown(value)}, but it {reason}")

    def warn(self, concern: pulumi.Input[str | None], component: pulumi.Resource) -> None:
        """Logs a warning once the value is known; None logs nothing."""

        def show(known: str | None) -> None:
            if known:
                pulumi.log.warn(f"{self._owner}: {self.spelled(known)}", component)

        pulumi.Output.from_input(concern).apply(show)

    def fail(self, argument: str, reason: str) -> NoReturn:
        """Raises ArgumentError for arguments that are wrong together; `reason` says why and what to do."""
        raise ArgumentError(f'{self._owner}: argument "{self.spelled(argument)}" {self.spelled(reason)}')

    def require_both(self, one: str, other: str, because: str = "") -> None:
        """Raises ArgumentError if only one of two arguments is given. 0 counts as given."""
        for given, missing in ((one, other), (other, one)):
            if self.raw(given) is not None and self.raw(missing) is None:
                self.fail(missing, f"is missing: {given} needs it{because}.")

    def spelled(self, text: str) -> str:
        """Returns the text with the names of arguments as the caller writes them."""
        if not self._camel_case:
            return text
        names = "|".join(name for name in self._annotations if "_" in name)
        return re.sub(rf"(?<![\w./])({names})(?!\w)", lambda found: camel_case(found[1]), text) if names else text

    def _checked(
        self, argument: str, what: str, value: Any, validator: Validator[Any], secret: bool, others: list[Any]
    ) -> pulumi.Output[Any]:
        is_output = _contains_output(value)

        def check(known: Any, hidden: bool, related: list[Any]) -> Any:
            plain = _plain(known)
            self._refuse_resource(what, plain)

            def validate(given: Any) -> Any:
                return validator(given, *related)

            try:
                return validate(plain)
            except ValueError as reason:
                shown = "" if hidden else f" is {self._shown(plain)}, but it"
                hint = self._retyped(argument, plain, validate, secret=hidden)
                if plain is None and is_output:
                    hint = " An output that another stack does not export is None."
                raise ArgumentError(f"{self._owner}: {what}{shown} {self.spelled(str(reason))}{hint}") from None

        if not any(_contains_output(one) for one in (value, *others)):
            return pulumi.Output.from_input(check(value, secret, others))
        output = pulumi.Output.from_input(value)
        marked = pulumi.Output.from_input(output.is_secret())
        # The related values are only compared, so a secret among them does not make this argument secret.
        related = pulumi.Output.unsecret(pulumi.Output.from_input(others))
        return pulumi.Output.all(output, marked, related).apply(
            lambda known: check(known[0], secret or known[1], known[2])
        )

    def _refuse_resource(self, what: str, value: Any) -> None:
        """Raises ArgumentError for a resource in the place of one of its outputs."""
        for one in value if is_list(value) else [value]:
            if isinstance(one, pulumi.Resource):
                kind, name = type(one).__name__, one.pulumi_resource_name
                raise ArgumentError(
                    f"{self._owner}: {what.removesuffix(',')} is the {kind} {name!r} itself. Pass the output that the "
                    "argument asks for, such as its name, id or email."
                )

    def _shown(self, value: Any) -> str:
        """Returns a value as the caller writes it, without the secrets that are easily pasted in a wrong place."""
        value = _shortened(without_secrets(with_integers(value)))
        return json.dumps(value, ensure_ascii=False, default=str) if self._camel_case else repr(value)

    def _retyped(self, argument: str, value: Any, validator: Validator[Any], *, secret: bool) -> str:
        """Returns a hint for a string that Pulumi read as a number or a boolean; empty for other values.

        Also empty if the string would be refused as well.
        """
        is_string = str in (self._annotations[argument], *get_args(self._annotations[argument]))
        if not self._camel_case or not is_string or not isinstance(value, bool | int | float):
            return ""
        try:
            validator(as_string(value))
        except ValueError:
            return ""
        kind = "true or false" if isinstance(value, bool) else "a number"
        if self._config_key is None:
            return f" It was read as {kind}: put it in quotation marks."
        command = "pulumi config set --path" + (" --secret" if secret else " --type string")
        return (
            f" Pulumi reads it as {kind}; to set it as a string: "
            f"`{command} {self._config_key}.{camel_case(argument)}{'' if secret else f' {as_string(value)}'}`."
        )

    def _no_map(self, argument: str, value: Any) -> str:
        """Returns what to do about something else in the place of a map."""
        given = "" if _contains_output(value) else f"is {self._shown(value)}, but it "
        if self._config_key is None:
            return f"{given}must be a map with plain keys, not an Output; its values may be Outputs."
        path = f"{self._config_key}.{camel_case(argument)}"
        remedy = f"`pulumi config rm --path {path}`, then `pulumi config set --path {path}.NAME VALUE`."
        return f"{given}must be a map: {remedy}"

    def _nested(self, argument: str, key: str, value: Mapping[str, Any]) -> str:
        """Returns the error for a key with a dot, which Pulumi read as a path."""
        reason = f"has a map under the key {self._shown(key)}, but its values are single values."
        name, inner = key, value
        while is_map(inner) and len(inner) == 1:
            name, inner = f"{name}.{next(iter(inner))}", next(iter(inner.values()))
        if self._config_key is None or is_map(inner):
            return reason
        path = f"{self._config_key}.{camel_case(argument)}"
        return (
            f"{reason} A name with a dot needs brackets: `pulumi config rm --path {path}.{key}`, then "
            f"`pulumi config set --path '{path}[\"{name}\"]' …`."
        )


def _as_mapping(owner: str, values: Any, allowed: type) -> Mapping[str, Any]:
    if values is None:
        return {}
    if is_map(values):
        return values
    if isinstance(values, pulumi.ResourceOptions):
        raise ArgumentError(f"{owner}: resource options are the third argument: pass them as opts=….")
    raise ArgumentError(
        f"{owner}: args must be a dict of arguments ({allowed.__name__}), not {kind_of(values)}. "
        f"Its values may be Outputs. Valid arguments: {', '.join(sorted(allowed.__annotations__))}."
    )


def kind_of(value: object) -> str:
    """Returns what a value is, without showing it."""
    kind = "Output" if isinstance(value, pulumi.Output) else type(value).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


def _plain(value: Any) -> Any:
    """Returns the value with strings in place of dates and of members of enums, such as those of the clouds' SDKs."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime.date):
        return value.isoformat()
    if is_map(value):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if is_list(value) else value


def _contains_output(value: Any) -> bool:
    if is_map(value):
        return any(map(_contains_output, value.values()))
    if is_list(value):
        return any(map(_contains_output, value))
    return isinstance(value, pulumi.Output) or isawaitable(value)


def annotations(allowed: type) -> Mapping[str, Any]:
    """Returns the arguments of a TypedDict and their types, without Required."""
    fields = allowed.__annotations__
    return {name: get_args(type_)[0] if get_origin(type_) is Required else type_ for name, type_ in fields.items()}


def is_plain(annotation: Any) -> bool:
    """Returns whether the argument's type, such as `str` or `bool`, leaves no room for an Output."""
    return get_origin(annotation) is None


def is_map_of_strings(annotation: Any) -> bool:
    """Returns whether the argument's type is `Mapping[str, Input[str]]`."""
    return get_origin(annotation) is Mapping and str in get_args(get_args(annotation)[1])


def without_secrets(value: Any) -> Any:
    """Returns the value without passwords under such a key, in an address or a connection string, and private keys."""
    if is_map(value):
        return {
            key: "[secret]" if re.search("password|secret|token", str(key), re.IGNORECASE) else without_secrets(item)
            for key, item in value.items()
        }
    if is_list(value):
        return [without_secrets(item) for item in value]
    if isinstance(value, str):
        value = re.sub(r"(://[^/@\s:]*:)\S*@", r"\1[secret]@", value)
        value = re.sub(r"(?i)(password\s*=\s*)('[^']*'|\S+)", r"\1[secret]", value)
        value = re.sub(r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*", r"\1[secret]", value)
    return value


def _shortened(value: Any) -> Any:
    """Returns a long string's beginning."""
    return f"{value[:200]}…" if isinstance(value, str) and len(value) > 200 else value


def as_string(value: Any) -> Any:
    """Returns the string that a number or a boolean was before YAML or `pulumi config set --path` gave it a type."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(with_integers(value)) if isinstance(value, int | float) else value
