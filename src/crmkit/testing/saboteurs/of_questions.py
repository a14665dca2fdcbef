"""Saboteurs of questions: they find, sort, count or report wrongly."""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from collections.abc import Iterator
from typing import Any

import attrs

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Any_, Check, Lowered, Opposite, SortKey, Test
from crmkit.domain.filters.tally import Tally
from crmkit.ports import Ask
from crmkit.storage.memory.session import MemorySession
from crmkit.testing.saboteurs.making import Asking, saboteur


@saboteur("test_work_sees_its_own_writes_everywhere")
class BlindToItself(MemorySession):
    """Finds only what was committed before."""

    def _all(self, spec: EntitySpec) -> Any:
        return list(self._shelf_of(spec).records.values())


@saboteur("test_store_finds_what_matches_says")
class ThreeValued(Asking):
    """Takes the opposite of an unknown comparison for unknown, as SQL does."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Opposite) and isinstance(lowered.part, Check):
            check = lowered.part
            if check.test is not Test.NONE:
                return All((Opposite(Check(check.leaf, Test.NONE)), lowered))
        return lowered


@saboteur("test_store_finds_what_matches_says")
class NothingIsEverything(Asking):
    """Takes an empty alternative for no condition."""

    def changed(self, lowered: Lowered) -> Lowered:
        return All() if lowered == Any_(()) else lowered


@saboteur("test_store_finds_what_matches_says")
class CaseBlind(Asking):
    """Finds text whatever its case, also where it must be exact."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.EQ and lowered.leaf.column == "name":
            key = Leaf(column="name_key", form=lowered.leaf.form, optional=lowered.leaf.optional)
            return Check(key, Test.EQ, str(lowered.value).lower())
        return lowered


@saboteur("test_store_finds_what_matches_says")
class EndsAnywhere(Asking):
    """Takes the end of a text for any part of it."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.ENDS:
            return attrs.evolve(lowered, test=Test.CONTAINS)
        return lowered


@saboteur("test_store_finds_what_matches_says")
class HasAllIsHasAny(Asking):
    """Takes one of several for all of them."""

    def changed(self, lowered: Lowered) -> Lowered:
        if isinstance(lowered, Check) and lowered.test is Test.HAS_ALL:
            return attrs.evolve(lowered, test=Test.HAS_ANY)
        return lowered


@saboteur("test_order_is_total_with_none_lowest", "test_random_orders_page_like_the_whole_list")
class NoneLast(MemorySession):
    """Puts missing values at the end."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        found = [record for batch in super().find(spec, ask) for record in batch]
        for key in reversed(ask.order[:1]):
            name = key.leaf.column
            found.sort(key=lambda record: getattr(record, name, 0) is None)
        yield found


@saboteur("test_order_is_total_with_none_lowest")
class LocaleSort(MemorySession):
    """Sorts names as people do, not by code point."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        found = [record for batch in super().find(spec, ask) for record in batch]
        if ask.order and ask.order[0].leaf.column == "name":
            found.sort(key=lambda record: record.name.casefold(), reverse=ask.order[0].descending)
        yield found


@saboteur("test_pages_hold_all_records_once", "test_random_orders_page_like_the_whole_list")
class OrderWithoutId(MemorySession):
    """Leaves ties to chance, so pages repeat and skip."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        keys: tuple[SortKey, ...] = tuple(
            attrs.evolve(key, descending=not key.descending) if key.leaf.column == "id" else key
            for key in ask.order
        )
        yield from super().find(spec, attrs.evolve(ask, order=keys))


@saboteur("test_limit_takes_the_first")
class LimitsBeforeSorting(MemorySession):
    """Cuts first and sorts then."""

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        order = ask.order if ask.limit is None else ask.order[-1:]
        yield from super().find(spec, attrs.evolve(ask, order=order))


@saboteur("test_store_finds_what_matches_says")
class CountsAll(MemorySession):
    """Counts without the condition."""

    def count(self, spec: EntitySpec, where: Lowered) -> int:
        del where
        return super().count(spec, All())


@saboteur("test_figures_agree_with_plain_python")
class SumsOverAll(MemorySession):
    """Reports without the condition of the report, removed records included."""

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        return super().tally(spec, attrs.evolve(tally, where=All()))


@saboteur("test_calendar_spans_follow_the_time_zone")
class SpansInUtc(MemorySession):
    """Counts calendar spans in UTC whatever the zone."""

    def tally(self, spec: EntitySpec, tally: Tally) -> list[tuple[Any, ...]]:
        keys = tuple(attrs.evolve(key, zone="UTC") for key in tally.keys)
        return super().tally(spec, attrs.evolve(tally, keys=keys))
