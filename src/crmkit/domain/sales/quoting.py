"""From drafts to quote lines: priced, settled, each with its whole waterfall, and the totals."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.millionths import decimal_of, short
from crmkit.domain.sales.price_floors import lowest_price
from crmkit.domain.sales.pricing import Priced, Pricing
from crmkit.domain.sales.pricing_policy import PricingPolicy
from crmkit.domain.sales.quote_line import (
    DraftLine,
    LineKind,
    PriceStep,
    QuoteLine,
    StepKind,
    with_keys,
)
from crmkit.domain.sales.settling import Charge, Settled, Terms, Totals, settle, totals
from crmkit.errors import OutOfRange

MOST_LINES: Final = 5000


@attrs.frozen(kw_only=True)
class PricedLines:
    """All lines of a document with their prices, and what they come to."""

    lines: tuple[QuoteLine, ...]
    totals: Totals


def price_lines(
    drafts: Iterable[DraftLine],
    pricing: Pricing,
    terms: Terms,
    policy: PricingPolicy | None = None,
) -> PricedLines:
    """Price, tax and add up what was asked for; optional lines have prices but do not count.

    Raises what `Pricing.price` and `settle` raise, and `OutOfRange` for more than 5,000 lines.
    """
    keyed = with_keys(drafts)
    if len(keyed) > MOST_LINES:
        raise OutOfRange(f"{len(keyed)} lines, at most {MOST_LINES}", path="lines")
    priced = {line.key: pricing.price(line) for line in keyed if line.kind is LineKind.ITEM}
    counted = [line for line in keyed if line.counts]
    charges = [_charge(line, priced[line.key]) for line in counted]
    settled = settle(charges, terms)
    outcome = dict(zip([line.key for line in counted], settled, strict=True))
    for line in keyed:
        if line.kind is LineKind.ITEM and not line.counts:
            alone = attrs.evolve(terms, discount=None)
            [outcome[line.key]] = settle([_charge(line, priced[line.key])], alone)
    made = [
        _item(line, priced[line.key], outcome[line.key], terms, policy)
        if line.kind is LineKind.ITEM
        else QuoteLine(key=line.key, draft=line, name=line.name or "", labels=line.labels)
        for line in keyed
    ]
    return PricedLines(
        lines=_with_subtotals(made, terms.currency),
        totals=totals(charges, settled, terms.currency),
    )


def _charge(line: DraftLine, priced: Priced) -> Charge:
    return Charge(priced.minor, priced.percent, line.discount, line.key)


def _item(
    draft: DraftLine,
    priced: Priced,
    settled: Settled,
    terms: Terms,
    policy: PricingPolicy | None,
) -> QuoteLine:
    product, currency = priced.product, terms.currency
    floor = lowest_price(priced, policy)
    return QuoteLine(
        key=draft.key,
        draft=draft,
        name=draft.name or (product.name if product else ""),
        labels=_labels(draft, priced),
        code=product.code if product else None,
        unit=draft.unit or (product.unit if product else None),
        price_source=priced.source,
        list_price=_decimal(priced.list_price),
        unit_price=priced.unit_price,
        unit_cost=_decimal(priced.unit_cost),
        floor=_decimal(floor),
        tax_percent=decimal_of(priced.percent),
        amount=Money.from_minor(settled.minor, currency),
        discount=Money.from_minor(settled.discount + settled.share, currency),
        net=Money.from_minor(settled.net, currency),
        tax=Money.from_minor(settled.tax, currency),
        gross=Money.from_minor(settled.gross, currency),
        steps=_steps(draft, priced, settled, terms, floor),
    )


def _labels(draft: DraftLine, priced: Priced) -> Mapping[str, str]:
    """Return the names in other languages: of the product only when it is not named otherwise."""
    if draft.labels or draft.name or priced.product is None:
        return draft.labels
    return priced.product.labels


def _steps(
    draft: DraftLine, priced: Priced, settled: Settled, terms: Terms, floor: int | None
) -> tuple[PriceStep, ...]:
    """Return the whole waterfall; the last step leaves what is paid for the line."""
    currency, found = terms.currency, list(priced.steps)
    after = settled.minor - settled.discount
    if settled.discount and draft.discount is not None:
        found.append(_step(StepKind.DISCOUNT, after, currency, draft.discount.told))
    after -= settled.share
    if settled.share and terms.discount is not None:
        found.append(_step(StepKind.DOCUMENT_DISCOUNT, after, currency, terms.discount.told))
    if floor is not None:
        found.append(_step(StepKind.FLOOR, after, currency, unit_price=decimal_of(floor)))
    percent = _percent(priced.percent)
    after += 0 if terms.tax_included else settled.line_tax
    told = f"{percent} included" if terms.tax_included else percent
    found.append(_step(StepKind.TAX, after, currency, told))
    if settled.gross != after:
        told = "tax rounded on the document"
        found.append(_step(StepKind.ROUNDING, settled.gross, currency, told))
    return tuple(found)


def _step(
    kind: StepKind, minor: int, currency: str, source: str = "", unit_price: Decimal | None = None
) -> PriceStep:
    amount = Money.from_minor(minor, currency)
    return PriceStep(kind=kind, amount=amount, unit_price=unit_price, source=source)


@lru_cache(maxsize=100)
def _percent(count: int) -> str:
    return f"{short(decimal_of(count))} %"


def _with_subtotals(lines: Sequence[QuoteLine], currency: str) -> tuple[QuoteLine, ...]:
    """Give each subtotal the sums of the counted lines since its section began."""
    if not any(line.kind is LineKind.SUBTOTAL for line in lines):
        return tuple(lines)
    found: list[QuoteLine] = []
    since = 0
    for at, line in enumerate(lines):
        if line.kind is LineKind.SECTION:
            since = at
        if line.kind is LineKind.SUBTOTAL:
            counted = [one for one in lines[since:at] if one.counts]
            found.append(_sum(line, counted, currency))
        else:
            found.append(line)
    return tuple(found)


def _sum(line: QuoteLine, counted: Sequence[QuoteLine], currency: str) -> QuoteLine:
    def total(name: str) -> Money:
        return Money.total((getattr(one, name) for one in counted), currency)

    return attrs.evolve(
        line,
        amount=total("amount"),
        discount=total("discount"),
        net=total("net"),
        tax=total("tax"),
        gross=total("gross"),
    )


def _decimal(count: int | None) -> Decimal | None:
    return None if count is None else decimal_of(count)
