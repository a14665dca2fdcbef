"""The company's own currency: what a deal is worth in it is frozen when the deal closes."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmkit.domain.currencies import exponent_of
from crmkit.domain.sales.deal import Deal, DealId, DealLost, DealReopened, DealWon
from crmkit.domain.sales.exchange_rate import (
    ExchangeRate,
    conversion,
    newest_first,
    rates_between,
)
from crmkit.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork


class BaseCurrency:
    """Keeps with each closed deal the exchange rate of its last day; forgets it on reopening.

    A deal in another currency is not closed while no rate is known (`ExchangeRateUnknown`): what
    was missing then could only be guessed later.
    """

    name = "crmkit.base_currency"

    def __init__(self, currency: str, *, zone: str = "UTC") -> None:
        """Reckon in `currency`, by the days of `zone`."""
        exponent_of(currency)
        self._currency = currency
        self._zone = ZoneInfo(zone)

    @hookimpl
    def before_commit(self, event: Any, work: "UnitOfWork") -> None:
        """Freeze the rate of a deal that was won or lost."""
        match event:
            case DealWon(deal_id=deal_id) | DealLost(deal_id=deal_id):
                self._freeze(work, deal_id)
            case DealReopened(deal_id=deal_id):
                deals = work.of(Deal)
                deals.save(deals.get(deal_id).evolve(closing_rate=None))
            case _:
                return

    def _freeze(self, work: "UnitOfWork", deal_id: DealId) -> None:
        deals = work.of(Deal)
        deal = deals.get(deal_id)
        if deal.value is None:
            return
        day = work.now.astimezone(self._zone).date()
        asked = rates_between(deal.value.currency, self._currency, day)
        rates = work.of(ExchangeRate).find(asked, order=newest_first(), limit=2)
        rate = conversion(deal.value.currency, self._currency, day, rates)
        deals.save(deal.evolve(closing_rate=rate))
