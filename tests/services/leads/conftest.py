"""A house with people and leads, on each store in turn or in memory alone."""

from collections.abc import Iterator

import pytest

from tests.services.leads.house import House, opened


@pytest.fixture
def house(ready_url: str, tenant: str) -> Iterator[House]:
    """Give a house on each store in turn."""
    with opened(ready_url, tenant) as house:
        yield house


@pytest.fixture
def near_house(tenant: str) -> Iterator[House]:
    """Give a house in memory."""
    with opened("memory:", tenant) as house:
        yield house
