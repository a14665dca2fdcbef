"""Lowered filters as filters of MongoDB; values never become operators or patterns."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from bson.binary import UUID_SUBTYPE, Binary

from crmkit.domain.columns import Leaf
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
from crmkit.domain.kinds import Form
from crmkit.storage.codec.kept import Kept

Document = dict[str, Any]
Reach = Callable[[Linked], list[Any]]
"""Brings the values of `remote` among the linked records that fit."""

NOTHING: Final[Document] = {"_id": {"$in": []}}
_LISTS: Final[Kept[list[Any]]] = Kept()
_RANGES: Final = {Test.LT: "$lt", Test.LE: "$lte", Test.GT: "$gt", Test.GE: "$gte"}


def field_of(leaf: Leaf) -> str:
    """Return the dotted name of a leaf."""
    return ".".join((leaf.column, *leaf.keys))


def expression_of(leaf: Leaf) -> Any:
    """Return the value of a leaf in an expression; what a document lacks inside is null."""
    place = f"${field_of(leaf)}"
    return {"$ifNull": [place, None]} if leaf.keys else place


def encode(leaf: Leaf, value: Any) -> Any:
    """Turn a scalar of the domain into what the document holds."""
    return value.isoformat() if leaf.form is Form.DATE and value is not None else value


def listed(check: Check) -> list[Any]:
    """Return the values of a list as documents hold them."""
    return _LISTS.get(check, _encoded)


def _encoded(check: Check) -> list[Any]:
    if check.leaf.form is Form.ID and not check.leaf.keys:
        return [Binary(value.bytes, UUID_SUBTYPE) for value in check.value]
    return [encode(check.leaf, value) for value in check.value]


def filter_of(lowered: Lowered, reach: Reach) -> Document:
    """Write a condition."""
    match lowered:
        case All(parts):
            written = [filter_of(part, reach) for part in parts]
            kept = [part for part in written if part]
            return {"$and": kept} if len(kept) > 1 else (kept[0] if kept else {})
        case Any_(parts):
            return {"$or": [filter_of(part, reach) for part in parts]} if parts else NOTHING
        case Opposite(Check(leaf, Test.NONE)):
            return {field_of(leaf): {"$ne": None}}
        case Opposite(part):
            return {"$nor": [filter_of(part, reach)]}
        case Pair(leaf, test, other):
            return _pair(leaf, test, other)
        case Linked(local):
            return {field_of(local): {"$in": reach(lowered)}}
        case Check(leaf, Test.IN | Test.HAS_ANY):
            return {field_of(leaf): {"$in": listed(lowered)}}
        case Check(leaf, test, value):
            return {field_of(leaf): _test(leaf, test, value)}


def sort_of(order: Sequence[SortKey]) -> list[tuple[str, int]]:
    """Write an order; null is lowest by itself."""
    return [(field_of(key.leaf), -1 if key.descending else 1) for key in order]


def _test(leaf: Leaf, test: Test, value: Any) -> Any:
    match test:
        case Test.NONE:
            return None
        case Test.EQ:
            return {"$eq": encode(leaf, value)}
        case Test.HAS_ALL:
            return {"$all": list(value)}
        case Test.CONTAINS:
            return {"$regex": _literally(value)}
        case Test.ENDS:
            return {"$regex": _literally(value) + r"\z"}
        case _:
            return {_RANGES[test]: encode(leaf, value)}


def _literally(text: str) -> str:
    """Quote text for PCRE, where only ASCII punctuation and blanks mean something."""
    return re.sub(r"([^0-9A-Za-z_\u0080-\U0010ffff])", r"\\\1", text)


def _pair(leaf: Leaf, test: Test, other: Leaf) -> Document:
    left, right = expression_of(leaf), expression_of(other)
    operator = "$eq" if test is Test.EQ else _RANGES[test]
    both = [{"$gt": [left, None]}, {"$gt": [right, None]}]
    return {"$expr": {"$and": [*both, {operator: [left, right]}]}}
