"""The stack `azure` of this repository, as a new user has it, against the simulated Azure."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .stack import REPOSITORY, Stack


class AzureStack(Stack):
    """The stack `azure` of this repository, as a new user has it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        program = Path(__file__).with_name("azure_program.py")
        super().__init__(folder, program=program, environment=environment)
        self.name = "azure"
        shutil.copy(REPOSITORY / "Pulumi.azure.yaml", folder)
        self.configure("azure-native:location", "westeurope")
        self.bring_language_host()

    def arguments(self, **values: Any) -> None:
        """Writes the component's arguments into the stack's settings, in place of those that were there."""
        file = self.folder / "Pulumi.azure.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["config"]["azure"] = values
        file.write_text(yaml.safe_dump(settings))

    def break_on_purpose(self, how: str) -> None:
        self.environment["BREAK"] = how

    def urns(self) -> list[str]:
        return sorted(resource["urn"] for resource in self.resources())
