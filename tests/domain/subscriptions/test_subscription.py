"""Subscriptions: days of billing, shares of a price to the day, and a bridge that adds up."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.ids import UuidSequence
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.deal_parts import Period
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.billing import BillingPeriod, Terms, boundary, periods
from crmkit.domain.subscriptions.bridge import BridgeStep, bridges
from crmkit.domain.subscriptions.subscription import (
    Fact,
    FactKind,
    FactsAreKept,
    Subscription,
    SubscriptionId,
    SubscriptionIsOver,
    SubscriptionNotRunning,
)
from crmkit.errors import InvalidValue

IDS = UuidSequence()
AT = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def terms(price: str = "300", quantity: int = 1, every: Period = Period.MONTH) -> Terms:
    """Return terms in yuan."""
    return Terms(plan="云监测", quantity=quantity, price=Money(price, "CNY"), every=every)


def fact(kind: FactKind, on: date, what: Terms | None = None) -> Fact:
    """Return a fact."""
    return Fact(kind=kind, on=on, terms=what or terms(), at=AT, by="li")


def started(on: date, what: Terms | None = None, **fields: Any) -> Subscription:
    """Return a subscription that was started."""
    new = Subscription(id=SubscriptionId(IDS.next_id(AT)), **fields)
    return new.start(fact(FactKind.STARTED, on, what))


def changed(one: Subscription, on: date, what: Terms) -> Subscription:
    """Return it with other terms."""
    return one.change(what, fact(FactKind.UPGRADED, on))


def stopped(one: Subscription, kind: FactKind, on: date) -> Subscription:
    """Return it paused, resumed or cancelled."""
    deeds = {
        FactKind.PAUSED: one.pause,
        FactKind.RESUMED: one.resume,
        FactKind.CANCELLED: one.cancel,
    }
    return deeds[kind](fact(kind, on, one.terms))


def test_periods_keep_the_day_of_the_anchor() -> None:
    """A month without the day gives its last one, and the next month has the day again."""
    anchor = date(2024, 1, 31)
    found = [boundary(anchor, Period.MONTH, number).isoformat()[5:] for number in range(5)]
    assert found == ["01-31", "02-29", "03-31", "04-30", "05-31"]
    assert boundary(date(2024, 2, 29), Period.YEAR, 1) == date(2025, 2, 28)
    assert boundary(date(2024, 2, 29), Period.YEAR, 4) == date(2028, 2, 29)
    assert boundary(date(2026, 11, 30), Period.QUARTER, 1) == date(2027, 2, 28)


@given(anchor=DAYS, every=st.sampled_from(Period), first=DAYS, days=st.integers(1, 900))
def test_periods_cover_the_days_without_a_gap(
    anchor: date, every: Period, first: date, days: int
) -> None:
    """Every day asked for lies in exactly one period."""
    end = first + timedelta(days=days)
    found = list(periods(anchor, every, first, end))
    assert found[0].first <= first < found[0].end
    assert found[-1].first < end <= found[-1].end
    assert all(one.end == other.first for one, other in pairwise(found))


@given(
    minor=st.integers(0, 10**9),
    cuts=st.lists(st.integers(0, 31), max_size=5),
)
def test_shares_that_fill_a_period_cost_it_exactly(minor: int, cuts: list[int]) -> None:
    """However a period is cut into stretches, they cost together what the period costs."""
    period = BillingPeriod(first=date(2026, 1, 1), end=date(2026, 2, 1))
    amount = Money.from_minor(minor, "CNY")
    days = [period.first + timedelta(days=cut) for cut in sorted({0, *cuts, 31})]
    shares = [period.share(amount, one, other) for one, other in pairwise(days)]
    assert Money.total(shares) == amount


def test_an_upgrade_is_charged_to_the_day() -> None:
    """Ten days of the old terms and twenty of the new ones, each by its share of thirty days."""
    one = changed(started(date(2026, 4, 1)), date(2026, 4, 11), terms(quantity=3))
    found = one.charges(date(2026, 4, 1), date(2026, 6, 1))
    assert [(charge.first.day, str(charge.amount)) for charge in found] == [
        (1, "100.00 CNY"),
        (11, "600.00 CNY"),
        (1, "900.00 CNY"),
    ]
    assert [fact.kind for fact in one.facts] == [FactKind.STARTED, FactKind.UPGRADED]


def test_a_change_after_paying_ahead_gives_back_and_charges() -> None:
    """The rest of the old period is credited; the new terms are charged for as many days."""
    one = started(date(2026, 4, 1))
    found = one.prorate(terms(quantity=3), date(2026, 4, 11))
    assert (str(found.credit), str(found.charge), str(found.due)) == (
        "200.00 CNY",
        "600.00 CNY",
        "400.00 CNY",
    )
    yearly = one.prorate(terms("3000", every=Period.YEAR), date(2026, 4, 11))
    assert str(yearly.due) == "2800.00 CNY"


def test_neither_trial_nor_pause_is_paid() -> None:
    """Periods begin when the trial ends; days of a pause cost nothing; the end ends it."""
    one = started(date(2026, 3, 15), trial_until=date(2026, 4, 1))
    one = stopped(one, FactKind.PAUSED, date(2026, 4, 11))
    one = stopped(one, FactKind.RESUMED, date(2026, 4, 21))
    one = stopped(one, FactKind.CANCELLED, date(2026, 5, 16))
    found = one.charges(date(2026, 3, 1), date(2027, 1, 1))
    assert [(charge.first.isoformat(), str(charge.amount)) for charge in found] == [
        ("2026-04-01", "100.00 CNY"),
        ("2026-04-21", "100.00 CNY"),
        ("2026-05-01", "145.16 CNY"),
    ]
    assert (one.renews_on(date(2026, 5, 2)), one.ended_on) == (None, date(2026, 5, 16))
    assert one.mrr(date(2026, 3, 20)) == one.mrr(date(2026, 4, 15)) == Money(0, "CNY")


def test_the_next_renewal_is_known() -> None:
    """It is the next day on which a period begins; before paying began, the day of that."""
    one = started(date(2026, 1, 31), trial_until=date(2026, 1, 31))
    assert one.renews_on(date(2026, 1, 1)) == date(2026, 1, 31)
    assert one.renews_on(date(2026, 1, 31)) == date(2026, 2, 28)
    assert one.renews_on(date(2026, 2, 28)) == date(2026, 3, 31)


def test_what_cannot_be_is_refused() -> None:
    """Over is over, paused is paused, facts are kept in order, currencies stay."""
    one = started(date(2026, 1, 1))
    paused = stopped(one, FactKind.PAUSED, date(2026, 2, 1))
    over = stopped(one, FactKind.CANCELLED, date(2026, 2, 1))
    with pytest.raises(SubscriptionNotRunning):
        changed(paused, date(2026, 3, 1), terms())
    with pytest.raises(SubscriptionNotRunning):
        stopped(one, FactKind.RESUMED, date(2026, 3, 1))
    with pytest.raises(SubscriptionIsOver):
        stopped(over, FactKind.PAUSED, date(2026, 3, 1))
    with pytest.raises(InvalidValue, match="lies before"):
        stopped(paused, FactKind.CANCELLED, date(2026, 1, 2))
    with pytest.raises(InvalidValue, match="another currency"):
        changed(one, date(2026, 3, 1), Terms(plan="x", quantity=1, price=Money("1", "USD")))
    with pytest.raises(FactsAreKept):
        one.evolve(facts=()).check_step(paused)
    with pytest.raises(InvalidValue, match="one or more"):
        terms(quantity=0)


PRICES = st.tuples(st.integers(0, 10**7), st.integers(1, 40), st.sampled_from(Period))


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    """Draw a subscription and what happened to it."""

    def drawn(currency: str) -> Terms:
        minor, quantity, every = draw(PRICES)
        price = Money.from_minor(minor, currency)
        return Terms(plan="p", quantity=quantity, price=price, every=every)

    currency = draw(st.sampled_from(["CNY", "USD"]))
    day = draw(DAYS)
    customer = CustomerId(_CUSTOMERS[draw(st.integers(0, 2))])
    trial = draw(st.none() | st.integers(0, 60).map(lambda days: day + timedelta(days=days)))
    one = started(day, drawn(currency), customer_id=customer, trial_until=trial)
    for deed in draw(st.lists(st.sampled_from(["change", "stop", "end"]), max_size=5)):
        day += timedelta(days=draw(st.integers(0, 70)))
        if one.ended_on is not None:
            break
        if deed == "end":
            one = stopped(one, FactKind.CANCELLED, day)
        elif deed == "stop" or one.is_paused:
            kind = FactKind.RESUMED if one.is_paused else FactKind.PAUSED
            one = stopped(one, kind, day)
        else:
            one = changed(one, day, drawn(currency))
    return one


_CUSTOMERS = [IDS.next_id(AT) for _ in range(3)]


@given(st.lists(subscriptions(), max_size=6), st.integers(2024, 2028), st.integers(1, 12))
def test_opening_and_steps_are_closing(drawn: list[Subscription], year: int, month: int) -> None:
    """In every currency and month the bridge adds up, and begins where the one before ended."""
    span = Span.month(year, month)
    before = span.first - timedelta(days=1)
    earlier = Span.month(before.year, before.month)
    for bridge, old in zip(bridges(drawn, span), bridges(drawn, earlier), strict=True):
        assert Money.total([bridge.opening, *bridge.steps.values()]) == bridge.closing
        assert bridge.opening == old.closing
        assert bridge.steps[BridgeStep.CHURN].minor <= 0 <= bridge.steps[BridgeStep.NEW].minor


@given(subscriptions(), DAYS, st.integers(0, 400), st.integers(0, 400))
def test_charges_of_parts_are_charges_of_the_whole(
    one: Subscription, first: date, days: int, more: int
) -> None:
    """Whatever is asked for day by day or at once costs the same."""
    middle = first + timedelta(days=days)
    end = middle + timedelta(days=more)
    parts = [*one.charges(first, middle), *one.charges(middle, end)]
    currency = one.terms.price.currency
    whole = Money.total((charge.amount for charge in one.charges(first, end)), currency)
    assert Money.total((charge.amount for charge in parts), currency) == whole


def test_each_step_of_the_bridge_has_its_name() -> None:
    """New, grown, shrunk, gone and come back are told apart, by customer."""
    customer = CustomerId(_CUSTOMERS[0])
    one = started(date(2026, 1, 5), customer_id=customer)
    one = changed(one, date(2026, 2, 5), terms(quantity=3))
    one = changed(one, date(2026, 3, 5), terms(quantity=2))
    one = stopped(one, FactKind.CANCELLED, date(2026, 4, 5))
    two = started(date(2026, 5, 5), customer_id=customer)
    told = []
    for month in range(1, 6):
        (bridge,) = bridges([one, two], Span.month(2026, month))
        told += [(turn.step, str(turn.amount)) for turn in bridge.turns]
    assert told == [
        (BridgeStep.NEW, "300.00 CNY"),
        (BridgeStep.EXPANSION, "600.00 CNY"),
        (BridgeStep.CONTRACTION, "-300.00 CNY"),
        (BridgeStep.CHURN, "-600.00 CNY"),
        (BridgeStep.REACTIVATION, "300.00 CNY"),
    ]
