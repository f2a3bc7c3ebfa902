"""Creates the outputs that every component has for a Backstage on Kubernetes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pulumi

from . import backstage
from .backstage import kubernetes
from .backstage.kubernetes import Workload

# The remark of a component without a password, when the caller named no service account.
NO_IDENTITY = (
    "WARNING: nothing here gives Backstage's pods the identity that it logs in as: set kubernetes_service_account."
)


@dataclass(frozen=True)
class Blocks:
    """The block in three forms. Each is secret only if it holds a secret."""

    complete: pulumi.Output[Mapping[str, Any]]
    without_secret: pulumi.Output[Mapping[str, Any]]
    """With a placeholder for the password or client secret."""
    from_env: pulumi.Output[Mapping[str, Any]]
    """With a placeholder for every value that a variable replaces."""
    secret_variable: str | None = None
    """The variable that replaces the password or client secret; None if the block has neither."""


@dataclass(frozen=True)
class PodIdentity:
    """What gives Backstage's pods the identity that it logs in as."""

    service_account: pulumi.Output[str]
    annotations: Mapping[str, pulumi.Input[str]]
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])


class KubernetesOutputs(NamedTuple):
    """The component's outputs of these names."""

    helm_values: pulumi.Output[str]
    kubernetes_manifests: pulumi.Output[str]
    kubernetes_secret: pulumi.Output[str]


def kubernetes_outputs(
    name: str, blocks: Blocks, pods: PodIdentity | None = None, remark: str | None = None
) -> KubernetesOutputs:
    """Returns the outputs of the component `name`.

    The app-config has literal values, except for the password or client secret: a variable replaces it, and the Secret
    holds its value. If any other part of the block is secret, variables replace all values that have one.
    """
    hidden = pulumi.Output.from_input(blocks.without_secret.is_secret())
    # Used only if it is not secret.
    literal = pulumi.Output.unsecret(blocks.without_secret)
    block = hidden.apply(lambda known: blocks.from_env if known else literal)
    variables = hidden.apply(
        lambda known: blocks.from_env.apply(_variables) if known else _list(blocks.secret_variable)
    )
    workload = _workload(name, pods, remark)

    # Not Output.all, which creates an Output for every value in a block again.
    def render(rendering: Callable[..., str], block: pulumi.Output[Mapping[str, Any]]) -> pulumi.Output[str]:
        return block.apply(lambda b: variables.apply(lambda v: workload.apply(lambda w: rendering(w, b, v))))

    return KubernetesOutputs(
        helm_values=render(kubernetes.helm_values, block),
        kubernetes_manifests=render(kubernetes.kubernetes_manifests, block),
        kubernetes_secret=render(kubernetes.kubernetes_secret, blocks.complete),
    )


def _workload(name: str, pods: PodIdentity | None, remark: str | None) -> pulumi.Output[Workload]:
    object_name = kubernetes.object_name(name)
    if pods is None:
        return pulumi.Output.from_input(Workload(object_name, remark=remark))
    return pulumi.Output.all(account=pods.service_account, annotations=pods.annotations).apply(
        lambda v: Workload(object_name, v["account"], v["annotations"], pods.pod_labels, remark)
    )


def _variables(from_env: Mapping[str, Any]) -> list[str]:
    return list(backstage.environment(from_env))


def _list(value: str | None) -> list[str]:
    return [] if value is None else [value]
