"""What deals are worth in one currency: at the rate of their closing, and at that of a day."""

from collections.abc import Iterator
from datetime import date

import attrs

from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealId
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.services.sales.rates import exchange
from crmkit.work import UnitOfWork


@attrs.frozen(kw_only=True)
class BaseValue:
    """One deal's value both ways; `frozen` is None while it is open or has no rate kept."""

    deal_id: DealId
    value: Money
    frozen: Money | None
    live: Money


def base_values(
    work: UnitOfWork, into: str, where: Filter = EVERYTHING, *, day: date | None = None
) -> Iterator[BaseValue]:
    """Bring what fitting deals with a value are worth in a currency, frozen and on a day, today.

    Raises `ExchangeRateUnknown` for a currency without a rate.
    """
    rates: dict[str, Conversion] = {}
    for deal in work.deals.stream(where):
        if deal.value is None:
            continue
        currency, frozen = deal.value.currency, deal.closing_rate
        if currency not in rates:
            rates[currency] = exchange(work, currency, into, day=day)
        at_close = frozen is not None and frozen.into == into
        yield BaseValue(
            deal_id=deal.id,
            value=deal.value,
            frozen=frozen.convert(deal.value) if frozen is not None and at_close else None,
            live=rates[currency].convert(deal.value),
        )
