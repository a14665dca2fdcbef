"""Quotes: one offer to one customer, in versions and alternatives, of which one is accepted."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.currencies import exponent_of
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal import DealId
from crmkit.errors import InvalidValue, RuleBroken

QuoteId = NewType("QuoteId", UUID)
QuoteVersionId = NewType("QuoteVersionId", UUID)


class QuoteOutcome(StrEnum):
    """How a quote stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@attrs.frozen(kw_only=True)
class QuoteOpened(Event):
    """A quote was begun."""

    quote_id: QuoteId


@attrs.frozen(kw_only=True)
class QuoteAccepted(Event):
    """The customer accepted one version of a quote."""

    quote_id: QuoteId
    version_id: QuoteVersionId
    gross: Money


@attrs.frozen(kw_only=True)
class QuoteDeclined(Event):
    """The customer said no."""

    quote_id: QuoteId
    reason: str


@attrs.frozen(kw_only=True)
class QuoteWithdrawn(Event):
    """The seller took the quote back."""

    quote_id: QuoteId
    reason: str


@attrs.frozen(kw_only=True)
class QuoteTakenBack(Event):
    """An undo took back what was done with a quote."""

    quote_id: QuoteId


class AcceptedOnly(RuleBroken):
    """No import, copy, undo or plain save accepts a quote."""


class QuoteIsClosed(RuleBroken):
    """The quote was accepted, declined or withdrawn before."""


@keeps(about=("customer_id", "contact_id"))
@entity(
    "quote",
    unique=[Unique("number")],
    indexes=[Index("customer_id"), Index("deal_id"), Index(("outcome", "created_at"))],
    labels={"en": "Quote", "zh": "报价单"},
    events=(QuoteOpened, QuoteAccepted, QuoteDeclined, QuoteWithdrawn, QuoteTakenBack),
)
@attrs.frozen(kw_only=True)
class Quote(Aggregate):
    """The head of a quote; what is offered stands in its versions.

    `zone` is where its days begin and end, `language` what the customer reads.
    """

    held_by: ClassVar = {"order": ("outcome", "accepted_version_id", "closed_at", "closed_reason")}
    step_names: ClassVar = (
        *("versions", "outcome", "accepted_version_id", "closed_at", "closed_reason"),
    )

    id: QuoteId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    currency: Annotated[str, Text(max_length=3)]
    number: Annotated[str, Text(max_length=100)] | None = None
    customer_id: CustomerId | None = None
    contact_id: ContactId | None = None
    deal_id: DealId | None = None
    zone: Annotated[str, Text(max_length=60)] = "UTC"
    language: Annotated[str, Text(max_length=10)] = "zh"
    policy: Annotated[str, Text(max_length=200)] | None = None
    versions: int = 0
    outcome: QuoteOutcome = QuoteOutcome.OPEN
    accepted_version_id: QuoteVersionId | None = None
    closed_at: datetime | None = None
    closed_reason: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse currencies and time zones that are not there."""
        super().__attrs_post_init__()
        exponent_of(self.currency)
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidValue(
                f"{self.zone!r} is not a time zone", path="quote.zone", fix="such as Asia/Shanghai"
            ) from None

    def check_step(self, before: Any) -> None:
        """Refuse to become accepted but by accepting a version, and to stop but by an undo."""
        stands = (self.outcome, self.accepted_version_id)
        is_accepted = self.outcome is QuoteOutcome.ACCEPTED or stands[1] is not None
        stood = None if before is None else (before.outcome, before.accepted_version_id)
        told = (event for event in self.events if isinstance(event, QuoteAccepted))
        accepted = {(event.quote_id, event.version_id) for event in told}
        if is_accepted and stands != stood and (self.id, stands[1]) not in accepted:
            raise AcceptedOnly(
                "is accepted by accepting a version only",
                path="quote.outcome",
                fix="accept_version",
            )

        was_accepted = before is not None and before.outcome is QuoteOutcome.ACCEPTED
        is_undone = any(isinstance(event, QuoteTakenBack) for event in self.events)
        if was_accepted and stands != stood and not (is_undone or accepted):
            raise AcceptedOnly(
                "was accepted, and stays so", path="quote.outcome", fix="undo the acceptance"
            )

    def taken_back(self) -> Self:
        """Tell that an undo takes steps back."""
        return self.recording(QuoteTakenBack(quote_id=self.id))

    def check_taken_over(self) -> None:
        """Refuse a quote that is closed at no time."""
        if self.outcome is not QuoteOutcome.OPEN and self.closed_at is None:
            raise InvalidValue(
                f"is {self.outcome} since nobody knows when", path="quote.closed_at", fix="say it"
            )

    def day_of(self, at: datetime) -> date:
        """Return the day of an instant where the quote is."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def open(self) -> Self:
        """Begin a new quote."""
        return self.recording(QuoteOpened(quote_id=self.id))

    def count_version(self) -> Self:
        """Number one version more."""
        self.must_be_open()
        return self.evolve(versions=self.versions + 1)

    def accept(self, version_id: QuoteVersionId, gross: Money, *, at: datetime) -> Self:
        """Close the quote by the version that the customer accepted."""
        accepted = QuoteAccepted(quote_id=self.id, version_id=version_id, gross=gross)
        closed = self._close(QuoteOutcome.ACCEPTED, None, at)
        return closed.evolve(accepted_version_id=version_id).recording(accepted)

    def decline(self, reason: str, *, at: datetime) -> Self:
        """Close the quote, as the customer said no."""
        declined = QuoteDeclined(quote_id=self.id, reason=reason)
        return self._close(QuoteOutcome.DECLINED, reason, at).recording(declined)

    def withdraw(self, reason: str, *, at: datetime) -> Self:
        """Close the quote, as the seller takes it back."""
        withdrawn = QuoteWithdrawn(quote_id=self.id, reason=reason)
        return self._close(QuoteOutcome.WITHDRAWN, reason, at).recording(withdrawn)

    def must_be_open(self) -> None:
        """Raise `QuoteIsClosed` when it was accepted, declined or withdrawn."""
        if self.outcome is not QuoteOutcome.OPEN:
            raise QuoteIsClosed(
                f"was {self.outcome} at {self.closed_at:%Y-%m-%d}",
                path="quote.outcome",
                fix="open another quote",
            )

    def _close(self, outcome: QuoteOutcome, reason: str | None, at: datetime) -> Self:
        self.must_be_open()
        return self.evolve(outcome=outcome, closed_at=at, closed_reason=reason)
