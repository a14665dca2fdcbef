"""VAT: dated rates, splits to the fen, the refund on software products."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.estimates.levels import TaxProfile
from crmkit.domain.estimates.vat import split_vat, vat_rate, vat_refund
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue


@pytest.mark.parametrize(
    ("gross", "rate", "net", "vat"),
    [("106000", "0.06", "100000", "6000"), ("113000", "0.13", "100000", "13000")],
)
def test_split(gross: str, rate: str, net: str, vat: str) -> None:
    """Net and tax of a price that contains it."""
    split = split_vat(Money(gross, "CNY"), Decimal(rate))
    assert split == (Money(net, "CNY"), Money(vat, "CNY"))


@given(st.integers(0, 10**12), st.sampled_from(TaxProfile))
def test_split_adds_up(minor: int, profile: TaxProfile) -> None:
    """To the fen, whatever the rate."""
    gross = Money.from_minor(minor, "CNY")
    net, vat = split_vat(gross, vat_rate(profile).rate)
    assert net + vat == gross
    assert vat >= Money(0, "CNY")


def test_refund_above_three_percent() -> None:
    """Caishui [2011] 100: 13,000 payable on sales of 100,000 give 10,000 back."""
    assert vat_refund(Money("100000", "CNY"), Money("13000", "CNY")) == Money("10000", "CNY")
    assert vat_refund(Money("100000", "CNY"), Money("2000", "CNY")) == Money("0", "CNY")


def test_rates_are_dated() -> None:
    """The rate of the day; a day that no notice covers is refused."""
    assert vat_rate(TaxProfile.SMALL_SCALE, date(2026, 11, 1)).rate == Decimal("0.01")
    assert vat_rate(TaxProfile.SMALL_SCALE, date(2028, 1, 1)).rate == Decimal("0.03")
    assert vat_rate(TaxProfile.SOFTWARE_PRODUCT, date(2018, 6, 1)).rate == Decimal("0.16")
    assert vat_rate(TaxProfile.SMALL_SCALE).rate == Decimal("0.01")
    with pytest.raises(InvalidValue, match=r"scope\.as_of: no VAT rate of services"):
        vat_rate(TaxProfile.SERVICES, date(2015, 1, 1))
