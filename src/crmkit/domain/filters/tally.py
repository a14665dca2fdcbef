"""What a store is asked for a summary, and how its answer becomes figures again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, Final

import attrs

from crmkit.domain.columns import Leaf
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.lowered import Lowered
from crmkit.domain.filters.lowering import live, lower
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.summary import (
    Bucket,
    By,
    Function,
    Having,
    Measure,
    Summary,
)
from crmkit.domain.kinds import MAX_INTEGER, MIN_INTEGER, Number
from crmkit.domain.money import Money
from crmkit.errors import InvalidFilter, MixedCurrencies, OutOfRange

_TO_28: Final = Context(prec=28)


@attrs.frozen
class Key:
    """One leaf to group by; with a bucket the key is the first day of the span, a date."""

    leaf: Leaf
    bucket: Bucket | None = None
    zone: str = "UTC"
    is_instant: bool = False


@attrs.frozen
class Gather:
    """COUNT, SUM, MIN, MAX or DISTINCT of a leaf; None counts the records."""

    function: Function
    leaf: Leaf | None = None


@attrs.frozen
class Keep:
    """Keep groups whose gathered value (by position in `gathers`) compares so."""

    position: int
    op: str
    value: Any


@attrs.frozen
class Rank:
    """Order by the value at a position in `keys + gathers`; None is lowest."""

    position: int
    descending: bool = False


@attrs.frozen(kw_only=True)
class Tally:
    """A summary brought down to leaves: rows come as keys, then gathered values.

    `ranks` always ends with every key, so the order is total. Sums beyond 64 bits are refused by
    the reader of the rows; a store returns them as they are.
    """

    where: Lowered
    keys: tuple[Key, ...]
    gathers: tuple[Gather, ...]
    keeps: tuple[Keep, ...]
    ranks: tuple[Rank, ...]
    limit: int | None


def tally_of(summary: Summary, where: Lowered | None = None) -> Tally:
    """Return what a store is asked; `where` replaces the summary's own lowered condition."""
    gathers: list[Gather] = []
    places = {name: _gathers(measure, gathers) for name, measure in summary.measures.items()}
    pushed = _pushes_down(summary)
    return Tally(
        where=live(summary.spec, lower(summary.where)) if where is None else where,
        keys=tuple(
            Key(group.path.leaf, group.bucket, group.zone, group.path.kind.letter == "at")
            for group in summary.by.values()
        ),
        gathers=tuple(gathers),
        keeps=_keeps(summary, places) if pushed else (),
        ranks=_ranks(summary, places) if pushed else _key_ranks(summary, ()),
        limit=summary.limit if pushed else None,
    )


