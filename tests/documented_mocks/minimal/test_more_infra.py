"""The same in unittest, and in a second module of one run."""

import unittest

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks())

import more_infra  # noqa: E402 - the guide sets the mocks first


class TestTeams(unittest.TestCase):
    @pulumi.runtime.test
    def test_each_team_has_a_password_of_its_own(self):
        def check(passwords):
            self.assertNotEqual(passwords[0], passwords[1])

        return pulumi.Output.all(more_infra.one.database.password, more_infra.two.database.password).apply(check)


class TestPrincipals(unittest.TestCase):
    @pulumi.runtime.test
    def test_backstage_connects_to_google_as_jo(self):
        def check(known):
            self.assertEqual(known, ["portal-123:europe-west1:db-1", "jo@example.com", ""])

        person = more_infra.person
        return pulumi.Output.all(person.connection_name, person.user, person.service_account_email).apply(check)


if __name__ == "__main__":
    unittest.main()
