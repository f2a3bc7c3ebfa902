"""Lends the pages a simulated Azure. Their simulated Google has nothing from before, which is what a new user has."""

from tests.engine.conftest import azure

__all__ = ["azure"]
