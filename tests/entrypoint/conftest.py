"""A volume for each test, and all tests on one worker: they share images and data, which the last one removes."""

import itertools
import os
from collections.abc import Iterator

import pytest

from .containers import DERIVED, PREPARED, docker, new_volume, tag

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/entrypoint/" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("entrypoint"))


@pytest.fixture
def volume() -> Iterator[str]:
    with new_volume(f"backstage-database-test-{os.getpid()}-{next(_numbers)}") as name:
        yield name


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Removes the images and the data that the tests share."""
    yield
    docker("image", "rm", *map(tag, DERIVED), check=False)
    docker("volume", "rm", "--force", PREPARED)
