"""Contradictions: whether any record can fit several filters at once, told without a store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final

import attrs

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import And, Comparison, Filter, Not, Op, Or

MOST_WAYS: Final = 256
"""Of more ways to fit than these it is not said that none can be gone."""
_VALUED: Final = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.IN})
_ELSEWHERE: Final = "elsewhere"
_ORDERED: Final[dict[Op, Callable[[int, int], bool]]] = {
    Op.EQ: lambda at, place: at == place,
    Op.NE: lambda at, place: at != place,
    Op.LT: lambda at, place: at < place,
    Op.LE: lambda at, place: at <= place,
    Op.GT: lambda at, place: at > place,
    Op.GE: lambda at, place: at >= place,
}


@attrs.frozen
class _Wish:
    """One comparison that has to hold, or has not to."""

    filter: Filter
    holds: bool


Way = tuple[_Wish, ...]


def may_fit(*filters: Filter, counts: Callable[[Path], bool] = lambda _path: True) -> bool:
    """Say whether a record may fit all filters; False is certain, True is not.

    Comparisons of one field with values are held against each other; relations, texts that are
    looked into, lists and two fields compared are taken to fit, and so are fields that do not
    count.
    """
    ways = _ways(And(filters), holds=True)
    return ways is None or any(_can_be_gone(way, counts) for way in ways)


def _ways(filter_: Filter, *, holds: bool) -> list[Way] | None:
    """Return the ways to fit, each a list of wishes; None when they are too many."""
    match filter_:
        case Not(part):
            return _ways(part, holds=not holds)
        case And(parts) | Or(parts):
            inner = [_ways(part, holds=holds) for part in parts]
            if any(ways is None for ways in inner):
                return None
            known = [ways for ways in inner if ways is not None]
            return _joined(known) if isinstance(filter_, And) is holds else _either(known)
        case _:
            return [(_Wish(filter_, holds),)]


def _joined(several: Sequence[list[Way]]) -> list[Way] | None:
    count = 1
    for ways in several:
        count *= len(ways)
    if count > MOST_WAYS:
        return None
    return [tuple(wish for way in chosen for wish in way) for chosen in product(*several)]


def _either(several: Sequence[list[Way]]) -> list[Way] | None:
    together = [way for ways in several for way in ways]
    return None if len(together) > MOST_WAYS else together


def _can_be_gone(way: Way, counts: Callable[[Path], bool]) -> bool:
    by_field: dict[str, list[_Wish]] = {}
    for wish in way:
        if isinstance(wish.filter, Comparison) and counts(wish.filter.path):
            by_field.setdefault(wish.filter.path.name, []).append(wish)
    return all(_has_value(wishes) for wishes in by_field.values())


def _has_value(wishes: Sequence[_Wish]) -> bool:
    """Say whether a value of one field fits all wishes about it."""
    wanted = [(wish.filter, wish.holds) for wish in wishes if isinstance(wish.filter, Comparison)]
    places = _Places(comparison for comparison, _holds in wanted)
    return any(
        all(places.fits(comparison, at) in (None, holds) for comparison, holds in wanted)
        for at in places.all()
    )


class _Places:
    """The values that comparisons name, in order, with the room beside and between them."""

    def __init__(self, comparisons: Iterable[Comparison]) -> None:
        """Take the comparisons of one field."""
        listed = list(comparisons)
        self._path = listed[0].path
        named = [value for one in listed for value in self._values(one)]
        self._ordered: dict[str, list[Any]] = {}
        for group, key in sorted(set(named)):
            self._ordered.setdefault(group, []).append(key)

    def all(self) -> Iterator[tuple[str, int] | None]:
        """Bring no value where the field may have none, then every place of every group."""
        if self._path.optional:
            yield None
        for group, keys in self._ordered.items():
            yield from ((group, place) for place in range(2 * len(keys) + 1))
        if isinstance(self._path.kind, Amount) or not self._ordered:
            yield (_ELSEWHERE, 0)

    def fits(self, comparison: Comparison, at: tuple[str, int] | None) -> bool | None:
        """Say whether a value there fits, None where that cannot be told."""
        if comparison.op is Op.IS_NONE:
            return at is None
        if at is None:
            return comparison.op is Op.NE
        if comparison.op not in _VALUED:
            return None
        return any(self._compares(comparison.op, at, value) for value in self._values(comparison))

    def _compares(self, op: Op, at: tuple[str, int], value: tuple[str, Any]) -> bool:
        group, key = value
        if group != at[0]:
            return op is Op.NE
        place = 2 * self._ordered[group].index(key) + 1
        return _ORDERED[Op.EQ if op is Op.IN else op](at[1], place)

    def _values(self, comparison: Comparison) -> list[tuple[str, Any]]:
        """Return the values of a comparison, each with the currency within which it is ordered."""
        if comparison.op not in _VALUED:
            return []
        several = comparison.value if comparison.op is Op.IN else (comparison.value,)
        if isinstance(self._path.kind, Amount):
            return [(value.currency, value.minor) for value in several]
        return [("", self._path.kind.plain(value)) for value in several]
