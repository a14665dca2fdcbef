"""Summaries as one aggregation pipeline."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from bson.decimal128 import Decimal128

from crmkit.domain.columns import Leaf, Role, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Keep, Key, Tally
from crmkit.domain.kinds import Form
from crmkit.storage.mongo.filters import Document, encode, expression_of, field_of

_COMPARISONS = {"eq": "$eq", "lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte"}


def pipeline_of(
    spec: EntitySpec, tally: Tally, match: Document, *, exact: bool = False
) -> list[Document]:
    """Write the pipeline of a summary; its rows have the fields k0, k1, ... and g0, g1, ...

    Sums of whole numbers turn into floats beyond 64 bits; with `exact` they never do, which takes
    the server longer.
    """
    names = [f"k{at}" for at in range(len(tally.keys))]
    figures: Document = {name: f"$_id.{name}" for name in names}
    figures |= {f"g{at}": _figure(gather, at) for at, gather in enumerate(tally.gathers)}
    stages: list[Document] = [
        {"$match": match},
        *_groups(spec, tally, exact),
        {"$project": figures},
    ]
    stages += [{"$match": {"$expr": _keep(tally.gathers[k.position], k)}} for k in tally.keeps]
    places = [*names, *(f"g{at}" for at in range(len(tally.gathers)))]
    if tally.ranks:
        order = {places[rank.position]: -1 if rank.descending else 1 for rank in tally.ranks}
        stages.append({"$sort": order})
    return stages if tally.limit is None else [*stages, {"$limit": tally.limit}]


def is_exact(tally: Tally, found: Sequence[Document]) -> bool:
    """Say whether no sum among the pipeline's documents left the whole numbers."""
    sums = [f"g{at}" for at, one in enumerate(tally.gathers) if one.function is Function.SUM]
    return not any(isinstance(row.get(name), float) for row in found for name in sums)


def rows_of(tally: Tally, found: Sequence[Document]) -> list[tuple[Any, ...]]:
    """Turn the pipeline's documents into rows; without keys there is always one row."""
    if not found and not tally.keys and not tally.keeps:
        return [tuple(_empty(gather) for gather in tally.gathers)]
    return [
        (
            *(_read_key(key, row.get(f"k{at}")) for at, key in enumerate(tally.keys)),
            *(_read(gather.leaf, row.get(f"g{at}")) for at, gather in enumerate(tally.gathers)),
        )
        for row in found
    ]


def read_scalar(leaf: Leaf, value: Any) -> Any:
    """Turn what a document holds into a scalar of the domain."""
    if value is None or leaf.keys:
        return value
    if leaf.form is Form.INSTANT:
        return value.replace(tzinfo=UTC)
    if leaf.form is Form.DATE:
        return date.fromisoformat(value)
    return int(value) if leaf.form is Form.INTEGER else value


def _key(key: Key) -> Any:
    place = expression_of(key.leaf)
    if key.bucket is None:
        return place
    moment = place if key.is_instant else {"$dateFromString": {"dateString": place}}
    zone = key.zone if key.is_instant else "UTC"
    span = {
        "$dateTrunc": {
            "date": moment,
            "unit": str(key.bucket),
            "timezone": zone,
            "startOfWeek": "monday",
        }
    }
    text = {"$dateToString": {"date": span, "format": "%Y-%m-%d", "timezone": zone}}
    return {"$ifNull": [text, None]}


