"""MongoDB keeps the storage contract."""

import pytest

from crmkit.storage.mongo import MongoStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness(new_mongo):
    """Give a MongoDB database, and new databases for fresh stores."""
    return StorageHarness(open=_opener(new_mongo()), fresh=lambda: _opener(new_mongo()))


def _opener(url):
    return lambda: MongoStorage(url)
