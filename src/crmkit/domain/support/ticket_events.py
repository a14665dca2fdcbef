"""What is told about tickets: one event for each thing that happens on them."""

from datetime import datetime
from typing import NewType
from uuid import UUID

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.aggregate import Event, UserId
from crmkit.domain.support.moments import Author
from crmkit.domain.support.priorities import Priority, PriorityCause
from crmkit.domain.support.statuses import StatusCategory

TicketId = NewType("TicketId", UUID)
QueueId = NewType("QueueId", UUID)


@attrs.frozen(kw_only=True)
class TicketOpened(Event):
    """A ticket was opened."""

    ticket_id: TicketId


@attrs.frozen(kw_only=True)
class TicketMoved(Event):
    """A ticket has another status."""

    ticket_id: TicketId
    from_status: str
    to_status: str
    category: StatusCategory


@attrs.frozen(kw_only=True)
class TicketReplied(Event):
    """A message was written on a ticket; a note when it is not public."""

    ticket_id: TicketId
    author: Author
    public: bool


@attrs.frozen(kw_only=True)
class TicketPrioritised(Event):
    """A ticket has another priority, and why."""

    ticket_id: TicketId
    priority: Priority
    cause: PriorityCause


@attrs.frozen(kw_only=True)
class TicketQueued(Event):
    """A ticket is in another queue, before the team of that."""

    ticket_id: TicketId
    queue_id: QueueId
    team_id: TeamId | None


@attrs.frozen(kw_only=True)
class TicketAssigned(Event):
    """Somebody works on a ticket now, or nobody any more."""

    ticket_id: TicketId
    assignee_id: UserId | None
    reason: str


@attrs.frozen(kw_only=True)
class TicketReopened(Event):
    """A resolved ticket has a new cycle."""

    ticket_id: TicketId
    cycle: int


@attrs.frozen(kw_only=True)
class TicketMerged(Event):
    """A ticket leads to another one."""

    ticket_id: TicketId
    into_id: TicketId


@attrs.frozen(kw_only=True)
class TicketUnmerged(Event):
    """A ticket stands by itself again."""

    ticket_id: TicketId
    from_id: TicketId


@attrs.frozen(kw_only=True)
class SlaAlarmRang(Event):
    """A clock of a ticket reached an alarm; `breach` when its target was used up."""

    ticket_id: TicketId
    clock: str
    cycle: int
    alarm: str
    rang_at: datetime
    tell: tuple[str, ...]


@attrs.frozen(kw_only=True)
class DeadlineMoved(Event):
    """A due time was worked out anew, for a calendar that has changed."""

    ticket_id: TicketId
    clock: str
    from_at: datetime | None
    to_at: datetime | None
    provisional: bool
