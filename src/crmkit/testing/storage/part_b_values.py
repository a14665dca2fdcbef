"""Part B: every value reads back as it was written, or is refused on every store alike."""

import random
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain import instants
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, OutOfRange, WrongType
from crmkit.testing.population import define
from crmkit.testing.sample import Box, Colour, Gadget, Maker
from crmkit.testing.storage.harness import Place

KEPT: list[tuple[str, Any]] = [
    *(
        ("name", text)
        for text in (
            *("", " ", "plain", "Ümlaut", "聊城市鲁西科技有限公司", "😀", "e\u0301", "\u00e9"),
            *("line\nbreak", "tab\tstop", "\r\n", "quote'", 'quote"', "back\\slash", "%", "_"),
            *("$gt", "{'$ne': 1}", "; DROP TABLE", "\u202eright", "\ufeffbom", "\u0001", "\x7f"),
            *("\ud7ff", "\ue000", "\uffff", "\U0010ffff", "x" * 2000, "null", "None", "true", "0"),
            *(
                " leading",
                "trailing ",
                "\u3000",
                "\ufdfa" * 50,
                "[]",
                "{}",
                '"a"',
                "\\u0041",
                "\\N",
            ),
        )
    ),
    *(
        ("rank", number)
        for number in (0, 1, -1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63))
    ),
    *(
        ("share", Decimal(text))
        for text in ("0.0000", "1.5000", "-0.0001", "922337203685477.5807", "-922337203685477.5808")
    ),
    *(
        ("price", Money(amount, code))
        for amount, code in (
            *(("0", "CNY"), ("0.01", "CNY"), ("-98000.50", "CNY"), ("100", "JPY")),
            *(("0.001", "KWD"), ("0.0001", "CLF"), ("92233720368547758.07", "CNY")),
        )
    ),
    *(("colour", colour) for colour in Colour),
    *(
        ("made_on", day)
        for day in (date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(9999, 12, 31))
    ),
    *(
        ("made_at", moment)
        for moment in (
            instants.FIRST_INSTANT,
            datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
            datetime(2026, 11, 24, 9, 30, 0, 1000, tzinfo=UTC),
            instants.LAST_INSTANT,
        )
    ),
    ("ready", True),
    ("ready", False),
    ("twin_id", UUID(int=0)),
    ("twin_id", UUID(int=2**128 - 1)),
    *(("parts", parts) for parts in ((), ("",), ("a", "a"), ("ä", "聊", "😀"), ("$set", "a.b"))),
    *(("tags", tags) for tags in ((), ("vip", "聊城"))),
    ("box", Box(city="聊城")),
    ("box", Box(city="", floor=-3, weight=Decimal("1.250000"), opened=date(1, 1, 1), fragile=True)),
    ("boxes", (Box(city="a"), Box(city="b", floor=2**63 - 1))),
    ("labels", {"en": "Gadget", "zh": "器件"}),
    ("labels", {"a.b": "dotted", "$x": "dollar", "": "empty"}),
    ("code", "trailing "),
]
OPTIONAL = (
    *("code", "rank", "share", "price", "colour", "made_on", "made_at", "ready", "box", "twin_id"),
)
REFUSED: list[tuple[str, Any, type[Exception]]] = [
    ("name", "nul\x00", InvalidValue),
    ("name", "\ud800", InvalidValue),
    ("name", "x\udfffy", InvalidValue),
    ("name", "x" * 2001, OutOfRange),
    ("name", None, WrongType),
    ("name", 5, WrongType),
    ("name", b"bytes", WrongType),
    ("rank", True, WrongType),
    ("rank", 1.0, WrongType),
    ("rank", 2**63, OutOfRange),
    ("rank", -(2**63) - 1, OutOfRange),
    ("share", 1.5, WrongType),
    ("share", Decimal("NaN"), InvalidValue),
    ("share", Decimal("Infinity"), InvalidValue),
    ("share", Decimal("0.00001"), InvalidValue),
    ("share", Decimal("1e30"), OutOfRange),
    ("price", 5, WrongType),
    ("price", Decimal(5), WrongType),
    ("colour", "red", WrongType),
    ("made_on", datetime(2026, 1, 1, tzinfo=UTC), WrongType),
    ("made_on", "2026-01-01", WrongType),
    ("made_at", datetime(2026, 1, 1), InvalidValue),  # noqa: DTZ001 - it is refused
    ("made_at", instants.FIRST_INSTANT - timedelta(milliseconds=1), OutOfRange),
    ("made_at", instants.LAST_INSTANT + timedelta(milliseconds=1), OutOfRange),
    ("made_at", date(2026, 1, 1), WrongType),
    ("ready", 1, WrongType),
    ("twin_id", "01a2", WrongType),
    ("parts", "text", WrongType),
    ("parts", ("a", 1), WrongType),
    ("box", {"city": "x"}, WrongType),
    ("labels", {"en": 1}, WrongType),
    ("custom", {"Bad Key": 1}, InvalidValue),
    ("custom", {"a.b": 1}, InvalidValue),
    ("custom", {"$where": 1}, InvalidValue),
    ("custom", {"x": 1.5}, WrongType),
]
CUSTOM_KEPT: list[tuple[str, Any]] = [
    *(("size", text) for text in ("", "large", "聊城", "%_'\"\\", "😀")),
    *(("score", number) for number in (0, -5, 2**63 - 1, -(2**63))),
    *(("ratio", Decimal(text)) for text in ("0.000000", "-1.250000", "9223372036854.775807")),
    ("deposit", Money("98000.5", "CNY")),
    ("due", date(1, 1, 1)),
    ("seen", datetime(2026, 11, 24, 9, 30, 0, 1000, tzinfo=UTC)),
    ("vip", True),
    ("vip", False),
    ("level", "mid"),
    ("areas", ("east", "north")),
]