def read_rows(summary: Summary, rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Turn the store's rows into figures by name, and finish what could not be pushed down."""
    figures = (_figures(summary, row) for row in rows)
    if _pushes_down(summary):
        return figures
    return iter(_finish(summary, list(figures)))


def compare_figures(op: str, left: Any, right: Any) -> bool:
    """Compare two figures; a missing one is different and nothing else."""
    if left is None or right is None:
        return op == "ne" and left is not right
    match op:
        case "eq":
            return bool(left == right)
        case "ne":
            return bool(left != right)
        case "lt":
            return bool(left < right)
        case "le":
            return bool(left <= right)
        case "gt":
            return bool(left > right)
        case "ge":
            return bool(left >= right)
        case _:
            raise InvalidFilter(f"{op!r} is not a comparison", path="having")


def _is_money(path: Path | None) -> bool:
    return path is not None and isinstance(path.kind, Amount)


def _gathers(measure: Measure, gathers: list[Gather]) -> int:
    """Append what the store gathers for one measure; return where it begins."""
    place, path = len(gathers), measure.path
    if path is None or measure.function is Function.COUNT:
        leaf = None if path is None else path.money_leaves[1] if _is_money(path) else path.leaf
        gathers.append(Gather(Function.COUNT, leaf))
        return place
    currency, leaf = path.money_leaves if _is_money(path) else (None, path.leaf)
    if measure.function is Function.AVG:
        gathers += [Gather(Function.SUM, leaf), Gather(Function.COUNT, leaf)]
    else:
        gathers.append(Gather(measure.function, leaf))
    if currency is not None:
        gathers += [Gather(Function.MIN, currency), Gather(Function.MAX, currency)]
    return place


def _pushes_down(summary: Summary) -> bool:
    """Averages and money are exact only here, so conditions on them are finished here."""
    named: tuple[Having | By, ...] = (*summary.having, *summary.order)
    for item in named:
        measure = summary.measures.get(item.name)
        if measure and (measure.function is Function.AVG or _is_money(measure.path)):
            return False
    return True


def _keeps(summary: Summary, places: Mapping[str, int]) -> tuple[Keep, ...]:
    return tuple(
        Keep(places[item.name], item.op, _scalar(summary.measures[item.name], item.value))
        for item in summary.having
    )


def _scalar(measure: Measure, value: Any) -> Any:
    if measure.path is None or measure.function in (Function.COUNT, Function.DISTINCT):
        return value
    return measure.path.scalar(measure.path.kind.check(value, measure.path.name))


def _ranks(summary: Summary, places: Mapping[str, int]) -> tuple[Rank, ...]:
    keys = list(summary.by)
    ranks = tuple(
        Rank(
            keys.index(item.name) if item.name in keys else len(keys) + places[item.name],
            item.descending,
        )
        for item in summary.order
    )
    return _key_ranks(summary, ranks)


def _key_ranks(summary: Summary, ranks: tuple[Rank, ...]) -> tuple[Rank, ...]:
    taken = {rank.position for rank in ranks}
    return ranks + tuple(Rank(at) for at in range(len(summary.by)) if at not in taken)


def _figures(summary: Summary, row: Sequence[Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    at = 0
    for name, group in summary.by.items():
        figures[name] = row[at] if group.bucket else group.path.from_scalar(row[at])
        at += 1
    for name, measure in summary.measures.items():
        figures[name], width = _figure(name, measure, row[at : at + 4])
        at += width
    return figures


def _figure(name: str, measure: Measure, cells: Sequence[Any]) -> tuple[Any, int]:
    path = measure.path
    if path is None or measure.function in (Function.COUNT, Function.DISTINCT):
        return cells[0], 1
    width = 2 if measure.function is Function.AVG else 1
    if cells[0] is None:
        return None, width + (2 if _is_money(path) else 0)
    if measure.function in (Function.SUM, Function.AVG):
        _check_sum(name, cells[0])
    if _is_money(path):
        return _money_figure(name, measure, cells, width), width + 2
    if measure.function is Function.AVG:
        scale = path.kind.scale if isinstance(path.kind, Number) else 0
        exact = Decimal(cells[0]).scaleb(-scale, _TO_28)
        return _TO_28.divide(exact, Decimal(cells[1])), width
    return path.from_scalar(cells[0]), width


def _money_figure(name: str, measure: Measure, cells: Sequence[Any], width: int) -> Money:
    low, high = cells[width], cells[width + 1]
    if low != high:
        raise MixedCurrencies(
            f"{low} and {high} do not add up", path=name, fix="group by the currency"
        )
    if measure.function is Function.AVG:
        return Money.from_minor(_half_even(cells[0], cells[1]), low)
    return Money.from_minor(cells[0], low)


def _half_even(total: int, parts: int) -> int:
    whole, rest = divmod(total, parts)
    return whole + (2 * rest > parts or (2 * rest == parts and whole % 2))


def _check_sum(name: str, value: Any) -> None:
    if not isinstance(value, int) or not MIN_INTEGER <= value <= MAX_INTEGER:
        raise OutOfRange("the sum needs more than 64 bits", path=name, fix="narrow the filter")


def _finish(summary: Summary, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [
        row
        for row in rows
        if all(compare_figures(item.op, row[item.name], item.value) for item in summary.having)
    ]
    for item in reversed(summary.order):
        kept.sort(key=lambda row: _sortable(row[item.name]), reverse=item.descending)
    return kept if summary.limit is None else kept[: summary.limit]


def _sortable(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (0,)
    return (1, value.currency, value.minor) if isinstance(value, Money) else (1, value)
