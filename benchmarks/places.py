"""Where the stores are: a temporary directory for SQLite, servers started for the run or given."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmkit.testing.servers import mongo_server, postgres_server


@contextmanager
def place_of(store: str, given: str | None = None) -> Iterator[str]:
    """Give the place of a store while the block runs; `given` is the URL of a running server."""
    if given:
        yield given
    elif store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as directory:
            yield directory
    else:
        with postgres_server() if store == "postgres" else mongo_server() as url:
            if store == "mongo":
                _let_one_commit_be_large(url)
            yield url


def _let_one_commit_be_large(url: str) -> None:
    """Widen the cache of a test server, in a fifth of which a transaction must fit."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](url) as client:
        client.admin.command("setParameter", 1, wiredTigerEngineRuntimeConfig="cache_size=8G")
