"""Activities: tasks, calls, meetings and notes, tied to the records they are about."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, LegalBasis, Retention
from crmkit.domain.span import check_end
from crmkit.errors import RuleBroken

ActivityId = NewType("ActivityId", UUID)


class ActivityKind(StrEnum):
    """What kind of thing was or is to be done."""

    TASK = "task"
    CALL = "call"
    MEETING = "meeting"
    NOTE = "note"


@attrs.frozen(kw_only=True)
class ActivityCompleted(Event):
    """An activity was done."""

    activity_id: ActivityId


class ActivityAlreadyDone(RuleBroken):
    """The activity was done before."""


@keeps(
    personal=("subject", "body"),
    about=("links",),
    purpose=CUSTOMER_CARE,
    basis=LegalBasis.CONTRACT,
    retention=Retention(days=3 * 365, after="done_at"),
)
@entity(
    "activity",
    indexes=[Index("links"), Index(("done_at", "due_at")), Index("owner_id")],
    labels={"en": "Activity", "zh": "活动"},
    events=(ActivityCompleted,),
)
@attrs.frozen(kw_only=True)
class Activity(Aggregate):
    """Something done or to do; `links` name the records it is about, as `customer:<id>`."""

    id: ActivityId
    kind: ActivityKind
    subject: Annotated[str, Text(max_length=500, searchable=True)]
    body: str | None = None
    links: tuple[str, ...] = ()
    due_at: datetime | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    done_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse an end before the beginning."""
        super().__attrs_post_init__()
        check_end(self.begins_at, self.ends_at, path="activity.ends_at")

    def complete(self, *, at: datetime) -> Self:
        """Mark it done."""
        if self.done_at is not None:
            raise ActivityAlreadyDone(f"done at {self.done_at:%Y-%m-%d}", path="activity.done_at")
        return self.evolve(done_at=at).recording(ActivityCompleted(activity_id=self.id))

    def relinked(self, links: Mapping[str, str]) -> Self:
        """Replace some links by others."""
        moved = tuple(dict.fromkeys(links.get(link, link) for link in self.links))
        return self.evolve(links=moved)


def link_to(record: Aggregate) -> str:
    """Return the link by which an activity names a record."""
    return f"{spec_of(type(record)).name}:{record.id}"
