"""Sending: letters of a ticket written, kept on file and put into the outbox."""

import re
from collections.abc import Sequence
from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.contact_points import ContactKind
from crmkit.domain.support.mail.attachments import Attachment
from crmkit.domain.support.mail.filed import FiledLetter, LetterState, files_of, identity_of
from crmkit.domain.support.mail.letter import read_letter
from crmkit.domain.support.mail.letter_events import FiledLetterId
from crmkit.domain.support.mail.mailbox import MailAddress, Mailbox, MailboxId
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.outgoing import (
    Draft,
    answerable_ids,
    header_value,
    mailbox,
    one_line,
    write_letter,
)
from crmkit.domain.support.refusals import AddressNotReached
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.parties import find_contact
from crmkit.services.support.filing import keep_letter
from crmkit.services.support.mailboxes import check_marks, find_mailbox, standing_of
from crmkit.services.support.tickets import find_ticket, reply_to_ticket
from crmkit.work import UnitOfWork

SEND_LETTER = Action("filed_letter:send", "Send a letter", zh="发送邮件", right=Right.CREATE)
_MOST_ANSWERED: Final = 20


def reply_by_mail(
    work: UnitOfWork,
    ticket_id: TicketId,
    text: str,
    *,
    mailbox_id: MailboxId,
    marks: Marks,
    to: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
) -> FiledLetter:
    """Answer a ticket by mail: the letter is kept, counts as the answer, and leaves by the outbox.

    Without `to` it goes to who wrote last, else to the requester. `AddressNotReached` when letters
    to an address do not arrive for good; `trust_address` takes that back.
    """
    ticket, box = find_ticket(work, ticket_id), find_mailbox(work, mailbox_id)
    work.permit(SEND_LETTER)
    check_marks(work, marks)
    recipients = tuple(to) or _recipients(work, ticket)
    for one in recipients:
        if standing_of(work, one).is_lasting:
            raise AddressNotReached(
                f"letters to {one} do not arrive", path="to", fix="trust_address() or name another"
            )
    replied = reply_to_ticket(work, ticket.id)
    return queue_letter(
        work, replied, box, marks, to=recipients, text=text, attachments=tuple(attachments)
    )


def queue_letter(
    work: UnitOfWork,
    ticket: Ticket,
    box: Mailbox,
    marks: Marks,
    *,
    to: tuple[str, ...],
    text: str,
    **more: Any,
) -> FiledLetter:
    """Write a letter about a ticket, keep it whole, and let it wait to be sent."""
    letter_id = FiledLetterId(work.new_id())
    draft = Draft(
        sender=box.address,
        sender_name=one_line(box.name),
        to=to,
        subject=_subject(ticket),
        text=f"{text}\n\n{marks.body_line(ticket.id)}\n",
        message_id=marks.message_id(ticket.id, letter_id, domain=box.domain),
        at=work.now,
        reply_to=marks.address(ticket.id, mailbox=box.address) if box.has_marked_address else "",
        answers=_answered(work, ticket),
        loop_tag=marks.loop_tag,
        **more,
    )
    return _kept(work, draft, ticket, box, letter_id, written=text)


def cannot_reach(address: str, standing: MailAddress) -> list[str]:
    """Say why nothing is sent to an address by machine."""
    against = []
    try:
        mailbox(address, path="to")
    except InvalidValue:
        against.append("its address is not one mailbox")
    if standing.is_lasting:
        against.append("letters to it do not arrive")
    if standing.complained_at is not None:
        against.append("it called our letters unwanted")
    return against


def _kept(
    work: UnitOfWork,
    draft: Draft,
    ticket: Ticket,
    box: Mailbox,
    letter_id: FiledLetterId,
    *,
    written: str,
) -> FiledLetter:
    posting = write_letter(draft)
    letter = read_letter(posting.raw)
    filed = FiledLetter(
        id=letter_id,
        mailbox_id=box.id,
        state=LetterState.QUEUED,
        identity=identity_of(letter),
        message_id=draft.message_id,
        ticket_id=ticket.id,
        contact_id=ticket.requester_id,
        sender=box.address,
        recipients=posting.recipients,
        subject=draft.subject[:500],
        written=written,
        text=draft.text,
        files=files_of(letter),
        size=len(posting.raw),
        at=work.now,
        is_automatic=draft.automatic,
    )
    return keep_letter(work, filed.queue(), posting.raw)


def _subject(ticket: Ticket) -> str:
    """Return a subject for an answer; a stranger's words that no header can hold are left out."""
    tag = f" [#{one_line(ticket.number)}]" if ticket.number else ""
    plain = one_line(re.sub(r"(?i)^(\s*(re|回复|答复)\s*[:：])+", "", ticket.subject))
    try:
        return header_value(f"Re: {plain}{tag}", path="subject")
    except InvalidValue:
        return f"Re:{tag}"


def _answered(work: UnitOfWork, ticket: Ticket) -> tuple[str, ...]:
    """Return the ids of the ticket's letters that can stand in a header, the newest first."""
    letter = where(FiledLetter)
    found = work.filed_letters.find(
        letter.ticket_id.eq(ticket.id),
        order=[letter.at.desc(), letter.id.desc()],
        limit=_MOST_ANSWERED,
    )
    came_in = [one for one in found if not one.is_ours]
    ours = [one for one in found if one.is_ours]
    return answerable_ids([one.message_id for one in (*came_in, *ours)])


def _recipients(work: UnitOfWork, ticket: Ticket) -> tuple[str, ...]:
    letter = where(FiledLetter)
    came_in = letter.state.in_((LetterState.OPENED, LetterState.APPENDED))
    mine = letter.ticket_id.eq(ticket.id) & came_in
    last = work.filed_letters.first(mine, order=[letter.at.desc(), letter.id.desc()])
    if last is not None and last.sender:
        return (last.sender,)
    points = () if ticket.requester_id is None else _points(work, ticket.requester_id)
    if not points:
        raise InvalidValue("nobody to write to is known", path="to", fix="name an address")
    return points


def _points(work: UnitOfWork, contact_id: ContactId) -> tuple[str, ...]:
    contact = find_contact(work, contact_id)
    mails = [one for one in contact.contact_points if one.kind is ContactKind.EMAIL]
    return tuple(one.key for one in sorted(mails, key=lambda one: not one.is_primary)[:1])
