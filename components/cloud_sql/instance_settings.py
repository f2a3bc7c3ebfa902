"""The settings of the Cloud SQL instance: everything that Google changes without replacing it."""

import pulumi
from pulumi_gcp import sql

from .validation import CloudSqlSettings, allowed_projects


def instance_settings(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsArgs:
    """Returns the `settings` input of the instance."""
    return sql.DatabaseInstanceSettingsArgs(
        tier=settings.tier,
        # Google's default is ENTERPRISE_PLUS from PostgreSQL 16 on, which has no cheap tiers.
        edition=settings.edition,
        availability_type=settings.high_availability.apply(lambda wanted: "REGIONAL" if wanted else "ZONAL"),
        disk_size=settings.disk_size_gb,
        connector_enforcement=settings.require_connector.apply(lambda only: "REQUIRED" if only else "NOT_REQUIRED"),
        database_flags=_database_flags(settings),
        backup_configuration=_backup_configuration(settings),
        ip_configuration=_ip_configuration(settings),
        maintenance_window=_maintenance_window(settings),
        # Google keeps labels that it is not told about, so "no labels" must be said.
        user_labels=settings.labels,
        deletion_protection_enabled=settings.deletion_protection,
    )


def _database_flags(settings: CloudSqlSettings) -> list[sql.DatabaseInstanceSettingsDatabaseFlagArgs]:
    """Returns the caller's flags and the one that switches IAM authentication on, since there are no passwords."""
    flags = {"cloudsql.iam_authentication": pulumi.Output.from_input("on"), **settings.database_flags}
    return [sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value) for name, value in flags.items()]


def _backup_configuration(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsBackupConfigurationArgs:
    """Returns daily backups with the log between them, or neither."""
    enabled = settings.backup_retention.apply(bool)
    # Google wants a number also when backups are off.
    retained = settings.backup_retention.apply(lambda count: count or 7)
    return sql.DatabaseInstanceSettingsBackupConfigurationArgs(
        enabled=enabled,
        point_in_time_recovery_enabled=enabled,
        start_time=settings.backup_start_time,
        # ENTERPRISE keeps 7 days, and the log may not reach back further than the backups.
        transaction_log_retention_days=retained.apply(lambda count: min(count, 7)),
        backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
            retained_backups=retained
        ),
    )


def _maintenance_window(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsMaintenanceWindowArgs | None:
    if settings.maintenance_day is None or settings.maintenance_hour is None:
        return None
    # Google answers with an update track, which would be a change at every `up` if it were not sent.
    return sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
        day=settings.maintenance_day, hour=settings.maintenance_hour, update_track="stable"
    )


def _ip_configuration(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsIpConfigurationArgs:
    """Returns one kind of address, TLS always, and no network that may connect without a certificate."""
    return sql.DatabaseInstanceSettingsIpConfigurationArgs(
        ipv4_enabled=settings.ip_address_type == "PUBLIC",
        private_network=settings.private_network,
        psc_configs=[_psc_config(settings)] if settings.ip_address_type == "PSC" else None,
        ssl_mode="ENCRYPTED_ONLY",
    )


def _psc_config(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs:
    network = settings.psc_consumer_network
    projects = pulumi.Output.all(given=settings.psc_consumer_projects, network=network)
    connection = sql.DatabaseInstanceSettingsIpConfigurationPscConfigPscAutoConnectionArgs
    return sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs(
        psc_enabled=True,
        allowed_consumer_projects=projects.apply(lambda v: allowed_projects(v["given"], v["network"])),
        psc_auto_connections=None if network is None else [connection(consumer_network=network)],
        psc_auto_dns_enabled=None if network is None else True,
    )
