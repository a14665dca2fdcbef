"""Merges: two records of one party became one, and how to take that back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import RECORD_KEEPING, LegalBasis, Retention
from crmkit.errors import RuleBroken

MergeId = NewType("MergeId", UUID)


class MergeAlreadyUndone(RuleBroken):
    """The merge was taken back before."""


class WinnerWasMerged(RuleBroken):
    """The record that lived on was itself merged since; that merge is to be taken back first."""


@keeps(
    personal=("before", "after"),
    about=("winner_id", "loser_id"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=3 * 365, after="created_at"),
)
@entity(
    "merge",
    indexes=[Index("winner_id"), Index("loser_id")],
    labels={"en": "Merge", "zh": "合并记录"},
)
@attrs.frozen(kw_only=True)
class Merge(Aggregate):
    """The journal of one merge.

    `before` and `after` hold the winner's changed fields as plain JSON; `moved` lists what was made
    to point to the winner, as `[entity, record id, field]`; where a list had pointed to both, the
    loser's place in it comes fourth.
    """

    is_journal: ClassVar[bool] = True

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


def joined(ours: Any, theirs: Any) -> Any:
    """Return the value of a merged record where nobody chose.

    Lists are joined: an address or number that both have stays once, as ours, and of two primary
    ones ours stays primary. Of values by key ours win. Else ours stays where there is one.
    """
    match ours:
        case tuple():
            known = {_same(item) for item in ours}
            return (*ours, *_demoted(ours, [item for item in theirs if _same(item) not in known]))
        case Mapping():
            return {**theirs, **ours}
        case None:
            return theirs
        case _:
            return ours


def taken_back(before: Any, after: Any, now: Any) -> Any:
    """Return the value of a record when a merge is taken out of it and later edits are kept.

    `before` and `after` are its values around the merge. Of a list the items go that the merge
    brought, and those come back that it took; of values by key each is looked at by itself.
    """
    match now:
        case _ if now == after:
            return before
        case tuple():
            kept = [item for item in now if item in before or item not in after]
            return (*kept, *(item for item in before if item not in after and item not in now))
        case Mapping():
            keys = [*before, *(key for key in now if key not in before)]
            values = {
                key: taken_back(before.get(key), after.get(key), now.get(key)) for key in keys
            }
            return {key: value for key, value in values.items() if value is not None}
        case _:
            return now


def turned(value: Any, away: Any, towards: Any) -> tuple[Any, ...]:
    """Return a reference, or a list of them, turned from one record to another.

    Where a list refers to both, the place of the one that goes comes second.
    """
    if not isinstance(value, tuple):
        return (towards if value == away else value,)
    if away in value and towards in value:
        return tuple(item for item in value if item != away), value.index(away)
    return (tuple(towards if item == away else item for item in value),)


def turned_back(value: Any, away: Any, towards: Any, position: int | None) -> Any:
    """Return a reference turned back, at its old `position` where a list referred to both."""
    if position is None or towards in value or away not in value:
        return turned(value, away, towards)[0] if position is None else value
    return (*value[:position], towards, *value[position:])


def _same(item: Any) -> Any:
    return (item.kind, item.key) if isinstance(item, ContactPoint) else item


def _demoted(ours: tuple[Any, ...], added: list[Any]) -> list[Any]:
    points = (item for item in ours if isinstance(item, ContactPoint))
    led = {point.kind for point in points if point.is_primary}
    return [
        attrs.evolve(item, is_primary=False)
        if isinstance(item, ContactPoint) and item.is_primary and item.kind in led
        else item
        for item in added
    ]
