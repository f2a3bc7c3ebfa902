"""Tests with mocks that know what the providers decide, as Pulumi's testing guide has them for output properties."""

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        outputs = dict(args.inputs)
        if args.typ == "azure-native:dbforpostgresql:Server":
            outputs["name"] = args.inputs["serverName"]
            outputs["fullyQualifiedDomainName"] = args.inputs["serverName"] + ".postgres.database.azure.com"
        if args.typ == "azure-native:managedidentity:UserAssignedIdentity":
            outputs["name"] = args.inputs["resourceName"]
            outputs["principalId"] = "00000000-0000-0000-0000-000000000001"
            outputs["clientId"] = "00000000-0000-0000-0000-000000000002"
            outputs["tenantId"] = "00000000-0000-0000-0000-00000000000a"
        if args.typ == "gcp:serviceaccount/account:Account":
            outputs["email"] = args.inputs["accountId"] + "@portal-123.iam.gserviceaccount.com"
        if args.typ == "gcp:sql/databaseInstance:DatabaseInstance":
            outputs["connectionName"] = "portal-123:europe-west1:" + args.inputs["name"]
            outputs["publicIpAddress"] = "203.0.113.7"
        return [args.name + "_id", outputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        if args.token == "azure-native:authorization:getClientConfig":
            return {"tenantId": "00000000-0000-0000-0000-00000000000b"}
        return {}


pulumi.runtime.set_mocks(MyMocks())

import infra  # noqa: E402 - the guide sets the mocks first


@pulumi.runtime.test
def test_azures_block_is_whole():
    def check(known):
        block, name, user = known
        connection = block["connection"]
        assert connection["host"] == f"{name}.postgres.database.azure.com"
        assert connection["user"] == user
        assert connection["tokenCredential"]["clientId"] == "00000000-0000-0000-0000-000000000002"

    azure = infra.azure
    return pulumi.Output.all(azure.database_config, azure.server_name, azure.user).apply(check)


@pulumi.runtime.test
def test_googles_block_is_whole():
    def check(known):
        block, instance = known
        connection = block["connection"]
        assert connection["instance"] == f"portal-123:europe-west1:{instance}"
        assert connection["host"] == "203.0.113.7"
        assert connection["user"].endswith("@portal-123.iam")
        assert connection["database"] == "backstage"

    return pulumi.Output.all(infra.google.database_config, infra.google.instance).apply(check)


@pulumi.runtime.test
def test_the_laptops_block_is_whole_although_nobody_mocks_the_stash():
    def check(block):
        assert len(block["connection"]["password"]) == 48

    return infra.laptop.database_config.apply(check)
