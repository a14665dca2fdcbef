"""PostgreSQL keeps the storage contract."""

import pytest

from crmkit.storage.sql import SqlStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness(new_postgres):
    """Give a PostgreSQL database, and new databases for fresh stores."""
    return StorageHarness(open=_opener(new_postgres()), fresh=lambda: _opener(new_postgres()))


def _opener(url):
    return lambda: SqlStorage(url)
