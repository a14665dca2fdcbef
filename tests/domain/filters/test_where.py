"""Filters are checked against the entity while they are built."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.entity import spec_of
from crmkit.domain.filters.tree import (
    EVERYTHING,
    MAX_NODES,
    NOTHING,
    And,
    Comparison,
    Exists,
    Filter,
    Not,
    Op,
    Or,
    PathComparison,
)
from crmkit.domain.filters.where import Fields, check_entity, where
from crmkit.domain.kinds import Integer, Text
from crmkit.domain.money import Money
from crmkit.errors import InvalidFilter, InvalidInput, OutOfRange, UnknownField, WrongType
from crmkit.testing.sample import Colour, Gadget, Maker
from crmkit.testing.strategies import fields

F = fields()
Build = Callable[[Fields], Any]


@pytest.mark.parametrize(
    ("build", "path"),
    [
        (lambda f: f.nmae, "gadget.nmae"),
        (lambda f: f["nmae"], "gadget.nmae"),
        (lambda f: f.name.length, "gadget.name.length"),
        (lambda f: f.box.street, "gadget.box.street"),
        (lambda f: f["box.street"], "gadget.box.street"),
        (lambda f: f.box.city.part, "gadget.box.city.part"),
        (lambda f: f.price.amount, "gadget.price.amount"),
        (lambda f: f["custom.weight"], "gadget.custom.weight"),
        (lambda f: f["custom.size.x"], "gadget.custom.size.x"),
        (lambda f: f[""], "gadget."),
        (lambda f: f.events, "gadget.events"),
    ],
)
def test_unknown_field_is_refused(build: Build, path: str) -> None:
    """At once, by attribute or by name, at every depth."""
    with pytest.raises(UnknownField) as caught:
        build(F)
    assert caught.value.path == path


def test_custom_fields_need_their_definitions() -> None:
    """A filter that does not know the tenant's fields says how to bring them."""
    with pytest.raises(UnknownField) as caught:
        where(Gadget)["custom.size"]
    assert "work.where" in caught.value.fix


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda f: f.rank.eq("5"), WrongType),
        (lambda f: f.rank.eq(True), WrongType),
        (lambda f: f.rank.lt(5.0), WrongType),
        (lambda f: f.rank.eq(2**63), OutOfRange),
        (lambda f: f.name.eq(5), WrongType),
        (lambda f: f.share.eq(0.5), WrongType),
        (lambda f: f.price.gt(Decimal(5)), WrongType),
        (lambda f: f.price.minor.gt(Decimal(5)), WrongType),
        (lambda f: f.made_on.eq(datetime(2026, 1, 1, tzinfo=UTC)), WrongType),
        (lambda f: f.made_at.eq(date(2026, 1, 1)), WrongType),
        (lambda f: f.made_at.eq(datetime(2026, 1, 1)), InvalidInput),
        (lambda f: f.colour.eq("red"), WrongType),
        (lambda f: f.maker_id.eq("1"), WrongType),
        (lambda f: f.ready.eq(1), WrongType),
        (lambda f: f.box.floor.eq("1"), WrongType),
        (lambda f: f["custom.score"].eq("1"), WrongType),
        (lambda f: f["custom.level"].eq("huge"), InvalidInput),
        (lambda f: f.rank.in_([1, "2"]), WrongType),
        (lambda f: f.rank.between(1, "2"), WrongType),
        (lambda f: f.name.contains(5), WrongType),
        (lambda f: f.name.contains("a" * 1001), OutOfRange),
        (lambda f: f.name.contains("\x00"), InvalidInput),
        (lambda f: f.parts.has_any([1]), WrongType),
        (lambda f: f["custom.areas"].has_all(["south"]), InvalidInput),
        (lambda f: f.rank.in_(range(10_001)), OutOfRange),
    ],
)
def test_value_of_another_type_is_refused(build: Build, error: type[Exception]) -> None:
    """Nothing is converted in silence."""
    with pytest.raises(error):
        build(F)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda f: f.parts.eq(("a",)), "not a single value"),
        (lambda f: f.box.eq(None) & f.box.lt(1), "not a single value"),
        (lambda f: f.labels.ne({"en": "a"}), "not a single value"),
        (lambda f: f.rank.lt(None), "None has no order"),
        (lambda f: f.rank.between(1, None), "None has no order"),
        (lambda f: f.rank.contains("5"), "not searchable"),
        (lambda f: f.code.contains("5"), "not searchable"),
        (lambda f: f["custom.score"].starts_with("5"), "not searchable"),
        (lambda f: f["custom.level"].ends_with("5"), "not searchable"),
        (lambda f: f.rank.has_any([1]), "is not a list"),
        (lambda f: f.parts.has_any("abc"), "needs a list"),
        (lambda f: f.parts.has_all(b"abc"), "needs a list"),
        (lambda f: f.parts.in_([("a",)]), "has_any"),
        (lambda f: f.price.in_([Money("1", "CNY")]), "cannot be listed"),
        (lambda f: f.name.in_("abc"), "needs a list"),
        (lambda f: f.name.lt(f.rank), "cannot be compared with rank"),
        (lambda f: f.price.lt(f.price), "cannot be compared"),
        (lambda f: f.parts.eq(f.parts), "cannot be compared"),
        (lambda f: f.share.lt(f.box.weight), "cannot be compared"),
        (lambda f: f.colour.eq(f.name), "cannot be compared"),
        (lambda f: f.made_on.eq(f.made_at), "cannot be compared"),
        (lambda f: f.name.exists(Maker), "does not refer to maker"),
        (lambda f: f.maker_id.exists(Gadget), "does not refer to gadget"),
        (lambda f: f.maker_id.exists(Maker, f.name.eq("a")), "built for gadget"),
        (lambda f: f.referred_by(Maker, "name"), "is not a reference"),
        (lambda f: f.referred_by(Gadget, "twin_id", where(Maker).name.eq("a")), "built for maker"),
        (lambda f: f.box.asc(), "cannot be sorted"),
        (lambda f: f.parts.desc(), "cannot be sorted"),
        (lambda f: f.labels.asc(), "cannot be sorted"),
    ],
)
def test_operator_that_cannot_be_meant_is_refused(build: Build, told: str) -> None:
    """Each field has the operators of its kind, and no others."""
    with pytest.raises(InvalidFilter) as caught:
        build(F)
    assert told in str(caught.value)
    assert caught.value.path


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons_keep_field_operator_and_value(name: str) -> None:
    """Each as it was said."""
    made = getattr(F.rank, name)(5)
    assert isinstance(made, Comparison)
    assert (made.path.name, made.op, made.value) == ("rank", Op(name), 5)
    pair = getattr(F.made_on, name)(F.sold_on)
    assert isinstance(pair, PathComparison)
    assert (pair.path.name, pair.op, pair.other.name) == ("made_on", Op(name), "sold_on")


