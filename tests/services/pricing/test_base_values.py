"""What deals are worth in the company's own currency: frozen at close, and today."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.exchange_rate import ExchangeRateUnknown
from crmkit.errors import InvalidValue
from crmkit.plugins.builtin import BaseCurrency
from crmkit.services import sales
from tests.services.pricing.desk import Desk


def opened(desk: Desk, value: Money | None) -> Deal:
    """Open a deal of a value, with a rate of two days ago."""
    with desk.work() as work:
        pipeline = work.pipelines.first() or sales.define_pipeline(work, "直销")
        before = work.now.date() - timedelta(2)
        sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.10"), day=before)
        return sales.open_deal(work, name="出口", pipeline=pipeline.id, value=value)


def test_the_rate_of_a_closed_deal_stays(desk: Desk) -> None:
    """It is worth what it was when it was won, and what it is today."""
    deal = opened(desk, Money(1000, "USD"))
    own = opened(desk, Money(500, "CNY"))
    nothing = opened(desk, None)
    with desk.work() as work:
        for each in (deal, own, nothing):
            sales.win_deal(work, each.id)
        day = work.now.date()
    with desk.work() as work:
        sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.20"), day=day - timedelta(1))
    with desk.work() as work:
        rate = work.deals.get(deal.id).closing_rate
        found = {value.deal_id: value for value in sales.base_values(work, "CNY")}
        dollars = {value.deal_id: value for value in sales.base_values(work, "USD")}
    assert rate
    assert (rate.rate, rate.day) == (Decimal("7.10"), day - timedelta(2))
    assert (found[deal.id].frozen, found[deal.id].live) == (Money(7100, "CNY"), Money(7200, "CNY"))
    assert found[own.id].frozen == found[own.id].live == Money(500, "CNY")
    assert nothing.id not in found
    assert dollars[deal.id].frozen is None
    with desk.work() as work:
        sales.reopen_deal(work, deal.id)
    with desk.work() as work:
        assert work.deals.get(deal.id).closing_rate is None
        found = {value.deal_id: value for value in sales.base_values(work, "CNY")}
    assert (found[deal.id].frozen, found[deal.id].live) == (None, Money(7200, "CNY"))


def test_a_deal_without_a_rate_is_not_closed_silently(desk: Desk) -> None:
    """The refusal names the currencies, and the deal stays open."""
    deal = opened(desk, Money(1000, "EUR"))
    with pytest.raises(ExchangeRateUnknown, match="EUR into CNY"), desk.work() as work:
        sales.lose_deal(work, deal.id)
    with desk.work() as work:
        assert work.deals.get(deal.id).is_open
    with pytest.raises(InvalidValue):
        BaseCurrency("RMB")
