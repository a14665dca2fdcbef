"""Merging tickets as a pointer, undoing it exactly, and splitting a ticket in two."""

from crmkit.domain.access.acting import Right
from crmkit.domain.support.moments import Happening
from crmkit.domain.support.refusals import TicketWasMerged
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.support.happening import happen
from crmkit.services.support.tickets import find_ticket, follow_up
from crmkit.work import UnitOfWork

MERGE_TICKETS = Action("ticket:merge", "Merge tickets", zh="合并工单", right=Right.MERGE)
UNMERGE_TICKET = Action(
    "ticket:unmerge", "Undo the merge of a ticket", zh="撤销工单合并", right=Right.MERGE
)
SPLIT_TICKET = Action("ticket:split", "Split a ticket", zh="拆分工单", right=Right.EDIT)


def merge_tickets(work: UnitOfWork, keep: TicketId, lose: TicketId) -> Ticket:
    """Let one ticket lead to another; nothing is copied or deleted. Returns the one that is kept.

    Who writes on the lost one writes on the kept one.
    """
    winner, loser = find_ticket(work, keep), work.tickets.get(lose)
    work.permit(MERGE_TICKETS, on=winner)
    work.permit(MERGE_TICKETS, on=loser)
    if winner.id == loser.id:
        fault = TicketWasMerged if keep != lose else InvalidValue
        raise fault("is the same ticket", path="ticket.merged_into_id", fix="name another")
    work.hold(winner)
    happen(work, loser.merge_into(winner.id), Happening.MERGED)
    return winner


def unmerge_ticket(work: UnitOfWork, ticket_id: TicketId) -> Ticket:
    """Let a merged ticket stand by itself again, exactly as it was."""
    ticket = work.tickets.get(ticket_id)
    work.permit(UNMERGE_TICKET, on=ticket)
    return happen(work, ticket.unmerge(), Happening.UNMERGED)


def split_ticket(work: UnitOfWork, ticket_id: TicketId, subject: str) -> Ticket:
    """Open a ticket for a second matter that came up on one, tied to it."""
    ticket = find_ticket(work, ticket_id)
    work.permit(SPLIT_TICKET, on=ticket)
    return follow_up(work, ticket, LinkKind.SPLIT_FROM, subject)
