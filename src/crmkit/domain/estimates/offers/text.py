"""An offer as plain text."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from crmkit.domain.estimates.assumptions import EXCLUSIONS
from crmkit.domain.estimates.explaining import in_wan
from crmkit.domain.estimates.offers import wording as words
from crmkit.domain.estimates.texts import lines_of
from crmkit.domain.estimates.words import Label
from crmkit.domain.money_words import capital_cny

if TYPE_CHECKING:
    from crmkit.domain.estimates.offers.offer import Offer


def text(offer: "Offer") -> str:
    """Write head, price, lines, plan, payments, premises."""
    return "\n".join(
        [*_head(offer), "", *lines_of(offer.estimate), "", *_plan(offer), *_notes(offer)]
    )


def _head(offer: "Offer") -> Iterator[str]:
    estimate, said = offer.estimate, offer.estimate.language
    yield f"{words.OFFER.said(said)}: {estimate.scope.name}"
    for label, value in (
        (words.FOR, estimate.scope.client),
        (words.FROM, offer.vendor),
        (words.NUMBER, offer.number),
        (words.DATE, offer.on.isoformat()),
        (words.VALID, offer.until.isoformat()),
        (words.PRICE, f"{estimate.total.amount:,} CNY ({in_wan(estimate.total)})"),
        (words.CAPITAL, f"人民币{capital_cny(estimate.total)}"),
        (estimate.costing.vat.label, f"{estimate.vat.amount:,} CNY"),
    ):
        if value:
            yield f"{label.said(said)}: {value}"


def _plan(offer: "Offer") -> Iterator[str]:
    said = offer.estimate.language
    yield words.PLAN.said(said)
    for milestone in offer.estimate.milestones(offer.starts):
        yield f"  {milestone.label.said(said)}  {milestone.share:.2%}{_dated(milestone.on)}"
    yield words.PAYMENTS.said(said)
    for payment in offer.estimate.payments(start=offer.starts):
        amount = f"{payment.amount.amount:,} CNY"
        yield f"  {payment.label.said(said)}  {payment.share} %  {amount}{_dated(payment.on)}"


def _notes(offer: "Offer") -> Iterator[str]:
    said = offer.estimate.language
    lists: tuple[tuple[Label, list[str]], ...] = (
        (words.ASSUMED, [label.said(said) for label in offer.estimate.assumptions]),
        (words.EXCLUDED, [label.said(said) for label in EXCLUSIONS]),
        (words.SOURCES, list(offer.sources)),
    )
    for title, notes in lists:
        yield title.said(said)
        yield from (f"  - {note}" for note in notes)


def _dated(day: date | None) -> str:
    return f"  {day.isoformat()}" if day else ""
