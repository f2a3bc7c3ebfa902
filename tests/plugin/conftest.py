"""Leaves out what the unit tests leave out: many components are created under mocks here, too."""

from tests.unit.conftest import _faster_pulumi, pytest_collection_finish

__all__ = ["_faster_pulumi", "pytest_collection_finish"]
