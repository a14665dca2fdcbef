"""Lines, discounts, taxes and rounding always add up: in any order, in any currency."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.money import Money
from crmkit.domain.sales.discount import Discount, DiscountTooLarge
from crmkit.domain.sales.settling import (
    Charge,
    Settled,
    TaxRounding,
    Terms,
    Totals,
    settle,
    totals,
)
from crmkit.errors import InvalidValue, MixedCurrencies

RATES = (0, 1, 3, 6, 9, 13, Decimal("7.625"))


def percents() -> st.SearchStrategy[Decimal]:
    """Give percentages with up to four places."""
    return st.decimals(0, 100, places=4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Charge], Terms]:
    """Give lines and terms in any currency of ISO 4217."""
    currency = draw(st.sampled_from(sorted(EXPONENTS)))
    charges = draw(st.lists(_charges(currency), min_size=1, max_size=12))
    off = st.sampled_from((10, 50)).map(Decimal) | percents()
    discount = draw(st.none() | off.map(lambda percent: Discount(percent=percent)))
    terms = Terms(
        currency=currency,
        tax_included=draw(st.booleans()),
        rounding=draw(st.sampled_from(TaxRounding)),
        discount=discount,
    )
    return charges, terms


def _charges(currency: str) -> st.SearchStrategy[Charge]:
    return st.builds(
        _charge,
        st.integers(0, 9) | st.integers(0, 10**12),
        st.sampled_from(RATES),
        st.none() | percents() | st.integers(0, 10**12),
        st.just(currency),
    )


def _charge(minor: int, percent: Decimal, off: Decimal | int | None, currency: str) -> Charge:
    discount = None
    if isinstance(off, Decimal):
        discount = Discount(percent=off)
    elif off is not None:
        discount = Discount(amount=Money.from_minor(min(off, minor), currency))
    return Charge(minor, int(Decimal(percent) * 10**6), discount)


@given(cases())
def test_the_sum_of_the_lines_is_the_total(case: tuple[list[Charge], Terms]) -> None:
    """Before discounts, discounts, net, tax and gross, and tax by rate; nothing is below zero."""
    charges, terms = case
    settled = settle(charges, terms)
    whole = totals(charges, settled, terms.currency)
    assert whole.amount.minor == sum(charge.minor for charge in charges)
    assert whole.gross.minor == sum(line.gross for line in settled)
    assert whole.net + whole.tax == whole.gross
    assert sum(rate.tax.minor for rate in whole.taxes) == whole.tax.minor
    assert sum(rate.net.minor for rate in whole.taxes) == whole.net.minor
    priced = whole.gross if terms.tax_included else whole.net
    assert whole.amount - whole.discount == priced
    assert all(min(line.net, line.tax, line.discount, line.share) >= 0 for line in settled)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(
    case: tuple[list[Charge], Terms],
    random: Random,
) -> None:
    """Whatever the order, each total stays, and so do the figures that lines get."""
    charges, terms = case
    mixed = list(charges)
    random.shuffle(mixed)
    assert _totals(mixed, terms) == _totals(charges, terms)
    assert _figures(settle(mixed, terms)) == _figures(settle(charges, terms))


def test_a_cent_goes_to_the_same_tax_rate_in_any_order() -> None:
    """Two equal lines at 13 % and 6 %, one cent off the document: the 13 % line has it."""
    charges = [Charge(100, 13_000_000), Charge(100, 6_000_000)]
    terms = Terms(currency="CNY", discount=Discount(amount=Money("0.01", "CNY")))
    for lines in (charges, charges[::-1]):
        assert [rate.net.minor for rate in _totals(lines, terms).taxes] == [99, 100]


@given(cases())
def test_tax_of_the_document_is_right_for_each_rate(case: tuple[list[Charge], Terms]) -> None:
    """Within half a unit of exact, rounded once per rate; within half a unit a line otherwise."""
    charges, terms = case
    whole = _totals(charges, terms)
    for rate in whole.taxes:
        exact = rate.net.minor * rate.percent / 100
        lines = sum(int(rate.percent * 10**6) == charge.percent for charge in charges)
        most = 1 if terms.rounding is TaxRounding.DOCUMENT else lines
        assert abs(rate.tax.minor - exact) <= Decimal(most) / 2 * (1 + rate.percent / 100)


@given(cases())
def test_a_discount_on_the_document_loses_no_cent(case: tuple[list[Charge], Terms]) -> None:
    """The shares add up to it, and no line pays more than it costs."""
    charges, terms = case
    left = sum(line.minor - line.discount for line in settle(charges, terms))
    given_off = Money.from_minor(left // 3, terms.currency)
    settled = settle(charges, attrs.evolve(terms, discount=Discount(amount=given_off)))
    assert sum(line.share for line in settled) == given_off.minor
    assert all(line.share <= line.minor - line.discount for line in settled)


def test_two_small_prices_with_tax_are_216() -> None:
    """No cent is lost or found: 8 lines of 27.00, tax included, are 216.00 by any rounding."""
    charges = [Charge(2700, 19_000_000)] * 8
    for rounding in TaxRounding:
        terms = Terms(currency="EUR", tax_included=True, rounding=rounding)
        assert _totals(charges, terms).gross == Money("216.00", "EUR")


def test_tax_rounded_once_differs_from_tax_rounded_by_line() -> None:
    """Three lines of 0.33 at 13 %: 0.12 by line, 0.13 by document, shared out by cost."""
    charges = [Charge(33, 13_000_000)] * 3
    by_line = settle(charges, Terms(currency="CNY"))
    by_document = settle(charges, Terms(currency="CNY", rounding=TaxRounding.DOCUMENT))
    assert [line.tax for line in by_line] == [4, 4, 4]
    assert sorted(line.tax for line in by_document) == [4, 4, 5]


def test_wrong_discounts_name_the_field() -> None:
    """In another currency, or more than there is, on a line and on the document."""
    charge = Charge(100, 0, Discount(amount=Money("1.01", "CNY")), key="7")
    with pytest.raises(DiscountTooLarge) as caught:
        settle([charge], Terms(currency="CNY"))
    assert caught.value.path == "lines.7.discount.amount"
    dollars = Discount(amount=Money(1, "USD"))
    with pytest.raises(MixedCurrencies) as mixed:
        settle([Charge(100, 0)], Terms(currency="CNY", discount=dollars))
    assert mixed.value.path == "discount.amount"
    for percent, amount in ((None, None), (Decimal(1), Money(1, "CNY"))):
        with pytest.raises(InvalidValue, match="one of them"):
            Discount(percent=percent, amount=amount)
    with pytest.raises(InvalidValue, match="between 0 and 100"):
        Discount(percent=Decimal(101))
    with pytest.raises(InvalidValue, match="below zero"):
        Discount(amount=Money(-1, "CNY"))
    with pytest.raises(InvalidValue, match="places"):
        Discount(percent=Decimal("0.1234567"))


def _totals(charges: Sequence[Charge], terms: Terms) -> Totals:
    return totals(charges, settle(charges, terms), terms.currency)


def _figures(settled: Sequence[Settled]) -> list[tuple[int, ...]]:
    return sorted(attrs.astuple(line) for line in settled)
