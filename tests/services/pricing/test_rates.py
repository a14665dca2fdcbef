"""Tax rates and exchange rates by day: the right one for each day, on every store."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.money import Money
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.exchange_rate import Conversion, ExchangeRateUnknown
from crmkit.domain.sales.tax_rate import (
    TaxRatesOverlap,
    TaxRateUnknown,
    TaxRule,
    TaxTable,
    check_tax_rules,
)
from crmkit.errors import CrmkitError, InvalidValue
from crmkit.services import sales
from crmkit.work import UnitOfWork
from tests.services.pricing.desk import Desk


@pytest.mark.parametrize(
    ("kind", "day", "percent"),
    [
        ("goods", "2018-04-30", 17),
        ("goods", "2018-05-01", 16),
        ("goods", "2019-03-31", 16),
        ("goods", "2019-04-01", 13),
        ("goods", "2026-11-29", 13),
        ("basics", "2018-06-01", 10),
        ("basics", "2026-11-29", 9),
        ("services", "2026-11-29", 6),
        ("small_scale", "2026-11-29", 3),
        ("small_scale_reduced", "2022-05-01", 0),
        ("small_scale_reduced", "2026-11-29", 1),
        ("export", "2026-11-29", 0),
        ("exempt", "2026-11-29", 0),
    ],
)
def test_chinese_vat_is_what_it_was_on_each_day(kind: str, day: str, percent: int) -> None:
    """13, 9, 6, 3, 1 and 0 per cent today, and what they were before."""
    rule = TaxTable(CHINESE_VAT).rule_for(kind, date.fromisoformat(day))
    assert rule.percent == percent
    assert rule.labels["zh"]
    assert rule.basis


def test_a_reduction_that_ended_is_not_guessed() -> None:
    """After its last day no rate is known, and the refusal names those that are."""
    with pytest.raises(TaxRateUnknown, match="goods") as caught:
        TaxTable(CHINESE_VAT).rule_for("small_scale_reduced", date(2028, 1, 1))
    assert caught.value.path == "tax_kind"
    with pytest.raises(TaxRateUnknown, match="load tax rates"):
        TaxTable(()).rule_for("goods", date(2026, 1, 1))


def test_chinese_vat_has_one_rate_a_day() -> None:
    """No two rules of a kind overlap."""
    check_tax_rules(CHINESE_VAT)


def test_tax_rates_are_loaded_once_and_changed(desk: Desk) -> None:
    """Loading again changes nothing; a rule of the same first day is replaced."""
    with desk.work() as unit:
        written = sales.load_tax_rates(unit, CHINESE_VAT)
    with desk.work() as unit:
        again = sales.load_tax_rates(unit, CHINESE_VAT)
        assert {rate.version for rate in again} == {1}
        assert sales.tax_table(unit).rule_for("goods", date(2026, 1, 1)).percent == 13
    assert len(written) == len(CHINESE_VAT)
    goods = next(rule for rule in CHINESE_VAT if rule.percent == 13)
    ends = TaxRule(
        kind="goods",
        percent=goods.percent,
        valid_from=goods.valid_from,
        valid_to=date(2026, 12, 31),
    )
    new = TaxRule(kind="goods", percent=Decimal(11), valid_from=date(2027, 1, 1))
    with pytest.raises(TaxRatesOverlap), desk.work() as unit:
        sales.load_tax_rates(unit, [new])
    with desk.work() as unit:
        sales.load_tax_rates(unit, [new, ends])
    with desk.work() as unit:
        assert sales.tax_table(unit).rule_for("goods", date(2027, 1, 1)).percent == 11


def test_the_latest_rate_on_or_before_a_day_counts(desk: Desk) -> None:
    """Given or turned round; setting it again for the same day replaces it."""
    with desk.work() as unit:
        sales.set_exchange_rate(unit, "USD", "CNY", Decimal("7.10"), day=date(2026, 1, 1))
        sales.set_exchange_rate(unit, "USD", "CNY", Decimal("7.00"), day=date(2026, 6, 1))
        sales.set_exchange_rate(unit, "USD", "CNY", Decimal("7.05"), day=date(2026, 6, 1))
    with desk.work() as unit:
        spring = sales.exchange(unit, "USD", "CNY", day=date(2026, 5, 31))
        summer = sales.exchange(unit, "USD", "CNY", day=date(2026, 7, 1))
        back = sales.exchange(unit, "CNY", "USD", day=date(2026, 7, 1))
        same = sales.exchange(unit, "CNY", "CNY", day=date(2026, 7, 1))
    assert (spring.rate, summer.rate, summer.day) == (
        Decimal("7.10"),
        Decimal("7.05"),
        date(2026, 6, 1),
    )
    assert summer.convert(Money("100.00", "USD")) == Money("705.00", "CNY")
    assert back.convert(Money("705.00", "CNY")) == Money("100.00", "USD")
    assert same.convert(Money(5, "CNY")) == Money(5, "CNY")
    with pytest.raises(ExchangeRateUnknown), desk.work() as unit:
        sales.exchange(unit, "USD", "CNY", day=date(2025, 12, 31))
    with pytest.raises(ExchangeRateUnknown), desk.work() as unit:
        sales.exchange(unit, "USD", "EUR")


def test_wrong_rates_name_the_field(near_desk: Desk) -> None:
    """Each is refused by one error that says where."""
    cases: list[tuple[Callable[[UnitOfWork], object], str]] = [
        (
            lambda unit: sales.set_exchange_rate(unit, "USD", "USD", Decimal(1)),
            "exchange_rate.into",
        ),
        (
            lambda unit: sales.set_exchange_rate(unit, "USD", "CNY", Decimal(0)),
            "exchange_rate.rate",
        ),
        (lambda unit: sales.set_exchange_rate(unit, "USD", "RMB", Decimal(7)), "currency"),
    ]
    for call, path in cases:
        with pytest.raises(CrmkitError) as caught, near_desk.work() as unit:
            call(unit)
        assert caught.value.path == path
    since = date(2026, 1, 1)
    for percent, until in ((101, None), (13, since - timedelta(1))):
        with pytest.raises(InvalidValue):
            TaxRule(kind="x", percent=Decimal(percent), valid_from=since, valid_to=until)
    dollars = Conversion(currency="USD", into="CNY", day=since, rate=Decimal(7))
    with pytest.raises(InvalidValue, match="for USD, not EUR"):
        dollars.convert(Money(1, "EUR"))


@given(
    cents=st.integers(0, 10**9),
    rate=st.decimals("0.0001", "9999", places=4),
)
def test_a_rate_turned_round_brings_back_what_was_converted(cents: int, rate: Decimal) -> None:
    """To within the rounding of both ways, in the coarser of the two currencies."""
    there = Conversion(currency="USD", into="CNY", day=date(2026, 1, 1), rate=rate)
    money = Money.from_minor(cents, "USD")
    back = there.turned().convert(there.convert(money))
    off = abs(back.minor - cents)
    assert off <= 1 + 1 / (2 * rate) + Decimal(cents) * rate * Decimal("1e-12")
