"""Summaries as one statement: group, gather, keep, order, cut."""

from collections.abc import Hashable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    distinct,
    func,
    literal_column,
    select,
)

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Key, Tally
from crmkit.errors import CapabilityMissing, InvalidFilter
from crmkit.storage.sql.conditions import Conditions, Source
from crmkit.storage.sql.dialects import MYSQL, bucket_text, place_text, quoted
from crmkit.storage.sql.shapes import Shapes, place_of


def tally_shape(shapes: Shapes, spec: EntitySpec, tally: Tally, values: list[Any]) -> Hashable:
    """Return the shape of a summary and append its values in the order of their parameters."""
    where = shapes.of(spec, tally.where, values)
    for keep in tally.keeps:
        gather = tally.gathers[keep.position]
        counted = gather.function in (Function.COUNT, Function.DISTINCT)
        leaf = None if counted else gather.leaf
        values.append(_encoded(shapes, spec, leaf, keep.value))
    if tally.limit is not None:
        values.append(tally.limit)
    keys = tuple([(place_of(key.leaf), key.bucket, key.zone, key.is_instant) for key in tally.keys])
    gathers = tuple([(gather.function, _place(gather.leaf)) for gather in tally.gathers])
    keeps = tuple([(keep.position, keep.op) for keep in tally.keeps])
    ranks = tuple([(rank.position, rank.descending) for rank in tally.ranks])
    return (where, keys, gathers, keeps, ranks, tally.limit is not None)


def select_tally(conditions: Conditions, source: Source, tally: Tally, mine: Any) -> Executable:
    """Write the statement of a summary; `mine` is the condition for the tenant."""
    keys = [_key(conditions, source, key) for key in tally.keys]
    gathered = [_gather(conditions, source, gather) for gather in tally.gathers]
    query = select(*keys, *gathered).select_from(source.table)
    query = query.where(mine, conditions.write(source, tally.where))
    if keys:
        query = query.group_by(*keys)
    for keep in tally.keeps:
        query = query.having(_keep(gathered[keep.position], keep.op, conditions))
    columns = [*keys, *gathered]
    for rank in tally.ranks:
        ranked = conditions.ranked(columns[rank.position], optional=True, down=rank.descending)
        query = query.order_by(ranked)
    return query if tally.limit is None else query.limit(conditions.bind())


def _encoded(shapes: Shapes, spec: EntitySpec, leaf: Leaf | None, value: Any) -> Any:
    return value if leaf is None or value is None else shapes.encoded(spec, leaf, value)


def _place(leaf: Leaf | None) -> Hashable:
    return None if leaf is None else place_of(leaf)


def _key(conditions: Conditions, source: Source, key: Key) -> ColumnElement[Any]:
    if key.bucket is None:
        return conditions.leaf(source, key.leaf)
    kind = conditions.kind
    if kind == MYSQL and key.is_instant and key.zone != "UTC":
        raise CapabilityMissing(
            "this database knows no time zones",
            path="zone",
            fix="group by UTC, or use another store",
        )
    owner = quoted(kind, getattr(source.table, "name", ""))
    column = place_text(conditions.server, f"{owner}.{quoted(kind, key.leaf.column)}", key.leaf)
    span = bucket_text(kind, column, key.bucket, key.zone, is_instant=key.is_instant)
    return literal_column(span)


def _gather(conditions: Conditions, source: Source, gather: Gather) -> ColumnElement[Any]:
    if gather.leaf is None:
        return func.count()
    place = conditions.leaf(source, gather.leaf)
    match gather.function:
        case Function.COUNT:
            return func.count(place)
        case Function.DISTINCT:
            return func.count(distinct(place))
        case Function.SUM:
            return func.sum(place)
        case Function.MIN:
            return func.min(place)
        case _:
            return func.max(place)


def _keep(place: ColumnElement[Any], op: str, conditions: Conditions) -> ColumnElement[bool]:
    value = conditions.bind()
    match op:
        case "eq":
            return place == value
        case "ne":
            return (place != value) | (place.is_(None) & value.is_not(None))
        case "lt":
            return place < value
        case "le":
            return place <= value
        case "gt":
            return place > value
        case "ge":
            return place >= value
        case _:
            raise InvalidFilter(f"{op!r} is not a comparison", path="having")
