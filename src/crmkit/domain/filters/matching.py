"""The meaning of a filter, in plain Python: what every store must agree with."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import (
    And,
    Comparison,
    Exists,
    Filter,
    Not,
    Op,
    Or,
    PathComparison,
)
from crmkit.domain.text import search_key
from crmkit.errors import InvalidFilter

Finder = Callable[[Exists, Any], bool]
"""Says whether a linked record exists, given the `Exists` node and our value of its `local`."""

_ORDERINGS: Final[Mapping[Op, Callable[[Any, Any], bool]]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


def matches(filter_: Filter, record: Any, exists: Finder | None = None) -> bool:
    """Say whether `record` fits `filter_`; relations are asked of `exists`."""
    match filter_:
        case And(parts):
            return all(matches(part, record, exists) for part in parts)
        case Or(parts):
            return any(matches(part, record, exists) for part in parts)
        case Not(part):
            return not matches(part, record, exists)
        case Comparison(path, op, value):
            return _compare(path, op, path.value_of(record), value)
        case PathComparison(path, op, other):
            return _compare_two(path, op, path.value_of(record), other.value_of(record))
        case Exists(local):
            found = local.value_of(record)
            return found is not None and _finder(exists)(filter_, found)
        case _:
            raise InvalidFilter(f"{type(filter_).__name__} is not a filter", path="filter")


def _compare(path: Path, op: Op, found: Any, value: Any) -> bool:
    if op is Op.IS_NONE:
        return found is None
    if found is None:
        return op is Op.NE
    match op:
        case Op.IN:
            return found in value
        case Op.HAS_ANY:
            return any(item in found for item in value)
        case Op.HAS_ALL:
            return all(item in found for item in value)
        case Op.CONTAINS:
            return search_key(value) in search_key(found)
        case Op.STARTS_WITH:
            return search_key(found).startswith(search_key(value))
        case Op.ENDS_WITH:
            return search_key(found).endswith(search_key(value))
        case _:
            return _ordering(path, op, found, value)


def _ordering(path: Path, op: Op, found: Any, value: Any) -> bool:
    if isinstance(path.kind, Amount):
        if found.currency != value.currency:
            return op is Op.NE
        return _ORDERINGS[op](found.minor, value.minor)
    return _ORDERINGS[op](path.kind.plain(found), path.kind.plain(value))


def _compare_two(path: Path, op: Op, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return op is Op.NE
    return _ordering(path, op, left, right)


def _finder(exists: Finder | None) -> Finder:
    if exists is None:
        raise InvalidFilter(
            "a relation can only be asked where records can be found",
            path="filter",
            fix="give matches() a finder, or ask the store",
        )
    return exists
