"""Quote versions: what was offered, word for word and cent for cent; content never changes."""

import hashlib
import json
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Self

import attrs

from crmkit.domain.access.veils import must_be_seen
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.approval_requirement import (
    ApprovalRequirement,
    Approved,
    NotYetApproved,
)
from crmkit.domain.sales.quote import QuoteId, QuoteVersionId
from crmkit.domain.sales.quote_line import QuoteLine
from crmkit.domain.sales.quote_steps import (
    VERSION_EVENTS,
    Acceptance,
    QuoteApproved,
    QuoteExpired,
    QuoteNeedsApproval,
    QuoteNotSent,
    QuoteSent,
    QuoteStep,
    QuoteVersionAccepted,
    QuoteVersionTakenBack,
    QuoteVersionWritten,
    StepsOnly,
    VersionIsImmutable,
    VersionIsOver,
    VersionStatus,
)
from crmkit.domain.sales.settling import Terms, Totals
from crmkit.errors import InvalidValue

__all__ = [
    "CONTENT",
    "Acceptance",
    "QuoteApproved",
    "QuoteExpired",
    "QuoteNeedsApproval",
    "QuoteNotSent",
    "QuoteSent",
    "QuoteVersion",
    "QuoteVersionAccepted",
    "QuoteVersionWritten",
    "StepsOnly",
    "VersionIsImmutable",
    "VersionIsOver",
    "VersionStatus",
]

CONTENT: Final = (
    "quote_id",
    "number",
    "alternative",
    "buyer",
    "terms",
    "lines",
    "totals",
    "priced_on",
    "valid_until",
    "words",
)
"""The fields that a version offers by; they are hashed and never change."""
_SEALED: Final = ("content_hash", "requirements", "approver_roles")
_STEPS: Final = {
    "approval": QuoteApproved,
    "sent_at": QuoteSent,
    "acceptance": QuoteVersionAccepted,
}
"""The event that goes with each field when it is set."""


