"""Arguments of CloudSqlPostgres."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi


class CloudSqlPostgresArgs(TypedDict, total=False):
    """Inputs of CloudSqlPostgres, all optional."""

    user: pulumi.Input[str]
    """Who Backstage runs as: the e-mail address of a service account or a person; capitals do not matter. Default: a service account is created. Its name in PostgreSQL, without .gserviceaccount.com, becomes `connection.user`."""

    additional_users: Mapping[str, pulumi.Input[str]]
    """Who else may log in: a name of your choice → e-mail address of a person or service account, or group: and that of a group, whose members log in under their own names. The name names resources of the stack. Default: nobody."""

    role: pulumi.Input[str]
    """PostgreSQL role that every user is granted and that Backstage works as, so that all it creates belongs to this role. Default: cloudsqlsuperuser, which may create databases and schemas. Another one must exist: see the README for least privilege. It becomes `role`."""

    grant_iam_roles: bool
    """Whether to give every user the IAM roles roles/cloudsql.client and roles/cloudsql.instanceUser on this instance, without which nobody can log in. Default: true. False leaves that to you."""

    project: pulumi.Input[str]
    """Id of the Google Cloud project. Default: the provider's `gcp:project`. Changing it would replace the instance."""

    region: pulumi.Input[str]
    """Google Cloud region, such as europe-west1. Default: the provider's `gcp:region`. Changing it would replace the instance."""

    instance_name: pulumi.Input[str]
    """Name of the instance: a-z, 0-9 and hyphens, starting with a letter; together with the project at most 97 characters. Default: the component's name and eight random hex digits, generated once and kept in the stack. Changing it would replace the instance."""

    database_name: pulumi.Input[str]
    """Name of the database that is created. Default: backstage. With `plugin_division_mode` schema it becomes `connection.database`."""

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: schema, one schema for each in the database that is created here; or database, one database for each, which Backstage creates. Default: schema. It becomes `pluginDivisionMode`."""

    version: pulumi.Input[str]
    """PostgreSQL major version, 14 to 18. Default: 17. Raising it upgrades in place; Google drops other changes of the same update, so raise it alone. Google refuses to lower it."""

    tier: pulumi.Input[str]
    """Machine by Google's name: db-custom-CPUS-MEMORY, db-perf-optimized-N-CPUS, or the small db-g1-small and db-f1-micro. Default: db-custom-1-3840, which allows about 100 connections. Changing it restarts the instance."""

    edition: pulumi.Input[str]
    """Cloud SQL edition: ENTERPRISE or ENTERPRISE_PLUS. Default: the one that has the tier. It is always sent, because Google's own default has no cheap tiers."""

    high_availability: pulumi.Input[bool]
    """Whether a standby in another zone takes over when the instance fails. Default: false. Needs backups."""

    disk_size_gb: pulumi.Input[float]
    """Size of the disk in GB, 10 to 65536. Default: 10. Google grows it when it is nearly full; it never shrinks."""

    backup_retention: pulumi.Input[float]
    """How many daily backups are kept, 1 to 365, with the log for going back to any moment of the last 7 days. Default: 7. 0 means neither."""

    backup_start_time: pulumi.Input[str]
    """Start of the four hours in which the daily backup is made, HH:MM in UTC. Default: Google's choice."""

    maintenance_day: pulumi.Input[float]
    """Day of the week on which Google may restart the instance for maintenance: 1, Monday, to 7, Sunday. With `maintenance_hour`. Default: any."""

    maintenance_hour: pulumi.Input[float]
    """Hour in UTC, 0 to 23, at which that may be. With `maintenance_day`. Default: any."""

    ip_address_type: str
    """How Backstage reaches the instance: PUBLIC, over an address that only IAM opens; PRIVATE, inside a VPC network; or PSC, Private Service Connect. Default: PUBLIC. Away from PRIVATE only by replacing the instance. It becomes `connection.ipAddressType`."""

    private_network: pulumi.Input[str]
    """Id of the VPC network for PRIVATE: projects/…/global/networks/…. It needs a private services connection; where that is made in the same program, pass it in `depends_on`. Default: none."""

    psc_consumer_projects: Sequence[pulumi.Input[str]]
    """Ids of the projects that may connect, for PSC. Default: that of `psc_consumer_network`."""

    psc_consumer_network: pulumi.Input[str]
    """Id of a VPC network in which Google makes an endpoint and its DNS name, for PSC: projects/…/global/networks/…. Default: none; you make the endpoint."""

    require_connector: pulumi.Input[bool]
    """Whether only Google's connectors, which Backstage uses, and the Auth Proxy may connect. Default: true."""

    database_flags: Mapping[str, pulumi.Input[str]]
    """Database flags: name → value, such as max_connections → 200. A change may restart the instance. Default: only the one that switches IAM authentication on."""

    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the instance; nothing else here can have any. Default: none."""

    deletion_protection: bool
    """Refuse whatever would delete or replace the instance or its database, here and in Google's API. Default: true. To take it down: set it to false, `pulumi up`, `pulumi destroy`."""
