"""What people do with tax rates and exchange rates."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.sales.exchange_rate import (
    Conversion,
    ExchangeRate,
    ExchangeRateId,
    conversion,
    newest_first,
    rates_between,
)
from crmkit.domain.sales.tax_rate import TaxRate, TaxRateId, TaxRule, TaxTable, check_tax_rules
from crmkit.ports import Action
from crmkit.work import UnitOfWork

SET_TAX_RATES = Action("tax_rate:set", "Set tax rates", zh="维护税率", right=Right.EDIT)
SET_EXCHANGE_RATE = Action(
    "exchange_rate:set", "Set an exchange rate", zh="维护汇率", right=Right.EDIT
)


def load_tax_rates(work: UnitOfWork, rules: Iterable[TaxRule]) -> list[TaxRate]:
    """Keep tax rules, such as `CHINESE_VAT`; those of the same kind and first day are replaced.

    Raises `TaxRatesOverlap` when two would hold on one day. Returns what was written.
    """
    work.permit(SET_TAX_RATES)
    there = {(rate.kind, rate.valid_from): rate for rate in work.tax_rates.find()}
    kept = {key: rate.rule for key, rate in there.items()}
    given = {(rule.kind, rule.valid_from): rule for rule in rules}
    check_tax_rules((kept | given).values())
    changed = [there[key].evolve(**_fields(rule)) for key, rule in given.items() if key in there]
    new = [
        TaxRate(id=TaxRateId(work.new_id()), **_fields(rule))
        for key, rule in given.items()
        if key not in there
    ]
    return [*work.tax_rates.save_many(changed), *work.tax_rates.insert_many(new)]


def tax_table(work: UnitOfWork) -> TaxTable:
    """Return the tax rules of the tenant."""
    return TaxTable(tuple(rate.rule for rate in work.tax_rates.find()))


def set_exchange_rate(
    work: UnitOfWork, currency: str, into: str, rate: Decimal, *, day: date | None = None
) -> ExchangeRate:
    """Say what one unit of a currency is worth in another from a day on, today at the latest."""
    work.permit(SET_EXCHANGE_RATE)
    made = ExchangeRate(
        id=ExchangeRateId(work.new_id()),
        currency=currency,
        into=into,
        day=day or work.now.date(),
        rate=rate,
    )
    fields = where(ExchangeRate)
    same = fields.currency.eq(currency) & fields.into.eq(into) & fields.day.eq(made.day)
    there = work.exchange_rates.first(same)
    if there is None:
        return work.exchange_rates.add(made)
    return work.exchange_rates.save(there.evolve(rate=rate))


def exchange(work: UnitOfWork, currency: str, into: str, *, day: date | None = None) -> Conversion:
    """Return the rate of a day, given or turned round, or raise `ExchangeRateUnknown`."""
    on = day or work.now.date()
    asked = rates_between(currency, into, on)
    rates = work.exchange_rates.find(asked, order=newest_first(), limit=2)
    return conversion(currency, into, on, rates)


def _fields(rule: TaxRule) -> dict[str, Any]:
    return {field.name: getattr(rule, field.name) for field in attrs.fields(TaxRule)}
