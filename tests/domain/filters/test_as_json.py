"""Filters travel as JSON and come back the same, or are refused with the place at fault."""

import json
from typing import Any

import pytest
from hypothesis import given

from crmkit.domain.composite_kinds import Part
from crmkit.domain.entity import EntitySpec, Registry, spec_of
from crmkit.domain.filters.as_json import FilterReader, filter_to_json, order_to_json
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.tree import MAX_NODES, Filter, Not
from crmkit.domain.filters.where import where
from crmkit.errors import CrmkitError, InvalidFilter, UnknownEntity, UnknownField
from crmkit.testing.sample import Gadget, Maker
from crmkit.testing.strategies import PARTS, fields, filters, orders

SPEC = spec_of(Gadget)
F = fields()


def custom(spec: EntitySpec) -> dict[str, Part]:
    """Return the tenant's fields of an entity."""
    return PARTS if spec is SPEC else {}


READER = FilterReader(Registry((Maker, Gadget)), custom)


def through_json(written: Any) -> Any:
    """Write and read JSON text."""
    return json.loads(json.dumps(written))


@given(filter_=filters())
def test_filter_comes_back_the_same(filter_: Filter) -> None:
    """Every node, operator and value."""
    assert READER.read(SPEC, through_json(filter_to_json(filter_))) == filter_


@given(order=orders())
def test_order_comes_back_the_same(order: tuple[Order, ...]) -> None:
    """Names, with a minus for downwards."""
    assert READER.read_order(SPEC, through_json(order_to_json(order))) == order


@pytest.mark.parametrize(
    "filter_",
    [
        F.maker_id.exists(Maker, where(Maker).country.eq("CN") | where(Maker).name.contains("a")),
        F.maker_id.exists(Maker, where(Maker).referred_by(Gadget, "maker_id")),
        where(Gadget).referred_by(Gadget, "twin_id"),
        F.rank.in_([]),
        F.rank.not_in([None]),
        F.name.contains(""),
        F.ready.eq(False),
        F["custom.areas"].has_all(["east", "west"]),
    ],
)
def test_special_filters_come_back_the_same(filter_: Filter) -> None:
    """Relations within relations, empty lists, None in lists."""
    assert READER.read(SPEC, through_json(filter_to_json(filter_))) == filter_


def test_deepest_filter_comes_back() -> None:
    """What may be built may be kept."""
    filter_: Filter = F.rank.eq(1)
    for _level in range(MAX_NODES - 1):
        filter_ = Not(filter_)
    assert READER.read(SPEC, through_json(filter_to_json(filter_))) == filter_


def test_json_reads_as_people_write() -> None:
    """Numbers and truth as JSON has them, all else as text."""
    assert filter_to_json(F.price.gt(F.price.path.kind.read("12.50 CNY", "price"))) == {
        "field": "price",
        "op": "gt",
        "value": "12.50 CNY",
    }
    assert filter_to_json(~F.rank.in_([1, 2])) == {
        "not": {"field": "rank", "op": "in", "value": [1, 2]}
    }
    assert filter_to_json(F.made_on.lt(F.sold_on) & F.ready.eq(True)) == {
        "all": [
            {"field": "made_on", "op": "lt", "other": "sold_on"},
            {"field": "ready", "op": "eq", "value": True},
        ]
    }
    assert filter_to_json(F.maker_id.exists(Maker) | F.code.is_none()) == {
        "any": [
            {"exists": "maker", "field": "maker_id", "remote": "id", "where": {"all": []}},
            {"field": "code", "op": "is_none", "value": None},
        ]
    }
    assert order_to_json([F.rank.desc(), F.name.asc()]) == ["-rank", "name"]


