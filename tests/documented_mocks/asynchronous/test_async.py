"""Async tests, which create their resources on the event loop of the test."""

import asyncio
import unittest

import pulumi
from backstage_database import CloudSqlPostgres, LocalPostgres


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_a_block_can_be_awaited(self):
        pulumi.runtime.set_mocks(MyMocks())
        database = LocalPostgres("laptop", {"password": "s3cret"})
        block = await database.database_config.future()
        self.assertEqual((block or {})["connection"]["password"], "s3cret")

    async def test_an_unknown_value_can_be_recognized(self):
        pulumi.runtime.set_mocks(MyMocks())
        google = CloudSqlPostgres("google", {"project": "portal-123", "region": "europe-west1"})
        self.assertFalse(await google.database_config.is_known())


def test_asyncio_run():
    async def program():
        pulumi.runtime.set_mocks(MyMocks())
        return await LocalPostgres("laptop", {"port": 5433}).port.future()

    assert asyncio.run(program()) == 5433
