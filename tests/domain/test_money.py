"""Money is exact: what goes in comes out, sums add up, and nothing is rounded in silence."""

import copy
import json
import pickle
import xml.etree.ElementTree as ET
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Decimal,
    Inexact,
    localcontext,
)
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.currencies import EXPONENTS, exponent_of
from crmkit.domain.minor_units import MAX_MINOR, ROUNDINGS
from crmkit.domain.money import MOST_PARTS, Money
from crmkit.domain.money_words import capital_cny
from crmkit.errors import CrmkitError, InvalidValue, MixedCurrencies, OutOfRange, WrongType

CODES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(-MAX_MINOR, MAX_MINOR)
SMALL = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(
    st.integers(0, 10**9) | st.decimals(0, 10**6, places=4), min_size=1, max_size=12
).filter(any)


@given(minor=MINOR, code=CODES)
def test_amount_has_the_places_of_its_currency(minor, code):
    """The amount, the text and the minor units tell the same, and each makes the money again."""
    money = Money.from_minor(minor, code)
    assert -money.amount.as_tuple().exponent == EXPONENTS[code]
    assert Fraction(money.amount) * 10 ** EXPONENTS[code] == minor
    assert Money(money.amount, code) == Money(f"{money.amount:f}", code) == money
    assert str(money) == f"{money.amount:f} {code}"
    assert eval(repr(money)) == money


@pytest.mark.parametrize(
    ("given_amount", "code", "amount"),
    [
        ("98000", "CNY", "98000.00"),
        (98000, "CNY", "98000.00"),
        (Decimal("9.8E+4"), "CNY", "98000.00"),
        ("1.500", "CNY", "1.50"),
        ("1.500", "KWD", "1.500"),
        ("100", "JPY", "100"),
        ("0.0001", "CLF", "0.0001"),
        ("-0", "CNY", "0.00"),
        ("1" + "0" * 16, "CNY", "1" + "0" * 16 + ".00"),
        ("1." + "0" * 500, "CNY", "1.00"),
    ],
)
def test_amount_is_brought_to_the_exponent(given_amount, code, amount):
    """Equal amounts are one amount, however they are written."""
    assert str(Money(given_amount, code).amount) == amount


@pytest.mark.parametrize(
    ("amount", "code", "error", "path"),
    [
        (1.5, "CNY", WrongType, "amount"),
        (True, "CNY", WrongType, "amount"),
        (None, "CNY", WrongType, "amount"),
        (b"1", "CNY", WrongType, "amount"),
        ([1], "CNY", WrongType, "amount"),
        ("", "CNY", InvalidValue, "amount"),
        ("1,5", "CNY", InvalidValue, "amount"),
        ("ten", "CNY", InvalidValue, "amount"),
        ("NaN", "CNY", InvalidValue, "amount"),
        (Decimal("sNaN"), "CNY", InvalidValue, "amount"),
        ("-Infinity", "CNY", InvalidValue, "amount"),
        ("1.005", "CNY", InvalidValue, "amount"),
        ("0.1", "JPY", InvalidValue, "amount"),
        ("1.0000000000000000000000000000000000001", "CNY", InvalidValue, "amount"),
        ("1E-99999999", "CNY", InvalidValue, "amount"),
        ("92233720368547758.08", "CNY", OutOfRange, "amount"),
        ("-92233720368547758.08", "CNY", OutOfRange, "amount"),
        ("1E+999999", "CNY", OutOfRange, "amount"),
        (10**4000, "CNY", OutOfRange, "amount"),
        ("1", "cny", InvalidValue, "currency"),
        ("1", "RMB", InvalidValue, "currency"),
        ("1", "XAU", InvalidValue, "currency"),
        ("1", "", InvalidValue, "currency"),
        ("1", None, WrongType, "currency"),
        ("1", ["CNY"], WrongType, "currency"),
    ],
)
def test_what_is_no_money_is_refused(amount, code, error, path):
    """Each refusal is of the fitting class and names the part and the remedy."""
    with pytest.raises(error) as refused:
        Money(amount, code)
    assert type(refused.value) is error
    assert (refused.value.path, bool(refused.value.fix)) == (path, True)


@pytest.mark.parametrize(
    ("minor", "code"),
    [
        (1.0, "CNY"),
        (True, "CNY"),
        ("1", "CNY"),
        (2**63, "CNY"),
        (1, "XAU"),
        (1, ["CNY"]),
        (1, None),
    ],
)
def test_minor_units_are_checked_too(minor, code):
    """The fast way in does not let in what the other refuses."""
    with pytest.raises(InvalidValue):
        Money.from_minor(minor, code)


