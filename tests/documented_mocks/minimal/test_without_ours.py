"""A module without any of the package's components, after those that have some."""

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks())

stash = pulumi.Stash("value", input="kept")


@pulumi.runtime.test
def test_a_program_of_its_own_is_not_disturbed():
    def check(value):
        assert value == "kept"

    return stash.input.apply(check)