@keeps(financial=("lines", "totals", "buyer", "acceptance"), about=("quote_id",))
@entity(
    "quote_version",
    unique=[Unique(("quote_id", "number"))],
    indexes=[Index(("valid_until", "sent_at"))],
    labels={"en": "Quote version", "zh": "报价版本"},
    events=VERSION_EVENTS,
)
@attrs.frozen(kw_only=True)
class QuoteVersion(Aggregate):
    """One offer: lines, terms, totals and validity, sealed by the hash of its content.

    Versions of one `alternative` follow each other; those of different alternatives stand side by
    side. `requirements` say who must approve, `approver_roles` name their roles for filters.
    """

    held_by: ClassVar = {"order": ("acceptance", "sent_at")}
    step_names: ClassVar = ("approval", "sent_at", "acceptance", "superseded_at", "closed_at")

    id: QuoteVersionId
    quote_id: QuoteId
    number: int
    terms: Terms
    lines: tuple[QuoteLine, ...]
    totals: Totals
    priced_on: date
    valid_until: date
    alternative: Annotated[str, Text(max_length=60)] = "A"
    buyer: Annotated[str, Text(max_length=1000)] = ""
    words: Annotated[str, Text(max_length=20_000)] = ""
    content_hash: Annotated[str, Text(max_length=64)] = ""
    requirements: tuple[ApprovalRequirement, ...] = ()
    approver_roles: tuple[str, ...] = ()
    approval: Approved | None = None
    sent_at: datetime | None = None
    acceptance: Acceptance | None = None
    superseded_at: datetime | None = None
    closed_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Seal the content when the version is written, and refuse any other content after."""
        super().__attrs_post_init__()
        if self.valid_until < self.priced_on:
            raise InvalidValue(
                "ends before it is priced", path="quote_version.valid_until", fix="a later day"
            )
        if self.content_hash:
            self.must_be_intact()
        else:
            object.__setattr__(self, "content_hash", self.hash_now())

    def check_step(self, before: Any) -> None:
        """Refuse to be kept but by the steps of a version: no import, copy or plain save sends it.

        What it says, and who must approve that, stays as it was written.
        """
        self.must_be_intact()
        if before is None:
            self._must_tell(QuoteVersionWritten, "id")
        for name in _SEALED if before is not None else ():
            if getattr(self, name) != getattr(before, name):
                raise VersionIsImmutable(
                    f"version {self.number} stays as it was written",
                    path=f"quote_version.{name}",
                    fix="write another version",
                )
        for name, step in _STEPS.items():
            value, was = getattr(self, name), getattr(before, name, None)
            if value != was:
                self._must_tell(QuoteVersionTakenBack if value is None else step, name)

    def check_taken_over(self) -> None:
        """Refuse a version that was accepted under another content, or without being sent."""
        self._must_be_about_this(self.acceptance)

    def taken_back(self) -> Self:
        """Tell that an undo takes steps back; a plain save never wipes their evidence."""
        told = QuoteVersionTakenBack(quote_id=self.quote_id, version_id=self.id)
        return self.recording(told)

    def write(self) -> Self:
        """Begin a new version, and tell who must approve it."""
        written = self.recording(QuoteVersionWritten(quote_id=self.quote_id, version_id=self.id))
        if not self.requirements:
            return written
        return written.recording(
            QuoteNeedsApproval(
                quote_id=self.quote_id, version_id=self.id, roles=self.approver_roles
            )
        )

    @property
    def status(self) -> VersionStatus:
        """Say how the version stands."""
        if self.acceptance is not None:
            return VersionStatus.ACCEPTED
        if self.closed_at is not None:
            return VersionStatus.CLOSED
        if self.superseded_at is not None:
            return VersionStatus.SUPERSEDED
        return VersionStatus.DRAFT if self.sent_at is None else VersionStatus.SENT

    @property
    def is_approved(self) -> bool:
        """Say whether nobody needs to approve, or somebody did approve exactly this."""
        approval = self.approval
        return not self.requirements or (
            approval is not None and approval.content_hash == self.content_hash
        )

    def hash_now(self) -> str:
        """Return the SHA-256 of the content as it is now, the same on every store."""
        parts = spec_of(type(self)).parts
        plain = {name: parts[name].plain(getattr(self, name)) for name in CONTENT}
        written = json.dumps(plain, sort_keys=True, separators=(",", ":"), default=must_be_seen)
        return hashlib.sha256(written.encode("ascii")).hexdigest()

    def approve(self, *, by: str, at: datetime, note: str = "") -> Self:
        """Keep that the content as it is was approved."""
        self.must_be_live()
        self.must_be_intact()
        given = Approved(by=by, at=at, content_hash=self.content_hash, note=note)
        told = QuoteApproved(quote_id=self.quote_id, version_id=self.id)
        return self.evolve(approval=given).recording(told)

    def send(self, *, at: datetime, today: date) -> Self:
        """Give it to the customer, or raise when it is over, expired or not approved."""
        self.must_be_good(today)
        sent = QuoteSent(quote_id=self.quote_id, version_id=self.id)
        return self.evolve(sent_at=self.sent_at or at).recording(sent)

    def accept(self, acceptance: Acceptance, *, today: date) -> Self:
        """Keep that the customer accepted, or raise when there is nothing good to accept."""
        self.must_be_good(today)
        self._must_be_about_this(acceptance)
        told = QuoteVersionAccepted(quote_id=self.quote_id, version_id=self.id)
        return self.evolve(acceptance=acceptance).recording(told)

    def supersede(self, *, at: datetime) -> Self:
        """Leave its place to a newer version."""
        return self.evolve(superseded_at=at)

    def close(self, *, at: datetime) -> Self:
        """End with the quote."""
        return self.evolve(closed_at=at)

    def must_be_good(self, today: date) -> None:
        """Raise unless the version is live, unchanged, in time and approved."""
        self.must_be_live()
        self.must_be_intact()
        if today > self.valid_until:
            raise QuoteExpired(
                f"version {self.number} was good until {self.valid_until}",
                path="quote_version.valid_until",
                fix="requote it",
            )
        self._must_be_approved()

    def must_be_sent(self) -> None:
        """Raise `QuoteNotSent` unless it went to the customer."""
        if self.sent_at is None:
            raise QuoteNotSent(
                f"version {self.number} never went to the customer",
                path="quote_version.sent_at",
                fix="send it first",
            )

    def must_be_live(self) -> None:
        """Raise `VersionIsOver` when something took its place."""
        if self.status not in (VersionStatus.DRAFT, VersionStatus.SENT):
            raise VersionIsOver(
                f"version {self.number} is {self.status}",
                path="quote_version.status",
                fix="take the newest version",
            )

    def must_be_intact(self) -> None:
        """Raise `VersionIsImmutable` when the content is not what was written."""
        if self.content_hash != self.hash_now():
            raise VersionIsImmutable(
                f"the content of version {self.number} is not what was written",
                path="quote_version.content_hash",
                fix="write another version",
            )

    def _must_be_about_this(self, acceptance: Acceptance | None) -> None:
        self.must_be_intact()
        if acceptance is None:
            return
        self.must_be_sent()
        if acceptance.content_hash != self.content_hash:
            raise VersionIsImmutable(
                "what was accepted is not what was offered",
                path="acceptance.content_hash",
                fix="let the customer read this version",
            )

    def _must_tell(self, step: type[QuoteStep], name: str) -> None:
        told = (event for event in self.events if isinstance(event, step))
        if not any(event.version_id == self.id for event in told):
            raise StepsOnly(
                "is set by the steps of a quote only",
                path=f"quote_version.{name}",
                fix="write_version, approve_version, send_version, accept_version",
            )
        if name in ("sent_at", "acceptance") and getattr(self, name) is not None:
            self._must_be_approved()

    def _must_be_approved(self) -> None:
        if not self.is_approved:
            raise NotYetApproved(
                "; ".join(needed.reason for needed in self.requirements),
                path="quote_version.approval",
                fix=f"ask {', '.join(self.approver_roles)}",
            )
