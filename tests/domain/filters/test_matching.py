"""What filters mean: agreed on by `matches`, by an independent reading, and by the lowered form."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.changes import Changeset
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Any_, Check, Linked, Opposite, Pair
from crmkit.domain.filters.lowered import Test as Asked
from crmkit.domain.filters.lowering import live, lower
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING, NOTHING, Exists, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.errors import InvalidFilter
from crmkit.storage.memory.evaluate import holds
from crmkit.testing.sample import Box, Gadget, GadgetId, Maker
from crmkit.testing.strategies import fields, filters
from tests.domain.filters.reference import MAKERS, fits, gadgets

SPEC = spec_of(Gadget)
F = fields()
GADGETS = gadgets()
LAMP = GADGETS[1]


def finder(node: Exists, value: Any) -> bool:
    """Say whether a maker of that id fits."""
    return any(maker.id == value and matches(node.where, maker) for maker in MAKERS)


def record(**more: Any) -> Gadget:
    """Return a gadget."""
    return Gadget(id=GadgetId(LAMP.id), **{"name": "lamp", **more})


@given(filter_=filters())
def test_matches_agrees_with_another_reading(filter_: Filter) -> None:
    """On every gadget of a varied population."""
    for gadget in GADGETS:
        assert matches(filter_, gadget, finder) == fits(filter_, gadget), gadget.name


@given(filter_=filters())
def test_lowered_form_means_the_same(filter_: Filter) -> None:
    """What stores are asked is what was meant."""
    asked = holds(SPEC, lower(filter_), lambda _spec: MAKERS)
    for gadget in GADGETS:
        assert asked(gadget) == fits(filter_, gadget), gadget.name


@given(filter_=filters(), other=filters())
def test_logic_is_two_valued(filter_: Filter, other: Filter) -> None:
    """A condition holds or its opposite does; De Morgan's laws hold with missing values too."""
    for gadget in GADGETS:
        one, two = matches(filter_, gadget, finder), matches(other, gadget, finder)
        assert matches(~filter_, gadget, finder) is not one
        assert matches(filter_ & other, gadget, finder) == (one and two)
        assert matches(~(~filter_ & ~other), gadget, finder) == (one or two)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (F.rank.eq(1), False),
        (F.rank.ne(1), True),
        (F.rank.lt(1), False),
        (F.rank.ge(1), False),
        (F.rank.in_([1]), False),
        (F.rank.not_in([1]), True),
        (F.rank.in_([None]), True),
        (F.rank.is_none(), True),
        (F.box.city.contains(""), False),
        (F.price.ne(Money("1", "CNY")), True),
        (F.made_on.eq(F.sold_on), False),
        (F.made_on.ne(F.sold_on), True),
        (F.twin_id.eq(F.twin_id), False),
        (F["custom.areas"].has_all([]), False),
        (F["custom.vip"].ne(True), True),
        (F.maker_id.exists(Maker), False),
        (EVERYTHING, True),
        (NOTHING, False),
    ],
)
def test_missing_value_only_differs(filter_: Filter, expected: bool) -> None:
    """Every comparison with a missing value is false but `ne` and the question itself."""
    assert matches(filter_, record(), finder) is expected
    assert holds(SPEC, lower(filter_), lambda _spec: MAKERS)(record()) is expected


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (F.name.contains("MP"), True),
        (F.name.starts_with("ＬＡ"), True),
        (F.name.starts_with("amp"), False),
        (F.name.ends_with("Mp"), True),
        (F.name.ends_with("lam"), False),
        (F.name.contains(""), True),
        (F.name.contains("%"), False),
        (F.parts.has_any(["a", "x"]), True),
        (F.parts.has_any(["A"]), False),
        (F.parts.has_any([]), False),
        (F.parts.has_all(["a", "b"]), True),
        (F.parts.has_all(["a", "x"]), False),
        (F.parts.has_all([]), True),
        (F.price.lt(Money("6", "CNY")), True),
        (F.price.lt(Money(6, "JPY")), False),
        (F.price.eq(Money(5, "JPY")), False),
        (F.price.ne(Money(5, "JPY")), True),
        (F.price.minor.eq(500), True),
        (F.price.currency.eq("CNY"), True),
        (F.box.floor.is_none(), True),
        (F.box.city.eq("x"), True),
        (F["custom.size"].contains("l"), True),
    ],
)
def test_what_operators_mean(filter_: Filter, expected: bool) -> None:
    """By example, on one record."""
    lamp = record(
        parts=("a", "b"), price=Money("5", "CNY"), box=Box(city="x"), custom={"size": "XL"}
    )
    assert matches(filter_, lamp) is expected
    assert holds(SPEC, lower(filter_), lambda _spec: MAKERS)(lamp) is expected


