"""Subscriptions: terms that hold from a day on, and the facts that changed them."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.span import check_end
from crmkit.domain.subscriptions.billing import BillingPeriod, Terms, periods
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken

SubscriptionId = NewType("SubscriptionId", UUID)


class FactKind(StrEnum):
    """What happened to a subscription."""

    STARTED = "started"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"


_PAID: Final = (FactKind.STARTED, FactKind.UPGRADED, FactKind.DOWNGRADED, FactKind.RESUMED)


class SubscriptionIsOver(RuleBroken):
    """The subscription was cancelled."""


class SubscriptionNotRunning(RuleBroken):
    """The subscription is paused, or was not."""


class FactsAreKept(RuleBroken):
    """What happened stays as it was written; another fact follows it."""


@attrs.frozen(kw_only=True)
class SubscriptionMoved(Event):
    """Something happened to a subscription."""

    subscription_id: SubscriptionId
    kind: FactKind
    on: date


@attrs.frozen(kw_only=True)
class Fact:
    """One thing that happened: which terms hold from a day on, written down by whom and when."""

    kind: FactKind
    on: date
    terms: Terms
    at: datetime
    by: Annotated[str, Text(max_length=200)]
    reason: Annotated[str, Text(max_length=1000)] | None = None


@attrs.frozen(kw_only=True)
class Stretch:
    """Days from `first` up to `end` (None: for good) on which terms are paid, period by period."""

    first: date
    end: date | None
    terms: Terms
    anchor: date


@attrs.frozen(kw_only=True)
class Charge:
    """What the days from `first` up to `end` of a billing period cost."""

    period: BillingPeriod
    first: date
    end: date
    terms: Terms
    amount: Money


@attrs.frozen(kw_only=True)
class Proration:
    """What a change in the middle of a period that was paid ahead gives back, and costs."""

    credit: Money
    charge: Money

    @property
    def due(self) -> Money:
        """Return what is still to be paid; below nothing when more is given back."""
        return self.charge - self.credit


@keeps(financial=("facts",), about=("customer_id",))
@entity(
    "subscription",
    unique=[Unique("number")],
    indexes=[Index("customer_id")],
    labels={"en": "Subscription", "zh": "订阅"},
    events=(SubscriptionMoved,),
)
@attrs.frozen(kw_only=True)
class Subscription(Aggregate):
    """What one customer pays for until it is cancelled; nothing is paid in the days of a trial.

    Periods begin on the day of the month on which paying began, at the end of a trial if there is
    one. `facts` are in order of their days, and are never changed.
    """

    id: SubscriptionId
    number: Annotated[str, Text(max_length=100)] | None = None
    customer_id: CustomerId | None = None
    trial_until: date | None = None
    facts: tuple[Fact, ...] = ()

    def check_step(self, before: Any) -> None:
        """Refuse to be kept when a fact was changed or left out."""
        if before is not None and self.facts[: len(before.facts)] != before.facts:
            raise FactsAreKept("were changed", path="subscription.facts", fix="add another fact")

    @property
    def terms(self) -> Terms:
        """Return the newest terms."""
        return self._newest.terms

    @property
    def ended_on(self) -> date | None:
        """Return the first day without it; None while it goes on."""
        last = self._newest
        return last.on if last.kind is FactKind.CANCELLED else None

    @property
    def is_paused(self) -> bool:
        """Say whether it is paused."""
        return self._newest.kind is FactKind.PAUSED

    def start(self, fact: Fact) -> Self:
        """Begin."""
        check_end(fact.on, self.trial_until, path="subscription.trial_until")
        return self._with(fact)

    def change(self, terms: Terms, fact: Fact) -> Self:
        """Have other terms from a day on, in the same currency."""
        self._must_run(fact)
        if terms.price.currency != self.terms.price.currency:
            raise MixedCurrencies(
                "is in another currency", path="terms.price", fix="cancel and start another one"
            )
        more = terms.monthly.minor >= self.terms.monthly.minor
        kind = FactKind.UPGRADED if more else FactKind.DOWNGRADED
        return self._with(attrs.evolve(fact, kind=kind, terms=terms))

    def pause(self, fact: Fact) -> Self:
        """Stop for a while; no day of the pause is paid."""
        self._must_run(fact)
        return self._with(fact)

    def resume(self, fact: Fact) -> Self:
        """Go on after a pause, in the same periods."""
        self._must_go_on(fact)
        if not self.is_paused:
            raise SubscriptionNotRunning("is not paused", path="subscription.facts")
        return self._with(fact)

    def cancel(self, fact: Fact) -> Self:
        """End; the day is the first one without it."""
        self._must_go_on(fact)
        return self._with(fact)

    def stretches(self) -> Iterator[Stretch]:
        """Bring the stretches of days that are paid, in order."""
        if not self.facts:
            return
        begun = self.trial_until
        anchor, every = max(self.facts[0].on, begun or self.facts[0].on), self.facts[0].terms.every
        ends: list[date | None] = [*(fact.on for fact in self.facts[1:]), None]
        for fact, end in zip(self.facts, ends, strict=True):
            if fact.terms.every is not every:
                anchor, every = max(fact.on, begun or fact.on), fact.terms.every
            first = max(fact.on, begun or fact.on)
            if fact.kind in _PAID and (end is None or first < end):
                yield Stretch(first=first, end=end, terms=fact.terms, anchor=anchor)

    def charges(self, first: date, end: date) -> tuple[Charge, ...]:
        """Return what is to be paid for the days from `first` up to `end`, period by period.

        Renewals that lie ahead are in it as long as nothing ends them.
        """
        return tuple(
            _charge(period, stretch, max(stretch.first, first), min(stretch.end or end, end))
            for stretch in self.stretches()
            for period in periods(
                stretch.anchor,
                stretch.terms.every,
                max(stretch.first, first),
                min(stretch.end or end, end),
            )
        )

    def renews_on(self, after: date) -> date | None:
        """Return the first day after a day on which a period begins; None when none does."""
        last = [*self.stretches()][-1:]
        if not last or last[0].end is not None:
            return None
        anchor = last[0].anchor
        if after < anchor:
            return anchor
        return next(periods(anchor, last[0].terms.every, after, _next_day(after))).end

    def prorate(self, terms: Terms, on: date) -> Proration:
        """Return what other terms from a day on give back and cost in the period of that day.

        Where the period's length changes, a whole new period begins and is charged.
        """
        stretch = self._paid_on(on)
        (period, *_later) = periods(stretch.anchor, stretch.terms.every, on, _next_day(on))
        credit = period.share(stretch.terms.amount, on, period.end)
        same = terms.every is stretch.terms.every
        charge = period.share(terms.amount, on, period.end) if same else terms.amount
        return Proration(credit=credit, charge=charge)

    def mrr(self, day: date) -> Money:
        """Return the monthly recurring revenue as it stands at the end of a day."""
        for stretch in self.stretches():
            if stretch.first <= day and (stretch.end is None or day < stretch.end):
                return stretch.terms.monthly
        return Money(0, self.terms.price.currency)

    def was_paid_before(self, day: date) -> bool:
        """Say whether anything was paid for a day before this one."""
        return any(one.first < day and one.terms.monthly for one in self.stretches())

    @property
    def _newest(self) -> Fact:
        if not self.facts:
            raise InvalidValue("has not begun", path="subscription.facts", fix="start it")
        return self.facts[-1]

    def _paid_on(self, day: date) -> Stretch:
        for stretch in self.stretches():
            if stretch.first <= day and (stretch.end is None or day < stretch.end):
                return stretch
        raise SubscriptionNotRunning(f"is not paid on {day}", path="subscription.facts")

    def _must_run(self, fact: Fact) -> None:
        self._must_go_on(fact)
        if self.is_paused:
            raise SubscriptionNotRunning("is paused", path="subscription.facts", fix="resume it")

    def _must_go_on(self, fact: Fact) -> None:
        if self.ended_on is not None:
            raise SubscriptionIsOver(
                f"ended on {self.ended_on}", path="subscription.facts", fix="start another one"
            )
        if fact.on < self._newest.on:
            raise InvalidValue(
                f"lies before {self._newest.on}", path="fact.on", fix="facts follow each other"
            )

    def _with(self, fact: Fact) -> Self:
        event = SubscriptionMoved(subscription_id=self.id, kind=fact.kind, on=fact.on)
        return self.evolve(facts=(*self.facts, fact)).recording(event)


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _charge(period: BillingPeriod, stretch: Stretch, first: date, end: date) -> Charge:
    begin, over = max(first, period.first), min(end, period.end)
    amount = period.share(stretch.terms.amount, begin, over)
    return Charge(period=period, first=begin, end=over, terms=stretch.terms, amount=amount)