def test_none_is_asked_for() -> None:
    """Equal to None is missing; different from None is there."""
    missing = F.rank.is_none()
    assert F.rank.eq(None) == missing
    assert F.rank.ne(None) == Not(missing)
    assert F.box.eq(None) == F.box.is_none()


def test_between_has_both_ends() -> None:
    """It is written as two comparisons."""
    assert F.rank.between(1, 5) == And((F.rank.ge(1), F.rank.le(5)))


def test_lists_may_hold_none() -> None:
    """Then missing values are taken too."""
    assert F.rank.in_([1, 2]) == Comparison(F.rank.path, Op.IN, (1, 2))
    assert F.rank.in_([1, None]) == Or((F.rank.in_([1]), F.rank.is_none()))
    assert F.rank.not_in([1]) == Not(F.rank.in_([1]))
    assert F.rank.in_(iter([3])) == F.rank.in_({3})
    assert Comparison(F.rank.path, Op.IN, ()) == F.rank.in_([])


def test_relations_lead_both_ways() -> None:
    """From a reference to its record, and from a record to those that refer to it."""
    there = F.maker_id.exists(Maker, where(Maker).country.eq("CN"))
    assert isinstance(there, Exists)
    assert (there.local.name, there.target.name, there.remote.name) == ("maker_id", "maker", "id")
    back = where(Maker).referred_by(Gadget, "maker_id")
    assert isinstance(back, Exists)
    assert (back.local.name, back.target.name, back.remote.name) == ("id", "gadget", "maker_id")
    assert back.where == EVERYTHING
    assert isinstance(F.twin_id.exists(Maker), Exists), "an id of no entity leads anywhere"


