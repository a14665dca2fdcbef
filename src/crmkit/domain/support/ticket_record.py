"""What is kept beside a ticket: its moments, its ties to others, and the time spent on it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import STAFF, LegalBasis, Retention
from crmkit.domain.support.automation import RuleVerdict
from crmkit.domain.support.moments import Author, Happening, Moment
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue

TicketMomentId = NewType("TicketMomentId", UUID)
TicketLinkId = NewType("TicketLinkId", UUID)
TimeEntryId = NewType("TimeEntryId", UUID)


@keeps()
@entity(
    "ticket_moment",
    indexes=[Index(("ticket_id", "revision")), Index("at")],
    labels={"en": "Ticket moment", "zh": "工单动态"},
)
@attrs.frozen(kw_only=True)
class TicketMoment(Aggregate):
    """One thing that happened on a ticket, and how it stood after it; never changed.

    `revision` is the version of the ticket that it happened to; the moments of one deed have one.
    `cause` names the rule that did it, and `chain` those that led there; `trace` is the verdict of
    each rule that listens to such moments.
    """

    id: TicketMomentId
    ticket_id: TicketId
    at: datetime
    revision: int
    happening: Happening
    category: StatusCategory
    status: Annotated[str, Text(max_length=100)]
    priority: Priority
    author: Author = Author.SYSTEM
    public: bool = False
    cycle: int = 1
    team_id: UUID | None = None
    """Before which team it lay then, whatever has become of the team."""
    assignee_id: UserId | None = None
    chain: tuple[Annotated[str, Text(max_length=200)], ...] = ()
    trace: tuple[RuleVerdict, ...] = ()

    @classmethod
    def of(cls, ticket: Ticket, moment: Moment, moment_id: UUID, chain: tuple[str, ...]) -> Self:
        """Keep a moment of a ticket."""
        fields = {name: getattr(moment, name) for name in attrs.fields_dict(Moment)}
        return cls(
            id=TicketMomentId(moment_id),
            ticket_id=ticket.id,
            revision=ticket.version,
            status=ticket.status,
            assignee_id=ticket.assignee_id,
            chain=chain,
            **fields,
        )

    @property
    def cause(self) -> str | None:
        """Name the rule that did it, None when a person or a program did."""
        return self.chain[-1] if self.chain else None

    @property
    def moment(self) -> Moment:
        """Return it as clocks and metrics read it."""
        return Moment(**{name: getattr(self, name) for name in attrs.fields_dict(Moment)})


class LinkKind(StrEnum):
    """How one ticket is tied to another: it is a child of it, a duplicate of it, and so on."""

    CHILD_OF = "child_of"
    DUPLICATE_OF = "duplicate_of"
    CAUSED_BY = "caused_by"
    BLOCKS = "blocks"
    SPLIT_FROM = "split_from"
    FOLLOW_UP_OF = "follow_up_of"


@keeps()
@entity(
    "ticket_link",
    unique=[Unique(("from_id", "kind", "to_id"))],
    indexes=[Index(("to_id", "kind"))],
    labels={"en": "Ticket link", "zh": "工单关联"},
)
@attrs.frozen(kw_only=True)
class TicketLink(Aggregate):
    """A tie from one ticket to another."""

    id: TicketLinkId
    from_id: TicketId
    kind: LinkKind
    to_id: TicketId

    def __attrs_post_init__(self) -> None:
        """Refuse a tie of a ticket to itself."""
        super().__attrs_post_init__()
        if self.from_id == self.to_id:
            raise InvalidValue(
                "a ticket is not tied to itself", path="ticket_link.to_id", fix="name another"
            )


@keeps(
    personal=("note",),
    about=("user_id",),
    purpose=STAFF,
    basis=LegalBasis.EMPLOYMENT,
    retention=Retention(days=3 * 365, after="created_at"),
)
@entity(
    "time_entry",
    indexes=[Index("ticket_id"), Index(("user_id", "worked_on"))],
    labels={"en": "Time entry", "zh": "工时记录"},
)
@attrs.frozen(kw_only=True)
class TimeEntry(Aggregate):
    """Minutes that somebody spent on a ticket on a day."""

    id: TimeEntryId
    ticket_id: TicketId
    user_id: UserId
    worked_on: date
    minutes: int
    is_billable: bool = True
    note: Annotated[str, Text(max_length=1000)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse no time at all, and more than a day has."""
        super().__attrs_post_init__()
        if not 1 <= self.minutes <= 24 * 60:
            raise InvalidValue(
                "an entry has 1 to 1440 minutes", path="time_entry.minutes", fix="split it by days"
            )
