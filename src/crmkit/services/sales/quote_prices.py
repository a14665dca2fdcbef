"""How quotes are priced: under which policy, from which records, and what would change today."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.sales.offer import Offer, undecided, without_manual_prices
from crmkit.domain.sales.pricing import Pricing
from crmkit.domain.sales.pricing_policy import ManualPrices, PricingPolicy, PricingPolicyId
from crmkit.domain.sales.product import Product, ProductId
from crmkit.domain.sales.quote import Quote, QuoteVersionId
from crmkit.domain.sales.quote_diff import QuoteDiff, diff_prices
from crmkit.domain.sales.quote_line import DraftLine
from crmkit.domain.sales.quoting import PricedLines, price_lines
from crmkit.errors import NotFound
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.services.sales.price_lists import price_book
from crmkit.services.sales.products import products_within
from crmkit.services.sales.rates import tax_table
from crmkit.work import UnitOfWork

SET_POLICY = Action(
    "pricing_policy:set", "Set a pricing policy", zh="设置定价政策", right=Right.EDIT
)
READ_QUOTE = Action("quote:read", "See a quote", zh="查看报价", right=Right.READ)
_LISTED = 500


@attrs.frozen(kw_only=True)
class Repricing:
    """What a version would cost on a day, what that changes, and which prices ask for a word.

    `undecided` are lines whose price was set by hand and differs from the book.
    """

    priced: PricedLines
    diff: QuoteDiff
    undecided: tuple[str, ...] = ()


def set_pricing_policy(work: UnitOfWork, name: str, **fields: Any) -> PricingPolicy:
    """Say who may take off how much, and how low prices go, under a name that quotes refer to."""
    work.permit(SET_POLICY)
    there = work.pricing_policies.first(where(PricingPolicy).name.eq(name))
    if there is not None:
        return work.pricing_policies.save(changed(there, **fields))
    policy_id = PricingPolicyId(work.new_id())
    return work.pricing_policies.add(draft(PricingPolicy, policy_id, name=name, **fields))


def reprice(
    work: UnitOfWork,
    version_id: QuoteVersionId,
    *,
    manual: ManualPrices | None = None,
    day: date | None = None,
) -> Repricing:
    """Show what a version would cost on a day, today by default; nothing is written.

    Prices set by hand stay, or go, as `manual` says, else as the quote's policy does.
    """
    version = work.quote_versions.get(version_id)
    work.permit(READ_QUOTE, on=version)
    quote = work.quotes.get(version.quote_id)
    policy = policy_of(work, quote)
    manual = manual or (ManualPrices.KEEP if policy is None else policy.manual_prices)
    offer = Offer.of(version)
    pricing = _pricing(work, quote, offer, day or quote.day_of(work.now))
    asked = undecided(offer.lines, pricing) if manual is ManualPrices.ASK else ()
    if manual is ManualPrices.RESET:
        offer = attrs.evolve(offer, lines=without_manual_prices(offer.lines, pricing))
    priced = price_lines(offer.lines, pricing, offer.terms_in(quote.currency), policy)
    return Repricing(priced=priced, diff=diff_prices(version, priced), undecided=asked)


def priced_offer(work: UnitOfWork, quote: Quote, offer: Offer, *, day: date) -> PricedLines:
    """Return the lines of an offer with the prices of a day."""
    pricing, terms = _pricing(work, quote, offer, day), offer.terms_in(quote.currency)
    return price_lines(offer.lines, pricing, terms, policy_of(work, quote))


def _pricing(work: UnitOfWork, quote: Quote, offer: Offer, day: date) -> Pricing:
    """Read everything that the prices of an offer follow from."""
    products = _products(work, offer.lines)
    return Pricing(
        day=day,
        currency=quote.currency,
        tax_included=offer.tax_included,
        products=products,
        book=price_book(
            work, products.values(), currency=quote.currency, day=day, customer=quote.customer_id
        ),
        taxes=tax_table(work),
        tax_kind=offer.tax_kind,
    )


def policy_of(work: UnitOfWork, quote: Quote) -> PricingPolicy | None:
    """Return the policy that a quote names, None when it names none, or raise `NotFound`."""
    if quote.policy is None:
        return None
    found = work.pricing_policies.first(where(PricingPolicy).name.eq(quote.policy))
    if found is None:
        raise NotFound(
            f"there is no pricing policy {quote.policy!r}",
            path="quote.policy",
            fix="set it with set_pricing_policy",
        )
    return found


def _products(work: UnitOfWork, lines: Iterable[DraftLine]) -> dict[ProductId, Product]:
    """Return the products asked for, what they are variants of, and what their bundles hold."""
    asked = _found(work, [line.product_id for line in lines if line.product_id is not None])
    above = _found(work, [one.variant_of_id for one in asked if one.variant_of_id is not None])
    return products_within(work, [*above, *asked])


def _found(work: UnitOfWork, ids: Sequence[UUID]) -> list[Product]:
    wanted = list(dict.fromkeys(ids))
    return [
        product
        for start in range(0, len(wanted), _LISTED)
        for product in work.products.find(where(Product).id.in_(wanted[start : start + _LISTED]))
    ]