def test_nested_names_are_the_same_either_way() -> None:
    """By attribute, by step, or by dotted name."""
    assert F.box.city == F["box.city"] == F.box["city"] == F["box"]["city"]
    assert F.price.currency == F["price.currency"]
    assert F.custom["size"] == F["custom.size"]


def test_conditions_are_combined_flat() -> None:
    """And of Ands is one And; what is negated is a part of its own."""
    one, two, three = F.rank.eq(1), F.rank.eq(2), F.rank.eq(3)
    assert (one & two) & three == one & (two & three) == And((one, two, three))
    assert (one | two) | three == one | (two | three) == Or((one, two, three))
    assert (one & two) | three == Or((And((one, two)), three))
    assert ~one == Not(one)
    assert (EVERYTHING & one, NOTHING | one) == (And((one,)), Or((one,)))


@pytest.mark.parametrize(
    "careless",
    [lambda f: f and f, lambda f: f or f, lambda f: not f, lambda f: 1 if f else 2, bool],
)
def test_truth_of_a_filter_is_refused(careless: Callable[[Filter], Any]) -> None:
    """`and`, `or` and `not` would silently drop a condition."""
    with pytest.raises(InvalidFilter, match="combine with"):
        careless(F.rank.eq(1))


def test_number_of_conditions_is_bounded() -> None:
    """However they are nested; relations count with what they ask."""
    one = F.rank.eq(1)
    assert And((one,) * (MAX_NODES - 1)).nodes == MAX_NODES
    assert Not(And((one, one))).nodes == 4
    assert F.maker_id.exists(Maker).nodes == 2
    most = And((where(Maker).name.eq("a"),) * (MAX_NODES - 1))
    for build in (
        lambda: And((one,) * MAX_NODES),
        lambda: Or((one,) * MAX_NODES),
        lambda: Not(And((one,) * (MAX_NODES - 1))),
        lambda: F.maker_id.exists(Maker, most),
    ):
        with pytest.raises(InvalidFilter, match="at most 100"):
            build()


def test_filter_of_another_entity_is_told() -> None:
    """Wherever in the tree it hides."""
    spec = spec_of(Gadget)
    other = where(Maker).name.eq("a")
    check_entity(F.rank.eq(1) & ~F.made_on.lt(F.sold_on), spec)
    for hidden in (other, ~other, F.rank.eq(1) | other, where(Maker).id.exists(Maker)):
        with pytest.raises(InvalidFilter, match="built for maker, not for gadget"):
            check_entity(hidden, spec)
    pair = PathComparison(F.name.path, Op.EQ, where(Maker).name.path)
    with pytest.raises(InvalidFilter, match="built for maker"):
        check_entity(pair, spec)


def test_names_of_python_are_no_fields() -> None:
    """Copying and inspecting do not stumble over fields."""
    for name in ("__deepcopy__", "__fspath__"):
        assert not hasattr(F, name)
    assert not hasattr(F.name, "_repr_html_")


def test_kinds_of_what_is_nested_in_money() -> None:
    """Minor units are whole numbers, the currency is text."""
    assert (F.price.minor.path.kind, F.price.currency.path.kind) == (Integer(), Text())
    assert F["custom.deposit"].minor.path.keys == ("deposit:m", "amount")
    assert F.price.minor.path.column == "price_amount"


def test_equal_values_make_equal_filters() -> None:
    """Filters are values: they can be compared and kept in sets."""
    assert F.maker_id.eq(UUID(int=1)) == fields().maker_id.eq(UUID(int=1))
    assert F.colour.eq(Colour.RED) != F.colour.eq(Colour.BLUE)
