"""Tests of a preview with the mocks of Pulumi's testing guide: what the program does not know is unknown."""

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks(), preview=True)

import infra  # noqa: E402 - the guide sets the mocks first


@pulumi.runtime.test
def test_a_block_is_whole_or_unknown():
    async def check():
        for database in (infra.laptop, infra.google):
            for output in (database.database_config, database.app_config, database.environment, database.helm_values):
                assert not await output.is_known()

    return check()


@pulumi.runtime.test
def test_what_follows_from_the_arguments_is_known():
    async def check():
        assert await infra.existing.database_config.is_known()
        assert await infra.google.ip_address_type.is_known()

    return check()


@pulumi.runtime.test
def test_an_unknown_block_is_still_secret():
    async def check():
        assert await infra.laptop.database_config.is_secret()

    return check()
