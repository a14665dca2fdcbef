"""What people do with quotes: begin them, write versions and alternatives, price them anew."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.deal import DealId
from crmkit.domain.sales.deal_line import DealLine, DealLineId
from crmkit.domain.sales.offer import (
    ManualPricesUndecided,
    Offer,
    choose,
)
from crmkit.domain.sales.price_floors import requirements
from crmkit.domain.sales.pricing_policy import ManualPrices
from crmkit.domain.sales.quote import Quote, QuoteId, QuoteVersionId
from crmkit.domain.sales.quote_line import DraftLine, with_keys
from crmkit.domain.sales.quote_version import QuoteVersion, VersionStatus
from crmkit.domain.sales.quoting import PricedLines
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.parties import find_customer
from crmkit.services.sales.quote_prices import policy_of, priced_offer, reprice
from crmkit.work import UnitOfWork

OPEN_QUOTE = Action("quote:open", "Begin a quote", zh="新建报价", right=Right.CREATE)
WRITE_QUOTE = Action(
    "quote:write", "Write a version of a quote", zh="编写报价版本", right=Right.EDIT
)
PLAN_DEAL = Action("deal:plan", "Say what a deal is about", zh="维护商机明细", right=Right.EDIT)


def open_quote(
    work: UnitOfWork, name: str, *, customer: CustomerId | None = None, **fields: Any
) -> Quote:
    """Begin a quote for a customer, as it lives on after merges, under the next number."""
    work.permit(OPEN_QUOTE)
    buyer = None if customer is None else find_customer(work, customer)
    if buyer is not None:
        work.hold(buyer)
    number = fields.pop("number", None) or work.next_number("quote")
    made = draft(
        Quote,
        QuoteId(work.new_id()),
        name=name,
        number=number,
        customer_id=None if buyer is None else buyer.id,
        **{"currency": "CNY", **fields},
    )
    return work.quotes.add(made.open())


def write_version(work: UnitOfWork, quote_id: QuoteId, offer: Offer) -> QuoteVersion:
    """Write what is offered at today's prices; it supersedes the version before of its alternative.

    Says in `requirements` who must approve before it may be sent. Raises what pricing raises.
    """
    quote = work.quotes.get(quote_id)
    work.permit(WRITE_QUOTE, on=quote)
    today = quote.day_of(work.now)
    return _add_version(work, quote, offer, priced_offer(work, quote, offer, day=today))


def requote(
    work: UnitOfWork,
    version_id: QuoteVersionId,
    *,
    valid_until: date | None = None,
    manual: ManualPrices | None = None,
) -> QuoteVersion:
    """Write a version anew at today's prices, good for as many days as it was.

    Raises `ManualPricesUndecided` when the policy asks what becomes of prices set by hand.
    """
    version = work.quote_versions.get(version_id)
    quote = work.quotes.get(version.quote_id)
    work.permit(WRITE_QUOTE, on=quote)
    found = reprice(work, version_id, manual=manual)
    if found.undecided:
        raise ManualPricesUndecided(found.undecided)
    today = quote.day_of(work.now)
    until = valid_until or today + (version.valid_until - version.priced_on)
    lines = tuple(line.draft for line in found.priced.lines)
    offer = Offer.of(version, lines=lines, valid_until=until)
    return _add_version(work, quote, offer, found.priced)


def choose_lines(work: UnitOfWork, version_id: QuoteVersionId, keys: Iterable[str]) -> QuoteVersion:
    """Write a version with exactly these optional lines chosen, at today's prices."""
    version = work.quote_versions.get(version_id)
    offer = Offer.of(version, lines=choose(version.lines, keys))
    return write_version(work, version.quote_id, offer)


def versions_of(work: UnitOfWork, quote_id: QuoteId) -> list[QuoteVersion]:
    """Return the versions of a quote by number."""
    fields = where(QuoteVersion)
    return work.quote_versions.find(fields.quote_id.eq(quote_id), order=[fields.number.asc()])


def plan_deal(work: UnitOfWork, deal_id: DealId, lines: Iterable[DraftLine]) -> list[DealLine]:
    """Say what a deal is about, line by line; what was said before is replaced."""
    deal = work.deals.get(deal_id)
    work.permit(PLAN_DEAL, on=deal)
    work.hold(deal)
    work.deal_lines.remove_many(deal_lines(work, deal_id))
    return work.deal_lines.insert_many(
        DealLine(id=DealLineId(work.new_id()), deal_id=deal_id, position=at, draft=line)
        for at, line in enumerate(with_keys(lines), 1)
    )


def deal_lines(work: UnitOfWork, deal_id: DealId) -> list[DealLine]:
    """Return what a deal is about, in order."""
    fields = where(DealLine)
    return work.deal_lines.find(fields.deal_id.eq(deal_id), order=[fields.position.asc()])


def quote_deal(
    work: UnitOfWork, deal_id: DealId, *, valid_days: int = 30, **fields: Any
) -> QuoteVersion:
    """Begin a quote from a deal: its customer, its name, its lines at today's prices.

    `fields` are those of an `Offer`, such as `tax_kind`, and of the quote, such as `policy`.
    """
    deal = work.deals.get(deal_id)
    terms = {part.name for part in attrs.fields(Offer)}
    head = {name: value for name, value in fields.items() if name not in terms}
    if deal.value is not None:
        head.setdefault("currency", deal.value.currency)
    quote = open_quote(work, deal.name, customer=deal.customer_id, deal_id=deal.id, **head)
    offer = Offer(
        lines=tuple(line.draft for line in deal_lines(work, deal_id)),
        valid_until=quote.day_of(work.now) + timedelta(days=valid_days),
        **{name: value for name, value in fields.items() if name in terms},
    )
    return write_version(work, quote.id, offer)


def _add_version(work: UnitOfWork, quote: Quote, offer: Offer, priced: PricedLines) -> QuoteVersion:
    head = work.quotes.save(quote.count_version())
    policy = policy_of(work, quote)
    needed = () if policy is None else requirements(priced.lines, policy, work.roles)
    _supersede(work, quote.id, offer.alternative)
    version = QuoteVersion(
        id=QuoteVersionId(work.new_id()),
        quote_id=quote.id,
        number=head.versions,
        terms=offer.terms_in(quote.currency),
        lines=priced.lines,
        totals=priced.totals,
        priced_on=quote.day_of(work.now),
        valid_until=offer.valid_until,
        alternative=offer.alternative,
        buyer=_buyer(work, quote),
        words=offer.words,
        requirements=needed,
        approver_roles=tuple(dict.fromkeys(one.role for one in needed)),
    )
    return work.quote_versions.add(version.write())


def _supersede(work: UnitOfWork, quote_id: QuoteId, alternative: str) -> None:
    live = (VersionStatus.DRAFT, VersionStatus.SENT)
    fields = where(QuoteVersion)
    mine = fields.quote_id.eq(quote_id) & fields.alternative.eq(alternative)
    work.quote_versions.save_many(
        version.supersede(at=work.now)
        for version in work.quote_versions.find(mine & fields.superseded_at.is_none())
        if version.status in live
    )


def _buyer(work: UnitOfWork, quote: Quote) -> str:
    return "" if quote.customer_id is None else work.customers.get(quote.customer_id).name
