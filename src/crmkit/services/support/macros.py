"""Macros: commands that people call by name, each permitted like the service it stands for."""

from collections.abc import Mapping
from typing import Final

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.support.automation import Do, Macro
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.support import assigning, tickets
from crmkit.services.support.commands import do
from crmkit.services.support.happening import happen
from crmkit.work import UnitOfWork

RUN_MACRO = Action("macro:run", "Run a macro on a ticket", zh="执行快捷操作", right=Right.EDIT)
_ACTIONS: Final[Mapping[Do, Action]] = {
    Do.MOVE: tickets.MOVE_TICKET,
    Do.PRIORITISE: tickets.PRIORITISE_TICKET,
    Do.ASSIGN: assigning.ASSIGN_TICKET,
    Do.QUEUE: tickets.QUEUE_TICKET,
    Do.TAG: tickets.UPDATE_TICKET,
    Do.UNTAG: tickets.UPDATE_TICKET,
    Do.WATCH: assigning.WATCH_TICKET,
}


def run_macro(work: UnitOfWork, name: str, ticket_id: TicketId) -> Ticket:
    """Do all commands of a macro, or none: what the ticket refuses refuses the macro.

    `crm.rehearse` runs it the same way and keeps nothing: that is its preview.
    """
    macro = _macro(work, name)
    ticket = tickets.find_ticket(work, ticket_id)
    work.permit(RUN_MACRO, on=ticket)
    for command in macro.commands:
        work.permit(_ACTIONS[command.do], on=ticket)
        ticket, happening = do(work, ticket, command)
        if happening is not None:
            ticket = happen(work, ticket, happening)
    return work.tickets.save(ticket)


def _macro(work: UnitOfWork, name: str) -> Macro:
    macro = work.macros.first(where(Macro).name.eq(name))
    if macro is None:
        raise InvalidValue(f"there is no macro {name!r}", path="macro.name", fix="define it")
    return macro