@pytest.mark.parametrize(("field", "value"), KEPT)
def test_value_reads_back_identical(place: Place, field: str, value: Any) -> None:
    """A lawful value reads back equal and of the same type."""
    [written] = place.add(place.gadget(**{"name": "n", field: value}))
    read = getattr(place.read(written), field)
    assert read == value
    assert type(read) is type(value)
    assert place.read(written) == written


@pytest.mark.parametrize("field", OPTIONAL)
def test_missing_value_reads_back_as_none(place: Place, field: str) -> None:
    """A missing value is None, neither absent nor empty."""
    [written] = place.add(place.gadget(**{field: None}))
    assert getattr(place.read(written), field) is None


@pytest.mark.parametrize(("field", "value", "error"), REFUSED)
def test_unlawful_value_is_refused_with_its_path(
    place: Place, field: str, value: Any, error: type[InvalidValue]
) -> None:
    """What some store could not keep is refused before any store is asked, naming the field."""
    with pytest.raises(error) as caught:
        place.gadget(**{"name": "n", field: value})
    assert caught.value.path.startswith(field)
    assert place.all() == []


@pytest.mark.parametrize(("key", "value"), CUSTOM_KEPT)
def test_custom_value_reads_back_identical(place: Place, key: str, value: Any) -> None:
    """A custom value reads back equal and of the same type."""
    with place.work() as work:
        define(work)
    [written] = place.add(place.gadget(custom={key: value}))
    read = place.read(written).custom[key]
    assert read == value
    assert type(read) is type(value)


def test_decimal_keeps_its_declared_scale(place: Place) -> None:
    """A decimal comes back with the places that its field declares."""
    [written] = place.add(place.gadget(share=Decimal("1.5")))
    assert str(place.read(written).share) == "1.5000"


def test_money_is_exact_to_the_last_minor_unit(place: Place) -> None:
    """A sum that a float would blur reads back exact."""
    [written] = place.add(place.gadget(price=Money("70368744177664.07", "CNY")))
    assert place.read(written).price == Money("70368744177664.07", "CNY")