def test_no_result_depends_on_the_decimal_context():
    """A thread that computes with three digits, or traps inexact results, gets the same money."""
    with localcontext(prec=3) as context:
        context.traps[Inexact] = True
        money = Money(Decimal("98765.43"), "CNY")
        assert money.minor == 9876543
        assert str(money.amount) == "98765.43"
        assert (money * 3).minor == 29629629
        assert Money.rounded(Decimal("98765.435"), "CNY").minor == 9876544
        assert money.multiply(Decimal("0.3333333")).minor == 3292181
        assert sum(part.minor for part in money.allocate([1, Decimal("2.5")])) == 9876543


@given(
    amount=st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False),
    code=CODES,
    rounding=st.sampled_from(sorted(ROUNDINGS)),
)
def test_rounding_is_the_one_of_decimal(amount, code, rounding):
    """`rounded` rounds once, as `Decimal.quantize` does with the same name."""
    quantum = Decimal(1).scaleb(-EXPONENTS[code])
    with localcontext(prec=200):
        expected = amount.quantize(quantum, rounding=rounding)
    assert Money.rounded(amount, code, rounding).amount == expected


def test_unknown_rounding_is_refused():
    """A rounding that `decimal` does not know is named."""
    with pytest.raises(InvalidValue) as refused:
        Money.rounded("1.005", "CNY", "ROUND_SOMEHOW")
    assert refused.value.path == "rounding"


@given(one=SMALL, other=SMALL, code=CODES)
def test_sums_differences_and_order_are_those_of_the_minor_units(one, other, code):
    """Money of one currency counts and compares as whole numbers do."""
    left, right = Money.from_minor(one, code), Money.from_minor(other, code)
    assert (left + right).minor == one + other
    assert (left - right).minor == one - other
    assert (-left).minor == -one
    assert abs(left).minor == abs(one)
    assert bool(left) is (one != 0)
    assert (left < right, left <= right) == (one < other, one <= other)
    assert (left > right, left >= right) == (one > other, one >= other)
    assert (left == right) is (one == other)
    assert Money.total([left, right, left]).minor == one + other + one


@pytest.mark.parametrize(
    "mix",
    [
        lambda one, other: one + other,
        lambda one, other: one - other,
        lambda one, other: one < other,
        lambda one, other: one <= other,
        lambda one, other: one > other,
        lambda one, other: one >= other,
        lambda one, other: Money.total([one, other]),
        lambda one, other: Money.total([one], currency=other.currency),
    ],
)
def test_currencies_do_not_mix(mix):
    """Two currencies in one sum or comparison are refused; they are merely unequal."""
    one, other = Money("1", "CNY"), Money("1", "USD")
    assert one != other
    with pytest.raises(MixedCurrencies) as refused:
        mix(one, other)
    assert "CNY" in str(refused.value)
    assert "USD" in str(refused.value)


@pytest.mark.parametrize("other", [1, 1.5, Decimal(1), "1", None])
def test_money_goes_with_money_only(other):
    """Adding or comparing a bare number is refused, with the way out."""
    money = Money("1", "CNY")
    for attempt in (
        lambda: money + other,
        lambda: other + money,
        lambda: money - other,
        lambda: money < other,
        lambda: Money.total([other]),
    ):
        with pytest.raises(WrongType):
            attempt()
    assert money != other


def test_total_of_nothing_needs_a_currency():
    """Nothing at all is zero of a named currency, and an error without."""
    assert Money.total([], currency="JPY") == Money(0, "JPY")
    with pytest.raises(InvalidValue):
        Money.total([])
    with pytest.raises(InvalidValue):
        Money.total([], currency="RMB")


@pytest.mark.parametrize(
    "leave",
    [
        lambda most: most + Money("0.01", "CNY"),
        lambda most: -most - Money("0.01", "CNY"),
        lambda most: most * 2,
        lambda most: most.multiply(Decimal("1E+99999999")),
        lambda most: Money.total([most, most]),
    ],
)
def test_money_stays_within_64_bits(leave):
    """A result that does not fit is refused, never wrapped or cut."""
    with pytest.raises(OutOfRange):
        leave(Money.from_minor(MAX_MINOR, "CNY"))


def test_total_may_leave_64_bits_on_its_way():
    """What counts is the sum, not the order of its parts."""
    most = Money.from_minor(MAX_MINOR, "CNY")
    assert Money.total([most, most, -most]) == most


