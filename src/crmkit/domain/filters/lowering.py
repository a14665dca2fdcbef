"""Bring filters and orders down to what stores are asked."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crmkit.domain.composite_kinds import Amount, Many
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
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.tree import (
    And,
    Comparison,
    Exists,
    Filter,
    Not,
    Op,
    Or,
    PathComparison,
    Sieve,
)
from crmkit.domain.text import prefix_end, search_key
from crmkit.errors import InvalidFilter

Within = Callable[[EntitySpec, Lowered], Lowered]
"""Narrows a condition on the records of an entity to those that count."""

_PLAIN_TESTS = {
    Op.EQ: Test.EQ,
    Op.LT: Test.LT,
    Op.LE: Test.LE,
    Op.GT: Test.GT,
    Op.GE: Test.GE,
}


def lower(filter_: Filter, within: Within | None = None) -> Lowered:
    """Return what a store is asked for `filter_`; linked records count `within` what is seen.

    Without `within` all that are not removed count.
    """
    match filter_:
        case And(parts):
            return All(tuple(lower(part, within) for part in parts))
        case Or(parts):
            return Any_(tuple(lower(part, within) for part in parts))
        case Not(part):
            return Opposite(lower(part, within))
        case Sieve(path, _, value) if value:
            return Check(path.leaf, Test.IN, _distinct(map(path.scalar, value)), wide=True)
        case Comparison(path, op, value):
            return _comparison(path, op, value)
        case PathComparison(path, op, other):
            return _pair(path, op, other)
        case Exists(local, target, remote, inner):
            fits = (within or live)(target, lower(inner, within))
            return Linked(local.leaf, target, remote.leaf, fits)
        case _:
            raise InvalidFilter(f"{type(filter_).__name__} is not a filter", path="filter")


def live(spec: EntitySpec, lowered: Lowered) -> Lowered:
    """Keep only records that are not removed, where the entity keeps removed ones."""
    if not spec.soft:
        return lowered
    alive = Check(path_to(spec, "deleted_at").leaf, Test.NONE)
    if isinstance(lowered, All):
        return All((alive, *lowered.parts))
    return All((alive, lowered))


def lower_order(spec: EntitySpec, order: Sequence[Order]) -> tuple[SortKey, ...]:
    """Return the leaves to sort by; the id always comes last, so that the order is total."""
    keys: list[SortKey] = []
    for key in order:
        leaves = key.path.money_leaves if isinstance(key.path.kind, Amount) else (key.path.leaf,)
        keys += [SortKey(leaf, key.descending) for leaf in leaves]
    if all(key.leaf.column != "id" for key in keys):
        keys.append(SortKey(path_to(spec, "id").leaf, keys[-1].descending if keys else False))
    return tuple(keys)


def _comparison(path: Path, op: Op, value: Any) -> Lowered:
    if op in _PLAIN_TESTS and not isinstance(path.kind, Amount):
        return Check(path.leaf, _PLAIN_TESTS[op], path.scalar(value))
    match op:
        case Op.NE:
            return Opposite(_comparison(path, Op.EQ, value))
        case Op.IS_NONE:
            leaf = path.money_leaves[0] if isinstance(path.kind, Amount) else path.leaf
            return Check(leaf, Test.NONE)
        case Op.IN:
            listed = _distinct(path.scalar(item) for item in value)
            return _among(path, listed)
        case Op.HAS_ANY | Op.HAS_ALL:
            return _has(path, op, value)
        case Op.CONTAINS | Op.STARTS_WITH | Op.ENDS_WITH:
            return _search(path, op, search_key(value))
        case _:
            return _money(path, op, value)


def _among(path: Path, listed: tuple[Any, ...]) -> Lowered:
    """Ask for one of several values; a single one is asked for by itself, which indexes answer."""
    if not listed:
        return Any_(())
    only = len(listed) == 1
    return Check(path.leaf, Test.EQ, listed[0]) if only else Check(path.leaf, Test.IN, listed)


def _money(path: Path, op: Op, value: Any) -> Lowered:
    currency, amount = path.money_leaves
    return All(
        (
            Check(currency, Test.EQ, value.currency),
            Check(amount, _PLAIN_TESTS[op], value.minor),
        )
    )


def _search(path: Path, op: Op, key: str) -> Lowered:
    leaf = path.key_leaf
    if not key:
        return Opposite(Check(leaf, Test.NONE))
    if op is Op.CONTAINS:
        return Check(leaf, Test.CONTAINS, key)
    if op is Op.ENDS_WITH:
        return Check(leaf, Test.ENDS, key)
    end = prefix_end(key)
    from_key = Check(leaf, Test.GE, key)
    return from_key if end is None else All((from_key, Check(leaf, Test.LT, end)))


def _has(path: Path, op: Op, values: tuple[Any, ...]) -> Lowered:
    kind = path.kind
    items = _distinct(kind.item.plain(value) for value in values) if isinstance(kind, Many) else ()
    if not items:
        none = Check(path.leaf, Test.NONE)
        return Any_(()) if op is Op.HAS_ANY else Opposite(none)
    return Check(path.leaf, Test.HAS_ANY if op is Op.HAS_ANY else Test.HAS_ALL, items)


def _pair(path: Path, op: Op, other: Path) -> Lowered:
    if op is Op.NE:
        return Opposite(Pair(path.leaf, Test.EQ, other.leaf))
    return Pair(path.leaf, _PLAIN_TESTS[op], other.leaf)


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))
