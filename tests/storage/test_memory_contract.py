"""The memory store keeps the storage contract."""

import pytest

from crmkit.storage.memory import MemoryStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness():
    """Give the memory store; every handle has records of its own."""
    return StorageHarness(open=MemoryStorage, fresh=lambda: MemoryStorage)