def test_multiplying_is_exact_or_refused():
    """`*` keeps every digit or refuses; `multiply` rounds once and as told."""
    money = Money("10.01", "CNY")
    assert money * 3 == 3 * money == Money("30.03", "CNY")
    assert Money("10.00", "CNY") * Decimal("1.5") == Money("15.00", "CNY")
    with pytest.raises(InvalidValue) as refused:
        money * Decimal("1.5")
    assert "multiply" in refused.value.fix
    assert money.multiply(Decimal("1.5")) == Money("15.02", "CNY")
    assert money.multiply(Decimal("1.5"), ROUND_DOWN) == Money("15.01", "CNY")
    assert money.multiply(Decimal("0.001"), rounding=ROUND_CEILING) == Money("0.02", "CNY")


@pytest.mark.parametrize("factor", [1.5, True, "2", None, Money("1", "CNY")])
def test_factors_are_decimals_or_whole_numbers(factor):
    """Floats, texts and other money are no factors."""
    with pytest.raises(WrongType):
        Money("1", "CNY") * factor
    with pytest.raises(WrongType):
        Money("1", "CNY").multiply(factor)


@given(minor=SMALL, digits=st.integers(-(10**60), 10**60), places=st.integers(58, 70))
def test_long_factors_round_once(minor, digits, places):
    """A factor of sixty digits gives the product that fractions give, rounded half to even."""
    product = Money.from_minor(minor, "CNY").multiply(
        Decimal(digits).scaleb(-places), ROUND_HALF_EVEN
    )
    assert product.minor == round(Fraction(minor) * digits / 10**places)


@given(minor=MINOR, code=CODES, weights=WEIGHTS)
def test_allocation_adds_up_and_is_fair(minor, code, weights):
    """The parts sum to the whole, and each is its exact share rounded up or down."""
    whole = Money.from_minor(minor, code)
    parts = whole.allocate(weights)
    assert Money.total(parts) == whole
    total = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(minor) * Fraction(weight) / total - part.minor) < 1


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("0.05", [3, 7], ["0.02", "0.03"]),
        ("100", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("-100", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.01", [0, 1, 1], ["0.00", "0.01", "0.00"]),
        ("10", [Decimal("0.125"), Decimal("0.875")], ["1.25", "8.75"]),
        ("0", [5, 0], ["0.00", "0.00"]),
    ],
)
def test_allocation_by_example(amount, weights, parts):
    """What is left over goes to the largest remainders, the first of equals first."""
    assert [str(part.amount) for part in Money(amount, "CNY").allocate(weights)] == parts


@pytest.mark.parametrize(
    "weights",
    [[], [0, 0], [1, -1], [1, 0.5], [1, True], [Decimal("NaN")], [Decimal("1E-99999999"), 1]],
)
def test_weights_that_cannot_be_meant_are_refused(weights):
    """No weights, negative, inexact or endless ones are refused, naming the weights."""
    with pytest.raises(InvalidValue) as refused:
        Money("1", "CNY").allocate(weights)
    assert refused.value.path.startswith("weights")


@given(minor=SMALL, parts=st.integers(1, 60))
def test_splits_differ_by_one_minor_unit_at_most(minor, parts):
    """Even parts add up and are as even as the currency allows."""
    split = [part.minor for part in Money.from_minor(minor, "CNY").split(parts)]
    assert (sum(split), len(split)) == (minor, parts)
    assert max(split) - min(split) <= 1


@pytest.mark.parametrize("parts", [0, -1, 1.0, True, "2", MOST_PARTS + 1])
def test_parts_are_counted_in_whole_numbers(parts):
    """Nothing is split into no part, half a part or endless parts."""
    with pytest.raises(InvalidValue):
        Money("1", "CNY").split(parts)


def test_money_is_a_value():
    """It is frozen, hashed by what it is, and survives copying and pickling."""
    money = Money("9.90", "CNY")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        money.minor = 1
    assert not hasattr(money, "__dict__")
    assert {money, Money("9.9", "CNY"), Money("9.9", "USD")} == {money, Money("9.90", "USD")}
    assert pickle.loads(pickle.dumps(money)) == copy.deepcopy(money) == money


def test_exponents_are_those_of_iso_4217(shared):
    """Every code of the published table has its exponent; those without one are refused."""
    table = ET.parse(shared / "corpora" / "currency" / "iso4217_table.xml")
    published = {
        entry.findtext("Ccy"): entry.findtext("CcyMnrUnts")
        for entry in table.iter("CcyNtry")
        if entry.findtext("Ccy")
    }
    counted = {code: int(units) for code, units in published.items() if units.isdigit()}
    assert counted.items() <= EXPONENTS.items()
    for code in published.keys() - counted.keys():
        with pytest.raises(InvalidValue):
            exponent_of(code)


