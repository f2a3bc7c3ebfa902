"""Runs AzurePostgres under mocks that answer as Azure would."""

from typing import Any

import pulumi

from components import AzurePostgres
from components.testing import Mocks, run

TENANT = "0000000a-0000-0000-0000-000000000000"
LOGIN_TENANT = "0000000b-0000-0000-0000-000000000000"
OBJECT = "00000001-0000-0000-0000-000000000000"
USER_OBJECT = "00000002-0000-0000-0000-000000000000"
IDENTITY_CLIENT = "0000000c-0000-0000-0000-000000000000"
CLIENT = "0000000d-0000-0000-0000-000000000000"
SERVER_NAME = "contract"
HOST = f"{SERVER_NAME}.postgres.database.azure.com"

# Principals of the user's own. Only their names reach PostgreSQL.
PRINCIPAL = {"admin_name": "Backstage: app's", "admin_object_id": OBJECT, "admin_type": "ServicePrincipal"}
GROUP = {"admin_name": "platform team", "admin_object_id": OBJECT, "admin_type": "Group"}
USER = {"user": 'backstage "app"', "user_object_id": USER_OBJECT, "user_type": "ServicePrincipal"}


class Azure(Mocks):
    """Answers what Azure decides."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        match args.typ.removeprefix("azure-native:"):
            case "dbforpostgresql:Server":
                name = args.inputs["serverName"]
                outputs |= {"name": name, "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com"}
            case "managedidentity:UserAssignedIdentity":
                known = {"principalId": OBJECT, "clientId": IDENTITY_CLIENT, "tenantId": TENANT}
                outputs |= {"name": args.inputs["resourceName"], **known}
        return id_, outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        assert args.token == "azure-native:authorization:getClientConfig"
        return {"tenantId": LOGIN_TENANT, "clientId": "", "objectId": "", "subscriptionId": ""}, []


def outputs(**args: Any) -> dict[str, Any]:
    """Returns the values of the component's outputs."""

    def program() -> dict[str, Any]:
        arguments: Any = {"resource_group_name": "group", "server_name": SERVER_NAME, **args}
        database = AzurePostgres("db", arguments)
        return {name: getattr(database, name) for name in AzurePostgres.__annotations__}

    return {name: resolved.value for name, resolved in run(program, mocks=Azure()).outputs.items()}
