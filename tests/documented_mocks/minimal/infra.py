"""A program with three databases, as Pulumi's testing guide has it: resources are created when it is imported."""

from backstage_database import CloudSqlPostgres, ExistingPostgres, LocalPostgres

laptop = LocalPostgres("laptop", {"port": 5433})
google = CloudSqlPostgres(
    "google",
    {"project": "portal-123", "region": "europe-west1", "kubernetes_service_account": "portal/backstage"},
)
existing = ExistingPostgres("existing", {"host": "db.example.com", "user": "backstage", "password": "s3cret"})
