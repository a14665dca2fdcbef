"""Where the stores are: a temporary directory for SQLite, servers started for the run or given."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

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
            yield url
