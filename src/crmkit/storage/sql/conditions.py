"""Conditions: lowered filters as SQLAlchemy expressions, their values as numbered parameters."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op
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
    after,
)
from crmkit.domain.kinds import Form
from crmkit.storage.sql.dialects import (
    CUT,
    POSTGRES,
    SQLITE,
    inside_json,
    is_cut,
    kind_of,
    quoted,
)
from crmkit.storage.sql.shapes import LISTED_ONE_BY_ONE, is_row, padded

Bool = ColumnElement[bool]
Place = ColumnElement[Any]
_TYPES: Final[dict[Form, TypeEngine[Any]]] = {
    Form.TEXT: Text(),
    Form.INTEGER: BigInteger(),
    Form.BOOLEAN: Boolean(),
    Form.DATE: Date(),
    Form.INSTANT: DateTime(timezone=True),
    Form.ID: Uuid(),
}
_NOTHING: Final[Place] = literal_column("0")


@attrs.frozen
class Source:
    """An entity and the table, or the alias of it, from which a statement reads."""

    spec: EntitySpec
    table: FromClause


class Conditions:
    """Writes the conditions of one statement; parameters are named in the order of their values."""

    def __init__(self, server: str, alias_of: Callable[[EntitySpec], Source]) -> None:
        """Write for one kind of server; `alias_of` gives a fresh alias of an entity's table."""
        self.server = server
        self.kind = kind_of(server)
        self._alias_of = alias_of
        self._numbers = count()
        self.is_page = False

    def bind(self, type_: TypeEngine[Any] | None = None) -> Place:
        """Return the next parameter, typed like what it is compared with unless told."""
        return bindparam(f"p{next(self._numbers)}", type_=type_)

    def leaf(self, source: Source, leaf: Leaf) -> Place:
        """Return a column, or the place inside its JSON."""
        if not leaf.keys:
            return source.table.c[leaf.column]
        owner = quoted(self.kind, getattr(source.table, "name", ""))
        return inside_json(self.server, f"{owner}.{quoted(self.kind, leaf.column)}", leaf)

    def write(self, source: Source, lowered: Lowered) -> Bool:
        """Write a condition; it is true or not, and never taken for true when unknown."""
        match lowered:
            case All(parts):
                return and_(true(), *(self.write(source, part) for part in parts))
            case Any_(parts):
                return or_(false(), *(self.write(source, part) for part in parts))
            case Opposite(Check(leaf, Test.NONE)):
                return self.leaf(source, leaf).is_not(None)
            case Opposite(part):
                return self.write(source, part).is_not(true())
            case Pair(leaf, test, other):
                return _compare(self.leaf(source, leaf), test, self.leaf(source, other))
            case Linked():
                return self._linked(source, lowered)
            case Check():
                return self._check(source, lowered)

    def after(self, source: Source, order: Sequence[SortKey], values: Sequence[Any]) -> Bool:
        """Write where a page begins."""
        if not is_row(self.kind, source.spec, order, values):
            return self.write(source, after(order, values))
        places = [self.leaf(source, key.leaf) for key in order]
        row, start = tuple_(*places), tuple_(*[self.bind(place.type) for place in places])
        return row < start if order[0].descending else row > start

    def order(self, source: Source, key: SortKey) -> list[Place]:
        """Write a sort key: missing values are lowest."""
        place = self.leaf(source, key.leaf)
        places = [_cut(place), place] if is_cut(self.kind, source.spec, key.leaf) else [place]
        return [
            self.ranked(place, optional=key.leaf.optional, down=key.descending) for place in places
        ]

    def ranked(self, place: Place, *, optional: bool, down: bool) -> Place:
        """Write one direction; PostgreSQL alone must be told where missing values go."""
        ranked: Place = place.desc() if down else place.asc()
        if self.kind == POSTGRES and optional:
            return ranked.nulls_last() if down else ranked.nulls_first()
        return ranked

    def _linked(self, source: Source, linked: Linked) -> Bool:
        target = self._alias_of(linked.target)
        inner = self.write(target, linked.where)
        return exists().where(
            target.table.c.tenant == source.table.c.tenant,
            self.leaf(target, linked.remote) == self.leaf(source, linked.local),
            inner,
        )

    def _check(self, source: Source, check: Check) -> Bool:
        place, test = self.leaf(source, check.leaf), check.test
        match test:
            case Test.NONE:
                return place.is_(None)
            case Test.IN:
                return self._among(source, check)
            case Test.CONTAINS:
                return self._contains(place)
            case Test.ENDS:
                return self._ends(place)
            case Test.HAS_ANY | Test.HAS_ALL:
                return self._has(place, test, check.value)
            case _:
                return self._compared(source, check, place)

    def _compared(self, source: Source, check: Check, place: Place) -> Bool:
        if not is_cut(self.kind, source.spec, check.leaf):
            return _compare(place, check.test, self.bind())
        near = {Test.LT: Test.LE, Test.GT: Test.GE}.get(check.test, check.test)
        return and_(
            _compare(_cut(place), near, self.bind()), _compare(place, check.test, self.bind())
        )

    def _among(self, source: Source, check: Check) -> Bool:
        place, size = self.leaf(source, check.leaf), len(check.value)
        if self.kind == POSTGRES:
            among = [_cut(place), place] if is_cut(self.kind, source.spec, check.leaf) else [place]
            return and_(true(), *(self._any_of(each, check.leaf.form) for each in among))
        if self.kind == SQLITE and size > LISTED_ONE_BY_ONE:
            tested = _not_looked_up(place) if check.wide and self.is_page else place
            return tested.in_(
                select(func.json_each(self.bind(Text())).table_valued("value").c.value)
            )
        return place.in_([self.bind() for _ in range(padded(size))])

    def _any_of(self, place: Place, form: Form) -> Bool:
        listed = cast(self.bind(), ARRAY(_TYPES[form]))
        return place.op("=", is_comparison=True)(func.any(listed))

    def _contains(self, place: Place) -> Bool:
        if self.kind == SQLITE:
            return func.instr(place, self.bind()) > _NOTHING
        if self.kind == POSTGRES:
            return func.strpos(place, self.bind()) > _NOTHING
        return func.locate(self.bind(), place) > _NOTHING

    def _ends(self, place: Place) -> Bool:
        size = self.bind(Integer())
        cut = func.substr(place, size) if self.kind == SQLITE else func.right(place, size)
        return cut == self.bind()

    def _has(self, place: Place, test: Test, given: tuple[Any, ...]) -> Bool:
        if self.kind == POSTGRES:
            return self._has_in_jsonb(place, test, given)
        if self.kind == SQLITE:
            return self._has_in_text(place, test)
        if test is Test.HAS_ALL:
            return self._json_contains(place)
        return or_(*(self._json_contains(place) for _ in range(padded(len(given)))))

    def _has_in_jsonb(self, place: Place, test: Test, given: tuple[Any, ...]) -> Bool:
        if all(isinstance(item, str) for item in given):
            operator = "?|" if test is Test.HAS_ANY else "?&"
            return place.op(operator, is_comparison=True)(cast(self.bind(), ARRAY(Text())))
        items = cast(self.bind(), ARRAY(JSONB()))
        every = func.any(items) if test is Test.HAS_ANY else func.all(items)
        return place.op("@>", is_comparison=True)(every)

    def _has_in_text(self, place: Place, test: Test) -> Bool:
        held = func.json_each(place).table_valued("value", joins_implicitly=True)
        wanted = func.json_each(self.bind(Text())).table_valued("value", joins_implicitly=True)
        if test is Test.HAS_ANY:
            return exists().where(held.c.value.in_(select(wanted.c.value)))
        missing = exists().where(wanted.c.value.not_in(select(held.c.value)))
        return and_(place.is_not(None), not_(missing))

    def _json_contains(self, place: Place) -> Bool:
        return func.json_contains(place, self.bind(Text())) == literal_column("1")


def _not_looked_up(place: Place) -> Place:
    """Keep SQLite from looking a column up in an index; it tests each record in their order."""
    return UnaryExpression(place, operator=custom_op("+"), type_=place.type)


def _cut(place: Place) -> Place:
    return func.left(place, literal_column(str(CUT)))


def _compare(left: Place, test: Test, right: Place) -> Bool:
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
