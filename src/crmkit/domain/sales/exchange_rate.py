"""Exchange rates by day, and what is worth how much in a company's own currency."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.currencies import exponent_of
from crmkit.domain.entity import Unique, entity
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

ExchangeRateId = NewType("ExchangeRateId", UUID)
Rate = Annotated[Decimal, Number(scale=12)]
_WIDE: Final = Context(prec=64)
_PLACES: Final = Decimal("0.000000000001")


class ExchangeRateUnknown(RuleBroken):
    """No rate between these currencies is known on or before this day."""


@keeps()
@entity(
    "exchange_rate",
    unique=[Unique(("currency", "into", "day"))],
    labels={"en": "Exchange rate", "zh": "汇率"},
)
@attrs.frozen(kw_only=True)
class ExchangeRate(Aggregate):
    """What one unit of `currency` is worth in `into`, from `day` on until the next rate."""

    id: ExchangeRateId
    currency: Annotated[str, Text(max_length=3)]
    into: Annotated[str, Text(max_length=3)]
    day: date
    rate: Rate

    def __attrs_post_init__(self) -> None:
        """Refuse unknown currencies, one currency into itself, and rates of nothing."""
        super().__attrs_post_init__()
        exponent_of(self.currency)
        exponent_of(self.into)
        if self.currency == self.into:
            raise InvalidValue("is worth itself", path="exchange_rate.into", fix="leave it out")
        if self.rate <= 0:
            raise InvalidValue("a rate is above zero", path="exchange_rate.rate")


@attrs.frozen(kw_only=True)
class Conversion:
    """A rate that was taken, and of which day it is; kept, it is a frozen rate."""

    currency: Annotated[str, Text(max_length=3)]
    into: Annotated[str, Text(max_length=3)]
    day: date
    rate: Rate

    def convert(self, money: Money) -> Money:
        """Convert, rounded half up to the minor unit of the other currency."""
        if money.currency != self.currency:
            raise InvalidValue(
                f"the rate is for {self.currency}, not {money.currency}",
                path="currency",
                fix="take the rate of that currency",
            )
        exact = _WIDE.multiply(money.amount, self.rate)
        return Money.rounded(exact, self.into, ROUND_HALF_UP)

    def turned(self) -> Self:
        """Return the rate the other way, to twelve places."""
        other = _WIDE.divide(Decimal(1), self.rate).quantize(_PLACES)
        return attrs.evolve(self, currency=self.into, into=self.currency, rate=other)


def rates_between(currency: str, into: str, day: date) -> Filter:
    """Ask for rates between two currencies, either way, on or before a day."""
    fields = where(ExchangeRate)
    pairs = [
        fields.currency.eq(one) & fields.into.eq(other)
        for one, other in ((currency, into), (into, currency))
    ]
    return fields.day.le(day) & (pairs[0] | pairs[1])


def newest_first() -> tuple[Order, ...]:
    """Order rates by day, the newest first; two of them are enough for `conversion`."""
    return (where(ExchangeRate).day.desc(),)


def conversion(currency: str, into: str, day: date, rates: Iterable[ExchangeRate]) -> Conversion:
    """Return the latest rate on or before a day, given or turned round, or raise.

    Raises `ExchangeRateUnknown`, and `InvalidValue` for what is no currency.
    """
    exponent_of(currency)
    exponent_of(into)
    if currency == into:
        return Conversion(currency=currency, into=into, day=day, rate=Decimal(1))
    pair = {currency, into}
    known = [rate for rate in rates if rate.day <= day and {rate.currency, rate.into} == pair]
    if not known:
        raise ExchangeRateUnknown(
            f"no rate of {currency} into {into} on or before {day}",
            path="exchange_rate.day",
            fix="set one with set_exchange_rate",
        )
    newest = max(known, key=lambda rate: (rate.day, rate.currency == currency))
    given = Conversion(currency=newest.currency, into=newest.into, day=newest.day, rate=newest.rate)
    return given if newest.currency == currency else given.turned()
