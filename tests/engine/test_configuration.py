"""Runs `pulumi config set` as users type it, on the real CLI, and then the repository's program.

The program runs under mocks with the configuration that the CLI reads back, as the engine would pass it.
"""

import json
import os
import runpy
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.inputs import ArgumentError
from components.testing import Run, run

from .stack import REPOSITORY

PROJECT = "backstage-database"
JO = "00000000-0000-0000-0000-000000000001"
AZURE = "database azure\n"
GOOGLE = "database cloudsql\n"
ADMIN = (
    f"--path azure.adminName jo\n--path azure.adminType User\n--path --secret azure.adminObjectId {JO}\n"
    "--path azure.resourceGroupName portal\n"
)


class Typist:
    """A folder with a stack in which a user types `pulumi config set`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(REPOSITORY / "Pulumi.yaml", folder)
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase of a test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.pulumi("stack", "init", "test")
        self._settings = folder / "Pulumi.test.yaml"
        self._known: dict[tuple[str, ...], str] = {(): self._settings.read_text()}

    def pulumi(self, *arguments: str) -> str:
        """Runs `pulumi …`, which must work; returns what it printed."""
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def type(self, lines: str) -> None:
        """Runs `pulumi config set` with each line, on a stack that has no other configuration."""
        self._settings.write_text(self._settings_after(tuple(lines.splitlines())))

    def _settings_after(self, lines: tuple[str, ...]) -> str:
        """Runs `pulumi config set` with the lines; tests that begin with the same lines run these once."""
        if lines not in self._known:
            self._settings.write_text(self._settings_after(lines[:-1]))
            self.pulumi("config", "set", "--stack", "test", *shlex.split(lines[-1]))
            self._known[lines] = self._settings.read_text()
        return self._known[lines]

    def up(self, lines: str) -> Run:
        """Types the lines and runs the program."""
        self.type(lines)
        return self.run()

    def run(self) -> Run:
        """Runs the program with the configuration that the CLI reads back."""
        settings: Mapping[str, Any] = json.loads(self.pulumi("config", "--stack", "test", "--json", "--show-secrets"))
        plain = {key: setting["value"] for key, setting in settings.items() if not setting["secret"]}
        secret = {key: setting["value"] for key, setting in settings.items() if setting["secret"]}

        def program() -> None:
            runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

        return run(program, config=plain, secret_config=secret, project=PROJECT, stack="test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Typist:
    return Typist(tmp_path_factory.mktemp("project"))


@pytest.fixture
def typist(folder: Typist, monkeypatch: pytest.MonkeyPatch) -> Typist:
    """A user in the project's folder, which is where Pulumi runs the program."""
    monkeypatch.chdir(folder.folder)
    return folder


