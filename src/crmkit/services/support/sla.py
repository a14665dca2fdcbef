"""Service levels over many tickets: what is due, alarms, other days, other policies, and why."""

from datetime import datetime, timedelta

from crmkit.domain.access.acting import Right
from crmkit.domain.access.team import TeamId
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.calendars.calendar import Calendar
from crmkit.domain.filters.order import Page
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.instants import EPOCH
from crmkit.domain.support import ticket_events as told
from crmkit.domain.support.clocks import BREACH
from crmkit.domain.support.explaining import explain
from crmkit.domain.support.moments import Happening, Moment
from crmkit.domain.support.sla import Clocks, Level, change_level, fold, redate, ring
from crmkit.domain.support.sla_policy import PolicyChoice, SlaPolicy
from crmkit.domain.support.statuses import UNFINISHED
from crmkit.domain.support.ticket import SlaPolicyId, Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.domain.support.ticket_record import TicketMoment
from crmkit.errors import NotPermitted
from crmkit.ports import Action
from crmkit.services.support.happening import happen
from crmkit.services.support.levels import Levels, policy_for, ruled
from crmkit.services.support.tickets import find_ticket
from crmkit.work import UnitOfWork

RING_ALARMS = Action(
    "ticket:ring_alarms", "Let the alarms go off that are due", zh="触发到期提醒", right=Right.BULK
)
REDATE_TICKETS = Action(
    "ticket:redate", "Work out due times anew", zh="重新计算截止时间", right=Right.BULK
)
REVIEW_LEVEL = Action(
    "ticket:review_level", "Choose the service level anew", zh="重新匹配服务级别", right=Right.EDIT
)


def about_to_breach(
    work: UnitOfWork, team: TeamId, within: timedelta, *, limit: int = 100
) -> list[Ticket]:
    """Return the tickets of a team that are due within a time or are late, the next first."""
    ticket = where(Ticket)
    soon = ticket.team_id.eq(team) & ticket.due_at.le(work.now + within)
    return work.tickets.find(soon, order=[ticket.due_at.asc()], limit=limit)


def ring_alarms(work: UnitOfWork, *, limit: int = 1000) -> list[Ticket]:
    """Let the alarms go off that are due by now, each once; call it every minute or so.

    Each is told as `SlaAlarmRang`, with whom to tell and the working time at which it was due.
    """
    work.permit(RING_ALARMS)
    ticket, levels = where(Ticket), Levels(work)
    due = ticket.alarm_at.le(work.now)
    waiting = work.tickets.find(due, order=[ticket.alarm_at.asc()], limit=limit)
    return work.tickets.save_many(_rung(one, levels, work.now) for one in waiting)


def redate_tickets(work: UnitOfWork, which: Filter = EVERYTHING) -> list[Ticket]:
    """Work out anew when unfinished tickets are due, as after days were published.

    Each due time that moves is told as `DeadlineMoved`; tickets that stay as they are, are not
    written. What was breached stays breached. Returns those that moved. All is one transaction:
    of many thousand tickets, prefer `redate_page`.
    """
    page = redate_page(work, which)
    moved = [*page.items]
    while page.next is not None:
        page = redate_page(work, which, after=page.next)
        moved += page.items
    return moved


def redate_page(
    work: UnitOfWork, which: Filter = EVERYTHING, *, size: int = 5000, after: str | None = None
) -> Page[Ticket]:
    """Do as `redate_tickets` for the next `size` tickets; `next` leads to those after them.

    Each page may be a work of its own, however many tickets there are; repeated pages move nothing.
    """
    work.permit(REDATE_TICKETS)
    ticket, levels = where(Ticket), Levels(work)
    levels.bring_all()
    open_ones = ticket.category.in_(UNFINISHED) & ticket.due_at.gt(EPOCH) & which
    page = work.tickets.page(open_ones, size=size, after=after)
    changed: list[Ticket] = []
    for one in page.items:
        moved = _redated(one, levels)
        if moved is not None:
            work.remember(work.tickets.spec, one)
            changed.append(moved)
    return Page(items=tuple(work.tickets.save_many(changed)), next=page.next)


def provisional_tickets() -> Filter:
    """Return the filter of tickets with a due time that is not certain yet."""
    return where(Ticket).is_provisional.eq(True)  # noqa: FBT003 - the value compared with


