"""Tickets: what somebody asked of support, how it stands, and when it is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.access.team import TeamId
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import ContactId
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.sales.product import ProductId
from crmkit.domain.support import ticket_events as told
from crmkit.domain.support.clocks import BREACH, ClockRun
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.priorities import Level, Priority, PriorityCause
from crmkit.domain.support.refusals import (
    NoSuchMove,
    TicketFinished,
    TicketHeld,
    TicketNotFinished,
    TicketNotMerged,
    TicketWasMerged,
)
from crmkit.domain.support.sla import Clocks
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket_events import QueueId, TicketId

SlaPolicyId = NewType("SlaPolicyId", UUID)
Name = Annotated[str, Text(max_length=100)]


@keeps(
    personal=("subject", "description"),
    about=("requester_id", "on_behalf_of_id", "customer_id"),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=Retention(days=3 * 365, after="closed_at"),
)
@entity(
    "ticket",
    unique=[Unique("number")],
    indexes=[
        Index(("team_id", "due_at")),
        Index(("queue_id", "category")),
        Index(("assignee_id", "category")),
        Index("customer_id"),
        Index("due_at"),
        Index("alarm_at"),
        Index("merged_into_id"),
    ],
    labels={"en": "Ticket", "zh": "工单"},
    events=(
        told.TicketOpened,
        told.TicketMoved,
        told.TicketReplied,
        told.TicketPrioritised,
        told.TicketQueued,
        told.TicketAssigned,
        told.TicketReopened,
        told.TicketMerged,
        told.TicketUnmerged,
        told.SlaAlarmRang,
        told.DeadlineMoved,
    ),
)
@attrs.frozen(kw_only=True)
class Ticket(Aggregate):
    """A request of a customer; `due_at` and `alarm_at` are the next ones of all its clocks.

    A merged ticket leads to another one and keeps all that it had.
    """

    id: TicketId
    subject: Annotated[str, Text(max_length=500, searchable=True)]
    number: Name | None = None
    description: str | None = None
    requester_id: ContactId | None = None
    on_behalf_of_id: ContactId | None = None
    customer_id: CustomerId | None = None
    product_id: ProductId | None = None
    channel: Name = "api"
    topic: Name | None = None
    language: Name | None = None
    skills: tuple[Name, ...] = ()
    queue_id: QueueId | None = None
    team_id: TeamId | None = None
    assignee_id: UserId | None = None
    impact: Level = Level.MEDIUM
    urgency: Level = Level.MEDIUM
    priority: Priority = Priority.NORMAL
    priority_cause: PriorityCause = PriorityCause.MATRIX
    status: Name = StatusCategory.NEW.value
    category: StatusCategory = StatusCategory.NEW
    cycle: int = 1
    opened_at: datetime | None = None
    replied_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    resolution: Name | None = None
    root_cause: Annotated[str, Text(max_length=2000)] | None = None
    sla_policy_id: SlaPolicyId | None = None
    sla_reason: Annotated[str, Text(max_length=500)] | None = None
    clocks: tuple[ClockRun, ...] = ()
    due_at: datetime | None = None
    alarm_at: datetime | None = None
    is_provisional: bool = False
    is_breached: bool = False
    merged_into_id: TicketId | None = None
    merged_status: Name | None = None
    merged_category: StatusCategory | None = None
    held_by_id: UserId | None = None
    held_until: datetime | None = None
    watcher_ids: tuple[UserId, ...] = ()

    def derived(self) -> Mapping[str, Any]:
        """Follow from the clocks: what is due next, told next, not certain yet, or was missed."""
        live = [] if not self.is_unfinished else [run for run in self.clocks if not run.is_over]
        dues = [run for run in live if run.due_at is not None]
        first = min(dues, key=lambda run: run.due_at or run.since, default=None)
        return {
            "due_at": None if first is None else first.due_at,
            "is_provisional": any(run.provisional for run in dues),
            "alarm_at": min((run.alarm_at for run in live if run.alarm_at), default=None),
            "is_breached": any(run.is_breached for run in self.clocks),
        }

    @property
    def is_unfinished(self) -> bool:
        """Say whether somebody still has to do something."""
        return self.category.is_unfinished

    def moment(
        self,
        at: datetime,
        happening: Happening,
        *,
        author: Author = Author.SYSTEM,
        public: bool = False,
    ) -> Moment:
        """Return what happened, with how the ticket stands now."""
        return Moment(
            at=at,
            happening=happening,
            category=self.category,
            priority=self.priority,
            author=author,
            public=public,
            cycle=self.cycle,
            team_id=self.team_id,
        )

    def open(self, *, at: datetime) -> Self:
        """Begin a new ticket."""
        return self.evolve(opened_at=at).recording(told.TicketOpened(ticket_id=self.id))

    def move(self, status: str, category: StatusCategory, *, at: datetime) -> Self:
        """Have another status, or raise `NoSuchMove`."""
        self.must_not_be_merged()
        if not self.category.may_become(category):
            raise NoSuchMove(
                f"does not go from {self.category} to {category}",
                path="ticket.status",
                fix="reopen it first" if not self.is_unfinished else "choose another status",
            )
        if status == self.status:
            return self
        is_done = category in (StatusCategory.RESOLVED, StatusCategory.CLOSED)
        return self.evolve(
            status=status,
            category=category,
            resolved_at=(self.resolved_at or at) if is_done else None,
            closed_at=None if category.is_unfinished or category is StatusCategory.RESOLVED else at,
        ).recording(
            told.TicketMoved(
                ticket_id=self.id, from_status=self.status, to_status=status, category=category
            )
        )

    def reply(self, author: Author, *, public: bool, at: datetime) -> Self:
        """Have one more message; the first public one of a person is kept as the first reply."""
        self.must_not_be_merged()
        is_answer = public and author is Author.AGENT
        replied = (self.replied_at or at) if is_answer else self.replied_at
        event = told.TicketReplied(ticket_id=self.id, author=author, public=public)
        return self.evolve(replied_at=replied).recording(event)

    def prioritise(self, priority: Priority, cause: PriorityCause) -> Self:
        """Have another priority, for a reason that is kept."""
        self.must_be_unfinished()
        if (priority, cause) == (self.priority, self.priority_cause):
            return self
        event = told.TicketPrioritised(ticket_id=self.id, priority=priority, cause=cause)
        return self.evolve(priority=priority, priority_cause=cause).recording(event)

    def queue(self, queue: QueueId, team: TeamId | None) -> Self:
        """Be in another queue, before its team."""
        if (self.queue_id, self.team_id) == (queue, team):
            return self
        event = told.TicketQueued(ticket_id=self.id, queue_id=queue, team_id=team)
        return self.evolve(queue_id=queue, team_id=team).recording(event)

    def assign(self, assignee: UserId | None, reason: str) -> Self:
        """Be worked on by somebody else, or by nobody."""
        self.must_be_unfinished()
        if assignee == self.assignee_id:
            return self
        event = told.TicketAssigned(ticket_id=self.id, assignee_id=assignee, reason=reason)
        return self.evolve(assignee_id=assignee, owner_id=assignee).recording(event)

    def may_reopen(self, at: datetime, within: timedelta) -> bool:
        """Say whether the ticket was finished short enough ago to be opened again."""
        return self.resolved_at is None or at - self.resolved_at <= within

    def reopen(self, status: str) -> Self:
        """Begin another cycle of a resolved or closed ticket."""
        self.must_not_be_merged()
        if self.is_unfinished or self.category is StatusCategory.CANCELLED:
            raise TicketNotFinished(f"is {self.category}", path="ticket.category")
        cycle = self.cycle + 1
        opened = self.evolve(status=status, category=StatusCategory.OPEN, cycle=cycle)
        event = told.TicketReopened(ticket_id=self.id, cycle=cycle)
        return opened.evolve(resolved_at=None, closed_at=None).recording(event)

    def merge_into(self, other: TicketId) -> Self:
        """Lead to another ticket; everything that was here stays here."""
        self.must_not_be_merged()
        return self.evolve(
            merged_into_id=other,
            merged_status=self.status,
            merged_category=self.category,
            status=StatusCategory.MERGED.value,
            category=StatusCategory.MERGED,
        ).recording(told.TicketMerged(ticket_id=self.id, into_id=other))

    def unmerge(self) -> Self:
        """Stand by itself again, exactly as before."""
        if self.merged_into_id is None:
            raise TicketNotMerged("was not merged", path="ticket.merged_into_id")
        return self.evolve(
            merged_into_id=None,
            merged_status=None,
            merged_category=None,
            status=self.merged_status or StatusCategory.OPEN.value,
            category=self.merged_category or StatusCategory.OPEN,
        ).recording(told.TicketUnmerged(ticket_id=self.id, from_id=self.merged_into_id))

    def hold(self, user: UserId, *, at: datetime, until: datetime) -> Self:
        """Show others that somebody is writing; a hold ends by itself."""
        if self.is_held(user, at):
            raise TicketHeld(
                f"is held until {self.held_until:%H:%M}", path="ticket.held_by_id", fix="wait"
            )
        return self.evolve(held_by_id=user, held_until=until)

    def is_held(self, user: UserId, at: datetime) -> bool:
        """Say whether somebody else holds it at an instant."""
        return self.held_by_id not in (None, user) and at < (self.held_until or at)

    def ticking(self, clocks: Clocks) -> Self:
        """Have these clocks; a breach that only shows now is told."""
        known = {(run.clock, run.started_at) for run in self.clocks if run.is_breached}
        missed = [run for run in clocks if run.is_breached]
        events = [
            _breach(self.id, run) for run in missed if (run.clock, run.started_at) not in known
        ]
        return self.evolve(clocks=clocks).recording(*events)

    def must_be_unfinished(self) -> None:
        """Raise unless somebody still has to do something."""
        self.must_not_be_merged()
        if not self.is_unfinished:
            raise TicketFinished(f"is {self.status}", path="ticket.status", fix="reopen it first")

    def must_not_be_merged(self) -> None:
        """Raise when the ticket leads to another one."""
        if self.merged_into_id is not None:
            raise TicketWasMerged(
                "leads to another ticket", path="ticket.merged_into_id", fix="unmerge it first"
            )


def _breach(ticket_id: TicketId, run: ClockRun) -> told.SlaAlarmRang:
    return told.SlaAlarmRang(
        ticket_id=ticket_id,
        clock=run.clock,
        cycle=run.cycle,
        alarm=BREACH.name,
        rang_at=run.breached_at or run.since,
        tell=BREACH.tell,
    )
