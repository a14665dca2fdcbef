"""PostgreSQL keeps the storage contract."""

import pytest

from crmkit.storage.sql import SqlStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness(new_postgres):
    """Give a PostgreSQL database, and new databases for fresh stores."""
    url = new_postgres()
    return StorageHarness(
        open=lambda: SqlStorage(url), fresh=lambda: SqlStorage(new_postgres())
    )