def test_relation_needs_a_finder() -> None:
    """A record alone does not know others; a missing reference needs none."""
    relation = F.maker_id.exists(Maker)
    assert matches(relation, record()) is False
    with pytest.raises(InvalidFilter, match="where records can be found"):
        matches(relation, record(maker_id=MAKERS[0].id))


@pytest.mark.parametrize("judge", [lambda odd: matches(odd, LAMP), lower])
def test_only_filters_mean_something(judge: Any) -> None:
    """Anything else is told by its type."""
    with pytest.raises(InvalidFilter, match="dict is not a filter"):
        judge({})


def test_stores_are_asked_a_dozen_questions() -> None:
    """How each operator comes down to leaves."""
    rank, code = F.rank.path.leaf, F.code.path.leaf
    key = F.name.path.key_leaf
    currency, amount = F.price.path.money_leaves
    assert lower(F.rank.ne(1)) == Opposite(Check(rank, Asked.EQ, 1))
    assert lower(F.rank.in_([1, 1, 2])) == Check(rank, Asked.IN, (1, 2))
    assert lower(F.rank.in_([])) == Any_(())
    assert lower(F.price.is_none()) == Check(currency, Asked.NONE)
    assert lower(F.price.ge(Money("5", "CNY"))) == All(
        (Check(currency, Asked.EQ, "CNY"), Check(amount, Asked.GE, 500))
    )
    assert lower(F.name.starts_with("Ab")) == All(
        (Check(key, Asked.GE, "ab"), Check(key, Asked.LT, "ac"))
    )
    assert lower(F.name.starts_with("\U0010ffff")) == Check(key, Asked.GE, "\U0010ffff")
    assert lower(F.name.contains("Ab")) == Check(key, Asked.CONTAINS, "ab")
    assert lower(F.name.ends_with("Ab")) == Check(key, Asked.ENDS, "ab")
    assert lower(F.name.contains("")) == Opposite(Check(key, Asked.NONE))
    assert lower(F.parts.has_any([])) == Any_(())
    assert lower(F.parts.has_all([])) == Opposite(Check(F.parts.path.leaf, Asked.NONE))
    assert lower(F.parts.has_all(["a", "a"])) == Check(F.parts.path.leaf, Asked.HAS_ALL, ("a",))
    assert lower(F.made_on.ne(F.sold_on)) == Opposite(
        Pair(F.made_on.path.leaf, Asked.EQ, F.sold_on.path.leaf)
    )
    assert lower(F.code.is_none() | F.code.eq("a")) == Any_(
        (Check(code, Asked.NONE), Check(code, Asked.EQ, "a"))
    )


def test_relations_ask_for_live_records() -> None:
    """A removed record is no record; a log has none that are removed."""
    maker = spec_of(Maker)
    removed = where(Maker).deleted_at.path.leaf
    named = where(Maker).name.eq("Ada")
    alive = Check(removed, Asked.NONE)
    linked = lower(F.maker_id.exists(Maker, named))
    assert linked == Linked(
        F.maker_id.path.leaf,
        maker,
        where(Maker).id.path.leaf,
        All((alive, Check(where(Maker).name.path.leaf, Asked.EQ, "Ada"))),
    )
    assert live(maker, All(())) == All((alive,))
    assert live(maker, Any_(())) == All((alive, Any_(())))


@given(data=st.data())
def test_paths_read_what_leaves_hold(data: st.DataObject) -> None:
    """A value turned into what its leaf holds, and back, is the value."""
    name = data.draw(st.sampled_from(["rank", "share", "colour", "made_at", "box.weight", "id"]))
    path = F[name].path
    for gadget in GADGETS:
        value = path.value_of(gadget)
        assert path.from_scalar(None if value is None else path.scalar(value)) == value


def test_two_fields_that_are_there_are_compared() -> None:
    """By every operator."""
    lamp = record(made_on=date(2026, 1, 1), sold_on=date(2026, 1, 2))
    held = [
        op
        for op in ("eq", "ne", "lt", "le", "gt", "ge")
        if matches(getattr(F.made_on, op)(F.sold_on), lamp)
    ]
    assert held == ["ne", "lt", "le"]


def test_logs_have_no_removed_rows() -> None:
    """A class that keeps no removed records is asked as it is."""
    assert live(spec_of(Changeset), Any_(())) == Any_(())


def test_refusals_name_the_place_and_the_fix() -> None:
    """A relation without a finder, and a filter taken for a truth, tell what to do instead."""
    with pytest.raises(InvalidFilter) as refused:
        matches(F.maker_id.exists(Maker), LAMP)
    assert str(refused.value) == (
        "filter: a relation can only be asked where records can be found"
        " (give matches() a finder, or ask the store)"
    )
    with pytest.raises(InvalidFilter) as untrue:
        bool(EVERYTHING)
    assert str(untrue.value) == (
        "filter: a filter has no truth of its own (combine with &, | and ~)"
    )
