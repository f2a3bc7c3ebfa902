"""The package's own mocks with Pulumi's set_mocks: they know what the providers decide."""

import pulumi
from backstage_database.testing import Mocks

pulumi.runtime.set_mocks(Mocks(), preview=False)

from backstage_database import AzurePostgres, CloudSqlPostgres  # noqa: E402 - the guide sets the mocks first

azure = AzurePostgres("azure", {"resource_group_name": "portal", "server_name": "portal-db"})
google = CloudSqlPostgres("google", {"instance_name": "portal-db"})


@pulumi.runtime.test
def test_both_blocks_are_whole():
    def check(blocks):
        assert blocks[0]["connection"]["host"] == "portal-db.postgres.database.azure.com"
        assert blocks[0]["connection"]["tokenCredential"]["clientId"]
        assert blocks[1]["connection"]["instance"] == "portal-123:europe-west1:portal-db"

    return pulumi.Output.all(azure.database_config, google.database_config).apply(check)
