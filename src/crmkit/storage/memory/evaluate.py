"""Answer lowered filters, orders and summaries over records in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crmkit.domain.columns import Leaf, Role, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.buckets import bucket_of
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
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Key, Tally, compare_figures
from crmkit.domain.text import search_key

Records = Callable[[EntitySpec], Iterable[Any]]
Holds = Callable[[Any], bool]


def scalar_at(spec: EntitySpec, leaf: Leaf) -> Callable[[Any], Any]:
    """Return a function that takes what a leaf holds out of a record."""
    column = columns_of(spec)[leaf.column]
    name, kind = column.part.name, column.part.kind

    def take(record: Any) -> Any:
        value = getattr(record, name)
        if value is None:
            return None
        if leaf.keys:
            return _inside(kind.plain(value), leaf.keys)
        match column.role:
            case Role.AMOUNT:
                return value.minor
            case Role.CURRENCY:
                return value.currency
            case Role.KEY:
                return search_key(value)
            case Role.VALUE:
                return kind.scalar(value)

    return take


def holds(spec: EntitySpec, lowered: Lowered, records: Records) -> Holds:
    """Return a function that says whether a record fits; `records` brings those of relations."""
    match lowered:
        case All(parts):
            inner = [holds(spec, part, records) for part in parts]
            return lambda record: all(part(record) for part in inner)
        case Any_(parts):
            inner = [holds(spec, part, records) for part in parts]
            return lambda record: any(part(record) for part in inner)
        case Opposite(part):
            opposed = holds(spec, part, records)
            return lambda record: not opposed(record)
        case Check(leaf, test, value):
            return _check(scalar_at(spec, leaf), test, value)
        case Pair(leaf, test, other):
            return _pair(scalar_at(spec, leaf), test, scalar_at(spec, other))
        case Linked():
            return _linked(spec, lowered, records)


def sort(spec: EntitySpec, order: Sequence[SortKey], found: list[Any]) -> None:
    """Sort records in place; None is lowest, text goes by code point."""
    for key in reversed(order):
        take = scalar_at(spec, key.leaf)
        found.sort(key=_ranked(take), reverse=key.descending)


def tally_rows(spec: EntitySpec, tally: Tally, found: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Group and gather, keep, order and cut."""
    keys = [_key_of(spec, key) for key in tally.keys]
    takes = [scalar_at(spec, gather.leaf) if gather.leaf else None for gather in tally.gathers]
    groups: dict[tuple[Any, ...], list[Any]] = {} if keys else {(): []}
    for record in found:
        groups.setdefault(tuple(key(record) for key in keys), []).append(record)
    rows = [
        (*key, *(_gather(g, take, members) for g, take in zip(tally.gathers, takes, strict=True)))
        for key, members in groups.items()
    ]
    width = len(keys)
    kept = [
        row
        for row in rows
        if all(compare_figures(k.op, row[width + k.position], k.value) for k in tally.keeps)
    ]
    for rank in reversed(tally.ranks):
        kept.sort(key=lambda row: _lowest_none(row[rank.position]), reverse=rank.descending)
    return kept if tally.limit is None else kept[: tally.limit]


def _inside(plain: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(plain, Mapping):
            return None
        plain = plain.get(key)
    return plain


def _check(take: Callable[[Any], Any], test: Test, value: Any) -> Holds:
    if test is Test.NONE:
        return lambda record: take(record) is None
    compare = _TESTS[test]
    wanted = frozenset(value) if test is Test.IN else value
    return lambda record: (found := take(record)) is not None and compare(found, wanted)


def _pair(take: Callable[[Any], Any], test: Test, other: Callable[[Any], Any]) -> Holds:
    compare = _TESTS[test]

    def both(record: Any) -> bool:
        left, right = take(record), other(record)
        return left is not None and right is not None and compare(left, right)

    return both


def _linked(spec: EntitySpec, linked: Linked, records: Records) -> Holds:
    fits = holds(linked.target, linked.where, records)
    remote = scalar_at(linked.target, linked.remote)
    local = scalar_at(spec, linked.local)
    reached = {remote(record) for record in records(linked.target) if fits(record)} - {None}
    return lambda record: local(record) in reached


def _key_of(spec: EntitySpec, key: Key) -> Callable[[Any], Any]:
    take, bucket = scalar_at(spec, key.leaf), key.bucket
    if bucket is None:
        return take

    def first_day(record: Any) -> Any:
        value = take(record)
        return None if value is None else bucket_of(value, bucket, key.zone)

    return first_day


def _gather(gather: Gather, take: Callable[[Any], Any] | None, members: list[Any]) -> Any:
    if take is None:
        return len(members)
    values = [value for member in members if (value := take(member)) is not None]
    match gather.function:
        case Function.COUNT:
            return len(values)
        case Function.DISTINCT:
            return len(set(values))
        case Function.SUM:
            return sum(values) if values else None
        case Function.MIN:
            return min(values, default=None)
        case _:
            return max(values, default=None)


def _ranked(take: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda record: _lowest_none(take(record))


def _lowest_none(value: Any) -> tuple[Any, ...]:
    return (0,) if value is None else (1, value)


_TESTS: Mapping[Test, Callable[[Any, Any], bool]] = {
    Test.EQ: lambda found, value: found == value,
    Test.LT: lambda found, value: found < value,
    Test.LE: lambda found, value: found <= value,
    Test.GT: lambda found, value: found > value,
    Test.GE: lambda found, value: found >= value,
    Test.IN: lambda found, value: found in value,
    Test.CONTAINS: lambda found, value: value in found,
    Test.ENDS: lambda found, value: found.endswith(value),
    Test.HAS_ANY: lambda found, value: any(item in found for item in value),
    Test.HAS_ALL: lambda found, value: all(item in found for item in value),
}
