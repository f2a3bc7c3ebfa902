"""What Kubernetes and Backstage's Helm chart do with what the components return.

The chart is backstage/backstage 2.8.2 of github.com/backstage/charts: its values.schema.json says what it takes, its
templates what a pod gets.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import kubernetes_validate
import yaml
from ruamel.yaml import YAML

API_VERSION = "1.37"
"""Of the schemas that manifests are held against: Kubernetes' own, which the package kubernetes-validate carries."""

# The parser in C, which those of Helm and kubectl are ported from, is ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The package would read its schemas, of several megabytes, for each object again.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

# Kubernetes' documentation, "Object Names and IDs".
NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# The same, "Labels and Selectors": prefix/name, and a value.
LABEL = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")

# values.schema.json: keys → type, of the objects that have no others (`additionalProperties: false`).
_BACKSTAGE: dict[str, tuple[type, ...]] = {
    "appConfig": (dict, str),
    "args": (list,),
    "extraEnvVarsSecrets": (list,),
    "image": (dict,),
    "podLabels": (dict,),
}
_SERVICE_ACCOUNT: dict[str, tuple[type, ...]] = {"create": (bool,), "name": (str,), "annotations": (dict,)}


@dataclass(frozen=True)
class Pod:
    """The parts of the pod that the chart renders from values."""

    app_config: Mapping[str, Any]
    secrets: list[str]
    labels: Mapping[str, str]
    service_account: str
    annotations: Mapping[str, str]


def pod(values: str) -> Pod:
    """Returns what the chart makes of these values. Fails for values that it refuses."""
    read = read_alike(values)
    assert read.keys() <= {"backstage", "serviceAccount", "postgresql"}
    backstage, account = read["backstage"], read.get("serviceAccount", {})
    _check(backstage, _BACKSTAGE)
    _check(account, _SERVICE_ACCOUNT)
    labels, annotations = backstage.get("podLabels", {}), account.get("annotations", {})
    for key, value in {**labels, **annotations}.items():
        assert isinstance(value, str), f"the chart's schema wants a string under {key}"
        assert LABEL.fullmatch(key)
    assert all(LABEL.fullmatch(value) for value in labels.values())
    assert read["postgresql"] == {"enabled": False}
    return Pod(
        app_config=_app_config(backstage["appConfig"]),
        secrets=backstage.get("extraEnvVarsSecrets", []),
        labels=labels,
        # templates/_helpers.tpl, backstage.serviceAccountName
        service_account=account["name"] if account.get("create") else "default",
        annotations=annotations,
    )


def objects(manifests: str) -> dict[str, dict[str, Any]]:
    """Returns the objects by kind. Fails for one that Kubernetes would refuse."""
    found: dict[str, dict[str, Any]] = {}
    for one in yaml.load_all(manifests, LOADER):
        validate(one)
        assert one["kind"] not in found
        found[one["kind"]] = one
    assert list(found.values()) == list(YAML(typ="safe").load_all(manifests)), "YAML 1.1 and 1.2 read the same"
    return found


def validate(one: dict[str, Any]) -> None:
    """Fails for an object that Kubernetes would refuse."""
    kubernetes_validate.validate(one, API_VERSION, strict=True)
    for name in (one["metadata"]["name"], one["metadata"].get("namespace", "default")):
        assert NAME.fullmatch(name), f"{name!r} is not a name"


def read_alike(document: str) -> Any:
    """Returns what YAML 1.1 and YAML 1.2 both read. Helm, kubectl and Backstage are somewhere between them."""
    first = yaml.load(document, LOADER)
    assert first == YAML(typ="safe").load(document)
    return first


def _check(given: Mapping[str, Any], allowed: Mapping[str, tuple[type, ...]]) -> None:
    for key, value in given.items():
        assert key in allowed, f"the chart's schema has no {key}, or this test does not know it yet"
        assert isinstance(value, allowed[key]), f"the chart's schema wants another type under {key}"


def _app_config(value: Any) -> Any:
    """Returns what is in the ConfigMap. A map goes through Helm's toYaml, which returns an empty string where it fails.

    It does for what is no character of a YAML document, and changes line breaks of YAML 1.1: measured with Helm 3.18
    and 4.3.
    """
    if isinstance(value, str):
        return read_alike(_template(value))
    unwritable = re.findall(r"[\x7f-\x9f\u2028\u2029\ufffe\uffff]", "".join(_strings(value)))
    assert not unwritable, f"the ConfigMap would be empty, for {unwritable!r}"
    return _template(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _strings(list(value))
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


def _template(value: Any) -> Any:
    """Renders appConfig as the chart's library does: where `{{` occurs, Go's template engine runs all of it.

    It knows raw strings here, {{`text`}}, and fails a test with anything else.
    """
    if isinstance(value, Mapping):
        return {_template(key): _template(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_template(item) for item in value]
    if not isinstance(value, str):
        return value
    parts = re.split(r"\{\{`([^`]*)`\}\}", value)
    assert not any("{{" in text for text in parts[::2]), f"the chart runs this as a template: {value!r}"
    return "".join(parts)
