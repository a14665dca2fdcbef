"""Part D: one total order on every store, and pages that neither repeat nor skip."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.where import where
from crmkit.errors import InvalidCursor, InvalidFilter, OutOfRange
from crmkit.testing.sample import Gadget, Maker
from crmkit.testing.storage.harness import Place
from crmkit.testing.strategies import orders, sortable

_WAYS = [(name, down) for name in sortable() for down in (False, True)]


@pytest.mark.parametrize(("name", "down"), _WAYS)
def test_order_is_total_with_none_lowest(town: Place, name: str, down: bool) -> None:
    """Records come by value, None lowest, text by code point, ties by id."""
    with town.work(read_only=True) as work:
        order = (Order(work.where(Gadget)[name].path, down),)
        found = work.of(Gadget).find(order=order)
        assert found == _sorted(work.of(Gadget).find(), order)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 100])
def test_pages_hold_all_records_once(town: Place, size: int) -> None:
    """Walking the pages gives the whole list, in order."""
    with town.work(read_only=True) as work:
        order = (work.where(Gadget).rank.desc(), work.where(Gadget).name.asc())
        assert _walk(work, order, size) == work.of(Gadget).find(order=order)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(order=orders(), size=st.integers(1, 9))
def test_random_orders_page_like_the_whole_list(
    town: Place, order: tuple[Order, ...], size: int
) -> None:
    """Whatever the keys, pages and the whole list agree with plain Python."""
    with town.work(read_only=True) as work:
        whole = work.of(Gadget).find(order=order)
        assert whole == _sorted(whole, order)
        assert _walk(work, order, size) == whole


def test_pages_are_stable_under_insert_and_removal(place: Place) -> None:
    """Records that come or go between two pages make no other record repeat or vanish."""
    gadgets = place.add(*(place.gadget(name=f"n{at:02}", rank=at) for at in range(10)))
    order = (where(Gadget).name.asc(),)
    with place.work() as work:
        first = work.of(Gadget).page(order=order, size=4)
        work.of(Gadget).remove(work.of(Gadget).get(gadgets[1].id))
        work.of(Gadget).add(place.gadget(name="n00a"))
        second = work.of(Gadget).page(order=order, size=4, after=first.next)
    assert [item.name for item in second.items] == ["n04", "n05", "n06", "n07"]


def test_page_of_removed_cursor_record_goes_on(place: Place) -> None:
    """The cursor holds values, so the record it came from may be gone."""
    gadgets = place.add(*(place.gadget(name=f"n{at}") for at in range(4)))
    order = (where(Gadget).name.asc(),)
    with place.work() as work:
        first = work.of(Gadget).page(order=order, size=2)
        work.of(Gadget).remove(work.of(Gadget).get(gadgets[1].id))
        second = work.of(Gadget).page(order=order, size=2, after=first.next)
    assert [item.name for item in second.items] == ["n2", "n3"]


def test_last_page_has_no_cursor(place: Place) -> None:
    """At the end there is no next page."""
    place.add(place.gadget(), place.gadget())
    with place.work(read_only=True) as work:
        assert work.of(Gadget).page(size=2).next is None
        assert work.of(Gadget).page(size=1).next is not None


@pytest.mark.parametrize("cursor", ["", "x", "e30", "聊城", "W10", "A" * 5000])
def test_strange_cursor_is_refused(town: Place, cursor: str) -> None:
    """What is not a cursor is refused."""
    with town.work(read_only=True) as work, pytest.raises(InvalidCursor):
        work.of(Gadget).page(after=cursor)


def test_cursor_of_another_query_is_refused(town: Place) -> None:
    """A cursor does not change hands."""
    with town.work(read_only=True) as work:
        cursor = work.of(Gadget).page(size=2, order=[where(Gadget).name.asc()]).next
        with pytest.raises(InvalidCursor):
            work.of(Gadget).page(size=2, order=[where(Gadget).name.desc()], after=cursor)


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_page_size_is_bounded(town: Place, size: int) -> None:
    """A page has 1 to 10,000 records."""
    with town.work(read_only=True) as work, pytest.raises(OutOfRange):
        work.of(Gadget).page(size=size)


@pytest.mark.parametrize("name", ["parts", "box", "labels", "custom"])
def test_what_has_no_order_is_refused(name: str) -> None:
    """Lists and documents cannot be sorted by."""
    with pytest.raises(InvalidFilter):
        where(Gadget)[name].asc()


def test_order_of_another_entity_is_refused(town: Place) -> None:
    """An order on makers does not sort gadgets."""
    with town.work(read_only=True) as work, pytest.raises(InvalidFilter):
        work.of(Gadget).find(order=[where(Maker).name.asc()])


def test_limit_takes_the_first(town: Place) -> None:
    """A limited list is the beginning of the whole one."""
    with town.work(read_only=True) as work:
        order = (where(Gadget).rank.asc(),)
        assert work.of(Gadget).find(order=order, limit=5) == work.of(Gadget).find(order=order)[:5]


def test_stream_brings_what_find_brings(town: Place) -> None:
    """Streaming and finding agree."""
    with town.work(read_only=True) as work:
        order = (where(Gadget).name.desc(),)
        assert list(work.of(Gadget).stream(order=order)) == work.of(Gadget).find(order=order)


def test_two_streams_at_once(town: Place) -> None:
    """Two streams of one work, read in turn, do not disturb each other."""
    with town.work(read_only=True) as work:
        order = (where(Gadget).name.desc(),)
        both = zip(
            work.of(Gadget).stream(order=order), work.of(Gadget).stream(order=order), strict=True
        )
        assert all(left == right for left, right in both)


def test_stream_may_be_left_half_way(town: Place) -> None:
    """A stream that is not read to its end leaves the work usable."""
    with town.work(read_only=True) as work:
        stream = work.of(Gadget).stream()
        next(stream)
        stream.close()
        assert work.of(Gadget).count() > 20


def test_equal_values_are_ordered_by_id(place: Place) -> None:
    """Among equals the id decides, in the direction of the last key."""
    gadgets = place.add(*(place.gadget(rank=None, name="same") for _ in range(12)))
    ids = sorted((gadget.id for gadget in gadgets), key=lambda each: each.int)
    with place.work(read_only=True) as work:
        rising = work.of(Gadget).find(order=[where(Gadget).name.asc()])
        falling = work.of(Gadget).find(order=[where(Gadget).name.desc()])
    assert [gadget.id for gadget in rising] == ids
    assert [gadget.id for gadget in falling] == ids[::-1]


def test_columns_bring_the_values_of_the_records(town: Place) -> None:
    """Columns without objects hold what the objects hold."""
    names = ("id", "name", "rank", "share", "colour", "made_on", "made_at", "ready", "box.city")
    with town.work(read_only=True) as work:
        fields = [work.where(Gadget)[name] for name in (*names, "custom.score", "parts")]
        rows = list(work.of(Gadget).columns(fields, order=[where(Gadget).name.asc()]))
        records = work.of(Gadget).find(order=[where(Gadget).name.asc()])
    assert rows == [tuple(field.path.value_of(record) for field in fields) for record in records]


def _walk(work: Any, order: Any, size: int) -> list[Any]:
    items: list[Any] = []
    page = work.of(Gadget).page(order=order, size=size)
    items += page.items
    while page.next is not None:
        page = work.of(Gadget).page(order=order, size=size, after=page.next)
        items += page.items
    return items


def _sorted(records: list[Any], order: Any) -> list[Any]:
    made = sorted(records, key=lambda record: record.id.int)
    if order and order[-1].descending:
        made.reverse()
    for key in reversed(order):
        made.sort(key=lambda record: _rank(key, record), reverse=key.descending)
    return made


def _rank(key: Order, record: Any) -> tuple[Any, ...]:
    value = key.path.value_of(record)
    if value is None:
        return (0,)
    if isinstance(key.path.kind, Amount):
        return (1, value.currency, value.minor)
    return (1, key.path.kind.plain(value))
