"""Tests with the mocks of Pulumi's testing guide, which know no provider, in pytest."""

import pulumi


class MyMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs):
        return [args.name + "_id", args.inputs]

    def call(self, args: pulumi.runtime.MockCallArgs):
        return {}


pulumi.runtime.set_mocks(MyMocks(), preview=False)

import infra  # noqa: E402 - the guide sets the mocks first


@pulumi.runtime.test
def test_backstage_logs_in_to_the_laptops_database_with_a_password():
    def check(block):
        connection = block["connection"]
        assert (connection["host"], connection["port"], connection["user"]) == ("127.0.0.1", 5433, "postgres")
        assert len(connection["password"]) == 48

    return infra.laptop.database_config.apply(check)


@pulumi.runtime.test
def test_the_laptops_document_holds_the_password_and_the_other_one_its_variable():
    def check(known):
        document, template, password = known
        assert f"password: {password}" in document
        assert "password: ${POSTGRES_PASSWORD}" in template

    laptop = infra.laptop
    return pulumi.Output.all(laptop.app_config, laptop.app_config_from_env, laptop.password).apply(check)


@pulumi.runtime.test
def test_googles_connection_name_and_user_follow_from_the_arguments():
    def check(known):
        connection_name, instance, user = known
        assert connection_name == f"portal-123:europe-west1:{instance}"
        assert user.endswith("@portal-123.iam")

    google = infra.google
    return pulumi.Output.all(google.connection_name, google.instance, google.user).apply(check)


@pulumi.runtime.test
def test_what_only_google_decides_is_unknown_and_not_left_out_of_the_block():
    async def check():
        google = infra.google
        for output in (google.host, google.database_config, google.app_config, google.helm_values):
            assert not await output.is_known()

    return check()


@pulumi.runtime.test
def test_the_existing_database_is_where_it_was_said_to_be():
    def check(block):
        connection = block["connection"]
        assert (connection["host"], connection["user"], connection["password"]) == (
            "db.example.com",
            "backstage",
            "s3cret",
        )

    return infra.existing.database_config.apply(check)


@pulumi.runtime.test
def test_helm_gets_the_block_and_the_password_is_in_the_secret_alone():
    def check(known):
        values, manifests, secret = known
        assert "host: db.example.com\n" in values
        assert "s3cret" not in values + manifests
        assert "POSTGRES_PASSWORD: s3cret\n" in secret

    existing = infra.existing
    values = (existing.helm_values, existing.kubernetes_manifests, existing.kubernetes_secret)
    return pulumi.Output.all(*values).apply(check)


@pulumi.runtime.test
async def test_an_output_can_be_awaited():
    assert await infra.laptop.port.future() == 5433


@pulumi.runtime.test
def test_secrets_are_secret():
    async def check():
        assert await infra.laptop.database_config.is_secret()
        assert await infra.existing.app_config.is_secret()
        assert not await infra.laptop.app_config_from_env.is_secret()
        assert not await infra.existing.host.is_secret()
        assert await infra.existing.kubernetes_secret.is_secret()
        assert not await infra.existing.helm_values.is_secret()

    return check()
