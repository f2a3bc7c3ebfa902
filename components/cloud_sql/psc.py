"""Waits until Google has created the endpoint for Private Service Connect."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import sql

from .settings import CloudSqlSettings

ENDPOINT_MAX_RETRIES = 12
ENDPOINT_RETRY_DELAY_SECONDS = 10.0


@dataclass(frozen=True)
class Endpoint:
    """The state of an automatic connection. Mocks leave missing fields None, Google leaves them empty."""

    address: str | None
    status: str | None
    network_status: str | None
    policy_creation: str | None

    @property
    def works(self) -> bool:
        return self.address is None or (self.address != "" and self.status != "FAILED")

    def __str__(self) -> str:
        return (
            f"the endpoint is {self.status or 'missing'}, its network {self.network_status or 'without a status'}, the "
            f"creation of a policy {self.policy_creation or 'without a result'}"
        )


def working_endpoint(
    settings: CloudSqlSettings, project: pulumi.Output[str], instance: sql.DatabaseInstance
) -> pulumi.Output[None]:
    """Returns an Output that resolves when the endpoint works. Raises ArgumentError if it does not work in time."""
    if settings.psc_consumer_network is None:
        return pulumi.Output.from_input(None)

    async def wait(v: dict[str, Any]) -> None:
        endpoints: list[Endpoint] = v["endpoints"]
        for attempt in range(ENDPOINT_MAX_RETRIES + 1):
            if all(endpoint.works for endpoint in endpoints) or pulumi.runtime.is_dry_run():
                return
            if attempt:
                await asyncio.sleep(ENDPOINT_RETRY_DELAY_SECONDS)
            # The state may be older than the service connection policy, so ask Google again.
            found = await sql.get_database_instance_output(
                name=v["name"], project=v["project"], opts=pulumi.InvokeOutputOptions(parent=instance)
            ).future()
            endpoints = _endpoints(found.settings[0].ip_configurations[0].psc_configs if found else None)
        settings.inputs.fail(
            "psc_consumer_network",
            f"is {v['network']}, in which Google has created no working endpoint: {'; '.join(map(str, endpoints))}. "
            "Backstage could not connect. The network needs a service connection policy of the class google-cloud-sql "
            "in the instance's region: ask its administrators for one, or set psc_connection_policy to true; then "
            "run `pulumi up` again. Everything else is in place.",
        )

    endpoints = instance.settings.apply(
        lambda v: _endpoints(v.ip_configuration.psc_configs if v.ip_configuration else None)
    )
    return pulumi.Output.all(
        endpoints=endpoints, name=instance.name, project=project, network=settings.psc_consumer_network
    ).apply(wait)


def _endpoints(psc_configs: Sequence[Any] | None) -> list[Endpoint]:
    # Any, because the results of functions and those of resources have classes of their own.
    lists: list[Sequence[Any]] = [config.psc_auto_connections or [] for config in psc_configs or []]
    return [
        Endpoint(one.ip_address, one.status, one.consumer_network_status, one.service_connection_policy_creation_result)
        for connections in lists
        for one in connections
    ]
