"""Alarms of service levels: whoever is to be told has a task for it, so that none goes unseen."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.absence import Absence, lasting, stand_in
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.filters.where import where
from crmkit.domain.parties.activity import Activity, ActivityId, ActivityKind, link_to
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import SlaAlarmRang, TicketId
from crmkit.errors import InvalidSettings
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Actor

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

_SUBJECTS: Final[Mapping[str, str]] = {
    "en": "{alarm} of {clock}: {subject}",
    "zh": "{clock} 到期提醒（{alarm}）：{subject}",
}
_LONGEST: Final = 500


class SlaAlarms:
    """Gives a task to each person whom an alarm names, through the outbox, once for each alarm.

    `tell` of an alarm names `agent` (who works on the ticket), `lead` (the manager of that one),
    `manager` (the manager of the lead), `watchers`, or users by login; without names it is the
    agent. Who is away is stood in for. A breach rings like a warning, also where nobody is found:
    its task has no owner then.
    """

    name = "crmkit.sla_alarms"
    topics = frozenset({SlaAlarmRang})

    def __init__(self, *, language: str = "en") -> None:
        """Write tasks in English (`en`) or Chinese (`zh`)."""
        if language not in _SUBJECTS:
            raise InvalidSettings(
                f"does not speak {language!r}", path="language", fix="one of en, zh"
            )
        self._subject = _SUBJECTS[language]
        self._actor = Actor(id=self.name, roles=frozenset({"system"}))

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: Any) -> None:
        """Write the tasks of one alarm, once however often this is called."""
        told = message.payload
        crm.run(
            self.tell,
            UUID(told["ticket_id"]),
            told["clock"],
            told["alarm"],
            list(told["tell"]),
            by=self._actor,
            tenant=message.tenant,
            idempotency_key=str(message.id),
            cause_id=message.changeset_id,
        )

    def tell(
        self, work: "UnitOfWork", ticket_id: TicketId, clock: str, alarm: str, names: list[str]
    ) -> None:
        """Give a task to each who is to be told, of a ticket that is still there."""
        ticket = work.of(Ticket).look_up([ticket_id]).get(ticket_id)
        if ticket is None:
            return
        subject = self._subject.format(clock=clock, alarm=alarm, subject=ticket.subject)
        people: list[UserId | None] = [*_people(work, ticket, names)]
        for person in people or [None]:
            work.of(Activity).add(
                Activity(
                    id=ActivityId(work.new_id()),
                    kind=ActivityKind.TASK,
                    subject=subject[:_LONGEST],
                    links=(link_to(ticket),),
                    due_at=work.now,
                    owner_id=person,
                )
            )


def _people(work: "UnitOfWork", ticket: Ticket, names: list[str]) -> Iterator[UserId]:
    """Bring each of the people once, or who stands in for them."""
    seen: set[UserId] = set()
    for user in _named(work, ticket, names or ["agent"]):
        present = stand_in(user, lambda one: _absence_of(work, one))
        if present not in seen:
            seen.add(present)
            yield present


def _named(work: "UnitOfWork", ticket: Ticket, names: list[str]) -> Iterator[UserId]:
    agent = ticket.assignee_id
    lead = _manager(work, agent)
    above = {"agent": agent, "lead": lead, "manager": _manager(work, lead)}
    for name in names:
        if name == "watchers":
            yield from ticket.watcher_ids
        elif name in above:
            found = above[name]
            if found is not None:
                yield found
        else:
            yield from (user.id for user in work.of(User).find(where(User).login.eq(name)))


def _manager(work: "UnitOfWork", user: UserId | None) -> UserId | None:
    known = None if user is None else work.of(User).look_up([user]).get(user)
    return None if known is None else known.manager_id


def _absence_of(work: "UnitOfWork", user: UserId) -> Absence | None:
    return work.behind(Absence).first(lasting(work.now) & where(Absence).user_id.eq(user))