REFUSED: dict[str, list[str]] = {
    # Set without --path, or mistyped: a key without effect.
    "local.port 5433": [
        'config "local.port" is not used',
        "`pulumi config rm local.port`, then `pulumi config set --path local.port 5433`",
        "--config-path",
    ],
    "locla.port 5433": ["`pulumi config rm locla.port`, then `pulumi config set --path local.port 5433`"],
    "azure.skuName Standard_B2s": ["`pulumi config set --path azure.skuName Standard_B2s`"],
    "cloudsql.deletionProtection false": ["`pulumi config set --path cloudsql.deletionProtection false`"],
    "local.image 'my image'": ["`pulumi config set --path local.image 'my image'`"],
    "--path locla.port 5433": ['"locla" is not used. Did you mean "local"?', "`pulumi config rm locla`"],
    "local:port 5433": [
        "because of the colon",
        "`pulumi config rm local:port`, then `pulumi config set --path local.port",
    ],
    "azure:location westeurope": ["`pulumi config set --path azure.location westeurope`"],
    "azure-nativ:location westeurope": ["Did you mean azure-native:location?"],
    GOOGLE + "gpc:project portal-123": ["Did you mean gcp:project?", "`pulumi config rm gpc:project`"],
    GOOGLE + "google:project portal-123": ["Did you mean gcp:project?"],
    AZURE + "azurenative:location westeurope": ["Did you mean azure-native:location?"],
    "--path backstage-databse:local.port 5433": ["Did you mean backstage-database:local?"],
    "port 5433": ["because it is not in local", "`pulumi config set --path local.port 5433`"],
    AZURE + "sku_name Standard_B2s": ["`pulumi config set --path azure.skuName Standard_B2s`"],
    "databse azure": ['Did you mean "database"?'],
    "something else": ["The keys in use are database and local.", "`pulumi config rm something`"],
    # A section of a database that is not chosen.
    "--path azure.skuName Standard_B2s": [
        'because "database" is local',
        "`pulumi config rm azure`",
        "`pulumi stack init azure`, then `pulumi config set database azure`",
    ],
    GOOGLE + "--path local.port 5433": ['config "local" is not used, because "database" is cloudsql'],
    "database Azure": ["is 'Azure', but it must be local, azure, cloudsql or existing"],
    # What should be a map.
    "local 46002": ['config "local" is a single value, but it must be a map', "`pulumi config rm local`"],
    "local true": ["must be a map of arguments"],
    "local text": ["must be a map of arguments"],
    "--path local[0] 5433": ['config "local" is a list, but it must be a map'],
    AZURE + "--path azure.tags prod": [
        'argument "tags" is "prod", but it must be a map',
        "`pulumi config rm --path azure.tags`, then `pulumi config set --path azure.tags.NAME VALUE`",
    ],
    AZURE + "--path azure.tags[0] prod": ['argument "tags" is ["prod"], but it must be a map'],
    "database CloudSQL": ["`pulumi config set database cloudsql`"],
    "--path local.knexConfig.pool.max 5": ['Did you mean "databaseOptions.knexConfig"?'],
    # Names in the spelling of the configuration.
    "--path local.Port 5433": ['unknown argument "Port". Did you mean "port"?'],
    "--path local.prot 5433": ['unknown argument "prot". Did you mean "port"?'],
    GOOGLE + "--path cloudsql.ipAdressType PRIVATE": ['unknown argument "ipAdressType". Did you mean "ipAddressType"?'],
    AZURE + "--path azure.skuName A\n--path azure.sku_name B": [
        'config "azure" has skuName and sku_name, which are the same argument',
        "`pulumi config rm --path azure.sku_name`",
    ],
    GOOGLE + "--path cloudsql.maintenanceDay 1": ["maintenanceDay", "maintenanceHour"],
    # Values, as they were typed.
    "--path local.port 0": ['argument "port" is 0, but it must be'],
    "--path local.port 70000": ['argument "port" is 70000, but it must be'],
    "--path local.port http": ['argument "port" is "http", but it must be'],
    AZURE + "--path azure.highAvailability often": ['argument "highAvailability" is "often", but it must be'],
    GOOGLE + "--path cloudsql.deletionProtection no": [
        'argument "deletionProtection" is "no", but it must be true or false'
    ],
    # Text that Pulumi takes for a number.
    "--path local.password 12345678": [
        "Pulumi reads it as a number",
        "`pulumi config set --path --secret local.password`",
    ],
    "--path local.password true": ["Pulumi reads it as true or false"],
    # A name with a dot.
    AZURE + "--path azure.serverParameters.pgbouncer.enabled true": [
        "`pulumi config rm --path azure.serverParameters.pgbouncer`",
        "`pulumi config set --path 'azure.serverParameters[\"pgbouncer.enabled\"]' …`",
    ],
    # Secrets.
    AZURE + "--path --secret azure.pluginDivisionMode schema": ["set without --secret"],
}


