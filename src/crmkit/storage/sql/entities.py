"""The entities in one database: each with its table, its codec and its unchanging statements."""

from collections.abc import Callable, Iterator
from functools import cached_property
from threading import RLock
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, Text, cast
from sqlalchemy.engine import Dialect

from crmkit.domain.blanks import values_of
from crmkit.domain.columns import columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Form
from crmkit.storage.codec.copy_text import CopyLines, copy_lines
from crmkit.storage.codec.rows import NATIVE, TEXTUAL, Dump, RowCodec, row_codec, row_dump
from crmkit.storage.sql.dialects import POSTGRES, SQLITE, server_of
from crmkit.storage.sql.tables import table_of

_FIXED: Final = frozenset({"tenant", "id", "created_at"})


class Update(NamedTuple):
    """A guarded update of some fields."""

    sql: str
    """Asks for what `dump` gives of a record, then the tenant, the id and the version."""
    dump: Dump


class EntityTable:
    """One entity in one database; what is costly is made when it is first used."""

    def __init__(self, spec: EntitySpec, table: Table, dialect: Dialect) -> None:
        """Write the statements."""
        self.spec = spec
        self.table = table
        self._is_postgres = dialect.name == POSTGRES
        self._forms = NATIVE if self._is_postgres else TEXTUAL
        self._quote = dialect.identifier_preparer.quote
        self._mark = "?" if dialect.name == SQLITE else "%s"
        self._columns = columns_of(spec)
        self._updates: dict[tuple[str, ...], Update] = {}
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
        return row_codec(self.spec, self._forms)

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

    def update(self, old: Any = None, new: Any = None) -> "Update":
        """Return the guarded update of the fields in which two versions differ, else of all."""
        names = self._changeable
        if old is not None:
            pairs = zip(names, self._values(old), self._values(new), strict=True)
            names = tuple([name for name, was, now in pairs if was is not now and was != now])
        known = self._updates.get(names)
        if known is None:
            known = self._updates[names] = self._written(names)
        return known

    @cached_property
    def _changeable(self) -> tuple[str, ...]:
        return tuple([name for name in self.spec.parts if name not in _FIXED])

    @cached_property
    def _values(self) -> Callable[[Any], tuple[Any, ...]]:
        return values_of(self._changeable)

    def _written(self, fields: tuple[str, ...]) -> "Update":
        columns = [name for name, column in self._columns.items() if column.part.name in fields]
        settings = ", ".join(f"{self._quote(name)} = {self._mark}" for name in columns)
        return Update(self._update.format(settings), row_dump(self.spec, self._forms, fields))

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
                table = table_of(spec, prefix=self._prefix, schema=self._schema, kind=server)
                self._made[spec] = EntityTable(spec, table, self._dialect)
            return self._made[spec]
