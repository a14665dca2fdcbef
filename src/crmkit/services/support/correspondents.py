"""Correspondents: who writes, and what the tickets know of them."""

from contextlib import suppress
from email.utils import parseaddr

from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.match_keys import keys_of_text
from crmkit.domain.support.mail.filed import FiledLetter
from crmkit.domain.support.mail.letter import Letter
from crmkit.domain.support.mail.mailbox import Mailbox, UnknownSender, address_key
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue
from crmkit.services.parties import add_contact, find_contact
from crmkit.services.support.tickets import MAX_HOPS
from crmkit.work import UnitOfWork


class KnownTickets:
    """What the tickets that the actor sees know; answers the questions of `find_ticket`."""

    def __init__(self, work: UnitOfWork) -> None:
        """Ask within a work."""
        self._work = work

    def ticket_of_message(self, message_id: str) -> TicketId | None:
        """Return the ticket that a letter of this id was filed under."""
        letter = where(FiledLetter)
        same = letter.message_id.eq(message_id) & ~letter.ticket_id.is_none()
        found = self._work.filed_letters.first(same, order=[letter.at.desc()])
        return None if found is None else found.ticket_id

    def ticket_of_number(self, number: str) -> TicketId | None:
        """Return the ticket of this number."""
        found = self._work.tickets.first(where(Ticket).number.eq(number))
        return None if found is None else found.id

    def takes_part(self, ticket_id: TicketId, address: str) -> bool:
        """Tell whether an address is the requester's, or stands in a letter of the ticket."""
        if not address:
            return False
        letter = where(FiledLetter)
        named = letter.sender.eq(address) | letter.recipients.has_any((address,))
        if self._work.filed_letters.exists(letter.ticket_id.eq(ticket_id) & named):
            return True
        ticket = self._work.tickets.first(where(Ticket).id.eq(ticket_id))
        if ticket is None or ticket.requester_id is None:
            return False
        return address_key(address) in _keys(find_contact(self._work, ticket.requester_id))

    def leads_to(self, ticket_id: TicketId) -> TicketId | None:
        """Return the ticket at the end of its merges; None when it is gone."""
        wanted: TicketId | None = ticket_id
        for _hop in range(MAX_HOPS):
            ticket = self._work.tickets.first(where(Ticket).id.eq(wanted))
            if ticket is None or ticket.merged_into_id is None:
                return None if ticket is None else ticket.id
            wanted = ticket.merged_into_id
        return None


def contact_of(work: UnitOfWork, address: str) -> Contact | None:
    """Return the contact who has an address, the first one where several have it."""
    keys = keys_of_text(address)
    contact, key = where(Contact), address_key(address)
    if not keys:
        return None
    order = [contact.created_at.asc(), contact.id.asc()]
    near = work.contacts.find(contact.match_keys.has_any(keys), order=order)
    found = next((one for one in near if key in _keys(one)), None)
    return None if found is None else find_contact(work, found.id)


def contact_for(work: UnitOfWork, letter: Letter, mailbox: Mailbox) -> Contact | None:
    """Return who wrote a letter; whoever is no contact becomes one where the mailbox says so."""
    known = contact_of(work, letter.sender) if letter.sender else None
    if known is not None or mailbox.unknown is not UnknownSender.ADD:
        return known
    try:
        point = ContactPoint(kind=ContactKind.EMAIL, raw=letter.sender, is_primary=True)
    except InvalidValue:
        return None
    work.hold(work.mailboxes.get(mailbox.id))
    return contact_of(work, letter.sender) or add_contact(
        work, _name_in(letter), contact_points=(point,)
    )


def _keys(contact: Contact) -> set[str]:
    return {one.key for one in contact.contact_points if one.kind is ContactKind.EMAIL}


def _name_in(letter: Letter) -> str:
    name = ""
    with suppress(RecursionError, IndexError, ValueError):
        name = " ".join(parseaddr(letter.header("From"))[0].split())
    return name[:300] or letter.sender[:300]
