"""Shelves of ready databases: crmkit's schema is in place, nothing else; used again once emptied.

Making the schema is what tests on servers wait for. A database that somebody left with other tables
or indexes than it had is dropped; one that only holds rows is emptied and lent out again.
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pymongo

from crmkit.crm import CRM

_RELATIONS = """
    SELECT relname FROM pg_class JOIN pg_namespace AS home ON home.oid = relnamespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY relname
"""


class Shelf(ABC):
    """Ready databases of one kind, for one process."""

    def __init__(self, make: Callable[[], str], drop: Callable[[str], None]) -> None:
        """Take an empty database with `make`, end one with `drop`."""
        self._make = make
        self._drop = drop
        self._free: list[str] = []
        self._shape: Any = None

    def take(self) -> str:
        """Lend the URL of a database without records."""
        return self._free.pop() if self._free else self._new()

    def give_back(self, url: str) -> None:
        """Empty a database for the next one, or drop it where its schema was changed."""
        if self.shape(url) == self._shape:
            self.empty(url)
            self._free.append(url)
        else:
            self._drop(url)

    def _new(self) -> str:
        url = self._make()
        with CRM.open(url, plugin_names=()) as crm:
            crm.schema.apply()
        self._shape = self._shape or self.shape(url)
        return url

    @abstractmethod
    def shape(self, url: str) -> Any:
        """Return what changes when anybody changes the schema."""

    @abstractmethod
    def empty(self, url: str) -> None:
        """Erase all records."""


class PostgresShelf(Shelf):
    """Ready databases of a PostgreSQL server."""

    def shape(self, url: str) -> Any:
        """Return the names of tables and indexes, and the stamps of the schema."""
        with psycopg.connect(url) as connection:
            names = connection.execute(_RELATIONS).fetchall()
            if ("crm_schema",) not in names:
                return names
            return names, connection.execute("SELECT * FROM crm_schema ORDER BY 1, 2").fetchall()

    def empty(self, url: str) -> None:
        """Delete the rows of the tables that have any."""
        with psycopg.connect(url) as connection:
            asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            tables = [name for (name,) in connection.execute(asked) if name != "crm_schema"]
            each = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables]
            for (name,) in connection.execute(" UNION ALL ".join(each)).fetchall():
                connection.execute(f"DELETE FROM {name}")


class MongoShelf(Shelf):
    """Ready databases of a MongoDB replica set."""

    def shape(self, url: str) -> Any:
        """Return the names of collections, how many indexes there are, the stamps of the schema."""
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            database = client.get_default_database()
            stamps = list(database["crm_schema"].find({}, {"applied_at": 0}, sort=[("_id", 1)]))
            names = sorted(database.list_collection_names())
            return names, database.command("dbStats")["indexes"], stamps

    def empty(self, url: str) -> None:
        """Delete the documents of every collection."""
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            database = client.get_default_database()
            for name in database.list_collection_names():
                if name != "crm_schema":
                    database[name].delete_many({})


class SqliteShelf:
    """Copies of one file with crmkit's schema."""

    def __init__(self, folder: Path) -> None:
        """Make the file in a folder."""
        self._ready = folder / "ready.db"
        with CRM.open(f"sqlite:///{self._ready}", plugin_names=()) as crm:
            crm.schema.apply()

    def copy(self, folder: Path) -> str:
        """Return the URL of a copy in a folder."""
        shutil.copy(self._ready, folder / "crm.db")
        return f"sqlite:///{folder / 'crm.db'}"
