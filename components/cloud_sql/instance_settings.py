"""Builds the settings of the Cloud SQL instance, which Google changes without replacing it."""

import pulumi
from pulumi_gcp import sql

from .settings import CloudSqlSettings
from .validation import allowed_projects
from .validators import disk_type


def instance_settings(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsArgs:
    """Returns the `settings` input of the instance."""
    return sql.DatabaseInstanceSettingsArgs(
        tier=settings.tier,
        # Google's default is ENTERPRISE_PLUS from PostgreSQL 16 on, which has no cheap tiers.
        edition=settings.edition,
        availability_type=settings.high_availability.apply(lambda wanted: "REGIONAL" if wanted else "ZONAL"),
        location_preference=_location_preference(settings),
        disk_size=settings.disk_size_gb,
        # Sent although Google would choose the same: Google keeps what is left out, even for another machine family.
        disk_type=settings.tier.apply(disk_type),
        disk_autoresize_limit=settings.disk_size_limit_gb,
        connector_enforcement=settings.require_connector.apply(lambda only: "REQUIRED" if only else "NOT_REQUIRED"),
        database_flags=_database_flags(settings),
        backup_configuration=_backup_configuration(settings),
        retain_backups_on_delete=settings.retain_backups,
        final_backup_config=_final_backup_config(settings),
        insights_config=sql.DatabaseInstanceSettingsInsightsConfigArgs(query_insights_enabled=settings.query_insights),
        ip_configuration=_ip_configuration(settings),
        maintenance_window=_maintenance_window(settings),
        deny_maintenance_period=_deny_maintenance_period(settings),
        # Google keeps labels that are left out, so "no labels" must be sent.
        user_labels=settings.labels,
        deletion_protection_enabled=settings.deletion_protection,
    )


def _location_preference(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsLocationPreferenceArgs | None:
    if settings.zone is None:
        return None
    return sql.DatabaseInstanceSettingsLocationPreferenceArgs(
        zone=settings.zone, secondary_zone=settings.secondary_zone
    )


def _database_flags(settings: CloudSqlSettings) -> list[sql.DatabaseInstanceSettingsDatabaseFlagArgs]:
    """Returns the caller's flags and the flag that enables IAM authentication, since there are no passwords."""
    flags = {"cloudsql.iam_authentication": pulumi.Output.from_input("on"), **settings.database_flags}
    return [sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value) for name, value in flags.items()]


def _backup_configuration(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsBackupConfigurationArgs:
    """Returns daily backups with point-in-time recovery, or neither."""
    enabled = settings.backup_retention.apply(bool)
    # Google requires a number even when backups are off.
    retained = settings.backup_retention.apply(lambda count: count or 7)
    return sql.DatabaseInstanceSettingsBackupConfigurationArgs(
        enabled=enabled,
        point_in_time_recovery_enabled=enabled,
        start_time=settings.backup_start_time,
        location=settings.backup_location,
        transaction_log_retention_days=settings.log_retention_days,
        backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
            retained_backups=retained
        ),
    )


def _final_backup_config(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsFinalBackupConfigArgs:
    """Returns the backup that Google makes when the instance is deleted; without a number of days for 0."""
    return sql.DatabaseInstanceSettingsFinalBackupConfigArgs(
        enabled=settings.final_backup_days.apply(bool),
        retention_days=settings.final_backup_days.apply(lambda days: days or None),
    )


def _maintenance_window(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsMaintenanceWindowArgs | None:
    if settings.maintenance_day is None or settings.maintenance_hour is None:
        return None
    # Google answers with an update track, which would be a change at every `up` if it were not sent.
    return sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
        day=settings.maintenance_day, hour=settings.maintenance_hour, update_track="stable"
    )


def _deny_maintenance_period(
    settings: CloudSqlSettings,
) -> sql.DatabaseInstanceSettingsDenyMaintenancePeriodArgs | None:
    if settings.deny_maintenance_start is None or settings.deny_maintenance_end is None:
        return None
    return sql.DatabaseInstanceSettingsDenyMaintenancePeriodArgs(
        start_date=settings.deny_maintenance_start, end_date=settings.deny_maintenance_end, time="00:00:00"
    )


def _ip_configuration(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsIpConfigurationArgs:
    """Returns the kinds of address. TLS is always required, and no network is authorized."""
    return sql.DatabaseInstanceSettingsIpConfigurationArgs(
        ipv4_enabled=settings.public_ip,
        private_network=settings.private_network,
        allocated_ip_range=settings.allocated_ip_range,
        psc_configs=[_psc_config(settings)] if settings.ip_address_type == "PSC" else None,
        ssl_mode="ENCRYPTED_ONLY",
    )


def _psc_config(settings: CloudSqlSettings) -> sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs:
    """Returns the projects that may connect, and the endpoint that Google creates in a consumer's network."""
    network, service_project = settings.psc_consumer_network, settings.psc_service_project
    projects = pulumi.Output.all(given=settings.psc_consumer_projects, network=network, service=service_project)
    connection = sql.DatabaseInstanceSettingsIpConfigurationPscConfigPscAutoConnectionArgs
    return sql.DatabaseInstanceSettingsIpConfigurationPscConfigArgs(
        psc_enabled=True,
        allowed_consumer_projects=projects.apply(lambda v: allowed_projects(v["given"], v["network"], v["service"])),
        psc_auto_connections=None
        if network is None
        else [connection(consumer_network=network, consumer_service_project_id=service_project)],
        # Sent even without a network, because Google keeps what is left out.
        psc_auto_dns_enabled=network is not None,
        psc_auto_connection_policy_enabled=False if network is None else settings.psc_connection_policy,
    )
