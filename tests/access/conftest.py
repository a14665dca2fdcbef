"""A house of two people, on a store that a test names."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmkit.crm import CRM
from tests.access.house import House, built


@pytest.fixture
def houses(near_url: str, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Give what builds the house of a case on a store."""
    with CRM.open(near_url) as free:
        free.schema.apply()

        def build(case: str) -> House:
            return built(free, case, tmp_path)

        yield build
