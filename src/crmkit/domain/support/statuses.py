"""How a ticket stands: a few categories that clocks and lists go by, and the client's own words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps

TicketStatusId = NewType("TicketStatusId", UUID)


class StatusCategory(StrEnum):
    """How a ticket stands, whatever the client calls it."""

    NEW = "new"
    OPEN = "open"
    PENDING_CUSTOMER = "pending_customer"
    PENDING_THIRD_PARTY = "pending_third_party"
    PENDING_INTERNAL = "pending_internal"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"

    @property
    def is_unfinished(self) -> bool:
        """Say whether somebody still has to do something."""
        return self in UNFINISHED

    def may_become(self, other: "StatusCategory") -> bool:
        """Say whether a ticket may move from here to there by a plain change of status.

        Reopening, merging and unmerging are deeds of their own.
        """
        return other in MOVES[self]


_C = StatusCategory
PENDING: Final = (_C.PENDING_CUSTOMER, _C.PENDING_THIRD_PARTY, _C.PENDING_INTERNAL)
UNFINISHED: Final = (_C.NEW, _C.OPEN, *PENDING)
FINISHED: Final = (_C.RESOLVED, _C.CLOSED, _C.CANCELLED, _C.MERGED)
_FROM_WORK: Final = frozenset({_C.OPEN, *PENDING, _C.RESOLVED, _C.CLOSED, _C.CANCELLED})
MOVES: Final[Mapping[StatusCategory, frozenset[StatusCategory]]] = {
    **dict.fromkeys((_C.NEW, _C.OPEN, *PENDING), _FROM_WORK),
    _C.RESOLVED: frozenset({_C.RESOLVED, _C.CLOSED, _C.CANCELLED}),
    _C.CLOSED: frozenset({_C.CLOSED}),
    _C.CANCELLED: frozenset({_C.CANCELLED}),
    _C.MERGED: frozenset(),
}


@keeps()
@entity(
    "ticket_status",
    unique=[Unique("name")],
    labels={"en": "Ticket status", "zh": "工单状态"},
)
@attrs.frozen(kw_only=True)
class TicketStatus(Aggregate):
    """A status in the client's own words, mapped to the category that rules go by."""

    id: TicketStatusId
    name: Annotated[str, Text(max_length=100)]
    category: StatusCategory
    labels: Mapping[str, str] = attrs.field(factory=dict)
    rank: int = 0
