"""Letters on file: each mail in or out, whole, and what became of it."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.support.mail import letter_events as told
from crmkit.domain.support.mail.letter import Letter
from crmkit.domain.support.mail.letter_events import FiledLetterId
from crmkit.domain.support.mail.mailbox import MailboxId
from crmkit.domain.support.mail.verdicts import Kind
from crmkit.domain.support.refusals import LetterIsOurs
from crmkit.domain.support.ticket_events import TicketId

LetterPartId = NewType("LetterPartId", UUID)
Address = Annotated[str, Text(max_length=330)]
Line = Annotated[str, Text(max_length=500)]
LONGEST_TEXT: Final = 1_000_000
LONGEST_WRITTEN: Final = 100_000
PART_SIZE: Final = 3 * 2**16
"""Bytes of a letter that lie in one part."""
_AUTHORS_OWN: Final = ("From", "To", "Cc", "Date", "Subject", "Content-Type")
_FOR_THREE_YEARS: Final = Retention(days=3 * 365, after="created_at")


class LetterState(StrEnum):
    """What became of a letter; the first four came in, the others go out."""

    OPENED = "opened"
    APPENDED = "appended"
    RECORDED = "recorded"
    """Kept for whoever looks for it; it needs no answer."""
    REFUSED = "refused"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class FiledFile:
    """A file in a letter: its SHA-256, or why it was left out."""

    name: Annotated[str, Text(max_length=300)]
    media_type: Annotated[str, Text(max_length=200)] = ""
    size: int = 0
    digest: Annotated[str, Text(max_length=64)] = ""
    left_out: Annotated[str, Text(max_length=200)] = ""


@keeps(
    personal=("sender", "recipients", "subject", "written", "text", "files", "accepted", "failed"),
    about=("contact_id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=_FOR_THREE_YEARS,
)
@entity(
    "filed_letter",
    unique=[Unique(("mailbox_id", "identity"))],
    indexes=[Index("message_id"), Index("ticket_id"), Index(("state", "at"))],
    labels={"en": "Filed letter", "zh": "邮件存档"},
    events=(told.LetterReceived, told.LetterQueued, told.LetterSent, told.LetterFailed),
)
@attrs.frozen(kw_only=True)
class FiledLetter(Aggregate):
    """One mail in or out; its bytes lie in `parts` letter parts, none when it was too large.

    `text` is the body, cut at a million characters, `written` what a person wrote now. `against`
    says why it was not acknowledged by machine. `accepted` are the recipients whose mail system
    took it, `failed` those whose did not, for good.
    """

    id: FiledLetterId
    mailbox_id: MailboxId
    state: LetterState
    reason: Line = ""
    identity: Annotated[str, Text(max_length=64)]
    message_id: Annotated[str, Text(max_length=502)] = ""
    ticket_id: TicketId | None = None
    suggested_id: TicketId | None = None
    contact_id: ContactId | None = None
    kind: Kind = Kind.PERSON
    sender: Address = ""
    recipients: tuple[Address, ...] = ()
    subject: Line = ""
    written: Annotated[str, Text(max_length=LONGEST_WRITTEN)] = ""
    text: Annotated[str, Text(max_length=LONGEST_TEXT)] = ""
    files: tuple[FiledFile, ...] = ()
    size: int = 0
    parts: int = 0
    at: datetime
    against: tuple[Line, ...] = ()
    is_automatic: bool = False
    accepted: tuple[Address, ...] = ()
    failed: tuple[Address, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Say whether it goes out."""
        return self.state in (LetterState.QUEUED, LetterState.SENT, LetterState.FAILED)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Return the recipients whose mail system has not answered yet."""
        if self.state is not LetterState.QUEUED:
            return ()
        over = {*self.accepted, *self.failed}
        return tuple(one for one in self.recipients if one not in over)

    def receive(self) -> Self:
        """Tell that it came in."""
        event = told.LetterReceived(letter_id=self.id, ticket_id=self.ticket_id)
        return self.recording(event)

    def queue(self) -> Self:
        """Wait to be sent."""
        return self.recording(told.LetterQueued(letter_id=self.id))

    def settle(self, accepted: Iterable[str], failed: Iterable[str], reason: str) -> Self:
        """Note whose mail system took it, and whose refused it for good."""
        waiting = self.waiting
        taken = (*self.accepted, *(one for one in accepted if one in waiting))
        lost = (*self.failed, *(one for one in failed if one in waiting))
        after = self.evolve(accepted=taken, failed=lost, reason=reason[:500])
        if after.waiting or not waiting:
            return after
        if taken:
            return after.evolve(state=LetterState.SENT).recording(
                told.LetterSent(letter_id=self.id)
            )
        event = told.LetterFailed(letter_id=self.id, reason=after.reason)
        return after.evolve(state=LetterState.FAILED).recording(event)

    def file_under(self, ticket_id: TicketId) -> Self:
        """Belong to a ticket, because a person says so; `LetterIsOurs` when it goes out."""
        if self.is_ours:
            raise LetterIsOurs(f"is {self.state}", path="filed_letter.state")
        return self.evolve(ticket_id=ticket_id, suggested_id=None, state=LetterState.APPENDED)


@keeps(
    personal=("content",),
    about=("contact_id",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=_FOR_THREE_YEARS,
)
@entity(
    "letter_part",
    unique=[Unique(("letter_id", "place"))],
    labels={"en": "Letter part", "zh": "邮件原文"},
)
@attrs.frozen(kw_only=True)
class LetterPart(Aggregate):
    """A stretch of the bytes of a letter, in base64."""

    id: LetterPartId
    letter_id: FiledLetterId
    contact_id: ContactId | None = None
    place: int
    content: Annotated[str, Text(max_length=400_000)] = attrs.field(repr=False)


def stretches(raw: bytes) -> list[str]:
    """Cut a letter into the contents of its parts."""
    places = range(0, len(raw), PART_SIZE)
    return [base64.b64encode(raw[at : at + PART_SIZE]).decode("ascii") for at in places]


def joined(parts: Iterable[LetterPart]) -> bytes:
    """Return the bytes of a letter from all its parts."""
    ordered = sorted(parts, key=lambda part: part.place)
    return b"".join(base64.b64decode(part.content) for part in ordered)


def identity_of(letter: Letter) -> str:
    """Return what two deliveries of one letter share: its id, what its author set, and its body.

    What mail systems on the way write above it makes no difference. A letter without an id is told
    by all of its bytes.
    """
    if not letter.message_id:
        return _digest(letter.raw)
    told = ((name, *letter.all_of(name)) for name in _AUTHORS_OWN)
    shared = [letter.message_id, *(value for values in told for value in values)]
    return _digest(*(one.encode() for one in shared), _body(letter.raw))


def files_of(letter: Letter) -> tuple[FiledFile, ...]:
    """List the files of a letter: those taken, then those left out."""
    taken = (
        FiledFile(
            name=one.name,
            media_type=one.media_type[:200],
            size=len(one.content),
            digest=hashlib.sha256(one.content).hexdigest(),
        )
        for one in letter.attachments
    )
    left = (
        FiledFile(name=one.name, size=one.size, left_out=one.why[:200]) for one in letter.left_out
    )
    return (*taken, *left)


def _body(raw: bytes) -> bytes:
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return lines.partition(b"\n\n")[2].rstrip(b"\n")


def _digest(*told_apart: bytes) -> str:
    framed = b"".join(len(one).to_bytes(8, "big") + one for one in told_apart)
    return hashlib.sha256(framed).hexdigest()