def test_instant_is_kept_in_utc_to_the_millisecond(place: Place) -> None:
    """An instant of another zone reads back in UTC, cut to the millisecond."""
    east = timezone(timedelta(hours=8))
    [written] = place.add(place.gadget(made_at=datetime(2026, 1, 1, 8, 0, 0, 123456, tzinfo=east)))
    read = place.read(written).made_at
    assert read == datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    assert read.tzinfo is UTC


def test_composed_and_decomposed_text_are_kept_apart(place: Place) -> None:
    """Text is kept as it was given, not normalised."""
    first, second = place.add(place.gadget(name="\u00e9"), place.gadget(name="e\u0301"))
    assert place.read(first).name != place.read(second).name


def test_nested_value_comes_back_as_its_class(place: Place) -> None:
    """A nested value is a value again, not a dictionary."""
    [written] = place.add(place.gadget(box=Box(city="x"), boxes=(Box(city="y"),)))
    read = place.read(written)
    assert isinstance(read.box, Box)
    assert isinstance(read.boxes[0], Box)


@pytest.mark.parametrize("floor", [7, 2**31, 2**40, -(2**63), 2**63 - 1])
def test_nested_number_can_be_saved_again(place: Place, floor: int) -> None:
    """A whole number inside a value is an `int` again, whatever its size."""
    (kept,) = place.add(place.gadget(box=Box(city="上海", floor=floor)))
    found = place.read(kept)
    assert type(found.box.floor) is int
    assert place.change(kept, box=Box(city="北京", floor=found.box.floor)).box.floor == floor


def test_long_text_without_repetition_is_kept(place: Place) -> None:
    """Text as long as its field allows is kept, also where no store can squeeze it together."""
    dice = random.Random(7)  # noqa: S311 - only to be irregular
    text = "".join(chr(dice.randint(0x4E00, 0x9FFF)) for _ in range(2000))
    [written] = place.add(place.gadget(name=text))
    assert place.read(written).name == text
    with place.work(read_only=True) as work:
        assert work.of(Gadget).count(where(Gadget).name.eq(text)) == 1


def test_text_that_grows_when_folded_is_kept(place: Place) -> None:
    """A search key may be eighteen times as long as its text."""
    text = "\ufdfa" * 200
    [maker] = place.add(Maker(id=place.new_id(), name=text))
    assert place.read(maker).name == text
    with place.work(read_only=True) as work:
        assert work.of(Maker).count(where(Maker).name.contains(text)) == 1


def test_changed_value_reads_back_identical(place: Place) -> None:
    """Saving keeps values as exactly as adding does, and a value may become missing."""
    [written] = place.add(place.gadget(rank=1, box=Box(city="x"), parts=("a",), code="c"))
    changes: dict[str, Any] = {
        "rank": 2**63 - 1,
        "share": Decimal("0.0001"),
        "price": Money("0.01", "CNY"),
        "box": Box(city="y", floor=-1),
        "parts": (),
        "code": None,
        "tags": ("t",),
        "made_at": instants.FIRST_INSTANT,
    }
    saved = place.change(written, **changes)
    read = place.read(written)
    assert read == saved
    assert {name: getattr(read, name) for name in changes} == changes


def test_bulk_writing_keeps_values_as_single_writing_does(place: Place) -> None:
    """Many records written at once read back as they were given."""
    given = [
        place.gadget(**{"name": "n", field: value}) for field, value in KEPT if field != "code"
    ]
    with place.work() as work:
        written = work.of(Gadget).insert_many(given)
    read = {gadget.id: gadget for gadget in place.all()}
    assert [read[gadget.id] for gadget in written] == written


def test_money_takes_no_float(place: Place) -> None:
    """A float is refused where money begins, so that none is on any path."""
    with pytest.raises(WrongType):
        place.gadget(price=Money(0.1, "CNY"))  # type: ignore[arg-type]
