"""The entities in one database: each with its table, its codec and its unchanging statements."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import RLock
from typing import Any, Final

from sqlalchemy import MetaData, Table, Text, cast
from sqlalchemy.engine import Dialect

from crmkit.domain.columns import columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.storage.codec.copy_text import CopyLines, copy_lines
from crmkit.storage.codec.rows import NATIVE, TEXTUAL, RowCodec, row_codec
from crmkit.storage.sql.dialects import POSTGRES, SQLITE, server_of
from crmkit.storage.sql.tables import table_of

_FIXED: Final = frozenset({"tenant", "id", "created_at", "created_by"})


class EntityTable:
    """One entity in one database; what is costly is made when it is first used."""

    def __init__(self, spec: EntitySpec, table: Table, dialect: Dialect) -> None:
        """Write the statements."""
        self.spec = spec
        self.table = table
        self._is_postgres = dialect.name == POSTGRES
        self._quote = dialect.identifier_preparer.quote
        self._mark = "?" if dialect.name == SQLITE else "%s"
        self._columns = columns_of(spec)
        self._updates: dict[Sequence[int], str] = {}
        name = dialect.identifier_preparer.format_table(table)
        columns = ", ".join(map(self._quote, self._columns))
        key = self._equal("tenant", "id")
        self._update = f"UPDATE {name} SET {{}} WHERE {key}"
        if spec.versioned:
            self._update += f" AND {self._equal('version')}"
        marks = ", ".join([self._mark] * len(self._columns))
        read = ", ".join(map(self._read, self._columns))
        self.get = f"SELECT {read} FROM {name} WHERE {key}"
        self.insert = f"INSERT INTO {name} ({columns}) VALUES ({marks})"
        self.copy = f"COPY {name} ({columns}) FROM STDIN"
        self.delete = f"DELETE FROM {name} WHERE {key}"
        self.hold = self._update.format("version = version")

    @cached_property
    def codec(self) -> RowCodec:
        """Return the code between records and rows."""
        return row_codec(self.spec, NATIVE if self._is_postgres else TEXTUAL)

    @cached_property
    def copy_lines(self) -> CopyLines:
        """Return the code that writes records as text for COPY."""
        return copy_lines(self.spec)

    @cached_property
    def reading(self) -> list[Any]:
        """Return the columns as they are read: JSON comes as text."""
        table = self.table
        return [
            cast(table.c[name], Text) if self._is_jsonb(name) else table.c[name]
            for name in self._columns
        ]

    @cached_property
    def changeable(self) -> tuple[int, ...]:
        """Return the positions of the columns that a save may change."""
        return tuple(at for at, name in enumerate(self._columns) if name not in _FIXED)

    @cached_property
    def id_at(self) -> int:
        """Return the position of the id."""
        return list(self._columns).index("id")

    @cached_property
    def version_at(self) -> int:
        """Return the position of the version."""
        return list(self._columns).index("version")

    def update(self, changed: Sequence[int]) -> str:
        """Return the guarded update of the columns at these positions."""
        known = self._updates.get(changed)
        if known is None:
            names = list(self._columns)
            settings = ", ".join(f"{self._quote(names[at])} = {self._mark}" for at in changed)
            known = self._updates[changed] = self._update.format(settings)
        return known

    def _equal(self, *names: str) -> str:
        return " AND ".join(f"{self._quote(name)} = {self._mark}" for name in names)

    def _read(self, name: str) -> str:
        return f"{self._quote(name)}::text" if self._is_jsonb(name) else self._quote(name)

    def _is_jsonb(self, name: str) -> bool:
        return self._is_postgres and self._columns[name].form in (Form.JSON, Form.TEXTS)


class Entities:
    """The entities that a store was given, each table derived when it is first asked for."""

    def __init__(self, dialect: Dialect, *, prefix: str, schema: str | None) -> None:
        """Begin without entities."""
        self.metadata = MetaData()
        self.specs: dict[str, EntitySpec] = {}
        self._dialect = dialect
        self._prefix, self._schema = prefix, schema
        self._made: dict[EntitySpec, EntityTable] = {}
        self._lock = RLock()

    def add(self, spec: EntitySpec) -> None:
        """Take an entity."""
        self.specs[spec.name] = spec

    def __getitem__(self, spec: EntitySpec) -> EntityTable:
        """Return an entity's table."""
        made = self._made.get(spec)
        return self._make(spec) if made is None else made

    def __iter__(self) -> Iterator[EntityTable]:
        """Walk all entities."""
        return (self[spec] for spec in self.specs.values())

    def _make(self, spec: EntitySpec) -> EntityTable:
        with self._lock:
            if spec not in self._made:
                server = server_of(self._dialect)
                table = table_of(
                    self.metadata, spec, prefix=self._prefix, schema=self._schema, kind=server
                )
                self._made[spec] = EntityTable(spec, table, self._dialect)
            return self._made[spec]
