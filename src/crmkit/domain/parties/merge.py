"""Merges: two records of one party became one, and how to take that back."""

from datetime import datetime
from typing import Annotated, Any, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.errors import RuleBroken

MergeId = NewType("MergeId", UUID)


class MergeAlreadyUndone(RuleBroken):
    """The merge was taken back before."""


@entity(
    "merge",
    indexes=[Index("winner_id"), Index("loser_id")],
    labels={"en": "Merge", "zh": "合并记录"},
)
@attrs.frozen(kw_only=True)
class Merge(Aggregate):
    """The journal of one merge.

    `before` and `after` hold the winner's changed fields as plain JSON; `moved` lists what was made
    to point to the winner, as `[entity, record id, field]`.
    """

    id: MergeId
    party: Annotated[str, Text(max_length=63)]
    winner_id: UUID
    loser_id: UUID
    before: Any
    after: Any
    moved: Any
    undone_at: datetime | None = None

    def undo(self, *, at: datetime) -> Self:
        """Mark the merge as taken back."""
        if self.undone_at is not None:
            raise MergeAlreadyUndone(f"at {self.undone_at:%Y-%m-%d}", path="merge.undone_at")
        return self.evolve(undone_at=at)
