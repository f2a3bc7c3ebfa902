"""Another program: databases in components of the user's own, and one that knows who Backstage is."""

import pulumi
from backstage_database import CloudSqlPostgres, LocalPostgres


class Team(pulumi.ComponentResource):
    """What a team gets: a database of its own, called the same in every team."""

    def __init__(self, name: str) -> None:
        super().__init__("portal:index:Team", name)
        self.database = LocalPostgres(f"{name}-answers", opts=pulumi.ResourceOptions(parent=self))


one, two = Team("one"), Team("two")
person = CloudSqlPostgres(
    "person", {"project": "portal-123", "region": "europe-west1", "instance_name": "db-1", "user": "jo@example.com"}
)
