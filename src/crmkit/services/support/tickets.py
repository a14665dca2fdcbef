"""Tickets: opened, changed, answered, moved, prioritised and opened again."""

from datetime import timedelta
from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.support.desk import Queue
from crmkit.domain.support.moments import Author, Happening
from crmkit.domain.support.priorities import USUAL_MATRIX, Priority, PriorityCause
from crmkit.domain.support.statuses import StatusCategory, TicketStatus
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import QueueId, TicketId
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.errors import InvalidValue, NotFound
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.services.parties import find_customer
from crmkit.services.support.commands import find_status, queued
from crmkit.services.support.happening import happen
from crmkit.services.support.levels import Levels, ruled
from crmkit.services.support.ties import check_free_to_finish, tie
from crmkit.work import UnitOfWork

OPEN_TICKET = Action("ticket:open", "Open a ticket", zh="新建工单", right=Right.CREATE)
UPDATE_TICKET = Action("ticket:update", "Change a ticket", zh="修改工单", right=Right.EDIT)
MOVE_TICKET = Action(
    "ticket:move", "Change the status of a ticket", zh="变更工单状态", right=Right.EDIT
)
REPLY_TO_TICKET = Action("ticket:reply", "Write on a ticket", zh="回复工单", right=Right.EDIT)
PRIORITISE_TICKET = Action(
    "ticket:prioritise", "Change the priority of a ticket", zh="调整优先级", right=Right.EDIT
)
QUEUE_TICKET = Action(
    "ticket:queue", "Put a ticket into another queue", zh="转移工单队列", right=Right.EDIT
)
REOPEN_TICKET = Action(
    "ticket:reopen", "Open a finished ticket again", zh="重新打开工单", right=Right.EDIT
)

MAX_HOPS: Final = 100
USUAL_REOPEN_DAYS: Final = 14
_BY_DEEDS: Final = frozenset(
    {"status", "category", "priority", "priority_cause", "assignee_id", "queue_id", "team_id"}
    | {"cycle", "opened_at", "replied_at", "resolved_at", "closed_at", "clocks"}
    | {"due_at", "alarm_at", "is_provisional", "is_breached"}
    | {"merged_status", "merged_category", "held_by_id", "held_until", "watcher_ids"}
)
"""Fields of a ticket that follow from what is done with it."""


def open_ticket(
    work: UnitOfWork,
    subject: str,
    *,
    queue: QueueId | None = None,
    priority: Priority | None = None,
    **fields: Any,
) -> Ticket:
    """Open a ticket; `fields` are any others of `Ticket`.

    Without a priority it follows from impact and urgency, by the matrix of the queue. The service
    level is chosen by its filters, and its clocks begin.
    """
    work.permit(OPEN_TICKET)
    _refuse_deeds(fields)
    if fields.get("customer_id") is not None:
        fields["customer_id"] = find_customer(work, fields["customer_id"]).id
    ticket = draft(Ticket, TicketId(work.new_id()), subject=subject, **fields)
    desk = None if queue is None else _queue(work, queue)
    if desk is not None:
        ticket = ticket.evolve(queue_id=desk.id, team_id=desk.team_id)
    matrix = (desk and desk.matrix) or USUAL_MATRIX
    if priority is None:
        priority, cause = matrix.priority(ticket.impact, ticket.urgency), PriorityCause.MATRIX
    else:
        cause = PriorityCause.MANUAL
    ticket = ticket.evolve(priority=priority, priority_cause=cause)
    levels = Levels(work)
    opened = ruled(work, ticket.open(at=work.now), levels)
    return happen(work, opened, Happening.OPENED, levels=levels)


def update_ticket(work: UnitOfWork, ticket_id: TicketId, **fields: Any) -> Ticket:
    """Change some fields of a ticket; status, priority and the like have services of their own.

    Another service level may fit it then: `review_level` asks.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(UPDATE_TICKET, on=ticket)
    _refuse_deeds(fields)
    return work.tickets.save(changed(ticket, **fields))


def find_ticket(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """Return a ticket by its id, or by that of one merged into it."""
    ticket = work.tickets.get(ticket_id)
    for _hop in range(MAX_HOPS):
        if ticket.merged_into_id is None:
            break
        ticket = work.tickets.get(ticket.merged_into_id)
    return ticket


def tickets_within(work: UnitOfWork, ticket_id: TicketId) -> list[TicketId]:
    """Return the id of a ticket and of those merged into it, in however many steps."""
    ticket, found, newest = where(Ticket), [ticket_id], [ticket_id]
    while newest:
        below = work.tickets.columns((ticket.id,), ticket.merged_into_id.in_(newest))
        newest = [one for (one,) in below if one not in found]
        found += newest
    return found


def reply_to_ticket(
    work: UnitOfWork, ticket_id: TicketId, author: Author = Author.AGENT, *, public: bool = True
) -> Ticket:
    """Note that somebody wrote on a ticket, or on one merged into it.

    A customer who writes on a finished ticket opens it again, or, when it is too late for that, a
    new one that follows it; that one is returned then.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(REPLY_TO_TICKET, on=ticket)
    if author is Author.CUSTOMER and not ticket.is_unfinished:
        ticket = _reopened(work, ticket)
    replied = ticket.reply(author, public=public, at=work.now)
    return happen(work, replied, Happening.REPLIED, author=author, public=public)


