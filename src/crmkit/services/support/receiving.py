"""Receiving: each letter that comes in ends under a ticket, on record, or refused with a reason."""

from typing import Final

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.support.mail.answering import is_our_own, may_answer
from crmkit.domain.support.mail.attachments import Limits
from crmkit.domain.support.mail.filed import (
    LONGEST_TEXT,
    LONGEST_WRITTEN,
    FiledLetter,
    LetterState,
    files_of,
    identity_of,
)
from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.support.mail.letter_events import FiledLetterId
from crmkit.domain.support.mail.mailbox import Mailbox, MailboxId, UnknownSender
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.replies import split_reply
from crmkit.domain.support.mail.threads import Found, find_ticket
from crmkit.domain.support.mail.verdicts import Kind, Verdict, judge
from crmkit.domain.support.moments import Author
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.ports import Action
from crmkit.services.support.correspondents import KnownTickets, contact_for, contact_of
from crmkit.services.support.filing import keep_letter
from crmkit.services.support.mailboxes import (
    check_marks,
    find_mailbox,
    keep_standing,
    note_answer,
    note_failure,
    standing_of,
)
from crmkit.services.support.sending import cannot_reach, queue_letter
from crmkit.services.support.tickets import open_ticket, reply_to_ticket
from crmkit.work import UnitOfWork

RECEIVE_LETTER = Action(
    "filed_letter:receive", "Take in a letter", zh="接收邮件", right=Right.CREATE
)
NO_SUBJECT: Final = "(no subject)"
_USUAL: Final = Limits()
_HEAD: Final = 65_536
"""Bytes that are read of a letter above the limit."""
_REPORTS: Final = (Kind.BOUNCE, Kind.DELAY, Kind.COMPLAINT, Kind.RECEIPT)


def receive_letter(
    work: UnitOfWork,
    mail: bytes | Letter,
    mailbox_id: MailboxId,
    *,
    marks: Marks,
    limits: Limits = _USUAL,
) -> FiledLetter:
    """Take in a mail: it goes to its ticket or opens one, is kept on record, or is refused.

    A second delivery of the same letter to the mailbox is the first one, and changes nothing. What
    becomes of it is its `state`, and why, its `reason`. Only what is no bytes raises.
    """
    mailbox = find_mailbox(work, mailbox_id)
    work.permit(RECEIVE_LETTER)
    check_marks(work, marks)
    letter, size, refusal = _read(mail, limits)
    identity = identity_of(letter)
    known = _known(work, mailbox, identity)
    if known is not None:
        return known
    filed = _filed(work, letter, mailbox, identity).evolve(size=size)
    if refusal:
        refused = filed.evolve(state=LetterState.REFUSED, reason=refusal)
        return work.filed_letters.add(refused.receive())
    arrival = _Arrival(letter, judge(letter), mailbox, marks)
    kept = keep_letter(work, _placed(work, filed, arrival).receive(), letter.raw)
    return _acknowledged(work, kept, arrival)


@attrs.frozen
class _Arrival:
    letter: Letter
    verdict: Verdict
    mailbox: Mailbox
    marks: Marks


def _read(mail: bytes | Letter, limits: Limits) -> tuple[Letter, int, str]:
    """Return the letter, its size, and why it is refused; of one too large, its head."""
    raw = mail.raw if isinstance(mail, Letter) else mail
    if isinstance(raw, bytes) and len(raw) > limits.letter:
        reason = f"{len(raw)} bytes, at most {limits.letter} are taken"
        return read_letter(raw[: min(_HEAD, limits.letter)], limits=limits), len(raw), reason
    return (mail if isinstance(mail, Letter) else read_letter(raw, limits=limits)), len(raw), ""


def _known(work: UnitOfWork, mailbox: Mailbox, identity: str) -> FiledLetter | None:
    letter = where(FiledLetter)
    same = letter.mailbox_id.eq(mailbox.id) & letter.identity.eq(identity)
    return work.filed_letters.first(same)


def _filed(work: UnitOfWork, letter: Letter, mailbox: Mailbox, identity: str) -> FiledLetter:
    """Write on file what the letter says; nothing is decided yet."""
    return FiledLetter(
        id=FiledLetterId(work.new_id()),
        mailbox_id=mailbox.id,
        state=LetterState.RECORDED,
        identity=identity,
        message_id=letter.message_id,
        sender=letter.sender[:330],
        recipients=tuple(one[:330] for one in letter.recipients[:100]),
        subject=letter.subject[:500],
        written=split_reply(letter.text).written[:LONGEST_WRITTEN],
        text=letter.text[:LONGEST_TEXT],
        files=files_of(letter),
        at=work.now,
    )


