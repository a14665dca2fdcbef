"""Every kind of value: what it accepts, what it refuses and how, and that nothing is lost."""

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.composite_kinds import Amount, Many
from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.instants import FIRST_INSTANT, LAST_INSTANT
from crmkit.domain.kinds import (
    Boolean,
    Day,
    Form,
    Instant,
    Integer,
    Kind,
    Number,
    Text,
    without_commas,
)
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice, Identity, Option
from crmkit.errors import InvalidValue, OutOfRange, WrongType


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "蓝"


class Plain(Enum):
    """A choice that is not text itself."""

    ONE = "1"


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
BITS = st.integers(-(2**63), 2**63 - 1)
INSTANTS = st.datetimes(
    FIRST_INSTANT.replace(tzinfo=None), LAST_INSTANT.replace(tzinfo=None), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
MONEY = st.builds(
    Money.from_minor, st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(sorted(EXPONENTS))
)
KINDS: list[tuple[Kind, st.SearchStrategy[Any]]] = [
    (Text(), TEXTS),
    (Integer(), BITS),
    (Number(), BITS.map(lambda units: Decimal(units).scaleb(-6))),
    (Number(scale=0), BITS.map(Decimal)),
    (Number(scale=18), BITS.map(lambda units: Decimal(units).scaleb(-18))),
    (Day(), st.dates()),
    (Instant(), INSTANTS),
    (Boolean(), st.booleans()),
    (Choice(enum=Colour), st.sampled_from(Colour)),
    (Choice(enum=Plain), st.sampled_from(Plain)),
    (Option(options=("low", "高")), st.sampled_from(["low", "高"])),
    (Identity(), st.uuids()),
    (Amount(), MONEY),
    (Many(), st.lists(TEXTS, max_size=5).map(tuple)),
    (Many(item=Integer()), st.lists(BITS, max_size=5).map(tuple)),
]
EVERY = pytest.mark.parametrize(("kind", "values"), KINDS, ids=lambda part: type(part).__name__)
ORDERED = [pair for pair in KINDS if pair[0].ordered and not isinstance(pair[0], Amount)]


@EVERY
@given(data=st.data())
def test_plain_form_makes_the_value_again(
    kind: Kind, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """What is checked, made plain and parsed is the value, and so is what is revived of it."""
    value = data.draw(values)
    checked = kind.check(value, "field")
    assert checked == value
    assert kind.parse(kind.plain(checked)) == value
    assert kind.revive(kind.plain(checked), "field") == value
    assert type(kind.parse(kind.plain(checked))) is type(checked)


@EVERY
@given(data=st.data())
def test_text_form_makes_the_value_again(
    kind: Kind, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """What people and files write is read as the value."""
    value = data.draw(values)
    assert kind.read(kind.text(value), "field") == value


@pytest.mark.parametrize(("kind", "values"), ORDERED, ids=lambda part: type(part).__name__)
@given(data=st.data())
def test_plain_form_sorts_like_the_value(
    kind: Kind, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Stores that see only the plain form order as Python does; names go by their text."""
    one, two = data.draw(values), data.draw(values)
    if not isinstance(one, Enum):
        assert (kind.plain(one) < kind.plain(two)) == (one < two)
    assert (kind.plain(one) == kind.plain(two)) == (one == two)


@pytest.mark.parametrize(
    ("kind", "value", "error", "told"),
    [
        (Text(), 5, WrongType, "int"),
        (Text(max_length=2), "abc", OutOfRange, "at most 2"),
        (Integer(), True, WrongType, "bool"),
        (Integer(), 1.0, WrongType, "float"),
        (Integer(), "5", WrongType, "str"),
        (Integer(), 2**63, OutOfRange, "smaller number"),
        (Integer(), -(2**63) - 1, OutOfRange, "64 bits"),
        (Number(), 1.5, WrongType, "never a float"),
        (Number(), True, WrongType, "bool"),
        (Number(), "1.5", WrongType, "str"),
        (Number(), Decimal("NaN"), InvalidValue, "NaN"),
        (Number(), Decimal("sNaN"), InvalidValue, "NaN"),
        (Number(), Decimal("-Infinity"), InvalidValue, "infinities"),
        (Number(scale=2), Decimal("1.005"), InvalidValue, "more than 2 decimal places"),
        (Number(), Decimal("1E+21"), OutOfRange, "too large"),
        (Number(), Decimal("1E+999999"), OutOfRange, "too large"),
        (Number(), Decimal("1E+20"), OutOfRange, "64 bits"),
        (Number(scale=18), Decimal("9.3"), OutOfRange, "64 bits"),
        (Number(scale=30), Decimal("1E+20"), OutOfRange, "64 bits"),
        (Day(), datetime(2026, 11, 24, tzinfo=UTC), WrongType, "datetime"),
        (Day(), "2026-11-24", WrongType, "str"),
        (Instant(), date(2026, 11, 24), WrongType, "date"),
        (Instant(), datetime(2026, 11, 24), InvalidValue, "time zone"),
        (Boolean(), 1, WrongType, "int"),
        (Boolean(), "true", WrongType, "str"),
        (Choice(enum=Colour), "red", WrongType, "one of red, 蓝"),
        (Choice(enum=Colour), Plain.ONE, WrongType, "Plain"),
        (Option(options=("low", "高")), "high", InvalidValue, "low, 高"),
        (Option(options=("low",)), 5, WrongType, "int"),
        (Identity(), "0190b1c2-0000-7000-8000-000000000000", WrongType, "UUID"),
        (Amount(), Decimal(5), WrongType, "Money('98000', 'CNY')"),
        (Many(), "abc", WrongType, "several values"),
        (Many(), ("a", 5), WrongType, "int"),
        (Many(), ("a",) * 10_001, OutOfRange, "at most 10000"),
    ],
)
def test_unfit_value_is_refused(
    kind: Kind, value: object, error: type[InvalidValue], told: str
) -> None:
    """The error is of its class, names the field, and says what is wrong or what to do."""
    with pytest.raises(InvalidValue) as caught:
        kind.check(value, "field")
    assert type(caught.value) is error
    assert caught.value.path.startswith("field")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (Integer(), "1.5", "not a whole number"),
        (Integer(), "", "not a whole number"),
        (Integer(), "1,5", "write 1234.5 or 1,234.5"),
        (Integer(), "9" * 5000, "not a whole number"),
        (Integer(), str(2**63), "64 bits"),
        (Number(), "1,5", "write 1234.5 or 1,234.5"),
        (Number(), "1.000,5", "write 1234.5 or 1,234.5"),
        (Number(), "12,34", "commas"),
        (Number(), ",123", "commas"),
        (Number(), "five", "not a decimal number"),
        (Number(), "NaN", "NaN"),
        (Number(), "0.0000001", "decimal places"),
        (Day(), "24.11.2026", "write 2026-11-24"),
        (Instant(), "soon", "write 2026-11-24T09:00:00+08:00"),
        (Instant(), "2026-11-24T09:00:00", "tzinfo=UTC"),
        (Boolean(), "perhaps", "neither true nor false"),
        (Choice(enum=Colour), "green", "one of red, 蓝"),
        (Option(options=("low",)), "high", "low"),
        (Identity(), "customer 5", "not an id"),
        (Amount(), "98000", "write 98000 CNY"),
        (Amount(), "1,5 CNY", "commas"),
        (Amount(), "5 XXXX", "XXXX"),
        (Amount(), "five CNY", "five"),
        (Many(item=Integer()), "1; x", "not a whole number"),
        (Many(), "a;" * 10_001, "at most 10000"),
    ],
)
def test_unfit_text_is_refused(kind: Kind, text: str, told: str) -> None:
    """What people write wrong is told with the field, never guessed at."""
    with pytest.raises(InvalidValue) as caught:
        kind.read(text, "field")
    assert caught.value.path.startswith("field")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Integer(), " 1,234,567 ", 1_234_567),
        (Integer(), "-12", -12),
        (Integer(), "１２", 12),
        (Number(), "1,234.5", Decimal("1234.5")),
        (Number(), "+1E3", Decimal(1000)),
        (Number(), " .5", Decimal("0.5")),
        (Day(), " 2026-11-24 ", date(2026, 11, 24)),
        (Instant(), "2026-11-24T17:00:00+08:00", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        (Instant(), "2026-11-24 09:00Z", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        *((Boolean(), text, True) for text in ("true", "YES", " y ", "1", "是", "真")),
        *((Boolean(), text, False) for text in ("false", "No", "n", "0", "否", "假")),
        (Amount(), "1,234.50 CNY", Money("1234.50", "CNY")),
        (Amount(), " -5 JPY", Money(-5, "JPY")),
        (Many(), "a; b ;; c", ("a", "b", "c")),
        (Many(), "", ()),
        (Many(), r"a\; b; \\", ("a; b", "\\")),
        (Many(), r"\e; \ x", ("", " x")),
        (Many(), "lost\\", ("lost",)),
    ],
)
def test_what_people_write_is_read(kind: Kind, text: str, value: object) -> None:
    """Blanks around, commas between thousands, words for truth, offsets of other zones."""
    assert kind.read(text, "field") == value


@given(units=BITS)
def test_decimals_are_exact_in_every_context(units: int) -> None:
    """A caller's low precision changes nothing on the way in, through the store, and back."""
    exact = Decimal(units).scaleb(-6)
    with localcontext(prec=3):
        kind = Number()
        checked = kind.check(exact, "field")
        assert kind.plain(checked) == units
        assert kind.parse(units) == exact


def test_decimal_has_one_written_form() -> None:
    """Without exponent, trailing zeros and negative zero."""
    kind = Number()
    written = [
        kind.text(kind.check(Decimal(text), "f")) for text in ("1E+3", "1.50", "-0", "0E+50")
    ]
    assert written == ["1000", "1.5", "0", "0"]


def test_whole_numbers_are_decimals_too() -> None:
    """An int fits a decimal field and becomes a Decimal with its places."""
    checked = Number(scale=2).check(7, "field")
    assert isinstance(checked, Decimal)
    assert str(checked) == "7.00"


@pytest.mark.parametrize("plain", ["5", 5.0, True, None])
@pytest.mark.parametrize("kind", [Integer(), Number()])
def test_numbers_are_not_made_of_other_json(kind: Kind, plain: object) -> None:
    """JSON that somebody wrote is not converted in silence."""
    with pytest.raises(WrongType):
        kind.revive(plain, "field")


def test_driver_numbers_become_plain_ints() -> None:
    """A subclass of int, as some drivers bring, is read as an int."""

    class Long(int):
        """An int of a driver."""

    assert type(Integer().parse(Long(5))) is int


def test_instants_are_plain_text_of_one_width() -> None:
    """So that text order is time order."""
    kind = Instant()
    assert kind.plain(datetime(2, 3, 4, tzinfo=UTC)) == "0002-03-04T00:00:00.000+00:00"
    assert len(kind.plain(LAST_INSTANT)) == len(kind.plain(FIRST_INSTANT))


def test_sets_are_kept_in_order() -> None:
    """A set has no order of its own, so its values are sorted."""
    assert Many().check({"b", "a"}, "tags") == ("a", "b")
    assert Many().check(["b", "a"], "tags") == ("b", "a")
    assert Many().check((), "tags") == ()


def test_kinds_tell_how_they_lie_in_a_store() -> None:
    """The form of a scalar and what of it is kept there."""
    assert [kind.form for kind, _values in KINDS[:3]] == [Form.TEXT, Form.INTEGER, Form.INTEGER]
    assert Number(scale=2).scalar(Decimal("1.25")) == 125
    assert Choice(enum=Colour).scalar(Colour.BLUE) == "蓝"
    assert Day().scalar(date(2026, 11, 24)) == date(2026, 11, 24)
    assert Identity().scalar(UUID(int=5)) == UUID(int=5)
    assert Many(item=Integer()).scalar((1, 2)) == [1, 2]


@given(whole=st.integers(-(10**15), 10**15), cents=st.integers(0, 99))
def test_commas_set_off_thousands(whole: int, cents: int) -> None:
    """A number written with thousands is read without them."""
    assert without_commas(f"{whole:,}.{cents:02}", "field") == f"{whole}.{cents:02}"


def test_kind_without_rules_keeps_everything() -> None:
    """The shared part of all kinds changes nothing."""
    value = object()
    assert Kind().check(value, "field") is value
    assert Kind().scalar(Kind().parse(Kind().plain(value))) is value
