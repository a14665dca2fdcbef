"""Offers: what a version of a quote is written from, and how prices set by hand are treated."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.millionths import decimal_of, millionths, unit_price_of
from crmkit.domain.sales.pricing import Pricing
from crmkit.domain.sales.quote_line import DraftLine, QuoteLine
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.domain.sales.settling import TaxRounding, Terms
from crmkit.errors import InvalidValue, RuleBroken


class ManualPricesUndecided(RuleBroken):
    """Prices were set by hand, and nobody said whether they stay."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Name the lines whose prices would change."""
        self.keys = tuple(keys)
        super().__init__(
            f"prices were set by hand on {', '.join(keys)}",
            path="lines.unit_price",
            fix="say ManualPrices.KEEP or ManualPrices.RESET",
        )


@attrs.frozen(kw_only=True)
class Offer:
    """Lines and terms of a version that is to be written; `tax_kind` is for lines without one.

    Versions of one `alternative` follow each other. `words` are printed below the lines.
    """

    lines: tuple[DraftLine, ...]
    valid_until: date
    discount: Discount | None = None
    tax_included: bool = False
    rounding: TaxRounding = TaxRounding.LINE
    tax_kind: str | None = None
    alternative: str = "A"
    words: str = ""

    @classmethod
    def of(cls, version: QuoteVersion, **changes: Any) -> Self:
        """Return what a version was written from, with some parts changed."""
        terms = version.terms
        written = cls(
            lines=tuple(line.draft for line in version.lines),
            valid_until=version.valid_until,
            discount=terms.discount,
            tax_included=terms.tax_included,
            rounding=terms.rounding,
            tax_kind=terms.tax_kind,
            alternative=version.alternative,
            words=version.words,
        )
        return attrs.evolve(written, **changes)

    @classmethod
    def of_estimate(cls, plain: Mapping[str, Any], *, valid_until: date) -> Self:
        """Return the lines of an estimate, as its `to_quote()` gives them, as an offer.

        Each line has a price set by hand, so fine that it comes to the amount that was estimated.
        """
        return cls(
            lines=tuple(_estimated(line, plain["currency"]) for line in plain["lines"]),
            valid_until=valid_until,
            tax_included=plain["tax_included"],
        )

    def terms_in(self, currency: str) -> Terms:
        """Return how the document is added up."""
        return Terms(
            currency=currency,
            tax_included=self.tax_included,
            rounding=self.rounding,
            discount=self.discount,
            tax_kind=self.tax_kind,
        )


def _estimated(line: Mapping[str, Any], currency: str) -> DraftLine:
    quantity, amount = Decimal(line["quantity"]), Money(line["amount"], currency)
    return DraftLine(
        key=line["key"],
        name=line["description"],
        quantity=quantity,
        unit=line["unit"],
        unit_price=decimal_of(unit_price_of(amount.minor, millionths(quantity), currency)),
        currency=currency,
        price_reason="estimate",
        tax_percent=Decimal(line["tax_rate"]) * 100,
    )


def choose(lines: Iterable[QuoteLine], keys: Iterable[str]) -> tuple[DraftLine, ...]:
    """Return the lines with exactly these optional ones chosen, or raise naming the wrong key."""
    drafts = [line.draft for line in lines]
    wanted = set(keys)
    optional = {draft.key for draft in drafts if draft.is_optional}
    for key in sorted(wanted - optional):
        raise InvalidValue(
            f"line {key} is not optional",
            path="lines.is_optional",
            fix=f"choose among {', '.join(sorted(optional)) or 'none'}",
        )
    return tuple(
        attrs.evolve(draft, is_chosen=draft.key in wanted) if draft.is_optional else draft
        for draft in drafts
    )


def without_manual_prices(drafts: Iterable[DraftLine], pricing: Pricing) -> tuple[DraftLine, ...]:
    """Return lines whose products cost again what the book says, where it says something."""
    return tuple(
        attrs.evolve(draft, unit_price=None, currency=None, price_reason="")
        if draft.unit_price is not None and pricing.booked(draft) is not None
        else draft
        for draft in drafts
    )


def undecided(drafts: Iterable[DraftLine], pricing: Pricing) -> tuple[str, ...]:
    """Name the lines whose price was set by hand and is not what the book says."""
    return tuple(
        draft.key
        for draft in drafts
        if draft.unit_price is not None and pricing.booked(draft) not in (None, draft.unit_price)
    )
