"""Summaries as one aggregation pipeline."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from crmkit.domain.columns import Leaf
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Keep, Key, Tally
from crmkit.domain.kinds import Form
from crmkit.storage.mongo.filters import Document, encode, expression_of

_COMPARISONS = {"eq": "$eq", "lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte"}


def pipeline_of(tally: Tally, match: Document) -> list[Document]:
    """Write the pipeline of a summary; its rows have the fields k0, k1, ... and g0, g1, ..."""
    names = [f"k{at}" for at in range(len(tally.keys))]
    grouped: Document = {name: _key(key) for name, key in zip(names, tally.keys, strict=True)}
    group: Document = {"_id": grouped or None}
    figures: Document = {name: f"$_id.{name}" for name in names}
    for at, gather in enumerate(tally.gathers):
        group[f"g{at}"], figures[f"g{at}"] = _gather(gather, at)
        if gather.function is Function.SUM and gather.leaf is not None:
            group[f"n{at}"] = _counted(gather.leaf)
    stages: list[Document] = [{"$match": match}, {"$group": group}, {"$project": figures}]
    stages += [{"$match": {"$expr": _keep(tally.gathers[k.position], k)}} for k in tally.keeps]
    places = [*names, *(f"g{at}" for at in range(len(tally.gathers)))]
    if tally.ranks:
        order = {places[rank.position]: -1 if rank.descending else 1 for rank in tally.ranks}
        stages.append({"$sort": order})
    return stages if tally.limit is None else [*stages, {"$limit": tally.limit}]


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


def _gather(gather: Gather, at: int) -> tuple[Any, Any]:
    """Return what a group gathers, and the figure made of it."""
    if gather.leaf is None:
        return {"$sum": 1}, f"$g{at}"
    place = expression_of(gather.leaf)
    match gather.function:
        case Function.COUNT:
            return _counted(gather.leaf), f"$g{at}"
        case Function.SUM:
            return {"$sum": place}, {"$cond": [{"$eq": [f"$n{at}", 0]}, None, f"$g{at}"]}
        case Function.DISTINCT:
            present = {"$setDifference": [f"$g{at}", [None]]}
            return {"$addToSet": place}, {"$size": present}
        case Function.MIN:
            return {"$min": place}, f"$g{at}"
        case _:
            return {"$max": place}, f"$g{at}"


def _counted(leaf: Leaf) -> Document:
    return {"$sum": {"$cond": [{"$gt": [expression_of(leaf), None]}, 1, 0]}}


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
    return (
        value if leaf is None or not isinstance(value, datetime | str) else read_scalar(leaf, value)
    )
