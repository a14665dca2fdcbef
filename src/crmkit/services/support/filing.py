"""Filing: letters kept whole, found again, and put under tickets by people."""

from crmkit.domain.access.acting import Right
from crmkit.domain.access.veils import Veil
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.where import where
from crmkit.domain.support.mail.attachments import Attachment
from crmkit.domain.support.mail.filed import (
    FiledLetter,
    LetterPart,
    LetterPartId,
    joined,
    stretches,
)
from crmkit.domain.support.mail.letter import read_letter
from crmkit.domain.support.mail.letter_events import FiledLetterId
from crmkit.domain.support.moments import Author
from crmkit.domain.support.refusals import LetterNotWhole
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import Duplicate, NotPermitted, TransactionConflict
from crmkit.ports import Action
from crmkit.services.support.tickets import find_ticket, reply_to_ticket, tickets_within
from crmkit.work import UnitOfWork

FILE_LETTER = Action(
    "filed_letter:file", "Put a letter under a ticket", zh="归入工单", right=Right.EDIT
)


def letters_of(work: UnitOfWork, ticket_id: TicketId) -> list[FiledLetter]:
    """Return the letters of a ticket and of all merged into it, in and out, the oldest first."""
    letter, ticket = where(FiledLetter), find_ticket(work, ticket_id)
    ids = tickets_within(work, ticket.id)
    return work.filed_letters.find(
        letter.ticket_id.in_(ids), order=[letter.at.asc(), letter.id.asc()]
    )


def unfiled_letters(work: UnitOfWork, *, limit: int = 100) -> list[FiledLetter]:
    """Return the letters that came in and opened nothing, the newest first, each with its reason.

    Nothing that came in is missing here or under a ticket.
    """
    letter = where(FiledLetter)
    loose = letter.ticket_id.is_none()
    return work.filed_letters.find(loose, order=[letter.at.desc()], limit=limit)


def raw_letter(work: UnitOfWork, letter_id: FiledLetterId) -> bytes:
    """Return a letter to the byte; `LetterNotWhole` when it was too large to be kept.

    Whoever may not see a field of it does not get its bytes, which hold them all.
    """
    filed = work.filed_letters.get(letter_id)
    _must_see(filed)
    if not filed.parts:
        raise LetterNotWhole(
            "its bytes are not kept", path="filed_letter.parts", fix="ask the mail server for it"
        )
    return joined(work.letter_parts.find(where(LetterPart).letter_id.eq(letter_id)))


def attachments_of(work: UnitOfWork, letter_id: FiledLetterId) -> tuple[Attachment, ...]:
    """Return the files of a letter that were taken, with their contents."""
    return read_letter(raw_letter(work, letter_id)).attachments


def file_letter(work: UnitOfWork, letter_id: FiledLetterId, ticket_id: TicketId) -> FiledLetter:
    """Put a letter that came in under a ticket, such as the suggested one; the customer wrote it.

    The ticket that the letter had opened stays; merge it to be rid of it.
    """
    filed = work.filed_letters.get(letter_id)
    work.permit(FILE_LETTER, on=filed)
    ticket = reply_to_ticket(work, ticket_id, Author.CUSTOMER)
    return work.filed_letters.save(filed.file_under(ticket.id))


def keep_letter(work: UnitOfWork, filed: FiledLetter, raw: bytes) -> FiledLetter:
    """Write a letter with its bytes; when another work just wrote it, end in a `Conflict`."""
    contents = stretches(raw)
    try:
        kept = work.filed_letters.add(filed.evolve(parts=len(contents)))
    except Duplicate:
        raise TransactionConflict(
            "the same letter was filed just now", path="filed_letter.identity", fix="repeat"
        ) from None
    parts = [
        LetterPart(
            id=LetterPartId(work.new_id()),
            letter_id=kept.id,
            contact_id=kept.contact_id,
            place=place,
            content=content,
        )
        for place, content in enumerate(contents)
    ]
    work.letter_parts.insert_many(parts)
    return kept


def _must_see(filed: FiledLetter) -> None:
    for name in spec_of(FiledLetter).parts:
        if isinstance(getattr(filed, name), Veil):
            raise NotPermitted(
                "holds what you may not see", path=f"filed_letter.{name}", fix="ask for its fields"
            )