def _groups(spec: EntitySpec, tally: Tally, exact: bool) -> list[Document]:  # noqa: FBT001 - internal
    """Write the grouping; by currency first, where only the least and greatest of it are asked.

    Grouping by one more key and joining the few groups costs half of comparing every currency.
    """
    keys: Document = {f"k{at}": _key(key) for at, key in enumerate(tally.keys)}
    first: Document = {}
    for at, gather in enumerate(tally.gathers):
        first |= _gathered(gather, at, exact)
    currencies = _currencies(spec, tally)
    if not currencies:
        return [{"$group": {"_id": keys or None} | first}]
    split: Document = {f"c{at}": f"${leaf.column}" for at, leaf in enumerate(currencies)}
    ends = _ends(tally, currencies)
    joined: Document = {
        name: {operator: f"$_id.c{ends[name]}" if name in ends else f"${name}"}
        for name, gathered in first.items()
        for operator in gathered
    }
    first = {name: gathered for name, gathered in first.items() if name not in ends}
    again: Document = {name: f"$_id.{name}" for name in keys}
    return [{"$group": {"_id": keys | split} | first}, {"$group": {"_id": again or None} | joined}]


def _currencies(spec: EntitySpec, tally: Tally) -> list[Leaf]:
    """Return the currencies to group by first; distinct values could not be joined."""
    if any(gather.function is Function.DISTINCT for gather in tally.gathers):
        return []
    roles = columns_of(spec)
    leaves = [gather.leaf for gather in tally.gathers if gather.function is Function.MIN]
    return [
        leaf
        for leaf in dict.fromkeys(leaves)
        if leaf is not None and not leaf.keys and roles[leaf.column].role is Role.CURRENCY
    ]


def _ends(tally: Tally, currencies: Sequence[Leaf]) -> dict[str, int]:
    """Return which figures are ends of a currency, each with the currency's place."""
    return {
        f"g{at}": currencies.index(gather.leaf)
        for at, gather in enumerate(tally.gathers)
        if gather.function in (Function.MIN, Function.MAX) and gather.leaf in currencies
    }


def _gathered(gather: Gather, at: int, exact: bool) -> Document:  # noqa: FBT001 - internal
    """Return what a group gathers for a figure; a sum also whether there was anything to add."""
    if gather.leaf is None:
        return {f"g{at}": {"$sum": 1}}
    place = f"${field_of(gather.leaf)}"
    match gather.function:
        case Function.COUNT:
            return {f"g{at}": {"$sum": _one_if_present(gather.leaf)}}
        case Function.SUM:
            added = {f"g{at}": {"$sum": {"$toDecimal": place} if exact else place}}
            return added | ({f"n{at}": {"$max": place}} if gather.leaf.optional else {})
        case Function.DISTINCT:
            return {f"g{at}": {"$addToSet": place}}
        case Function.MIN:
            return {f"g{at}": {"$min": place}}
        case _:
            return {f"g{at}": {"$max": place}}


def _figure(gather: Gather, at: int) -> Any:
    """Return the figure made of what a group gathered."""
    gathered = f"$g{at}"
    if gather.function is Function.DISTINCT:
        return {"$size": {"$setDifference": [gathered, [None]]}}
    if gather.function is Function.SUM and gather.leaf is not None and gather.leaf.optional:
        return {"$cond": [{"$eq": [f"$n{at}", None]}, None, gathered]}
    return gathered


def _one_if_present(leaf: Leaf) -> Any:
    return {"$cond": [{"$gt": [f"${field_of(leaf)}", None]}, 1, 0]} if leaf.optional else 1


def _keep(gather: Gather, keep: Keep) -> Document:
    place = f"$g{keep.position}"
    value = keep.value if gather.leaf is None else encode(gather.leaf, keep.value)
    if keep.op == "ne":
        return {"$ne": [place, value]}
    return {"$and": [{"$gt": [place, None]}, {_COMPARISONS[keep.op]: [place, value]}]}


def _empty(gather: Gather) -> int | None:
    counts = gather.leaf is None or gather.function in (Function.COUNT, Function.DISTINCT)
    return 0 if counts else None


def _read_key(key: Key, value: Any) -> Any:
    if key.bucket is not None:
        return None if value is None else date.fromisoformat(value)
    return read_scalar(key.leaf, value)


def _read(leaf: Leaf | None, value: Any) -> Any:
    if isinstance(value, Decimal128):
        return int(value.to_decimal())
    if leaf is None or not isinstance(value, datetime | str):
        return value
    return read_scalar(leaf, value)
