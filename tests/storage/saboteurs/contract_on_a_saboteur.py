"""The contract on the saboteur named by the environment; run by test_saboteurs, not by itself."""

import os

import pytest

from crmkit.storage.memory import MemoryStorage
from crmkit.testing.saboteurs import SABOTEURS
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness():
    """Give the saboteur, or the honest store."""
    name = os.environ.get("CRMKIT_SABOTEUR", "")
    stores = {saboteur.__name__: saboteur for saboteur in SABOTEURS}
    store = stores[name] if name else MemoryStorage
    return StorageHarness(open=store, fresh=lambda: store)
