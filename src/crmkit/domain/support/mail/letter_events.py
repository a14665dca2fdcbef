"""What is told about letters: one event for each thing that becomes of them."""

from typing import NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event
from crmkit.domain.support.ticket_events import TicketId

FiledLetterId = NewType("FiledLetterId", UUID)


@attrs.frozen(kw_only=True)
class LetterReceived(Event):
    """A letter came in; without a ticket, nothing was opened for it."""

    letter_id: FiledLetterId
    ticket_id: TicketId | None


@attrs.frozen(kw_only=True)
class LetterQueued(Event):
    """A letter waits to be sent."""

    letter_id: FiledLetterId


@attrs.frozen(kw_only=True)
class LetterSent(Event):
    """Every recipient's mail system has answered, and at least one took the letter."""

    letter_id: FiledLetterId


@attrs.frozen(kw_only=True)
class LetterFailed(Event):
    """No recipient's mail system takes the letter, now or later."""

    letter_id: FiledLetterId
    reason: str


@attrs.frozen(kw_only=True)
class AddressFailed(Event):
    """A letter of ours was reported not to have reached an address."""

    address: str
    lasting: bool
