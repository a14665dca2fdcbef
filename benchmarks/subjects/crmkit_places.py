"""How the benchmark makes, empties and maintains the databases that crmkit works on.

It does so through the bare drivers: crmkit keeps its change log and offers no way to empty it.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Place(ABC):
    """One database of one subject."""

    def __init__(self, url: str, schema: str | None = None) -> None:
        """Know where crmkit opens it; `schema` is the SQL schema or the Mongo database."""
        self.url = url
        self.schema = schema

    @abstractmethod
    def make(self) -> None:
        """Begin with nothing."""

    @abstractmethod
    def empty(self, keep: Collection[str]) -> None:
        """Remove every row but those of the tables in `keep`."""

    @abstractmethod
    def settle(self) -> None:
        """Bring the store's statistics up to date."""


def place_of(place: str, own: str) -> Place:
    """Return a subject's own database at a place: a directory or a server's URL."""
    match urlsplit(place).scheme:
        case "postgresql":
            return _Postgres(place, own)
        case "mongodb":
            return _Mongo(place, own)
        case _:
            return _Sqlite(f"sqlite:///{Path(place) / own}.db")


class _Sqlite(Place):
    def make(self) -> None:
        pass

    def empty(self, keep: Collection[str]) -> None:
        with self._connect() as connection:
            asked = "SELECT name FROM sqlite_master WHERE type = 'table'"
            for (table,) in connection.execute(asked).fetchall():
                if table not in keep and not table.startswith("sqlite_"):
                    connection.execute(f'DELETE FROM "{table}"')
        connection.close()

    def settle(self) -> None:
        with self._connect() as connection:
            connection.execute("ANALYZE")
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.url.removeprefix("sqlite:///"))


class _Postgres(Place):
    def make(self) -> None:
        self._run(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE", f"CREATE SCHEMA {self.schema}")

    def empty(self, keep: Collection[str]) -> None:
        asked = f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.schema}'"
        tables = [table for (table,) in self._run(asked) if table not in keep]
        for table in tables:
            self._run(f'DELETE FROM {self.schema}."{table}"', f'VACUUM {self.schema}."{table}"')

    def settle(self) -> None:
        self._run("VACUUM ANALYZE")

    def _run(self, *statements: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


class _Mongo(Place):
    def make(self) -> None:
        with self._client() as client:
            client.drop_database(self.schema)

    def empty(self, keep: Collection[str]) -> None:
        """Drop and make again: deleted keys would slow the server down for minutes."""
        with self._client() as client:
            database = client[self.schema]
            for name in database.list_collection_names():
                if name not in keep:
                    _make_again(database[name])

    def settle(self) -> None:
        pass

    def _client(self) -> Any:
        from pymongo import MongoClient

        return MongoClient(self.url)


def _make_again(collection: Any) -> None:
    """Replace a collection by an empty one with the same indexes."""
    from pymongo import IndexModel

    made = [dict(index) for index in collection.list_indexes()]
    collection.drop()
    collection.database.create_collection(collection.name)
    indexes = [
        IndexModel(list(index.pop("key").items()), **index)
        for index in made
        if index["name"] != "_id_"
    ]
    if indexes:
        collection.create_indexes(indexes)
