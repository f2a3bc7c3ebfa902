"""Makes the tests faster: what costs time under mocks, and what no test is about, is left out."""

import gc
from collections.abc import Iterator

import pytest


def pytest_collection_finish() -> None:
    # Fewer and larger collections, because every run leaves thousands of objects.
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _faster_pulumi() -> Iterator[None]:
    """Leaves out of Pulumi what takes half of a run's time, and what no test sees.

    - Azure's SDK gives each resource some twenty aliases, and Pulumi works out their URNs, for engines that know no
      alias specs. The aliases themselves are passed as they are.
    - The line of the program that creates a resource, which engines show in messages.
    - A closure that refers to itself: each Output leaves one to the garbage collector.
    """
    import pulumi.resource  # here, because xdist's controller runs no test
    from pulumi.runtime import known_types, resource, rpc
    from pulumi.runtime.proto import source_pb2

    def contains_unknowns(value: object) -> bool:
        if isinstance(value, dict):
            return any(map(contains_unknowns, value.values()))
        if isinstance(value, list):
            return any(map(contains_unknowns, value))
        return known_types.is_unknown(value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi.resource, "collapse_alias_to_urn", lambda *_: "")
        patch.setattr(resource, "_get_stack_trace", source_pb2.StackTrace)
        patch.setattr(rpc, "contains_unknowns", contains_unknowns)
        yield
