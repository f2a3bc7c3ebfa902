"""Leaves out what the unit tests leave out: many components are created under mocks here, too."""

from tests.unit.conftest import _no_urns_of_aliases, pytest_collection_finish

__all__ = ["_no_urns_of_aliases", "pytest_collection_finish"]
