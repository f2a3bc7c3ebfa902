"""examples/yaml: a program in another language with all three components, on the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import leave_nothing_of
from .docker import query
from .simulated_azure import SimulatedAzure
from .stack import REPOSITORY, Stack, succeeded

EXAMPLE = REPOSITORY / "examples" / "yaml"


@pytest.fixture
def azure() -> Iterator[SimulatedAzure]:
    with SimulatedAzure() as simulated:
        simulated.add_group("portal", "westeurope")
        yield simulated


@pytest.fixture
def stack(tmp_path: Path, port: int, azure: SimulatedAzure) -> Iterator[Stack]:
    """The example in a folder of its own, from which the components are where they are from the example."""
    (tmp_path / "components").symlink_to(REPOSITORY / "components")
    stack = Stack(tmp_path / "examples" / "yaml", project=EXAMPLE, program=None, environment=azure.environment)
    stack.bring_language_host()
    stack.configure("port", port)
    yield stack
    stack.configure("deletionProtection", "false")
    assert stack.up().ok
    leave_nothing_of(stack)


def test_a_program_in_yaml_has_all_three_databases_and_keeps_them(stack: Stack) -> None:
    up = succeeded(stack.up())
    assert query(up.outputs["databaseConfig"], "SELECT 1") == 1
    for operation in (stack.up, stack.refresh, stack.preview, stack.up):
        result = succeeded(operation())
        assert result.changed == {}, result.output
    assert result.outputs == up.outputs
    stack.configure("deletionProtection", "false")
    succeeded(stack.up())
    succeeded(stack.destroy())
