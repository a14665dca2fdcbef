"""SQLite keeps the storage contract."""

import itertools

import pytest

from crmkit.storage.sql import SqlStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness(tmp_path_factory):
    """Give a SQLite file, and new files for fresh stores."""
    folder = tmp_path_factory.mktemp("sqlite")
    numbers = itertools.count()

    def fresh():
        url = f"sqlite:///{folder}/fresh{next(numbers)}.db"
        return lambda: SqlStorage(url)

    return StorageHarness(open=lambda: SqlStorage(f"sqlite:///{folder}/contract.db"), fresh=fresh)
