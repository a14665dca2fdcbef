"""Statements: compiled once per shape, kept, and run with values as parameters."""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import count
from threading import Lock
from typing import Any, Final

import attrs
from sqlalchemy import Executable, FromClause, MetaData, Table, Text, cast, select
from sqlalchemy import func as sql_func
from sqlalchemy.engine import Dialect

from crmkit.domain.columns import Leaf, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.tally import Tally
from crmkit.domain.kinds import Form
from crmkit.ports import Ask
from crmkit.storage.codec.rows import NATIVE, TEXTUAL, RowCodec, row_codec
from crmkit.storage.sql.conditions import Conditions
from crmkit.storage.sql.dialects import MARIADB, MYSQL, POSTGRES, server_of
from crmkit.storage.sql.shapes import shape_of
from crmkit.storage.sql.tables import table_of
from crmkit.storage.sql.tallies import select_tally, tally_shape

MAX_STATEMENTS: Final = 500
_OURS: Final = re.compile(r"p[0-9]+")


@attrs.frozen
class Statement:
    """SQL text and where its parameters come from: the list of values, then the constants."""

    sql: str
    places: tuple[int, ...]
    constants: tuple[Any, ...] = ()

    def parameters(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """Put the values in the order of the parameters."""
        given = (*values, *self.constants)
        return tuple([given[place] for place in self.places])


class EntityTable:
    """One entity in one database: its table, its codec, and the statements that never change."""

    def __init__(self, spec: EntitySpec, table: Table, kind: str, dialect: Dialect) -> None:
        """Write the fixed statements."""
        self.spec = spec
        self.table = table
        self.codec: RowCodec = row_codec(spec, NATIVE if kind == POSTGRES else TEXTUAL)
        quote = dialect.identifier_preparer.quote
        self.name = dialect.identifier_preparer.format_table(table)
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        names = self.codec.columns
        columns = ", ".join(quote(name) for name in names)
        key = f"{quote('tenant')} = {mark} AND {quote('id')} = {mark}"
        self.columns = columns
        self.insert = (
            f"INSERT INTO {self.name} ({columns}) VALUES ({', '.join([mark] * len(names))})"
        )
        self.copy = f"COPY {self.name} ({columns}) FROM STDIN"
        reading = ", ".join(
            f"{quote(name)}::text" if self._is_json(name, kind) else quote(name) for name in names
        )
        self.get = f"SELECT {reading} FROM {self.name} WHERE {key}"
        self.changed = tuple(
            at
            for at, name in enumerate(names)
            if name not in ("tenant", "id", "created_at", "created_by")
        )
        version = quote("version")
        self.hold = (
            f"UPDATE {self.name} SET {version} = {version} WHERE {key} AND {version} = {mark}"
        )
        self.delete = f"DELETE FROM {self.name} WHERE {key}"
        settings = ", ".join(f"{quote(names[at])} = {mark}" for at in self.changed)
        self.update = f"UPDATE {self.name} SET {settings} WHERE {key}"
        if spec.versioned:
            self.update += f" AND {quote('version')} = {mark}"

    def reading(self, table: FromClause, kind: str) -> list[Any]:
        """Return the columns as they are read: JSON comes as text."""
        return [
            cast(table.c[name], Text) if self._is_json(name, kind) else table.c[name]
            for name in self.codec.columns
        ]

    def _is_json(self, name: str, kind: str) -> bool:
        if kind != POSTGRES:
            return False
        return columns_of(self.spec)[name].form in (Form.JSON, Form.TEXTS)


class Statements:
    """All statements of one store, by shape; the least used are forgotten."""

    def __init__(self, dialect: Dialect, *, prefix: str, schema: str | None) -> None:
        """Begin without entities."""
        self._dialect = dialect
        self.server = server_of(dialect)
        self.kind = MYSQL if self.server == MARIADB else self.server
        self._prefix, self._schema = prefix, schema
        self._kept: OrderedDict[Hashable, Statement] = OrderedDict()
        self._lock = Lock()
        self._aliases = count(1)
        self.metadata = MetaData()
        self.entities: dict[str, EntityTable] = {}

    def add(self, spec: EntitySpec) -> None:
        """Derive the table and codec of an entity."""
        table = table_of(
            self.metadata, spec, prefix=self._prefix, schema=self._schema, kind=self.server
        )
        self.entities[spec.name] = EntityTable(spec, table, self.kind, self._dialect)

    def encode(self, spec: EntitySpec, leaf: Leaf, value: Any) -> Any:
        """Turn a scalar of the domain into what the leaf holds in this database."""
        return value if leaf.keys else self.entities[spec.name].codec.scalar[leaf.column](value)

    def find(self, spec: EntitySpec, ask: Ask) -> tuple[str, tuple[Any, ...]]:
        """Return the statement for whole records, and its parameters."""
        return self._asked("find", spec, ask, lambda table: self._whole(spec, table))

    def select(
        self, spec: EntitySpec, leaves: Sequence[Leaf], ask: Ask
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement for some leaves, and its parameters."""
        conditions = Conditions(self.server, self._alias)
        key = ("select", tuple(leaves))
        return self._asked(
            key, spec, ask, lambda table: [conditions.leaf(table, leaf) for leaf in leaves]
        )

    def count(self, spec: EntitySpec, ask: Ask) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that counts, and its parameters."""
        return self._asked("count", spec, ask, lambda _table: [sql_func.count()])

    def tally(self, spec: EntitySpec, tally: Tally) -> tuple[str, tuple[Any, ...]]:
        """Return the statement of a summary, and its parameters."""
        values: list[Any] = []
        shape = tally_shape(spec, tally, self.encode, values)

        def build() -> Executable:
            conditions = Conditions(self.server, self._alias)
            return select_tally(conditions, self.kind, self.entities[spec.name].table, tally)

        statement = self._statement(("tally", spec.name, shape), build)
        return statement.sql, statement.parameters(values)

    def _asked(
        self,
        what: Hashable,
        spec: EntitySpec,
        ask: Ask,
        reading: Callable[[FromClause], list[Any]],
    ) -> tuple[str, tuple[Any, ...]]:
        values: list[Any] = []
        shape = shape_of(spec, ask.where, self.encode, values)
        limited = ask.limit is not None
        if limited:
            values.append(ask.limit)
        key = (what, spec.name, shape, ask.order, limited, ask.skip_locked)
        statement = self._statement(key, lambda: self._build(spec, ask, reading))
        return statement.sql, statement.parameters(values)

    def _build(
        self, spec: EntitySpec, ask: Ask, reading: Callable[[FromClause], list[Any]]
    ) -> Executable:
        conditions = Conditions(self.server, self._alias)
        table = self.entities[spec.name].table
        query = select(*reading(table)).select_from(table)
        query = query.where(conditions.write(table, ask.where))
        if ask.order:
            query = query.order_by(*(conditions.order(table, key) for key in ask.order))
        if ask.limit is not None:
            query = query.limit(conditions.bind())
        if ask.skip_locked and self.kind in (POSTGRES, MYSQL):
            query = query.with_for_update(skip_locked=True)
        return query

    def _whole(self, spec: EntitySpec, table: FromClause) -> list[Any]:
        return self.entities[spec.name].reading(table, self.kind)

    def _alias(self, spec: EntitySpec) -> FromClause:
        return self.entities[spec.name].table.alias(f"linked_{next(self._aliases)}")

    def _statement(self, key: Hashable, build: Callable[[], Executable]) -> Statement:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = self._compile(build())
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MAX_STATEMENTS:
                self._kept.popitem(last=False)
        return made

    def _compile(self, query: Any) -> Statement:
        compiled = query.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        names: list[str] = compiled.positiontup or []
        ours = {name for name in names if _OURS.fullmatch(name)}
        others = [name for name in names if name not in ours]
        places = tuple(
            int(name[1:]) if name in ours else len(ours) + others.index(name) for name in names
        )
        return Statement(str(compiled), places, tuple(compiled.params[name] for name in others))