def move_ticket(work: UnitOfWork, ticket_id: TicketId, to: str) -> Ticket:
    """Give a ticket another status, by the client's own name or by its category.

    A ticket is not finished while its children are open, or tickets that block it.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(MOVE_TICKET, on=ticket)
    name, category = find_status(work, to)
    check_free_to_finish(work, ticket, category)
    moved = ticket.move(name, category, at=work.now)
    return ticket if moved is ticket else happen(work, moved, Happening.MOVED)


def resolve_ticket(
    work: UnitOfWork,
    ticket_id: TicketId,
    *,
    resolution: str | None = None,
    root_cause: str | None = None,
) -> Ticket:
    """Resolve a ticket, with how it was solved and what was behind it."""
    ticket = find_ticket(work, ticket_id)
    work.permit(MOVE_TICKET, on=ticket)
    check_free_to_finish(work, ticket, StatusCategory.RESOLVED)
    name = _first_status(work, StatusCategory.RESOLVED)
    solved = ticket.move(name, StatusCategory.RESOLVED, at=work.now)
    return happen(
        work, solved.evolve(resolution=resolution, root_cause=root_cause), Happening.MOVED
    )


def prioritise_ticket(
    work: UnitOfWork,
    ticket_id: TicketId,
    priority: Priority,
    *,
    cause: PriorityCause = PriorityCause.MANUAL,
) -> Ticket:
    """Give a ticket another priority for a reason; its clocks go on with the targets of that."""
    ticket = find_ticket(work, ticket_id)
    work.permit(PRIORITISE_TICKET, on=ticket)
    changed_one = ticket.prioritise(priority, cause)
    if changed_one is ticket:
        return ticket
    return happen(work, changed_one, Happening.PRIORITISED)


def queue_ticket(work: UnitOfWork, ticket_id: TicketId, queue: QueueId) -> Ticket:
    """Put a ticket into another queue and before its team; clocks that run by team take note."""
    ticket = find_ticket(work, ticket_id)
    work.permit(QUEUE_TICKET, on=ticket)
    moved = queued(ticket, _queue(work, queue))
    return ticket if moved is ticket else happen(work, moved, Happening.QUEUED)


def reopen_ticket(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """Begin another cycle of a finished ticket, or, when that is too late, open a new one.

    Each queue says within how many days; the new ticket is tied to the old one as its follow-up.
    """
    ticket = find_ticket(work, ticket_id)
    work.permit(REOPEN_TICKET, on=ticket)
    return _reopened(work, ticket)


def _reopened(work: UnitOfWork, ticket: Ticket) -> Ticket:
    queue = None if ticket.queue_id is None else _queue(work, ticket.queue_id)
    days = USUAL_REOPEN_DAYS if queue is None else queue.reopen_days
    is_over = ticket.category is StatusCategory.CANCELLED
    if not is_over and ticket.may_reopen(work.now, timedelta(days=days)):
        again = ticket.reopen(_first_status(work, StatusCategory.OPEN))
        return happen(work, again, Happening.REOPENED)
    return follow_up(work, ticket, LinkKind.FOLLOW_UP_OF, ticket.subject)


def follow_up(work: UnitOfWork, ticket: Ticket, kind: LinkKind, subject: str) -> Ticket:
    """Open a ticket for the same people, tied to an older one."""
    same = ("requester_id", "on_behalf_of_id", "customer_id", "product_id", "channel", "topic")
    kept = (*same, "language", "skills", "impact", "urgency")
    fields = {name: getattr(ticket, name) for name in kept}
    new = open_ticket(work, subject, queue=ticket.queue_id, **fields)
    tie(work, new, kind, ticket)
    return new


def _first_status(work: UnitOfWork, category: StatusCategory) -> str:
    """Return the client's first status of a category, or the category's own name."""
    status = where(TicketStatus)
    order = [status.rank.asc(), status.name.asc()]
    own = work.behind(TicketStatus).first(status.category.eq(category), order=order)
    return category.value if own is None else own.name


def _queue(work: UnitOfWork, queue_id: QueueId) -> Queue:
    """Return a queue unguarded: all who open tickets in it would wait for each other."""
    queue = work.behind(Queue).first(where(Queue).id.eq(queue_id))
    if queue is None:
        fix = "refer to a live record of the same tenant"
        raise NotFound(f"there is no queue {queue_id}", path="ticket.queue_id", fix=fix)
    return queue


def _refuse_deeds(fields: dict[str, Any]) -> None:
    for name in sorted(_BY_DEEDS & fields.keys()):
        raise InvalidValue(
            "follows from what is done with the ticket",
            path=f"ticket.{name}",
            fix="use the service for it, such as move_ticket or assign_ticket",
        )
