"""Shares: one record opened to somebody, by somebody, for a reason and for a time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

ShareId = NewType("ShareId", UUID)


class ShareLevel(StrEnum):
    """What a share opens."""

    READ = "read"
    EDIT = "edit"

    @property
    def rights(self) -> frozenset[str]:
        """Return the rights that the level gives; editing includes reading."""
        return frozenset({Right.READ} if self is ShareLevel.READ else {Right.READ, Right.EDIT})


class ShareEnded(RuleBroken):
    """The share is over already."""


@keeps(about=("record_id",))
@entity(
    "share",
    indexes=[Index(("grantee", "entity")), Index("record_id")],
    labels={"en": "Share", "zh": "共享"},
)
@attrs.frozen(kw_only=True)
class Share(Aggregate):
    """A record opened to a user, team, unit or role until a time, by the clock of the store.

    `grantee` names them: `user:<id>`, `team:<id>`, `unit:<id>` (and all units below) or
    `role:<name>`; `created_by` tells who gave it. It ends when its record is removed, and ids are
    never used again, so it never opens another record.
    """

    id: ShareId
    entity: Annotated[str, Text(max_length=40)]
    record_id: UUID
    grantee: Annotated[str, Text(max_length=80)]
    level: ShareLevel = ShareLevel.READ
    reason: Annotated[str, Text(max_length=1000)]
    until: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a grantee of no known kind."""
        Aggregate.__attrs_post_init__(self)
        if self.grantee.partition(":")[0] not in ("user", "team", "unit", "role"):
            raise InvalidValue(
                f"{self.grantee!r} is nobody", path="share.grantee", fix="write user:<id>"
            )

    def is_open(self, at: datetime) -> bool:
        """Say whether the share opens anything at an instant; it ends exactly at `until`."""
        return self.is_live and (self.until is None or at < self.until)

    def end(self, *, at: datetime) -> Self:
        """End the share, or raise `ShareEnded`."""
        if not self.is_open(at):
            raise ShareEnded("is over", path="share.until", fix="share the record again")
        return self.evolve(until=at)