def review_level(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """Choose the policy of a ticket anew; its clocks go on under it as it declares.

    A ticket that had none gets the clocks that it would have had from the start.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(REVIEW_LEVEL, on=ticket)
    levels = Levels(work)
    chosen = ruled(work, ticket, levels)
    if chosen.sla_policy_id == ticket.sla_policy_id:
        return work.tickets.save(chosen)
    old, new = levels.of(ticket), levels.of(chosen)
    moment = chosen.moment(work.now, Happening.RULED)
    if old is not None:
        none = Level(clocks=(), calendar=old.calendar)
        clocks = change_level(ticket.clocks, moment, old, new or none)
    else:
        clocks = () if new is None else fold(_history(work, ticket_id), new)
    return happen(work, chosen.ticking(clocks), Happening.RULED)


def explain_policy(work: UnitOfWork, ticket_id: TicketId) -> PolicyChoice:
    """Tell which policy a ticket would get now, and the verdict on each that the actor sees.

    Raises `NotPermitted` where a part of policies is kept from the actor.
    """
    must_see_whole(work, SlaPolicy)
    return policy_for(work, find_ticket(work, ticket_id), work.sla_policies.find())


def explain_clocks(work: UnitOfWork, ticket_id: TicketId, *, zone: str = "UTC") -> list[str]:
    """Tell the clocks of a ticket line by line: every segment, its reason and its calendar."""
    ticket = work.tickets.get(ticket_id)
    return [line for run in ticket.clocks for line in explain(run, zone)]


def moments_of(work: UnitOfWork, ticket_id: TicketId) -> list[TicketMoment]:
    """Return what happened on a ticket, in order."""
    moment = where(TicketMoment)
    order = [moment.revision.asc(), moment.id.asc()]
    return work.ticket_moments.find(moment.ticket_id.eq(ticket_id), order=order)


def what_if(work: UnitOfWork, ticket_id: TicketId, policy_id: SlaPolicyId) -> Clocks:
    """Return the clocks that a ticket would have, had another policy been its from the start.

    Raises `NotPermitted` where a part of policies or calendars is kept from the actor.
    """
    must_see_whole(work, SlaPolicy, Calendar)
    policy = work.sla_policies.get(policy_id)
    return fold(_history(work, ticket_id), Levels(work).level(policy))


def must_see_whole(work: UnitOfWork, *classes: type[Aggregate]) -> None:
    """Raise `NotPermitted` where a part of such records is kept from the actor."""
    for cls in classes:
        sight = work.sight(cls)
        if sight is not None and sight.is_veiled:
            raise NotPermitted(
                "this would tell what is kept from you",
                path=sight.spec.name,
                fix="ask for a role that reads it whole",
            )


def _history(work: UnitOfWork, ticket_id: TicketId) -> list[Moment]:
    return [record.moment for record in moments_of(work, ticket_id)]


def _rung(ticket: Ticket, levels: Levels, at: datetime) -> Ticket:
    level = levels.of(ticket)
    if level is None:
        return ticket
    ringing = ring(ticket.clocks, at, level)
    events = [
        told.SlaAlarmRang(
            ticket_id=ticket.id,
            clock=run.clock,
            cycle=run.cycle,
            alarm=rung.alarm.name,
            rang_at=rung.at,
            tell=rung.alarm.tell,
        )
        for run, rung in ringing.rung
        if rung.alarm is not BREACH
    ]
    return ticket.ticking(ringing.clocks).recording(*events)


def _redated(ticket: Ticket, levels: Levels) -> Ticket | None:
    """Return a ticket with its due times worked out anew, None when they stay as they are."""
    level = levels.of(ticket)
    if level is None:
        return None
    clocks = redate(ticket.clocks, level)
    moved = [
        told.DeadlineMoved(
            ticket_id=ticket.id,
            clock=new.clock,
            from_at=old.due_at,
            to_at=new.due_at,
            provisional=new.provisional,
        )
        for old, new in zip(ticket.clocks, clocks, strict=True)
        if new is not old and (old.due_at, old.provisional) != (new.due_at, new.provisional)
    ]
    if not moved:
        return None
    dated = ticket.replaced(clocks=clocks, events=(*ticket.events, *moved))
    return dated.replaced(**dated.following())
