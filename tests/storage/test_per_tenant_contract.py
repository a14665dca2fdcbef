"""Tenants in places of their own keep the contract: in memory, in a full run in files too."""

import itertools
import os

import pytest

from crmkit.storage.opening import open_storage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness

FULL = os.environ.get("CRMKIT_FULL") == "1"
STORES = ["memory", "sqlite"] if FULL else ["memory"]


@pytest.fixture(scope="module", params=STORES)
def storage_harness(request, tmp_path_factory):
    """Give a store whose tenants lie apart, and new ones for fresh stores."""
    make = _maker(request, tmp_path_factory)
    return StorageHarness(open=_opener(make()), fresh=lambda: _opener(make()))


def _maker(request, tmp_path_factory):
    if request.param == "memory":
        return lambda: "memory:"
    folder = tmp_path_factory.mktemp("apart")
    numbers = itertools.count()
    return lambda: f"sqlite:///{folder}/crm{next(numbers)}.db"


def _opener(url):
    return lambda: open_storage(url, tenants="separate")
