"""Tenures: who owned a record from when until when, how it came and how it ended."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps

TenureId = NewType("TenureId", UUID)
MARKS: Final = ("pool_id", "pooled_at", "owned_since", "owner_reason", "last_owner_id")
"""Fields that a class needs beside `owner_id` for its records to change hands by rules."""


class Handover(StrEnum):
    """How a record changes hands."""

    ASSIGNED = "assigned"
    CLAIMED = "claimed"
    RELEASED = "released"
    RECYCLED = "recycled"


@keeps()
@entity(
    "tenure",
    indexes=[Index(("entity", "record_id", "until_at")), Index(("user_id", "until_at"))],
    labels={"en": "Tenure", "zh": "归属记录"},
)
@attrs.frozen(kw_only=True)
class Tenure(Aggregate):
    """One time of owning that is over; the one that goes on is told by the record itself."""

    only_tells: ClassVar = True

    id: TenureId
    entity: Annotated[str, Text(max_length=63)]
    record_id: UUID
    user_id: UUID
    from_at: datetime
    until_at: datetime
    began: Annotated[str, Text(max_length=1000)] | None = None
    ended: Handover
    reason: Annotated[str, Text(max_length=1000)]
    ended_by: Annotated[str, Text(max_length=200)]
