"""Summaries as one statement: group, gather, keep, order, cut."""

from collections.abc import Hashable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
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
from crmkit.storage.sql.conditions import Conditions
from crmkit.storage.sql.dialects import MYSQL, POSTGRES, bucket_text
from crmkit.storage.sql.shapes import Encode, shape_of


def tally_shape(spec: EntitySpec, tally: Tally, encode: Encode, values: list[Any]) -> Hashable:
    """Return the shape of a summary and append its values in the order of their parameters."""
    where = shape_of(spec, tally.where, encode, values)
    for keep in tally.keeps:
        gather = tally.gathers[keep.position]
        counted = gather.leaf is None or gather.function in (Function.COUNT, Function.DISTINCT)
        values.append(keep.value if counted else _encoded(spec, gather.leaf, keep.value, encode))
    if tally.limit is not None:
        values.append(tally.limit)
    keeps = tuple((keep.position, keep.op, keep.value is None) for keep in tally.keeps)
    return (where, tally.keys, tally.gathers, keeps, tally.ranks, tally.limit is not None)


def select_tally(conditions: Conditions, kind: str, table: Table, tally: Tally) -> Executable:
    """Write the statement of a summary."""
    keys = [_key(conditions, kind, table, key) for key in tally.keys]
    gathered = [_gather(conditions, table, gather) for gather in tally.gathers]
    query = select(*keys, *gathered).select_from(table)
    query = query.where(conditions.write(table, tally.where))
    if keys:
        query = query.group_by(*keys)
    for keep in tally.keeps:
        query = query.having(_keep(gathered[keep.position], keep.op, conditions))
    columns = [*keys, *gathered]
    for rank in tally.ranks:
        query = query.order_by(_ranked(columns[rank.position], rank.descending, kind))
    return query if tally.limit is None else query.limit(conditions.bind())


def _encoded(spec: EntitySpec, leaf: Leaf | None, value: Any, encode: Encode) -> Any:
    return value if leaf is None or value is None else encode(spec, leaf, value)


def _key(conditions: Conditions, kind: str, table: Table, key: Key) -> ColumnElement[Any]:
    place = conditions.leaf(table, key.leaf)
    if key.bucket is None:
        return place
    if kind == MYSQL and key.is_instant and key.zone != "UTC":
        raise CapabilityMissing(
            "this database knows no time zones",
            path="zone",
            fix="group by UTC, or use another store",
        )
    quote = "`" if kind == MYSQL else '"'
    column = f"{quote}{table.name}{quote}.{quote}{key.leaf.column}{quote}"
    return literal_column(
        bucket_text(kind, column, key.bucket, key.zone, is_instant=key.is_instant)
    )


def _gather(conditions: Conditions, table: Table, gather: Gather) -> ColumnElement[Any]:
    if gather.leaf is None:
        return func.count()
    place = conditions.leaf(table, gather.leaf)
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


def _ranked(place: ColumnElement[Any], descending: bool, kind: str) -> ColumnElement[Any]:  # noqa: FBT001
    ranked: ColumnElement[Any] = place.desc() if descending else place.asc()
    if kind == POSTGRES:
        return ranked.nulls_last() if descending else ranked.nulls_first()
    return ranked
