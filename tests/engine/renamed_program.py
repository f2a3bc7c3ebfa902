"""A LocalPostgres that gets another name and another parent when STEP says so."""

import os

import pulumi

import components


class Parent(pulumi.ComponentResource):
    def __init__(self) -> None:
        super().__init__("test:index:Parent", "parent")


args: components.LocalPostgresArgs = {"port": int(os.environ["PORT"])}
if os.environ["STEP"] == "former":
    database = components.LocalPostgres("former", args)
else:
    former = pulumi.Alias(name="former", parent=pulumi.ROOT_STACK_RESOURCE)
    database = components.LocalPostgres("portal", args, pulumi.ResourceOptions(parent=Parent(), aliases=[former]))
pulumi.export("databaseConfig", database.database_config)