@pytest.mark.parametrize("typed", REFUSED)
def test_a_mistake_is_refused_with_the_right_command(typist: Typist, typed: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        typist.up(typed)
    for part in REFUSED[typed]:
        assert part in str(refusal.value)


@pytest.mark.parametrize(
    "typed",
    [
        "local.password hunter2",
        "--secret local.password hunter2",
        "existing.host postgres://jo:hunter2@db.example.com/portal",
    ],
)
def test_a_refusal_never_repeats_a_password(typist: Typist, typed: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        typist.up(typed)
    key = typed.split()[-2]
    assert f"`pulumi config set --path --secret {key}`" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def secret_outputs(results: Run) -> set[str]:
    return {name for name, output in results.outputs.items() if output.secret}


def tags(results: Run) -> Mapping[str, Any]:
    return results.resource("azure-native:dbforpostgresql:Server").inputs["tags"]


def settings(results: Run) -> Mapping[str, Any]:
    return results.resource("gcp:sql/databaseInstance:DatabaseInstance").inputs["settings"]


def parameter(results: Run) -> Mapping[str, Any]:
    return results.resource("azure-native:dbforpostgresql:Configuration").inputs


ACCEPTED: dict[str, Callable[[Run], bool]] = {
    "--path local.port 5433": lambda up: up["port"].value == 5433,
    "local '{\"port\": 5433}'": lambda up: up["port"].value == 5433,
    "local ''": lambda up: up["port"].value == 5432,
    "database local": lambda up: up["port"].value == 5432,
    "aws:region eu-west-1": lambda up: up["port"].value == 5432,
    "--path --type string local.password 12345678": lambda up: (
        up["environment"].value["POSTGRES_PASSWORD"] == "12345678"
    ),
    "--path --secret local.password 12345678": lambda up: up["environment"].value["POSTGRES_PASSWORD"] == "12345678",
    "--path local.password 0123": lambda up: up["environment"].value["POSTGRES_PASSWORD"] == "0123",
    # Maps of text take what Pulumi made of the text.
    GOOGLE + "--path cloudsql.labels.cost 4711": lambda up: settings(up)["userLabels"]["cost"] == "4711",
    GOOGLE + "--path cloudsql.databaseFlags.max_connections 200": lambda up: (
        {"name": "max_connections", "value": "200"} in settings(up)["databaseFlags"]
    ),
    f"{GOOGLE}--path cloudsql.ipAddressType PSC\n--path cloudsql.pscConsumerProjects[0] 123456789012": lambda up: (
        settings(up)["ipConfiguration"]["pscConfigs"][0]["allowedConsumerProjects"] == ["123456789012"]
    ),
    AZURE + "--path azure.tags.production true": lambda up: tags(up)["production"] == "true",
    AZURE + "--path azure.tags.cost 4711": lambda up: (
        up.resource("azure-native:resources:ResourceGroup").inputs["tags"]["cost"] == "4711"
    ),
    AZURE + "--path 'azure.serverParameters[\"pgbouncer.enabled\"]' true": lambda up: (
        (parameter(up)["configurationName"], parameter(up)["value"]) == ("pgbouncer.enabled", "true")
    ),
    AZURE + "--path azure.sku_name Standard_B2s": lambda up: (
        up.resource("azure-native:dbforpostgresql:Server").inputs["sku"]["name"] == "Standard_B2s"
    ),
    # What was set with --secret stays secret, and nothing else becomes so.
    "--path --secret local.user portal\n--path local.port 5433": lambda up: (
        up["user"].secret and up["user"].value == "portal" and not up["appConfigFromEnv"].secret
    ),
    "--path --secret local.password hunter2\n--path local.port 5433": lambda up: (
        secret_outputs(up) == {"databaseConfig", "appConfig", "environment", "kubernetesSecret"}
    ),
    '--secret local \'{"user": "portal"}\'': lambda up: up["user"].secret and up["user"].value == "portal",
    GOOGLE + "--path --secret cloudsql.user jo@example.com": lambda up: (
        {"user", "databaseConfig", "appConfig", "psqlCommand"} <= secret_outputs(up)
    ),
    GOOGLE + "--path --secret cloudsql.additionalUsers.jo jo@example.com": lambda up: (
        "name" in up.resource("gcp:sql/user:User", "backstage-user-jo").secret_inputs and not up["user"].secret
    ),
    AZURE + ADMIN: lambda up: (
        up.resource("azure-native:dbforpostgresql:AdministratorsMicrosoftEntra").secret_inputs == {"objectId"}
        and not up["user"].secret
    ),
    AZURE + "--path --secret azure.tags.owner jo": lambda up: (
        "tags" in up.resource("azure-native:dbforpostgresql:Server").secret_inputs
    ),
}


@pytest.mark.parametrize("typed", ACCEPTED)
def test_valid_configuration_takes_effect(typist: Typist, typed: str) -> None:
    assert ACCEPTED[typed](typist.up(typed))


def test_the_tables_have_at_least_forty_cases() -> None:
    assert len(REFUSED) + len(ACCEPTED) >= 40


@pytest.mark.parametrize("name", ["local", "backstage-database:local", "database"])
def test_a_section_next_to_config_in_the_file_is_refused(typist: Typist, name: str) -> None:
    typist.type("database local")
    with (typist.folder / "Pulumi.test.yaml").open("a") as file:
        file.write(f"{name}:\n  port: 5433\n")
    with pytest.raises(ArgumentError, match=r'Pulumi\.test\.yaml has ".*" at the top level.*Indent it below `config:`'):
        typist.run()


def test_a_section_without_a_value_is_an_empty_one(typist: Typist) -> None:
    typist.type("database local")
    with (typist.folder / "Pulumi.test.yaml").open("a") as file:
        file.write("  local:\n")
    assert typist.run()["port"].value == 5432


def test_what_is_written_by_hand_is_taken_as_it_is_written(typist: Typist) -> None:
    """YAML reads these values as numbers and dates, and the CLI writes dates with a time."""
    typist.type("database cloudsql")
    with (typist.folder / "Pulumi.test.yaml").open("a") as file:
        file.write("  cloudsql:\n    labels: {cost: 0123, build: 1e5, since: 2026-12-20}\n")
        file.write("    databaseFlags: {autovacuum_vacuum_scale_factor: 0.10, log_checkpoints: on}\n")
        file.write("    denyMaintenanceStart: 2026-12-20\n    denyMaintenanceEnd: 2026-12-31\n")
    made = settings(typist.run())
    assert made["userLabels"] == {"cost": "0123", "build": "1e5", "since": "2026-12-20"}
    assert made["denyMaintenancePeriod"]["startDate"] == "2026-12-20"
    flags = {flag["name"]: flag["value"] for flag in made["databaseFlags"]}
    assert (flags["autovacuum_vacuum_scale_factor"], flags["log_checkpoints"]) == ("0.10", "on")
