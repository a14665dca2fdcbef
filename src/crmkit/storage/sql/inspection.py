"""What a database has: tables, columns and indexes, asked once."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection, Inspector, inspect, text

from crmkit.storage.sql.dialects import MYSQL, POSTGRES, SQLITE

_INDEXES: Final = {
    SQLITE: "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND :schema IS NULL",
    POSTGRES: (
        "SELECT t.relname, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace"
        " WHERE x.indisvalid"
        " AND n.nspname = coalesce(CAST(:schema AS text), current_schema())"
    ),
    MYSQL: (
        "SELECT DISTINCT table_name, index_name FROM information_schema.statistics"
        " WHERE table_schema = coalesce(:schema, database())"
    ),
}


class Present:
    """What is there, in the schema of a store."""

    def __init__(self, connection: Connection, kind: str, schema: str | None) -> None:
        """Ask by this connection."""
        self.connection = connection
        self.dialect = connection.dialect
        self.kind = kind
        self._schema = schema

    def now(self) -> "Present":
        """Return what is there after steps were taken."""
        return Present(self.connection, self.kind, self._schema)

    @cached_property
    def tables(self) -> frozenset[str]:
        """Return the names of the tables."""
        return frozenset(self._inspector.get_table_names(schema=self._schema))

    def columns(self, table: str) -> Mapping[str, Any]:
        """Return what SQLAlchemy knows of the columns of a table, by name."""
        found = self._columns.get((self._schema, table), [])
        return {column["name"]: column for column in found}

    def indexes(self, table: str) -> frozenset[str]:
        """Return the names of the indexes of a table that are whole."""
        return frozenset(name for owner, name in self._indexes if owner == table)

    def is_empty(self, table: str) -> bool:
        """Say whether a table has no rows."""
        name = self.dialect.identifier_preparer.quote(table)
        owner = name if self._schema is None else f"{self._quoted_schema}.{name}"
        return self.connection.exec_driver_sql(f"SELECT 1 FROM {owner} LIMIT 1").first() is None

    @property
    def _quoted_schema(self) -> str:
        return self.dialect.identifier_preparer.quote(self._schema or "")

    @cached_property
    def _inspector(self) -> Inspector:
        return inspect(self.connection)

    @cached_property
    def _columns(self) -> Mapping[Any, Any]:
        return self._inspector.get_multi_columns(schema=self._schema)

    @cached_property
    def _indexes(self) -> list[tuple[str, str]]:
        rows = self.connection.execute(text(_INDEXES[self.kind]), {"schema": self._schema})
        return [(row[0], row[1]) for row in rows]
