"""Orders are total, pages continue where they ended, and cursors belong to one query."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Any_, Check, Opposite, SortKey, after
from crmkit.domain.filters.lowered import Test as Asked
from crmkit.domain.filters.lowering import lower_order
from crmkit.domain.filters.order import (
    Order,
    fingerprint_of,
    read_cursor,
    sort_values,
    write_cursor,
)
from crmkit.domain.money import Money
from crmkit.errors import InvalidCursor
from crmkit.storage.memory.evaluate import holds, scalar_at, sort
from crmkit.testing.sample import Gadget
from crmkit.testing.strategies import fields, orders
from tests.domain.filters.reference import dig, gadgets

SPEC = spec_of(Gadget)
F = fields()
GADGETS = gadgets()
PLAIN = st.lists(st.none() | st.integers() | st.text() | st.booleans(), max_size=5)


def ranked(value: Any) -> tuple[Any, ...]:
    """Put None lowest, money by currency first, names by their text."""
    if value is None:
        return (0,)
    return (1, value.currency, value.minor) if isinstance(value, Money) else (1, value)


@given(order=orders())
def test_order_agrees_with_plain_python(order: tuple[Order, ...]) -> None:
    """None first, text by code point, several keys, ids last in the direction of the last key."""
    expected = list(GADGETS)
    expected.sort(key=lambda gadget: gadget.id.int, reverse=bool(order) and order[-1].descending)
    for key in reversed(order):
        name = key.path.name
        expected.sort(key=lambda gadget: ranked(dig(gadget, name)), reverse=key.descending)
    found = list(reversed(GADGETS))
    sort(SPEC, lower_order(SPEC, order), found)
    assert [gadget.id for gadget in found] == [gadget.id for gadget in expected]


@given(order=orders(), place=st.integers(0, len(GADGETS) - 1))
def test_page_continues_after_any_record(order: tuple[Order, ...], place: int) -> None:
    """Exactly the records that sort after it, whatever is missing."""
    keys = lower_order(SPEC, order)
    found = list(GADGETS)
    sort(SPEC, keys, found)
    values = [scalar_at(SPEC, key.leaf)(found[place]) for key in keys]
    beyond = holds(SPEC, after(keys, values), lambda _spec: ())
    assert [gadget.id for gadget in found if beyond(gadget)] == [
        gadget.id for gadget in found[place + 1 :]
    ]


def test_id_comes_last_once() -> None:
    """It makes the order total, in the direction of the last key; who asks for it has it."""
    id_leaf = F.id.path.leaf
    assert lower_order(SPEC, []) == (SortKey(id_leaf),)
    assert lower_order(SPEC, [F.rank.desc()])[-1] == SortKey(id_leaf, descending=True)
    assert lower_order(SPEC, [F.rank.desc(), F.name.asc()])[-1] == SortKey(id_leaf)
    assert lower_order(SPEC, [F.id.desc()]) == (SortKey(id_leaf, descending=True),)
    assert len(lower_order(SPEC, [F.id.desc(), F.rank.asc()])) == 2


def test_money_sorts_by_currency_first() -> None:
    """So that amounts of two currencies never mix."""
    keys = lower_order(SPEC, [F.price.desc()])
    assert [key.leaf.column for key in keys] == ["price_currency", "price_amount", "id"]
    assert all(key.descending for key in keys)


def test_page_begins_with_a_range() -> None:
    """The first key is bounded on its own, so that an index can be walked."""
    rank, id_leaf = SortKey(F.rank.path.leaf), SortKey(F.id.path.leaf)
    none = Check(rank.leaf, Asked.NONE)
    up = after([rank, id_leaf], [5, "i"])
    assert isinstance(up, All)
    assert up.parts[0] == Check(rank.leaf, Asked.GE, 5)
    down = after([SortKey(rank.leaf, descending=True)], [5])
    assert isinstance(down, All)
    assert down.parts[0] == Any_((Check(rank.leaf, Asked.LE, 5), none))
    assert after([rank], [None]) == Any_((Opposite(none),))
    last = after([SortKey(rank.leaf, descending=True)], [None])
    assert last == All((none, Any_(())))
    needed = after([SortKey(id_leaf.leaf, descending=True)], ["i"])
    assert isinstance(needed, All)
    assert needed.parts[0] == Check(id_leaf.leaf, Asked.LE, "i")


@given(values=PLAIN)
def test_cursor_brings_its_values_back(values: list[Any]) -> None:
    """As text that fits into a URL."""
    cursor = write_cursor(values, "query")
    assert read_cursor(cursor, "query") == values
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@given(values=PLAIN)
def test_cursor_of_another_query_is_refused(values: list[Any]) -> None:
    """It would continue somewhere else."""
    with pytest.raises(InvalidCursor, match="another query") as caught:
        read_cursor(write_cursor(values, "query"), "other")
    assert caught.value.path == "after"


@given(written=st.text(max_size=30) | st.binary(max_size=20).map(lambda raw: raw.hex()))
def test_damaged_cursor_is_refused(written: str) -> None:
    """Whatever it is, it is told as a cursor that cannot be used."""
    with pytest.raises(InvalidCursor):
        read_cursor(written, "query")


@pytest.mark.parametrize(
    "content",
    [b"5", b"[]", b"[1]", b'{"0": 1}', b'[2, "query"]', b'"ab"', b"null", b"[" * 100_000, b"\xff"],
)
def test_forged_cursor_is_refused(content: bytes) -> None:
    """Text that unpacks to something else, or to another version."""
    with pytest.raises(InvalidCursor):
        read_cursor(base64.urlsafe_b64encode(content).decode(), "query")


@pytest.mark.parametrize("cursor", [None, 5, b"abc", ["a"]])
def test_cursor_is_text(cursor: Any) -> None:
    """Other types are no cursors."""
    with pytest.raises(InvalidCursor):
        read_cursor(cursor, "query")


def test_fingerprint_tells_queries_apart() -> None:
    """By every part and by where one part ends."""
    names = {
        fingerprint_of(*parts) for parts in (("a", "b"), ("ab", ""), ("ab",), ("b", "a"), ("a",))
    }
    assert len(names) == 5
    assert fingerprint_of("a", "b") == fingerprint_of("a", "b")


@given(order=orders(), place=st.integers(0, len(GADGETS) - 1))
def test_sort_values_are_what_leaves_hold(order: tuple[Order, ...], place: int) -> None:
    """One JSON value per leaf, so that a cursor can carry them."""
    values = sort_values(order, GADGETS[place])
    asked = [key for key in lower_order(SPEC, order) if key.leaf != F.id.path.leaf]
    assert len(values) == len(asked) + any(key.path.name == "id" for key in order)
    assert json.loads(json.dumps(values)) == values
