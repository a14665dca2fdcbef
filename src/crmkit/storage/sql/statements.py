"""Statements: compiled once per shape, kept, and run with values as parameters."""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import count
from threading import Lock
from typing import Any, Final

import attrs
from sqlalchemy import Executable, select
from sqlalchemy import func as sql_func
from sqlalchemy.engine import Dialect

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.tally import Tally
from crmkit.ports import Ask
from crmkit.storage.sql.conditions import Conditions, Source
from crmkit.storage.sql.dialects import MYSQL, POSTGRES, kind_of, server_of
from crmkit.storage.sql.entities import Entities, EntityTable
from crmkit.storage.sql.merging import MAX_LENGTH, Merge, merge_of, merged_text
from crmkit.storage.sql.shapes import Shapes, order_shape, place_of
from crmkit.storage.sql.tallies import select_tally, tally_shape
from crmkit.storage.walks import Walks

MAX_STATEMENTS: Final = 500
_OURS: Final = re.compile(r"p[0-9]+")
Asked = tuple[str, Sequence[Any]]
"""The text of a statement and its parameters."""


@attrs.frozen
class Statement:
    """SQL text and where its parameters come from: the list of values, then the constants."""

    sql: str
    places: tuple[int, ...]
    constants: tuple[Any, ...] = ()
    straight: bool = False

    def with_values(self, values: list[Any]) -> Asked:
        """Put the values in the order of the parameters."""
        if self.straight:
            return self.sql, values
        given = (*values, *self.constants)
        return self.sql, [given[place] for place in self.places]


@attrs.frozen
class Prepared:
    """A statement with the values it is asked with; `told` of them belong to its condition."""

    statement: Statement
    values: list[Any]
    told: int

    @property
    def asked(self) -> Asked:
        """Return the text and the parameters in their order."""
        return self.statement.with_values(self.values)