def test_amounts_are_written_as_unicode_cldr_writes_them(shared):
    """480 published amounts of ten languages are rounded and written alike."""
    judged = json.loads(
        (shared / "corpora" / "currency" / "babel_format_currency.json").read_text(encoding="utf-8")
    )
    for case in judged:
        money = Money.rounded(case["amount"], case["currency"])
        written = money.format(case["locale"])
        if not money and case["amount"].startswith("-"):
            assert written == Money(0, case["currency"]).format(case["locale"])
        else:
            assert written == case["formatted"]
    assert len(judged) == 480


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("zh", "¥98,000.00"),
        ("zh-TW", "¥98,000.00"),
        ("en_GB", "CN¥98,000.00"),
        ("de-CH", "CN¥\u00a098’000.00"),
    ],
)
def test_regions_are_taken_for_their_language(locale, written):
    """A region without a way of its own writes as its language does."""
    assert Money("98000", "CNY").format(locale) == written


@pytest.mark.parametrize("locale", ["", "tlh", "../zh", "ZH"])
def test_unknown_languages_are_refused(locale):
    """A language that crmkit cannot write money in is refused with those it can."""
    with pytest.raises(InvalidValue) as refused:
        Money("1", "CNY").format(locale)
    assert "zh" in refused.value.fix


@pytest.mark.parametrize(
    ("amount", "capital"),
    [
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("0", "零元整"),
        ("10", "壹拾元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角"),
        ("100000005", "壹亿零伍元整"),
        ("105000000", "壹亿零伍佰万元整"),
        ("1000000000000", "壹万亿元整"),
        ("-98000.50", "负玖万捌仟元零伍角"),
    ],
)
def test_capital_amounts_follow_the_central_bank(amount, capital):
    """The examples of the rule for cheques, and the edges around them."""
    assert capital_cny(Money(amount, "CNY")) == capital


@given(minor=MINOR)
def test_capital_amounts_read_back(minor):
    """Reading the characters gives the amount again, so no two amounts are written alike."""
    assert _read_capital(capital_cny(Money.from_minor(minor, "CNY"))) == minor


def test_capital_amounts_are_for_yuan():
    """Dollars have no capital amount."""
    with pytest.raises(InvalidValue):
        capital_cny(Money("1", "USD"))


def _read_capital(text):
    sign = -1 if text.startswith("负") else 1
    whole, _, part = text.lstrip("负").rpartition("元")
    cents = digit = 0
    for character in part:
        if character in "角分":
            cents += digit * (10 if character == "角" else 1)
        digit = max("零壹贰叁肆伍陆柒捌玖".find(character), 0)
    return sign * (_read_whole(whole) * 100 + cents)


def _read_whole(text):
    for unit, size in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        high, found, low = text.rpartition(unit)
        if found:
            return _read_whole(high) * size + _read_whole(low)
    return max("零壹贰叁肆伍陆柒捌玖".find(text.strip("零") or "零"), 0)


def test_every_refusal_is_one_of_the_error_page():
    """Nothing that money refuses leaks an error of `decimal`."""
    for amount in ("1E+99999999999999999999", "٣", "1__0", "0x10", "--1", "1.2.3", "∞", "\ud800"):
        try:
            assert Money.rounded(amount, "CNY", ROUND_HALF_UP).currency == "CNY"
        except CrmkitError as refused:
            assert refused.path == "amount"


WHOLE = (
    "minor: minor units are a whole number, not float (write Money('9.99', currency) for an amount)"
)
REFUSED = [
    (lambda: Money.from_minor(1.5, "CNY"), WHOLE),
    (
        lambda: Money(1, "CNY") + Money(1, "JPY"),
        "currency: CNY and JPY do not mix (convert one of them first)",
    ),
    (
        lambda: Money.total([]),
        "currency: the total of nothing has no currency (name one)",
    ),
    (lambda: Money(1, "CNY").split("2"), "parts: parts are a whole number (such as 12)"),
    (
        lambda: Money(1, "CNY").split(0),
        f"parts: 1 to {MOST_PARTS:,} parts (split less finely)",
    ),
]


@pytest.mark.parametrize(("act", "told"), REFUSED)
def test_refusal_names_the_place_and_the_fix(act, told):
    """Whoever reads it knows what was wrong, where, and what to write instead."""
    with pytest.raises(CrmkitError) as refused:
        act()
    assert str(refused.value) == told
