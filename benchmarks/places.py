"""Where the stores are: a temporary directory for SQLite, servers started for the run or given."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmkit.testing.servers import MongoServer, PostgresServer


@contextmanager
def place_of(store: str, given: str | None = None) -> Iterator[str]:
    """Give the place of a store while the block runs; `given` is the URL of a running server.

    Servers that are started here sync to disk as they do in earnest.
    """
    if given:
        yield given
    elif store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as directory:
            yield directory
    elif store == "postgres":
        with PostgresServer.start(durable=True) as postgres:
            yield postgres.url()
    elif store == "mongo":
        with MongoServer.start(durable=True) as mongo:
            _let_one_commit_be_large(mongo.url())
            yield mongo.url()
    else:
        raise ValueError(f"there is no store {store!r}")


def _let_one_commit_be_large(url: str) -> None:
    """Widen a test server's cache, in a fifth of which a transaction must fit, and its oplog.

    Transactions may last and snapshots be read as long as a server lets them that is not for tests.
    """
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](url) as client:
        client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig="cache_size=8G")
        client.admin.command("replSetResizeOplog", 1, size=4096.0)
        client.admin.command("setParameter", 1, minSnapshotHistoryWindowInSeconds=300)
        client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=60)
