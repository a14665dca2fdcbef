"""Commands carried out: what macros and rules do with a ticket that is not saved yet."""

from uuid import UUID

from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.desk import Queue
from crmkit.domain.support.moments import Happening
from crmkit.domain.support.priorities import Priority, PriorityCause
from crmkit.domain.support.statuses import StatusCategory, TicketStatus
from crmkit.domain.support.ticket import Ticket
from crmkit.errors import InvalidValue, RuleBroken
from crmkit.services.support.choosing import next_agent
from crmkit.services.support.ties import check_free_to_finish
from crmkit.work import UnitOfWork

CarriedOut = tuple[Ticket, Happening | None, str]
"""The ticket, what happened on it if anything did, and the outcome in words."""


def carry_out(work: UnitOfWork, ticket: Ticket, command: Command) -> CarriedOut:
    """Do what a command says; what the ticket refuses is told, and leaves it as it was."""
    try:
        after, happening = do(work, ticket, command)
    except (RuleBroken, InvalidValue) as refused:
        return ticket, None, f"refused, {refused}"
    if after is ticket:
        return ticket, None, "was so already"
    return after, happening, "done"


def do(work: UnitOfWork, ticket: Ticket, command: Command) -> tuple[Ticket, Happening | None]:
    """Do what a command says, or raise what the ticket refuses; the same ticket when it was so."""
    to = command.to
    match command.do:
        case Do.MOVE:
            name, category = find_status(work, to)
            check_free_to_finish(work, ticket, category)
            return ticket.move(name, category, at=work.now), Happening.MOVED
        case Do.PRIORITISE:
            after = ticket.prioritise(Priority(to), PriorityCause.ESCALATION)
            return after, Happening.PRIORITISED
        case Do.ASSIGN:
            return _assigned(work, ticket, to), Happening.ASSIGNED
        case Do.QUEUE:
            return queued(ticket, find_queue(work, to)), Happening.QUEUED
        case Do.TAG:
            return ticket if to in ticket.tags else ticket.evolve(tags=(*ticket.tags, to)), None
        case Do.UNTAG:
            kept = tuple(tag for tag in ticket.tags if tag != to)
            return ticket if kept == ticket.tags else ticket.evolve(tags=kept), None
        case Do.WATCH:
            return watched(ticket, _user(to)), None


def find_status(work: UnitOfWork, name: str) -> tuple[str, StatusCategory]:
    """Return a status by the client's own name or by its category, or raise `InvalidValue`.

    The refusal names those of the client that the actor may read.
    """
    own = work.behind(TicketStatus).first(where(TicketStatus).name.eq(name))
    if own is not None:
        return own.name, own.category
    if name in tuple(StatusCategory) and name != StatusCategory.MERGED.value:
        return name, StatusCategory(name)
    shown = (status.name for status in work.ticket_statuses.find())
    known = [own for own in shown if isinstance(own, str)]
    raise InvalidValue(
        f"there is no status {name!r}",
        path="ticket.status",
        fix=f"one of {', '.join((*known, *StatusCategory))}",
    )


def find_queue(work: UnitOfWork, name: str) -> Queue:
    """Return a queue by its name, or raise `InvalidValue`."""
    queue = work.behind(Queue).first(where(Queue).name.eq(name))
    if queue is None:
        raise InvalidValue(f"there is no queue {name!r}", path="queue.name", fix="define it")
    return queue


def queued(ticket: Ticket, queue: Queue) -> Ticket:
    """Put a ticket into a queue and before its team."""
    return ticket.queue(queue.id, queue.team_id)


def watched(ticket: Ticket, user: UserId) -> Ticket:
    """Let a user watch a ticket."""
    if user in ticket.watcher_ids:
        return ticket
    return ticket.evolve(watcher_ids=(*ticket.watcher_ids, user))


def _assigned(work: UnitOfWork, ticket: Ticket, to: str) -> Ticket:
    if to == "next":
        choice = next_agent(work, ticket)
        return ticket.assign(choice.user_id, choice.reason)
    return ticket.assign(None if to == "nobody" else _user(to), "by command")


def _user(text: str) -> UserId:
    try:
        return UserId(UUID(text))
    except ValueError:
        raise InvalidValue(
            f"{text!r} is no user", path="command.to", fix="give the id of a user"
        ) from None
