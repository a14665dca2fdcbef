"""Threads: which ticket a letter belongs to, asked of ordered signs from the surest to the weakest.

A mark of our own proves itself. What anybody could write (an id that went through other hands, a
number in the subject) counts only from somebody who takes part in the ticket; from others it is a
suggestion that a person may accept. Works for programs that send neither References nor
In-Reply-To.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Protocol

import attrs

from crmkit.domain.support.mail.letter import Letter
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.reports import Report
from crmkit.domain.support.ticket_events import TicketId

_TAG: Final = re.compile(r"[\[【(（]\s*#\s*([^\s\[\]【】()（）#]{1,40})\s*[\]】)）]")
_NOTHING: Final = Report()


class Sign(StrEnum):
    """What led a letter to its ticket."""

    OWN_ID = "own_id"
    ADDRESS = "address"
    KNOWN_ID = "known_id"
    BODY = "body"
    SUBJECT = "subject"
    REPORT = "report"


class Known(Protocol):
    """What the tickets know; asked here, answered by whoever stores them."""

    def ticket_of_message(self, message_id: str) -> TicketId | None:
        """Return the ticket that a letter of this id was filed under."""
        ...

    def ticket_of_number(self, number: str) -> TicketId | None:
        """Return the ticket of this number."""
        ...

    def takes_part(self, ticket_id: TicketId, address: str) -> bool:
        """Tell whether the address is the requester's, a watcher's or a colleague's in copy."""
        ...

    def leads_to(self, ticket_id: TicketId) -> TicketId | None:
        """Return the ticket at the end of its merges; None when it is gone."""
        ...


@attrs.frozen(kw_only=True)
class Found:
    """A ticket, the sign that led to it, and whether the sign is proof enough to file there."""

    ticket_id: TicketId
    sign: Sign
    sure: bool


def find_ticket(
    letter: Letter, marks: Marks, *, known: Known, report: Report = _NOTHING
) -> Found | None:
    """Return the first sure ticket, else the first suggestion, else None: a new ticket."""
    suggestion: Found | None = None
    for sign, ticket_id, proven in _signs(letter, marks, known, report):
        living = known.leads_to(ticket_id)
        if living is None:
            continue
        sure = proven or known.takes_part(living, letter.sender)
        found = Found(ticket_id=living, sign=sign, sure=sure)
        if sure:
            return found
        suggestion = suggestion or found
    return suggestion


def _signs(
    letter: Letter, marks: Marks, known: Known, report: Report
) -> Iterator[tuple[Sign, TicketId, bool]]:
    for one in letter.answers:
        if ticket_id := marks.in_message_id(one):
            yield Sign.OWN_ID, ticket_id, True
    for address in letter.recipients:
        if ticket_id := marks.in_address(address):
            yield Sign.ADDRESS, ticket_id, True
    for one in letter.answers:
        if ticket_id := known.ticket_of_message(one):
            yield Sign.KNOWN_ID, ticket_id, False
    if ticket_id := marks.in_body(f"{letter.text}\n{letter.html}"):
        yield Sign.BODY, ticket_id, True
    for number in _TAG.findall(letter.subject):
        if ticket_id := known.ticket_of_number(number):
            yield Sign.SUBJECT, ticket_id, False
    yield from _reported(marks, known, report)


def _reported(marks: Marks, known: Known, report: Report) -> Iterator[tuple[Sign, TicketId, bool]]:
    if ticket_id := marks.in_message_id(report.original_id):
        yield Sign.REPORT, ticket_id, True
    elif report.original_id and (ticket_id := known.ticket_of_message(report.original_id)):
        yield Sign.REPORT, ticket_id, False
