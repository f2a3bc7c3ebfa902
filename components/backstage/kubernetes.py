"""Renders the block for a Backstage on Kubernetes: values for its Helm chart, or manifests.

Pure functions, no resources. The chart is `backstage/backstage` of https://backstage.github.io/charts.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..validators import is_list, is_map
from . import document
from .block import environment, with_variables

# Name of the file in the ConfigMap.
CONFIG_FILE = "app-config.database.yaml"


@dataclass(frozen=True)
class Workload:
    """Backstage's workload on Kubernetes: the names of its objects, its service account and its pods' labels."""

    name: str
    """Name of the ConfigMap and of the Secret: `object_name`."""
    service_account: str | None = None
    """namespace/name; None if Backstage needs no identity."""
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the service account. Empty ones are left out."""
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels that a pod needs to get its identity from the cluster."""
    remark: str | None = None
    """A comment for the admin who applies the document."""

    @property
    def account(self) -> str | None:
        """Returns the name of the service account without its namespace."""
        return None if self.service_account is None else self.service_account.rpartition("/")[2]

    @property
    def namespace(self) -> str | None:
        return None if self.service_account is None else self.service_account.rpartition("/")[0]


def object_name(component: str) -> str:
    """Returns the name of the Kubernetes objects, an RFC 1123 label made from the component's name."""
    label = re.sub(r"[^a-z0-9]+", "-", component.lower()).strip("-")[: 63 - len("-database")].rstrip("-")
    return f"{label or 'backstage'}-database"


def helm_values(workload: Workload, config: Mapping[str, Any], variables: Collection[str]) -> str:
    """Returns values for the chart. The values of `variables` come from the Secret; all others are literal."""
    app_config = {"backend": {"database": _literal(with_variables(config, variables))}}
    # A map can be merged with other values. If Helm cannot write it, the chart gets the document as a string.
    backstage: dict[str, Any] = {"appConfig": app_config if _writable(app_config) else document.dump(app_config)}
    if variables:
        backstage["extraEnvVarsSecrets"] = [workload.name]
    if workload.pod_labels:
        backstage["podLabels"] = dict(workload.pod_labels)
    values: dict[str, Any] = {"backstage": backstage}
    if workload.account is not None:
        values["serviceAccount"] = {"create": True, "name": workload.account, **_annotations(workload)}
    # The chart's own database, with which the chart would also set POSTGRES_HOST and POSTGRES_USER.
    values["postgresql"] = {"enabled": False}
    comments = ["Values for the Helm chart backstage/backstage of https://backstage.github.io/charts."]
    if workload.namespace is not None:
        comments.append(f"Install it with --namespace {workload.namespace}: the identity is bound to that namespace.")
    if variables:
        comments.append(
            f"Apply the Secret {workload.name} first, in the same namespace: another output of the component holds it."
        )
    return _comments(workload, config, comments) + document.dump(values)


def kubernetes_manifests(workload: Workload, config: Mapping[str, Any], variables: Collection[str]) -> str:
    """Returns a ConfigMap with the app-config, and the ServiceAccount if Backstage needs one."""
    comments = [
        f"Mount the ConfigMap's {CONFIG_FILE} into Backstage's container, and start Backstage with --config and its "
        "path.",
    ]
    objects: list[dict[str, Any]] = []
    if workload.account is not None:
        labels = "".join(f', labels with {key}: "{value}"' for key, value in workload.pod_labels.items())
        comments.append(f"Its pods have serviceAccountName: {workload.account}{labels}.")
        metadata = {**_metadata(workload, workload.account), **_annotations(workload)}
        objects.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    if variables:
        comments.append(f"Its container has envFrom: [{{secretRef: {{name: {workload.name}}}}}], from another output.")
    file = document.Lines(document.render(with_variables(config, variables)))
    objects.append(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(workload, workload.name),
            "data": {CONFIG_FILE: file},
        }
    )
    return _comments(workload, config, comments) + "---\n".join(map(document.dump, objects))


def kubernetes_secret(workload: Workload, config: Mapping[str, Any], variables: Collection[str]) -> str:
    """Returns the Secret that holds these variables; an empty string without any."""
    values = {variable: value for variable, value in environment(config).items() if variable in variables}
    if not values:
        return ""
    return document.dump(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata(workload, workload.name),
            "type": "Opaque",
            "stringData": values,
        }
    )


def host_remark(host: Any) -> str | None:
    """Returns a warning about a loopback address, which in a pod means the pod itself; None for other hosts."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return None
    return f"WARNING: no pod reaches this database: in a pod {host} is the pod itself." if loopback else None


def _metadata(workload: Workload, name: str) -> dict[str, Any]:
    return {"name": name, **({} if workload.namespace is None else {"namespace": workload.namespace})}


def _annotations(workload: Workload) -> dict[str, Any]:
    given = {key: value for key, value in workload.annotations.items() if value}
    return {"annotations": given} if given else {}


def _comments(workload: Workload, config: Mapping[str, Any], comments: list[str]) -> str:
    remarks = [workload.remark, host_remark(config["connection"]["host"])]
    return "".join(f"# {line}\n" for line in [*comments, *filter(None, remarks)])


# Everything but the characters that YAML allows (YAML 1.2.2, 5.1), without the line breaks that only YAML 1.1 has.
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _writable(value: Any) -> bool:
    """Returns whether Helm can write the value. With one other character it writes nothing, without an error."""
    if is_map(value):
        return all(_writable(key) and _writable(item) for key, item in value.items())
    if is_list(value):
        return all(map(_writable, value))
    return not (isinstance(value, str) and _UNWRITABLE.search(value))


def _literal(value: Any) -> Any:
    """Returns a deep copy with `{{` escaped: the chart treats every value of appConfig with `{{` as a template."""
    if is_map(value):
        return {_literal(key): _literal(item) for key, item in value.items()}
    if is_list(value):
        return [_literal(item) for item in value]
    return value.replace("{{", "{{`{{`}}") if isinstance(value, str) else value
