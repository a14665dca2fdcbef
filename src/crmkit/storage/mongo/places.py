"""Places of a MongoDB server: a database for each tenant."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from pymongo import MongoClient

from crmkit.ports import Storage
from crmkit.storage.mongo.storage import DEFAULT_DATABASE, MongoStorage, client_of

LONGEST_BASE: Final = 24


class MongoDatabases:
    """Keeps each tenant in a database; all share one client, and with it the connections."""

    def __init__(
        self,
        target: "str | MongoClient[dict[str, Any]]",
        *,
        prefix: str,
        database: str | None = None,
    ) -> None:
        """Take a URL or the caller's client; the named database is the pattern."""
        self._owned = isinstance(target, str)
        self._client = client_of(target) if isinstance(target, str) else target
        self._prefix = prefix
        self._pattern = database or self._client.get_default_database(DEFAULT_DATABASE).name
        self._base = _short(self._pattern)

    def open(self, name: str) -> Storage:
        """Return a store on a database."""
        return MongoStorage(self._client, database=self._database(name), prefix=self._prefix)

    def make(self, name: str) -> None:
        """Leave it to MongoDB, which makes a database when it is first written."""

    def names(self) -> Sequence[str]:
        """Name the places by the databases that are there."""
        found = self._client.list_database_names()
        start = f"{self._base}_t_"
        return sorted(name[len(self._base) + 1 :] for name in found if name.startswith(start))

    def drop(self, name: str) -> None:
        """Drop a database with all that is in it."""
        self._client.drop_database(self._database(name))

    def close(self) -> None:
        """Close the client, if it was opened here."""
        if self._owned:
            self._client.close()

    def _database(self, name: str) -> str:
        return f"{self._base}_{name}" if name else self._pattern


def _short(name: str) -> str:
    """Leave room for the names of places; two long names stay different."""
    if len(name) <= LONGEST_BASE:
        return name
    return f"{name[: LONGEST_BASE - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
