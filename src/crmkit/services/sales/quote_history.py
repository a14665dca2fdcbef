"""Quotes that were accepted before this CRM was there, with their lines and their evidence."""

from datetime import datetime
from typing import Any

from crmkit.domain.imports.attestation import Origin
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.quote import Quote, QuoteId, QuoteOutcome, QuoteVersionId
from crmkit.domain.sales.quote_version import Acceptance, QuoteVersion
from crmkit.services.drafting import draft
from crmkit.services.imports.taking_over import taking_over
from crmkit.services.parties import find_customer
from crmkit.services.sales.quote_prices import priced_offer
from crmkit.work import UnitOfWork


def take_over_quote(
    work: UnitOfWork,
    offer: Offer,
    origin: Origin,
    *,
    accepted_at: datetime,
    accepted_by: str,
    customer: CustomerId | None = None,
    **fields: Any,
) -> tuple[Quote, QuoteVersion]:
    """Take over a quote that a customer accepted elsewhere, with the version that was accepted.

    `fields` are those of the quote, its `name` and `number` among them. Its lines are priced as of
    the day of acceptance, so lines of old prices give them by hand. An order can be written from
    it as from any other.
    """
    buyer = None if customer is None else find_customer(work, customer)
    made = draft(
        Quote,
        QuoteId(work.new_id()),
        customer_id=None if buyer is None else buyer.id,
        versions=1,
        outcome=QuoteOutcome.ACCEPTED,
        closed_at=accepted_at,
        **{"currency": "CNY", **fields},
    )
    with taking_over(work, origin, Quote, QuoteVersion):
        quote = work.quotes.add(made)
        name = "" if buyer is None else buyer.name
        version = _version(work, quote, offer, at=accepted_at, by=accepted_by, buyer=name)
        kept = work.quote_versions.add(version)
        return work.quotes.save(quote.evolve(accepted_version_id=kept.id)), kept


def _version(
    work: UnitOfWork, quote: Quote, offer: Offer, *, at: datetime, by: str, buyer: str
) -> QuoteVersion:
    day = quote.day_of(at)
    priced = priced_offer(work, quote, offer, day=day)
    version = QuoteVersion(
        id=QuoteVersionId(work.new_id()),
        quote_id=quote.id,
        number=1,
        terms=offer.terms_in(quote.currency),
        lines=priced.lines,
        totals=priced.totals,
        priced_on=day,
        valid_until=offer.valid_until,
        alternative=offer.alternative,
        buyer=buyer,
        words=offer.words,
        sent_at=at,
    )
    accepted = Acceptance(by=by, at=at, content_hash=version.content_hash, via="elsewhere")
    return version.replaced(acceptance=accepted)
