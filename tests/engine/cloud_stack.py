"""The stacks `azure` and `gcp` of this repository, as a new user has them, against the simulated clouds."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .deployments import Deployments
from .simulated_provider import SimulatedProvider
from .stack import REPOSITORY, Result, Stack, refused


class CloudStack(Stack):
    """A stack of the repository with its shipped settings, against a simulated cloud."""

    def __init__(
        self,
        folder: Path,
        cloud: SimulatedProvider,
        deployments: Deployments | None = None,
        *,
        name: str,
        key: str,
        program: str,
    ) -> None:
        """`key` is where the component's arguments stand in the settings; `deploy` needs the deployments."""
        super().__init__(folder, name=name, program=Path(__file__).with_name(program), environment=cloud.environment)
        self.cloud = cloud
        self.key = key
        self._deployments = deployments
        shutil.copy(REPOSITORY / self.settings.name, folder)
        self.bring_language_host()

    def deploy(self, **values: Any) -> Result:
        """Does a first `up` with these arguments, or takes a copy of what it left for another test."""
        assert self._deployments
        assert not self.environment.get("BREAK"), "what is broken on purpose is deployed by `up`"
        self.arguments(**values)
        return self._deployments.up(self, self.cloud)

    def arguments(self, **values: Any) -> None:
        """Writes the component's arguments into the stack's settings, in place of those that were there."""
        self.write_setting([self.key], values)

    def break_on_purpose(self, how: str) -> None:
        self.environment["BREAK"] = how

    def take_over(self, output: str) -> None:
        """Runs the commands that a failed `up` printed for what a killed one left in the cloud."""
        commands = re.findall(r"^ *pulumi (import .*|refresh --clear-pending-creates)$", output, re.MULTILINE)
        assert commands, output
        for command in dict.fromkeys(commands):
            self.cli(*shlex.split(command), "--yes", "--stack", self.name)

    def urns(self) -> list[str]:
        return sorted(resource["urn"] for resource in self.resources())


class AzureStack(CloudStack):
    def __init__(self, folder: Path, cloud: SimulatedProvider, deployments: Deployments | None = None) -> None:
        super().__init__(folder, cloud, deployments, name="azure", key="azure", program="azure_program.py")
        self.configure("azure-native:location", "westeurope")


class CloudSqlStack(CloudStack):
    def __init__(self, folder: Path, cloud: SimulatedProvider, deployments: Deployments | None = None) -> None:
        super().__init__(folder, cloud, deployments, name="gcp", key="cloudsql", program="cloud_sql_program.py")
        self.configure("gcp:project", "portal-123")


def destroy_by_cli(stack: Stack) -> str:
    return stack.cli("destroy", "--yes", "--stack", stack.name, check=False)


def destroy_by_cli_without_preview(stack: Stack) -> str:
    return stack.cli("destroy", "--yes", "--skip-preview", "--stack", stack.name, check=False)


def destroy_by_automation(stack: Stack) -> str:
    return refused(stack.destroy())


def destroy_ignoring_protection(stack: CloudStack) -> str:
    return refused(stack.destroy(flags=["--ignore-protect"]))


def destroy_by_cli_ignoring_protection(stack: CloudStack) -> str:
    return stack.cli("destroy", "--yes", "--ignore-protect", "--stack", stack.name, check=False)


def destroy_by_cli_ignoring_protection_without_preview(stack: CloudStack) -> str:
    return stack.cli("destroy", "--yes", "--ignore-protect", "--skip-preview", "--stack", stack.name, check=False)


def destroy_running_the_program(stack: CloudStack) -> str:
    return refused(stack.destroy(run_program=True))


def destroy_running_the_program_ignoring_protection(stack: CloudStack) -> str:
    return refused(stack.destroy(run_program=True, flags=["--ignore-protect"]))


def preview_without_the_component(stack: CloudStack) -> str:
    return _without_the_component(stack, stack.preview)


def up_without_the_component(stack: CloudStack) -> str:
    return _without_the_component(stack, stack.up)


def _without_the_component(stack: CloudStack, operation: Callable[..., Result]) -> str:
    stack.break_on_purpose("gone")
    try:
        return refused(operation(flags=["--ignore-protect"]))
    finally:
        stack.break_on_purpose("")


WayAroundProtection = Callable[[CloudStack], str]
WAYS_AROUND_PROTECTION: list[WayAroundProtection] = [
    destroy_ignoring_protection,
    destroy_by_cli_ignoring_protection,
    destroy_by_cli_ignoring_protection_without_preview,
    destroy_running_the_program,
    destroy_running_the_program_ignoring_protection,
    preview_without_the_component,
    up_without_the_component,
]
WAYS_TO_DESTROY = [destroy_by_cli, destroy_by_cli_without_preview, destroy_by_automation]
