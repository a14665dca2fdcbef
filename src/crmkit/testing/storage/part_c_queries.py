"""Part C: what a store finds is what `matches` says in plain Python."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from crmkit.domain.filters.as_json import FilterReader, filter_to_json
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING, NOTHING, Exists, Filter
from crmkit.domain.filters.where import Fields, where
from crmkit.domain.money import Money
from crmkit.errors import InvalidFilter, InvalidValue, UnknownField
from crmkit.testing.sample import Colour, Gadget, Maker
from crmkit.testing.storage.harness import Place
from crmkit.testing.strategies import filters

Make = Callable[[Fields], Filter]
_NEEDLES = (
    *("alpha", "ALPHA", "ß", "ss", "full", "ｆｕ", "%", "_", "\\", "'", '"', "\n"),
    *("聊城", "科技", "😀"),
)
_MORE = ("é", "fi", "i", "", " ", ".", "$", "^", "(", "[", "*", "+", "?", "beta", "\U0010ffff")


def _searches(method: str, needles: tuple[str, ...]) -> dict[str, Make]:
    def search(needle: str) -> Make:
        return lambda f: getattr(f.name, method)(needle)

    return {f"{method.replace('_', ' ')} {needle!r}": search(needle) for needle in needles}


CASES: dict[str, Make] = {
    "everything": lambda _fields: EVERYTHING,
    "nothing": lambda _fields: NOTHING,
    "eq text": lambda f: f.name.eq("Alpha"),
    "eq text is case sensitive": lambda f: f.name.eq("alpha"),
    "eq empty text": lambda f: f.name.eq(""),
    "eq decomposed": lambda f: f.name.eq("e\u0301"),
    "ne text": lambda f: f.name.ne("Alpha"),
    "ne keeps None": lambda f: f.code.ne("code 1"),
    "not eq keeps None": lambda f: ~f.code.eq("code 1"),
    "eq None": lambda f: f.code.eq(None),
    "ne None": lambda f: f.code.ne(None),
    "is none": lambda f: f.rank.is_none(),
    "not is none": lambda f: ~f.rank.is_none(),
    "lt text by code point": lambda f: f.name.lt("a"),
    "gt text by code point": lambda f: f.name.gt("z"),
    "ge text beyond the basic plane": lambda f: f.name.ge("\ue000"),
    "lt number": lambda f: f.rank.lt(5000),
    "le number": lambda f: f.rank.le(5001),
    "gt number": lambda f: f.rank.gt(5001),
    "ge number": lambda f: f.rank.ge(5001),
    "not lt keeps None": lambda f: ~f.rank.lt(5000),
    "not gt keeps None": lambda f: ~f.rank.gt(5000),
    "between": lambda f: f.rank.between(1000, 6000),
    "not between": lambda f: ~f.rank.between(1000, 6000),
    "in": lambda f: f.name.in_(["Alpha", "zebra", "none such"]),
    "in empty": lambda f: f.name.in_([]),
    "not in empty": lambda f: f.name.not_in([]),
    "in with None": lambda f: f.code.in_(["code 1", None]),
    "not in keeps None": lambda f: f.code.not_in(["code 1", "code 2"]),
    "not in with None": lambda f: f.code.not_in(["code 1", None]),
    "in many": lambda f: f.rank.in_(range(0, 5000, 3)),
    "eq text counts trailing blanks": lambda f: f.name.eq("blank "),
    "contains a trailing blank": lambda f: f.name.contains("blank "),
    "in counts trailing blanks": lambda f: f.name.in_(["blank", "zebra "]),
    "in many and one None": lambda f: f.rank.in_([None, *range(0, 5000, 7)]),
    "decimal eq": lambda f: f.share.eq(Decimal("0.1")),
    "decimal lt": lambda f: f.share.lt(Decimal("-0.5")),
    "decimal ge": lambda f: f.share.ge(Decimal(0)),
    "money eq": lambda f: f.price.eq(Money(1, "CNY")),
    "money ne": lambda f: f.price.ne(Money(1, "CNY")),
    "money gt is of one currency": lambda f: f.price.gt(Money(0, "CNY")),
    "money le": lambda f: f.price.le(Money(50, "JPY")),
    "not money gt": lambda f: ~f.price.gt(Money(0, "CNY")),
    "money is none": lambda f: f.price.is_none(),
    "money currency": lambda f: f.price.currency.eq("JPY"),
    "money minor": lambda f: f.price.minor.gt(100),
    "choice eq": lambda f: f.colour.eq(Colour.RED),
    "choice ne": lambda f: f.colour.ne(Colour.RED),
    "choice in": lambda f: f.colour.in_([Colour.BLUE, Colour.GREEN]),
    "date le": lambda f: f.made_on.le(date(2026, 5, 1)),
    "date gt": lambda f: f.made_on.gt(date(2026, 5, 1)),
    "instant lt": lambda f: f.made_at.lt(datetime(2026, 2, 10, tzinfo=UTC)),
    "instant ge": lambda f: f.made_at.ge(datetime(2026, 2, 10, tzinfo=UTC)),
    "bool eq true": lambda f: f.ready.eq(True),  # noqa: FBT003
    "bool eq false": lambda f: f.ready.eq(False),  # noqa: FBT003
    "bool ne": lambda f: f.ready.ne(True),  # noqa: FBT003
    "two fields eq, None never equals None": lambda f: f.made_on.eq(f.sold_on),
    "two fields ne": lambda f: f.made_on.ne(f.sold_on),
    "two fields le": lambda f: f.made_at.le(f.sold_at),
    "two texts lt": lambda f: f.code.lt(f.name),
    "not two fields eq": lambda f: ~f.made_on.eq(f.sold_on),
    "has any": lambda f: f.parts.has_any(["a", "ä"]),
    "has any none": lambda f: f.parts.has_any([]),
    "has all": lambda f: f.parts.has_all(["b", "c"]),
    "has all none": lambda f: f.parts.has_all([]),
    "has all unknown": lambda f: f.parts.has_all(["b", "zz"]),
    "not has any": lambda f: ~f.parts.has_any(["a"]),
    "document is none": lambda f: f.box.is_none(),
    "id eq": lambda f: f.twin_id.eq(UUID(int=5)),
    "id ne": lambda f: f.twin_id.ne(UUID(int=5)),
    "id lt": lambda f: f.twin_id.lt(UUID(int=2**127)),
    "id ge": lambda f: f.twin_id.ge(UUID(int=2**127)),
    "reference in": lambda f: f.maker_id.in_([UUID(int=5)]),
    "reference is none": lambda f: f.maker_id.is_none(),
    "tag": lambda f: f.tags.has_any(["hot"]),
    "nested eq": lambda f: f.box.city.eq("聊城"),
    "nested ne keeps None": lambda f: f.box.city.ne("聊城"),
    "nested lt": lambda f: f.box.floor.lt(0),
    "nested decimal": lambda f: f.box.weight.ge(Decimal("1.25")),
    "nested date": lambda f: f.box.opened.gt(date(2025, 12, 10)),
    "nested bool": lambda f: f.box.fragile.eq(True),  # noqa: FBT003
    "nested none": lambda f: f.box.floor.is_none(),
    "nested contains": lambda f: f.box.city.contains("BERL"),
    "custom text": lambda f: f["custom.size"].eq("large"),
    "custom text ne": lambda f: f["custom.size"].ne("large"),
    "custom contains": lambda f: f["custom.size"].contains("LARG"),
    "custom number": lambda f: f["custom.score"].gt(0),
    "not custom number": lambda f: ~f["custom.score"].gt(0),
    "custom decimal": lambda f: f["custom.ratio"].le(Decimal("-0.25")),
    "custom money": lambda f: f["custom.deposit"].gt(Money(20, "CNY")),
    "custom date": lambda f: f["custom.due"].between(date(2026, 6, 2), date(2026, 6, 4)),
    "custom instant": lambda f: f["custom.seen"].lt(datetime(2026, 1, 31, 22, 34, tzinfo=UTC)),
    "custom bool": lambda f: f["custom.vip"].eq(False),  # noqa: FBT003
    "custom choice": lambda f: f["custom.level"].in_(["low", "high"]),
    "custom list": lambda f: f["custom.areas"].has_all(["east", "west"]),
    "custom list any": lambda f: f["custom.areas"].has_any(["north"]),
    "custom text counts trailing blanks": lambda f: f["custom.size"].eq("large "),
    "custom reference none": lambda f: f["custom.maker"].is_none(),
    "custom money ne": lambda f: f["custom.deposit"].ne(Money(3, "CNY")),
    "custom money currency": lambda f: f["custom.deposit"].currency.eq("CNY"),
    "custom bool is none": lambda f: f["custom.vip"].is_none(),
    "custom none": lambda f: f["custom.score"].is_none(),
    "relation": lambda f: f.maker_id.exists(Maker),
    "relation with filter": lambda f: f.maker_id.exists(Maker, where(Maker).country.eq("CN")),
    "relation with missing": lambda f: f.maker_id.exists(Maker, where(Maker).country.is_none()),
    "no relation": lambda f: ~f.maker_id.exists(Maker),
    "and": lambda f: f.rank.gt(1000) & f.colour.eq(Colour.RED),
    "or": lambda f: f.rank.gt(9000) | f.colour.eq(Colour.BLUE),
    "not and": lambda f: ~(f.rank.gt(1000) & f.colour.eq(Colour.RED)),
    "not or": lambda f: ~(f.rank.gt(9000) | f.colour.eq(Colour.BLUE)),
    "double not": lambda f: ~~f.rank.gt(1000),
    "owner none": lambda f: f.owner_id.is_none(),
    "version": lambda f: f.version.eq(1),
    **_searches("contains", (*_NEEDLES, *_MORE)),
    **_searches("starts_with", _NEEDLES),
    **_searches("ends_with", _NEEDLES),
    "not contains": lambda f: ~f.name.contains("a"),
}


@pytest.mark.parametrize("case", CASES)
def test_store_finds_what_matches_says(town: Place, case: str) -> None:
    """Find, count and the plain-Python meaning agree."""
    with town.work(read_only=True) as work:
        _agree(work, CASES[case](work.where(Gadget)))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(filter_=filters())
def test_random_filters_agree_on_all_records(town: Place, filter_: Filter) -> None:
    """Any nest of conditions finds what it means."""
    with town.work(read_only=True) as work:
        _agree(work, filter_)


@pytest.mark.parametrize("case", CASES)
def test_filter_survives_json(town: Place, case: str) -> None:
    """A filter written as JSON and read again is the same filter."""
    with town.work(read_only=True) as work:
        made = CASES[case](work.where(Gadget))
        reader = FilterReader(work.registry, work.custom_parts)
        assert reader.read(work.of(Gadget).spec, filter_to_json(made)) == made


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda f: f.nothing_such.eq(1), UnknownField),
        (lambda f: f["custom.nothing"].eq(1), UnknownField),
        (lambda f: f.box.nothing.eq(1), UnknownField),
        (lambda f: f.rank.eq("5"), InvalidValue),
        (lambda f: f.rank.gt(None), InvalidFilter),
        (lambda f: f.name.eq(5), InvalidValue),
        (lambda f: f.code.contains("x"), InvalidFilter),
        (lambda f: f.name.contains("x" * 1001), InvalidValue),
        (lambda f: f.name.contains("\x00"), InvalidValue),
        (lambda f: f.parts.lt(("a",)), InvalidFilter),
        (lambda f: f.rank.has_any([1]), InvalidFilter),
        (lambda f: f.name.in_("abc"), InvalidFilter),
        (lambda f: f.rank.lt(f.name), InvalidFilter),
        (lambda f: f.rank.exists(Maker), InvalidFilter),
        (lambda f: f.made_at.gt(datetime(2026, 1, 1)), InvalidValue),  # noqa: DTZ001
    ],
)
def test_wrong_filter_is_refused_when_built(
    town: Place, make: Make, error: type[Exception]
) -> None:
    """An unknown field or a wrong type is an error where the filter is built."""
    with town.work(read_only=True) as work, pytest.raises(error):
        make(work.where(Gadget))


def test_filter_of_another_entity_is_refused(town: Place) -> None:
    """A filter on makers does not find gadgets."""
    with town.work(read_only=True) as work, pytest.raises(InvalidFilter):
        work.of(Gadget).find(where(Maker).name.eq("Ada"))


def test_removed_records_are_not_found(place: Place) -> None:
    """A removed record is in no list and no count, unless it is asked for."""
    [gadget] = place.add(place.gadget())
    with place.work() as work:
        work.of(Gadget).remove(work.of(Gadget).get(gadget.id))
    with place.work(read_only=True) as work:
        assert work.of(Gadget).find() == []
        assert work.of(Gadget).count() == 0
        assert work.of(Gadget).count(removed=True) == 1


def _agree(work: Any, filter_: Filter) -> None:
    gadgets = work.of(Gadget)
    everyone = gadgets.find()
    assert len(everyone) > 20
    makers = {maker.id: maker for maker in work.of(Maker).find()}

    def exists(node: Exists, value: Any) -> bool:
        maker = makers.get(value)
        return maker is not None and matches(node.where, maker)

    expected = {gadget.id for gadget in everyone if matches(filter_, gadget, exists)}
    found = {gadget.id for gadget in gadgets.find(filter_)}
    assert found == expected
    assert gadgets.count(filter_) == len(expected)
