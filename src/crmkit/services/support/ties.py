"""Ties between tickets: parents and children, duplicates, causes, and what blocks what."""

from typing import Final

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.support.refusals import LinkWouldCircle, TicketBlocked
from crmkit.domain.support.statuses import UNFINISHED, StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.domain.support.ticket_record import LinkKind, TicketLink, TicketLinkId
from crmkit.ports import Action
from crmkit.work import UnitOfWork

LINK_TICKETS = Action("ticket:link", "Tie a ticket to another", zh="关联工单", right=Right.EDIT)
_HOLDS_UP: Final = (LinkKind.CHILD_OF, LinkKind.BLOCKS)
"""The tickets tied to another one in these ways must be finished before it."""


def link_tickets(
    work: UnitOfWork, ticket_id: TicketId, kind: LinkKind, other_id: TicketId
) -> TicketLink:
    """Tie a ticket to another, or raise `LinkWouldCircle` when it would lead back to itself."""
    ticket, other = work.tickets.get(ticket_id), work.tickets.get(other_id)
    work.permit(LINK_TICKETS, on=ticket)
    work.hold(other)
    _refuse_circle(work, ticket, kind, other)
    return tie(work, ticket, kind, other)


def tie(work: UnitOfWork, ticket: Ticket, kind: LinkKind, other: Ticket) -> TicketLink:
    """Keep a tie that was permitted already."""
    link = TicketLink(id=TicketLinkId(work.new_id()), from_id=ticket.id, kind=kind, to_id=other.id)
    return work.ticket_links.add(link)


def unlink_tickets(work: UnitOfWork, link_id: TicketLinkId) -> TicketLink:
    """Untie two tickets."""
    link = work.ticket_links.get(link_id)
    work.permit(LINK_TICKETS, on=work.tickets.get(link.from_id))
    return work.ticket_links.remove(link)


def links_of(work: UnitOfWork, ticket_id: TicketId) -> list[TicketLink]:
    """Return all ties of a ticket, from it and to it."""
    link = where(TicketLink)
    return work.ticket_links.find(link.from_id.eq(ticket_id) | link.to_id.eq(ticket_id))


def check_free_to_finish(work: UnitOfWork, ticket: Ticket, to: StatusCategory) -> None:
    """Raise `TicketBlocked` before a solution while a child or a blocking ticket is unfinished."""
    if to not in (StatusCategory.RESOLVED, StatusCategory.CLOSED):
        return
    link, other = where(TicketLink), where(Ticket)
    before = link.to_id.eq(ticket.id) & link.kind.in_(_HOLDS_UP)
    ids = [one.from_id for one in work.behind(TicketLink).find(before)]
    if not ids:
        return
    waiting = work.behind(Ticket).find(other.id.in_(ids) & other.category.in_(UNFINISHED))
    if waiting:
        raise TicketBlocked(
            f"waits for {', '.join(repr(one.subject) for one in waiting)}"[:500],
            path="ticket.status",
            fix="finish them first",
        )


def _refuse_circle(work: UnitOfWork, ticket: Ticket, kind: LinkKind, other: Ticket) -> None:
    """Walk from the other ticket along ties of the kind; ours must not be on the way."""
    link = where(TicketLink)
    reached: set[TicketId] = set()
    frontier = [other.id]
    while frontier:
        if ticket.id in frontier:
            raise LinkWouldCircle(
                f"{kind} would lead back to the ticket itself",
                path="ticket_link.to_id",
                fix="remove another tie first",
            )
        reached.update(frontier)
        found = work.behind(TicketLink).find(link.kind.eq(kind) & link.from_id.in_(frontier))
        frontier = [one.to_id for one in found if one.to_id not in reached]
