"""Conditions: lowered filters as SQLAlchemy expressions, their values as numbered parameters."""

from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    true,
)
from sqlalchemy.types import TypeEngine

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import (
    All,
    Any_,
    Check,
    Linked,
    Lowered,
    Opposite,
    Pair,
    SortKey,
    Test,
)
from crmkit.storage.sql.dialects import MARIADB, MYSQL, POSTGRES, SQLITE, inside_json
from crmkit.storage.sql.shapes import padded

Bool = ColumnElement[bool]


class Conditions:
    """Writes the conditions of one statement; parameters are named in the order of their values."""

    def __init__(self, server: str, table_of: Callable[[EntitySpec], FromClause]) -> None:
        """Write for one kind of server; `table_of` gives a fresh alias of an entity's table."""
        self._server = server
        self._kind = MYSQL if server == MARIADB else server
        self._table_of = table_of
        self._numbers = count()

    def bind(self, type_: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
        """Return the next parameter, typed like what it is compared with unless told."""
        return bindparam(f"p{next(self._numbers)}", type_=type_)

    def leaf(self, table: FromClause, leaf: Leaf) -> ColumnElement[Any]:
        """Return a column, or the place inside its JSON."""
        if not leaf.keys:
            return table.c[leaf.column]
        quoted = f'"{leaf.column}"' if self._kind != MYSQL else f"`{leaf.column}`"
        name = getattr(table, "name", "")
        owner = f'"{name}"' if self._kind != MYSQL else f"`{name}`"
        return inside_json(self._server, f"{owner}.{quoted}", leaf)

    def write(self, table: FromClause, lowered: Lowered) -> Bool:
        """Write a condition; it is true or not, and never taken for true when unknown."""
        match lowered:
            case All(parts):
                return and_(true(), *(self.write(table, part) for part in parts))
            case Any_(parts):
                return or_(false(), *(self.write(table, part) for part in parts))
            case Opposite(Check(leaf, Test.NONE)):
                return self.leaf(table, leaf).is_not(None)
            case Opposite(part):
                return self._opposite(self.write(table, part))
            case Pair(leaf, test, other):
                left, right = self.leaf(table, leaf), self.leaf(table, other)
                return _compare(left, test, right)
            case Linked():
                return self._linked(table, lowered)
            case Check(leaf, test, value):
                return self._check(self.leaf(table, leaf), test, value)

    def order(self, table: FromClause, key: SortKey) -> ColumnElement[Any]:
        """Write a sort key: missing values are lowest."""
        place = self.leaf(table, key.leaf)
        ranked: ColumnElement[Any] = place.desc() if key.descending else place.asc()
        if self._kind == POSTGRES and key.leaf.optional:
            ranked = ranked.nulls_last() if key.descending else ranked.nulls_first()
        return ranked

    def _opposite(self, condition: Bool) -> Bool:
        return condition.is_not(true())

    def _linked(self, table: FromClause, linked: Linked) -> Bool:
        target = self._table_of(linked.target)
        inner = self.write(target, linked.where)
        return exists().where(
            target.c.tenant == table.c.tenant,
            self.leaf(target, linked.remote) == self.leaf(table, linked.local),
            inner,
        )

    def _check(self, place: ColumnElement[Any], test: Test, value: Any) -> Bool:
        match test:
            case Test.NONE:
                return place.is_(None)
            case Test.IN:
                return place.in_([self.bind() for _ in range(padded(len(value)))])
            case Test.CONTAINS:
                return self._contains(place)
            case Test.ENDS:
                return self._ends(place, len(value))
            case Test.HAS_ANY | Test.HAS_ALL:
                return self._has(place, test, len(value))
            case _:
                return _compare(place, test, self.bind())

    def _contains(self, place: ColumnElement[Any]) -> Bool:
        if self._kind == SQLITE:
            return func.instr(place, self.bind()) > literal_column("0")
        if self._kind == POSTGRES:
            return func.strpos(place, self.bind()) > literal_column("0")
        return func.locate(self.bind(), place) > literal_column("0")

    def _ends(self, place: ColumnElement[Any], length: int) -> Bool:
        size: ColumnElement[Any] = literal_column(str(length if self._kind != SQLITE else -length))
        cut = func.substr(place, size) if self._kind == SQLITE else func.right(place, size)
        return cut == self.bind()

    def _has(self, place: ColumnElement[Any], test: Test, size: int) -> Bool:
        every = and_ if test is Test.HAS_ALL else or_
        return every(*(self._holds(place) for _ in range(size)))

    def _holds(self, place: ColumnElement[Any]) -> Bool:
        if self._kind == SQLITE:
            items = func.json_each(place).table_valued("value")
            return exists().where(items.c.value == self.bind())
        if self._kind == POSTGRES:
            return place.op("?", is_comparison=True)(self.bind(Text()))
        return func.json_contains(place, func.json_quote(self.bind())) == literal_column("1")


def _compare(left: ColumnElement[Any], test: Test, right: ColumnElement[Any]) -> Bool:
    match test:
        case Test.LT:
            return left < right
        case Test.LE:
            return left <= right
        case Test.GT:
            return left > right
        case Test.GE:
            return left >= right
        case _:
            return left == right
