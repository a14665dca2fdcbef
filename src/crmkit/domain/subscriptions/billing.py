"""Billing: periods anchored to a day of the month, and shares of a price to the day."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.sales.deal_parts import Period
from crmkit.errors import InvalidValue

MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


@attrs.frozen(kw_only=True)
class Terms:
    """What is paid each period: so many of a plan, at a price for each."""

    plan: Annotated[str, Text(max_length=200)]
    quantity: int
    price: Money
    every: Period = Period.MONTH

    def __attrs_post_init__(self) -> None:
        """Refuse a quantity below one and a price below nothing."""
        if self.quantity < 1:
            raise InvalidValue("is one or more", path="terms.quantity", fix="cancel instead")
        if self.price.minor < 0:
            raise InvalidValue("is not below nothing", path="terms.price")

    @property
    def amount(self) -> Money:
        """Return what a whole period costs."""
        return self.price * self.quantity

    @property
    def monthly(self) -> Money:
        """Return what it is in a month (MRR), rounded half to even to the minor unit."""
        return Money.rounded(self.amount.amount / MONTHS[self.every], self.price.currency)


@attrs.frozen(kw_only=True)
class BillingPeriod:
    """The days from `first` up to, without, `end`."""

    first: date
    end: date

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.end - self.first).days

    def share(self, amount: Money, first: date, end: date) -> Money:
        """Return what of a period's amount falls to the days from `first` up to `end`.

        With n days in the period and R(d) = amount * d / n rounded half to even to the minor unit,
        days a to b cost R(b) - R(a). So stretches that fill the period cost the amount exactly.
        """
        begin, over = max(first, self.first), min(end, self.end)
        if over <= begin:
            return Money(0, amount.currency)
        return self._up_to(amount, over) - self._up_to(amount, begin)

    def _up_to(self, amount: Money, day: date) -> Money:
        exact = amount.amount * (day - self.first).days / Decimal(self.days)
        return Money.rounded(exact, amount.currency)


def boundary(anchor: date, every: Period, number: int) -> date:
    """Return the day on which a period begins; number 0 begins on the anchor.

    It is the anchor's day of the month, or the last day of a month that has no such day; the
    anchor is not forgotten: 31 January, 28 February, 31 March.
    """
    month = anchor.year * 12 + anchor.month - 1 + number * MONTHS[every]
    year, at = divmod(month, 12)
    return date(year, at + 1, min(anchor.day, monthrange(year, at + 1)[1]))


def periods(anchor: date, every: Period, first: date, end: date) -> Iterator[BillingPeriod]:
    """Bring the periods that have days from `first` up to `end`, in order."""
    months = (first.year - anchor.year) * 12 + first.month - anchor.month
    number = months // MONTHS[every] - 1
    while (begin := boundary(anchor, every, number)) < end:
        over = boundary(anchor, every, number + 1)
        if over > first:
            yield BillingPeriod(first=begin, end=over)
        number += 1