def _placed(work: UnitOfWork, filed: FiledLetter, arrival: _Arrival) -> FiledLetter:
    """Decide what becomes of a letter, and do it."""
    letter, verdict = arrival.letter, arrival.verdict
    filed = filed.evolve(kind=verdict.kind)
    if is_our_own(letter, arrival.marks):
        return filed.evolve(state=LetterState.REFUSED, reason="our own letter came back")
    found = find_ticket(letter, arrival.marks, known=KnownTickets(work), report=verdict.report)
    if verdict.kind in _REPORTS:
        return _reported(work, filed, verdict, found)
    if found is not None and found.sure:
        return _appended(work, filed, found.ticket_id)
    suggested = filed.evolve(suggested_id=None if found is None else found.ticket_id)
    if verdict.kind is Kind.PERSON or _is_notice(arrival):
        return _opened(work, suggested, arrival)
    return suggested.evolve(reason=_because(verdict))


def _appended(work: UnitOfWork, filed: FiledLetter, ticket_id: TicketId) -> FiledLetter:
    """Put a letter under its ticket; only a person's counts as an answer and reopens it."""
    contact = contact_of(work, filed.sender) if filed.sender else None
    known = filed.evolve(contact_id=None if contact is None else contact.id)
    if filed.kind is not Kind.PERSON:
        return known.evolve(ticket_id=ticket_id, reason=f"is no person's: {filed.kind}")
    ticket = reply_to_ticket(work, ticket_id, Author.CUSTOMER)
    return known.evolve(state=LetterState.APPENDED, ticket_id=ticket.id)


def _opened(work: UnitOfWork, filed: FiledLetter, arrival: _Arrival) -> FiledLetter:
    mailbox = arrival.mailbox
    contact = contact_for(work, arrival.letter, mailbox)
    if contact is None and mailbox.unknown is UnknownSender.REFUSE:
        return filed.evolve(state=LetterState.REFUSED, reason="the sender is not known")
    ticket = open_ticket(
        work,
        filed.subject.strip() or NO_SUBJECT,
        queue=mailbox.queue_id,
        channel="mail",
        description=filed.written or None,
        requester_id=None if contact is None else contact.id,
    )
    return filed.evolve(
        state=LetterState.OPENED,
        ticket_id=ticket.id,
        contact_id=None if contact is None else contact.id,
    )


def _is_notice(arrival: _Arrival) -> bool:
    """Say whether a program tells something of its own, and the mailbox wants to hear it."""
    signs = " ".join(arrival.verdict.signs)
    answers = arrival.letter.answers or "auto-replied" in signs
    is_notice = arrival.verdict.kind is Kind.AUTO_REPLY and bool(signs) and not answers
    return arrival.mailbox.opens_for_machines and is_notice


def _reported(
    work: UnitOfWork, filed: FiledLetter, verdict: Verdict, found: Found | None
) -> FiledLetter:
    """Keep a report on record; one about a letter that we sent marks the addresses."""
    ours = _reported_letter(work, verdict.report.original_id)
    if ours is None:
        return filed.evolve(reason=f"{_because(verdict)}, about no letter of ours")
    reached = {one.lower() for one in ours.recipients}
    for failure in verdict.report.failures:
        if verdict.kind is Kind.BOUNCE and failure.address.lower() in reached:
            note_failure(work, failure)
    if verdict.kind is Kind.COMPLAINT:
        for address in sorted(reached):
            keep_standing(work, standing_of(work, address).complain(at=work.now))
    sure = found.ticket_id if found is not None and found.sure else ours.ticket_id
    return filed.evolve(ticket_id=sure, reason=_because(verdict))


def _reported_letter(work: UnitOfWork, message_id: str) -> FiledLetter | None:
    if not message_id:
        return None
    same = work.filed_letters.find(where(FiledLetter).message_id.eq(message_id), limit=10)
    return next((one for one in same if one.is_ours), None)


def _because(verdict: Verdict) -> str:
    signs = ", ".join(verdict.signs)
    return (f"{verdict.kind.value.replace('_', ' ')}: {signs}" if signs else str(verdict.kind))[
        :400
    ]


def _acknowledged(work: UnitOfWork, filed: FiledLetter, arrival: _Arrival) -> FiledLetter:
    """Answer a letter that opened a ticket by machine, where that is wanted and allowed."""
    text, rate = arrival.mailbox.acknowledgement, arrival.mailbox.rate
    if text is None or filed.state is not LetterState.OPENED or filed.ticket_id is None:
        return filed
    standing = standing_of(work, filed.sender)
    lately = standing.lately(at=work.now, rate=rate)
    against = may_answer(
        arrival.letter, arrival.verdict, arrival.marks, rate=rate, answered=lately
    ).against
    against = (*against, *cannot_reach(filed.sender, standing))
    if against:
        return work.filed_letters.save(filed.evolve(against=tuple(one[:500] for one in against)))
    note_answer(work, filed.sender, rate)
    _answer(work, work.tickets.get(filed.ticket_id), filed, arrival, text)
    return filed


def _answer(
    work: UnitOfWork, ticket: Ticket, filed: FiledLetter, arrival: _Arrival, text: str
) -> None:
    queue_letter(
        work,
        ticket,
        arrival.mailbox,
        arrival.marks,
        to=(filed.sender,),
        text=text,
        automatic=True,
    )
