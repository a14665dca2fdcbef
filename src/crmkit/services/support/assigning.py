"""Who works on a ticket: assigned by name or by turn, handed over in absence, held, watched."""

from datetime import date, timedelta
from typing import Final

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.support.assignment import Assignment, choose_agent
from crmkit.domain.support.desk import Queue, Strategy
from crmkit.domain.support.moments import Happening
from crmkit.domain.support.statuses import UNFINISHED
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.domain.support.ticket_record import TimeEntry, TimeEntryId
from crmkit.ports import Action
from crmkit.services.calendars.absences import deputy_of
from crmkit.services.support.choosing import desk_of, next_agent
from crmkit.services.support.commands import watched
from crmkit.services.support.happening import happen
from crmkit.services.support.tickets import find_ticket, tickets_within
from crmkit.work import UnitOfWork

ASSIGN_TICKET = Action("ticket:assign", "Assign a ticket", zh="分派工单", right=Right.ASSIGN)
HAND_OVER = Action(
    "ticket:hand_over",
    "Hand over the tickets of the absent",
    zh="转交缺勤人员工单",
    right=Right.ASSIGN,
)
HOLD_TICKET = Action("ticket:hold", "Hold a ticket while writing", zh="锁定工单", right=Right.EDIT)
WATCH_TICKET = Action("ticket:watch", "Watch a ticket", zh="关注工单", right=Right.EDIT)
LOG_TIME = Action("time_entry:log", "Log time on a ticket", zh="登记工时", right=Right.EDIT)
USUAL_HOLD: Final = timedelta(minutes=10)


def assign_ticket(work: UnitOfWork, ticket_id: TicketId, to: UserId | None) -> Ticket:
    """Give a ticket to somebody, or to nobody; who is away is stood in for by the deputy."""
    ticket = find_ticket(work, ticket_id)
    work.permit(ASSIGN_TICKET, on=ticket)
    stand_in = None if to is None else deputy_of(work, to)
    reason = "by name" if stand_in == to else f"stands in for {to}"
    return _assigned(work, ticket, stand_in, reason)


def assign_next(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """Give a ticket to whose turn it is, by the strategy of its queue, or raise `NobodyToAssign`.

    Of two works that hand out tickets of one queue at once, one ends in a `Conflict` and is
    repeated, so that turns stay fair.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(ASSIGN_TICKET, on=ticket)
    ticket.must_be_unfinished()
    choice = next_agent(work, ticket)
    return _assigned(work, ticket, choice.user_id, choice.reason)


def explain_assignment(work: UnitOfWork, ticket_id: TicketId) -> Assignment:
    """Tell who would get a ticket now and why, and why not each other one that the actor sees.

    Nobody gets it yet.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(ASSIGN_TICKET, on=ticket)
    queue = None if ticket.queue_id is None else work.behind(Queue).get(ticket.queue_id)
    strategy = Strategy.ROUND_ROBIN if queue is None else queue.strategy
    found = choose_agent(ticket, desk_of(work, ticket), strategy)
    seen = work.users.look_up([user for user, _why in found.passed_over])
    return attrs.evolve(
        found, passed_over=tuple(one for one in found.passed_over if one[0] in seen)
    )


def hand_over(work: UnitOfWork, user: UserId) -> list[Ticket]:
    """Give the unfinished tickets of somebody who is away to who stands in."""
    work.permit(HAND_OVER)
    deputy = deputy_of(work, user)
    if deputy == user:
        return []
    ticket = where(Ticket)
    theirs = work.tickets.find(ticket.assignee_id.eq(user) & ticket.category.in_(UNFINISHED))
    return [_assigned(work, one, deputy, f"stands in for {user}") for one in theirs]


def hold_ticket(
    work: UnitOfWork, ticket_id: TicketId, user: UserId, *, span: timedelta = USUAL_HOLD
) -> Ticket:
    """Show others that somebody is writing, or raise `TicketHeld` while another one is.

    It only warns: what is saved is still checked by version.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(HOLD_TICKET, on=ticket)
    return work.tickets.save(ticket.hold(user, at=work.now, until=work.now + span))


def release_ticket(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """End a hold."""
    ticket = find_ticket(work, ticket_id)
    work.permit(HOLD_TICKET, on=ticket)
    return work.tickets.save(ticket.evolve(held_by_id=None, held_until=None))


def watch_ticket(work: UnitOfWork, ticket_id: TicketId, user: UserId) -> Ticket:
    """Let somebody watch a ticket."""
    ticket = find_ticket(work, ticket_id)
    work.permit(WATCH_TICKET, on=ticket)
    return work.tickets.save(watched(ticket, user))


def unwatch_ticket(work: UnitOfWork, ticket_id: TicketId, user: UserId) -> Ticket:
    """Let somebody watch a ticket no longer."""
    ticket = find_ticket(work, ticket_id)
    work.permit(WATCH_TICKET, on=ticket)
    watchers = tuple(one for one in ticket.watcher_ids if one != user)
    return work.tickets.save(ticket.evolve(watcher_ids=watchers))


def log_time(
    work: UnitOfWork,
    ticket_id: TicketId,
    user: UserId,
    minutes: int,
    *,
    on: date | None = None,
    **fields: object,
) -> TimeEntry:
    """Log minutes that somebody spent on a ticket; `fields` are any others of `TimeEntry`."""
    ticket = find_ticket(work, ticket_id)
    work.permit(LOG_TIME, on=ticket)
    entry = TimeEntry(
        id=TimeEntryId(work.new_id()),
        ticket_id=ticket.id,
        user_id=user,
        minutes=minutes,
        worked_on=on or work.now.date(),
        **fields,  # type: ignore[arg-type]
    )
    return work.time_entries.add(entry)


def time_on(work: UnitOfWork, ticket_id: TicketId) -> timedelta:
    """Add up the time that was spent on a ticket and on those merged into it."""
    entry, ids = where(TimeEntry), tickets_within(work, ticket_id)
    spent = work.time_entries.columns((entry.minutes,), entry.ticket_id.in_(ids))
    return timedelta(minutes=sum(minutes for (minutes,) in spent))


def _assigned(work: UnitOfWork, ticket: Ticket, to: UserId | None, reason: str) -> Ticket:
    assigned = ticket.assign(to, reason)
    return ticket if assigned is ticket else happen(work, assigned, Happening.ASSIGNED)
