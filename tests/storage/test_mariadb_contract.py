"""MariaDB keeps the storage contract, where a server is installed."""

import uuid

import pytest

from crmkit.storage.sql import SqlStorage
from crmkit.testing.storage import *  # noqa: F403 - this is how a store runs the contract
from crmkit.testing.storage import StorageHarness


@pytest.fixture(scope="module")
def storage_harness(mariadb_url):
    """Give a MariaDB database, and new databases for fresh stores."""
    import pymysql

    base = mariadb_url.rpartition("/")[0]
    host, port = base.rpartition("@")[2].split(":")

    def make():
        name = f"t{uuid.uuid4().hex}"
        with pymysql.connect(host=host, port=int(port), user="root") as connection:
            connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"{base}/{name}"

    return StorageHarness(open=_opener(make()), fresh=lambda: _opener(make()))


def _opener(url):
    return lambda: SqlStorage(url)
