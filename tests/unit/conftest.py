"""Makes the tests faster: what costs time under mocks, and what no test is about, is left out."""

import gc
from collections.abc import Iterator

import pytest


def pytest_collection_finish() -> None:
    # The provider SDKs never become garbage, so the collector need not look at them.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _no_urns_of_aliases() -> Iterator[None]:
    """Azure's SDK gives each resource some twenty aliases, and Pulumi works out their URNs, at a third of a run's time.

    Only engines that know no alias specs need them; the aliases themselves are passed as they are.
    """
    import pulumi.resource  # here, because xdist's controller runs no test

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi.resource, "collapse_alias_to_urn", lambda *_: "")
        yield