@pytest.mark.parametrize(
    ("written", "filter_"),
    [
        ({"field": "rank", "op": "between", "value": [1, 5]}, F.rank.between(1, 5)),
        ({"field": "rank", "op": "not_in", "value": [1]}, F.rank.not_in([1])),
        ({"field": "rank", "op": "eq", "value": None}, F.rank.is_none()),
        ({"field": "rank", "op": "ne", "value": None}, ~F.rank.is_none()),
        ({"field": "made_on", "op": "eq", "value": None}, F.made_on.is_none()),
    ],
)
def test_shorthands_are_read(written: Any, filter_: Filter) -> None:
    """What people may write though crmkit writes it otherwise."""
    assert READER.read(SPEC, written) == filter_


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "is not a condition"),
        ([], "is not a condition"),
        ({}, "is not a condition"),
        ({"all": {}}, "is not a condition"),
        ({"all": [], "any": []}, "is not a condition"),
        ({"not": None}, "filter.not"),
        ({"all": [{"any": [5]}]}, "filter.all[0].any[0]"),
        ({"field": "rank", "op": "eq"}, "is not a condition"),
        ({"field": "rank", "op": "eq", "value": 1, "more": 1}, "is not a condition"),
        ({"field": "rank", "op": "like", "value": 1}, "'like' is not an operator"),
        ({"field": "rank", "op": "eq", "value": "5"}, "filter.value"),
        ({"field": "rank", "op": "eq", "value": 1.5}, "filter.value"),
        ({"field": "name", "op": "eq", "value": 5}, "expected text, got int"),
        ({"field": "made_on", "op": "eq", "value": "today"}, "write 2026-11-24"),
        ({"field": "rank", "op": "lt", "value": None}, "None has no order"),
        ({"field": "rank", "op": "in", "value": 5}, "expected a list"),
        ({"field": "rank", "op": "between", "value": [1]}, "the lowest and the highest"),
        ({"field": "rank", "op": "between", "value": [1, 2, 3]}, "the lowest and the highest"),
        ({"field": "rank", "op": "is_none", "value": False}, "is_none takes no value"),
        ({"field": "name", "op": "contains", "value": None}, "expected text"),
        ({"field": "name", "op": "contains", "value": 5}, "expected text"),
        ({"field": "parts", "op": "has_any", "value": [5]}, "expected text"),
        (
            {"field": "made_on", "op": "is_none", "other": "sold_on"},
            "does not compare two fields",
        ),
        ({"field": "made_on", "op": "in", "other": "sold_on"}, "does not compare two fields"),
        ({"field": "name", "op": "contains", "other": "code"}, "does not compare two fields"),
        (
            {"field": "made_on", "op": "between", "other": "sold_on"},
            "does not compare two fields",
        ),
        ({"field": "made_on", "op": "lt", "other": "made_at"}, "cannot be compared with made_at"),
        ({"exists": "maker", "field": "maker_id", "remote": "id"}, "is not a condition"),
        (
            {"exists": "maker", "field": "maker_id", "remote": "name", "where": {"all": []}},
            "from or to an id",
        ),
        (
            {"exists": "gadget", "field": "id", "remote": "name", "where": {"all": []}},
            "does not refer",
        ),
        (
            {"exists": "gadget", "field": "id", "remote": "maker_id", "where": {"all": []}},
            "does not refer to gadget",
        ),
        (
            {"exists": "maker", "field": "maker_id", "remote": "id", "where": {"all": []}, "x": 1},
            "unknown keys ['x']",
        ),
        (
            {"exists": "maker", "field": "maker_id", "remote": "id", "where": {"any": 5}},
            "filter.where",
        ),
    ],
)
def test_what_is_no_filter_is_refused(written: Any, told: str) -> None:
    """With one error of crmkit that says where and why."""
    with pytest.raises(CrmkitError) as caught:
        READER.read(SPEC, written)
    assert told in str(caught.value)


def test_unknown_names_are_refused() -> None:
    """Fields, custom fields and entities, also those of other entities."""
    for name in ("nmae", "custom.weight", "box.street"):
        with pytest.raises(UnknownField):
            READER.read(SPEC, {"field": name, "op": "is_none", "value": None})
    with pytest.raises(UnknownEntity):
        READER.read(
            SPEC, {"exists": "car", "field": "maker_id", "remote": "id", "where": {"all": []}}
        )
    with pytest.raises(UnknownField):
        FilterReader(Registry([Gadget])).read(
            SPEC, {"field": "custom.size", "op": "is_none", "value": None}
        )


def test_depth_is_bounded() -> None:
    """Before Python's own bound is met."""
    written: Any = {"all": []}
    for _level in range(100_000):
        written = {"not": written}
    with pytest.raises(InvalidFilter, match="nested too deep"):
        READER.read(SPEC, written)


@pytest.mark.parametrize("written", ["name", {"name": 1}, [5], [["name"]], None])
def test_what_is_no_order_is_refused(written: Any) -> None:
    """An order is a list of names."""
    with pytest.raises(InvalidFilter, match="list of field names"):
        READER.read_order(SPEC, written)


def test_order_by_what_has_none_is_refused() -> None:
    """Also when it was written."""
    for name in ("-box", "parts"):
        with pytest.raises(InvalidFilter, match="cannot be sorted"):
            READER.read_order(SPEC, [name])


def test_only_filters_are_written() -> None:
    """Anything else is told by its type."""
    with pytest.raises(InvalidFilter, match="str is not a filter"):
        filter_to_json("name = 'a'")  # type: ignore[arg-type]
