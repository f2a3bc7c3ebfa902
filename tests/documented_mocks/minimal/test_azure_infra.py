"""Tests with the mocks of Pulumi's testing guide, of AzurePostgres."""

import unittest

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks(), preview=False)

import azure_infra  # noqa: E402 - the guide sets the mocks first


@pulumi.runtime.test
def test_azures_server_has_the_name_in_its_host():
    def check(known):
        host, name = known
        assert name.startswith("azure-")
        assert host == f"{name}.postgres.database.azure.com"

    return pulumi.Output.all(azure_infra.azure.host, azure_infra.azure.server_name).apply(check)


@pulumi.runtime.test
def test_what_only_azure_decides_is_unknown_and_not_left_out_of_the_block():
    async def check():
        for output in (azure_infra.azure.client_id, azure_infra.azure.database_config, azure_infra.azure.app_config):
            assert not await output.is_known()

    return check()


@pulumi.runtime.test
def test_backstage_connects_to_azure_as_the_identity_that_is_created():
    def check(user):
        assert user.startswith("azure-")

    return azure_infra.azure.user.apply(check)


@pulumi.runtime.test
def test_pods_log_in_as_the_identity_that_the_block_names():
    def check(known):
        block, client_id = known
        assert block["connection"]["tokenCredential"]["clientId"] == client_id

    return pulumi.Output.all(azure_infra.portal.database_config, azure_infra.portal.client_id).apply(check)


class TestPrincipals(unittest.TestCase):
    @pulumi.runtime.test
    def test_backstage_connects_to_azure_as_jo(self):
        def check(block):
            connection = block["connection"]
            self.assertEqual(connection["host"], "portal-db.postgres.database.azure.com")
            self.assertEqual(connection["user"], "jo@example.com")

        return azure_infra.jo.database_config.apply(check)

    @pulumi.runtime.test
    def test_azures_own_line_for_psql_names_the_server(self):
        def check(line):
            self.assertIn("host=portal-db.postgres.database.azure.com", line)
            self.assertNotIn("None", line)

        return azure_infra.jo.psql_command.apply(check)