class Statements:
    """All statements of one store, by shape; the least used are forgotten."""

    def __init__(self, dialect: Dialect, *, prefix: str, schema: str | None) -> None:
        """Begin without entities."""
        self.dialect = dialect
        self.server = server_of(dialect)
        self.kind = kind_of(self.server)
        self.entities = Entities(dialect, prefix=prefix, schema=schema)
        self._shapes = Shapes(self.kind, self._encode)
        self._kept: OrderedDict[Hashable, Statement] = OrderedDict()
        self._lock = Lock()
        self._aliases = count(1)
        self.walks = Walks()

    def find(self, spec: EntitySpec, tenant: str, ask: Ask) -> Asked:
        """Return the statement for whole records, and its parameters."""
        entity = self.entities[spec]
        merge = merge_of(self.kind, spec, ask)
        merged = None if merge is None else self._merged(entity, tenant, ask, merge)
        return merged or self._find(entity, tenant, ask).asked

    def select(self, spec: EntitySpec, tenant: str, leaves: Sequence[Leaf], ask: Ask) -> Asked:
        """Return the statement for some leaves, and its parameters."""
        entity = self.entities[spec]
        what = ("select", *[place_of(leaf) for leaf in leaves])
        source = Source(spec, entity.table)
        return self._asked(
            what, entity, tenant, ask, lambda at: [at.leaf(source, leaf) for leaf in leaves]
        )

    def count(self, spec: EntitySpec, tenant: str, ask: Ask) -> Asked:
        """Return the statement that counts, and its parameters."""
        return self._asked(
            "count", self.entities[spec], tenant, ask, lambda _conditions: [sql_func.count()]
        )

    def tenants(self, spec: EntitySpec, ask: Ask) -> Asked:
        """Return the statement that names the tenants of fitting records, and its parameters."""
        entity = self.entities[spec]
        return self._asked(
            "tenants", entity, None, ask, lambda _conditions: [entity.table.c.tenant]
        )

    def tally(self, spec: EntitySpec, tenant: str, tally: Tally) -> Asked:
        """Return the statement of a summary, and its parameters."""
        values: list[Any] = [tenant]
        shape = tally_shape(self._shapes, spec, tally, values)

        def build() -> Executable:
            conditions = Conditions(self.server, self._alias)
            table = self.entities[spec].table
            mine = table.c.tenant == conditions.bind()
            return select_tally(conditions, Source(spec, table), tally, mine)

        return self._statement(("tally", spec.name, shape), build).with_values(values)

    def _find(self, entity: EntityTable, tenant: str, ask: Ask) -> "Prepared":
        return self._prepared("find", entity, tenant, ask, lambda _conditions: entity.reading)

    def _merged(self, entity: EntityTable, tenant: str, ask: Ask, merge: Merge) -> Asked | None:
        """Return the statement that merges its parts, None where it would be too long."""
        part = self._find(entity, tenant, merge.each)
        parts = [part.statement.sql] * len(merge.values)
        encode = self.entities[entity.spec].codec.scalar[merge.leaf.column]
        given: list[Any] = []
        for value in merge.values:
            part.values[part.told - 1] = encode(value)
            given += part.asked[1]
        if merge.besides is not None:
            sql, values = self._find(entity, tenant, merge.besides).asked
            parts.append(sql)
            given += values
        if len(parts) * len(parts[0]) > MAX_LENGTH:
            return None
        return merged_text(self.kind, parts, ask), given

    def _asked(
        self,
        what: Hashable,
        entity: EntityTable,
        tenant: str | None,
        ask: Ask,
        reading: Callable[[Conditions], list[Any]],
    ) -> Asked:
        return self._prepared(what, entity, tenant, ask, reading).asked

    def _prepared(
        self,
        what: Hashable,
        entity: EntityTable,
        tenant: str | None,
        ask: Ask,
        reading: Callable[[Conditions], list[Any]],
    ) -> "Prepared":
        values: list[Any] = [] if tenant is None else [tenant]
        spec, limited = entity.spec, ask.limit is not None
        shape = self._shapes.of(spec, ask.where, values)
        told = len(values)
        further = self._shapes.after(spec, ask, values)
        if limited:
            values.append(ask.limit)
        key = (what, spec.name, shape, further, order_shape(ask.order), limited, ask.skip_locked)

        def build() -> Executable:
            conditions = Conditions(self.server, self._alias)
            query: Any = select(*reading(conditions)).select_from(entity.table)
            if tenant is None:
                query = query.distinct()
            else:
                query = query.where(entity.table.c.tenant == conditions.bind())
            return self._narrowed(query, conditions, Source(spec, entity.table), ask)

        return Prepared(self._statement(key, build), values, told)

    def _narrowed(self, query: Any, conditions: Conditions, source: Source, ask: Ask) -> Executable:
        conditions.is_page = ask.limit is not None
        query = query.where(conditions.write(source, ask.where))
        if ask.after is not None:
            query = query.where(conditions.after(source, ask.order, ask.after))
        for key in ask.order:
            query = query.order_by(*conditions.order(source, key))
        if ask.limit is not None:
            query = query.limit(conditions.bind())
        if ask.skip_locked and self.kind in (POSTGRES, MYSQL):
            query = query.with_for_update(skip_locked=True)
        narrowed: Executable = query
        return narrowed

    def _encode(self, spec: EntitySpec, leaf: Leaf, value: Any) -> Any:
        """Turn a scalar of the domain into what the leaf holds in this database."""
        return value if leaf.keys else self.entities[spec].codec.scalar[leaf.column](value)

    def _alias(self, spec: EntitySpec) -> Source:
        return Source(spec, self.entities[spec].table.alias(f"linked_{next(self._aliases)}"))

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
        compiled = query.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        names: list[str] = compiled.positiontup or []
        ours = {name for name in names if _OURS.fullmatch(name)}
        others = [name for name in names if name not in ours]
        places = tuple(
            int(name[1:]) if name in ours else len(ours) + others.index(name) for name in names
        )
        constants = tuple(compiled.params[name] for name in others)
        straight = places == tuple(range(len(ours))) and not constants
        return Statement(str(compiled), places, constants, straight)
