"""Arguments of CloudSqlPostgres."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi


class CloudSqlPostgresArgs(TypedDict, total=False):
    """Inputs of CloudSqlPostgres, all optional."""

    user: pulumi.Input[str]
    """E-mail address of the service account or person that Backstage runs as, not case-sensitive. Default: a service
    account is created. The address without .gserviceaccount.com is the PostgreSQL user; it becomes `connection.user`.
    """

    additional_users: Mapping[str, pulumi.Input[str]]
    """Others who may log in: a name of your choice → e-mail address of a person or service account, or group: followed
    by the address of a group, whose members log in under their own names. The name becomes part of resource names.
    Default: none."""

    additional_user_roles: Mapping[str, pulumi.Input[str]]
    """PostgreSQL roles of additional users: the name in `additional_users` → role, such as cloudsqlsuperuser for an
    administrator, or your own role, which must exist. Default: pg_read_all_data, which may read every table and change
    none."""

    role: pulumi.Input[str]
    """PostgreSQL role that is granted to Backstage's user. Backstage works as this role, which owns everything that
    Backstage creates. Default: cloudsqlsuperuser, which may create databases and schemas. Another role must exist:
    docs/cloud-sql.md shows one with the least privileges. It becomes `role`."""

    grant_iam_roles: bool
    """Whether to grant every user the IAM roles roles/cloudsql.client and roles/cloudsql.instanceUser on this instance,
    without which they cannot log in. Default: true. With false, you grant them yourself."""

    kubernetes_service_account: pulumi.Input[str]
    """Kubernetes service account that Backstage's pods run as, `namespace/name`. A binding of the role
    roles/iam.workloadIdentityUser lets these pods act as the service account that Backstage logs in as. Default: none.
    """

    workload_identity_pool: pulumi.Input[str]
    """Workload identity pool of the clusters in which that Kubernetes service account is trusted, PROJECT.svc.id.goog.
    Google creates the pool with the first cluster of PROJECT that has Workload Identity Federation. For a cluster in
    the same program, pass the pool in the cluster's `workload_identity_config`, which waits for the cluster. Default:
    the pool of `project`."""

    project: pulumi.Input[str]
    """Id of the Google Cloud project. Default: the provider's `gcp:project`. Changing it would replace the instance."""

    region: pulumi.Input[str]
    """Google Cloud region, such as europe-west1. Default: the provider's `gcp:region`. Changing it would replace the
    instance."""

    zone: pulumi.Input[str]
    """Zone of the instance, such as europe-west1-b. Default: Google's choice. Removing the argument does not move
    the instance."""

    secondary_zone: pulumi.Input[str]
    """Zone of the standby, with `high_availability` and `zone`. Default: Google's choice. Removing it together
    with `zone` does not move the standby."""

    instance_name: pulumi.Input[str]
    """Name of the instance: a-z, 0-9 and hyphens, starting with a letter; together with the project at most 97
    characters. Default: the component's name and eight random hex digits, generated once and kept in the state.
    Changing it would replace the instance."""

    database_name: pulumi.Input[str]
    """Name of the database that is created. Default: backstage. With `plugin_division_mode` schema it becomes
    `connection.database`. Changing it would replace the database."""

    plugin_division_mode: str
    """Where Backstage keeps its plugins' tables: schema, one schema for each in the database that is created here; or
    database, one database for each, which Backstage creates. Default: schema. It becomes `pluginDivisionMode`."""

    version: pulumi.Input[str]
    """PostgreSQL major version, 14 to 18. Default: 17. Raising it upgrades in place; Google drops other changes of the
    same update, so raise it alone. Google refuses to lower it."""

    tier: pulumi.Input[str]
    """Machine type by Google's name: db-custom-CPUS-MEMORY, db-custom-N4-CPUS-MEMORY, db-perf-optimized-N-CPUS,
    db-c4a-highmem-CPUS, or the small db-g1-small and db-f1-micro; another one needs `edition`. Default:
    db-custom-1-3840, which allows about 100 connections. Changing it restarts the instance."""

    edition: pulumi.Input[str]
    """Cloud SQL edition: ENTERPRISE or ENTERPRISE_PLUS. Default: the edition that offers the tier, if the tier's
    machine family is known here. It is always sent, because Google's own default edition has no cheap tiers."""

    high_availability: pulumi.Input[bool]
    """Whether a standby in another zone takes over when the instance fails. Default: false. Needs backups."""

    disk_size_gb: pulumi.Input[float]
    """Size of the disk in GB, up to 65536; at least 10, or 20 for machines with Hyperdisk (N4, C4A). Default: Google's
    smallest. Google grows the disk when it is nearly full; it never shrinks."""

    disk_size_limit_gb: pulumi.Input[float]
    """Size in GB up to which Google grows the disk. Default: 0, which means no limit. A full disk stops the database.
    """

    backup_retention: pulumi.Input[float]
    """Number of daily backups to keep, 1 to 365. 0 disables backups and point-in-time recovery. Default: 7.
    """

    backup_start_time: pulumi.Input[str]
    """Start of the four hours in which the daily backup is made, HH:MM in UTC. Default: Google's choice. Removing the
    argument keeps the time."""

    backup_location: pulumi.Input[str]
    """Where backups are stored: a region such as europe-west1, or eu, us or asia. Default: Google's multi-region that
    is closest to the instance."""

    log_retention_days: pulumi.Input[float]
    """Days of log for point-in-time recovery: 1 to 7, or to 35 with ENTERPRISE_PLUS, and not more than
    `backup_retention`. Default: 7, or `backup_retention` if that is less."""

    retain_backups: pulumi.Input[bool]
    """Whether backups outlive the instance: after it is deleted, each backup is kept for its normal time. Default:
    true, even while `deletion_protection` is off, which is required to delete the instance."""

    final_backup_days: pulumi.Input[float]
    """Days for which Google keeps a last backup, made when the instance is deleted: 1 to 365, or 0 for none. Default:
    30, even while `deletion_protection` is off."""

    query_insights: pulumi.Input[bool]
    """Whether Query Insights records how long each query takes. It is free of charge. Default: true."""

    maintenance_day: pulumi.Input[float]
    """Day of the week on which Google may restart the instance for maintenance: 1, Monday, to 7, Sunday.
    Requires `maintenance_hour`. Default: any day."""

    maintenance_hour: pulumi.Input[float]
    """Hour in UTC, 0 to 23, at which maintenance starts. Requires `maintenance_day`. Default: any hour."""

    deny_maintenance_start: pulumi.Input[str]
    """First day of a period without maintenance, YYYY-MM-DD, or MM-DD for every year. Requires
    `deny_maintenance_end`. Default: no such period."""

    deny_maintenance_end: pulumi.Input[str]
    """Last day of that period, in the same form, at most 90 days later. Requires `deny_maintenance_start`. Default: no
    such period."""

    encryption_key_name: pulumi.Input[str]
    """Resource name of a Cloud KMS key that encrypts the instance and its backups:
    projects/…/locations/…/keyRings/…/cryptoKeys/…. Cloud SQL's service agent needs the role
    roles/cloudkms.cryptoKeyEncrypterDecrypter on it. Default: a key of Google's. It is fixed when the instance is
    created: changing it would replace the instance, and removing it keeps the key."""

    ip_address_type: str
    """How Backstage reaches the instance: PUBLIC, over a public address that admits IAM logins only; PRIVATE, inside a
    VPC network; or PSC, over Private Service Connect. Default: PUBLIC. An instance that has a private address keeps it:
    a move away from PRIVATE replaces the instance, unless `private_network` stays and `public_ip` is true. It becomes
    `connection.ipAddressType`."""

    public_ip: bool
    """Whether the instance has a public address in addition to the private one, for PUBLIC or PRIVATE with
    `private_network`. Default: true for PUBLIC, else false."""

    private_network: pulumi.Input[str]
    """Id of the VPC network for PRIVATE: projects/…/global/networks/…. It needs a private services connection; if that
    is created in the same program, pass it in the option `depends_on`. Default: none."""

    allocated_ip_range: pulumi.Input[str]
    """Name of the allocated range of `private_network` that the private address is taken from. Default: any."""

    psc_consumer_projects: Sequence[pulumi.Input[str]]
    """Ids or numbers of the projects that may connect, for PSC. Default: those of `psc_consumer_network` and
    `psc_service_project`."""

    psc_consumer_network: pulumi.Input[str]
    """Id of a VPC network in which Google creates an endpoint and its DNS name, for PSC: projects/…/global/networks/….
    Default: none; you create an endpoint for the output `psc_service_attachment`."""

    psc_service_project: pulumi.Input[str]
    """Id or number of the service project that gets the endpoint, if `psc_consumer_network` is a Shared VPC of another
    project. Default: the network's own project."""

    psc_connection_policy: pulumi.Input[bool]
    """Whether Google creates the service connection policy that `psc_consumer_network` needs for its endpoint. Default:
    true. Set it to false if the network's administrators have created one for the class google-cloud-sql."""

    require_connector: pulumi.Input[bool]
    """Whether only Google's connectors, which Backstage uses, and the Auth Proxy may connect. Default: true."""

    database_flags: Mapping[str, pulumi.Input[str]]
    """Database flags: name → value, such as max_connections → 200. A change may restart the instance. Default: only the
    flag that enables IAM authentication."""

    labels: Mapping[str, pulumi.Input[str]]
    """Labels of the instance, at most 50; the other resources cannot have any. Default: none."""

    deletion_protection: bool
    """Whether to refuse everything that would delete or replace the instance or its database, here and in Google's API.
    Default: true. To delete the instance: set it to false, then `pulumi up`, then `pulumi destroy`."""

    database_options: pulumi.Input[Mapping[str, Any]]
    """Keys to add to `backend.database`, in Backstage's own spelling: `prefix`, `schemaPrefix`, `ensureExists`,
    `ensureSchemaExists`, `knexConfig`, `keepalive`, `skipMigrations` and `plugin`, such as
    `{knexConfig: {pool: {max: 5}}}`. What the component decides (client, connection, role, pluginDivisionMode) cannot
    be changed with it. Default: none."""

    replicas: pulumi.Input[float]
    """Number of Backstage backends that use the database at once, 1 to 1000, with those that an update starts before it
    stops the old ones. `knexConfig.pool.max` is then as large as the connection limit of `tier` allows, at most 10, or
    the error says how many connections are too many. Default: none; each plugin's pool may grow to 10 connections."""

    plugin_count: pulumi.Input[float]
    """Number of plugins of each backend that use the database, 1 to 1000; for `replicas`. Default: 20."""
