"""Stays: how long a record stood at each stage, a row for each, from entering to leaving."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.making import maker_of
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.pipeline import PipelineId

StageStayId = NewType("StageStayId", UUID)
NOTHING: Final = timedelta(0)
Name = Annotated[str, Text(max_length=100)]


@keeps()
@entity(
    "stage_stay",
    indexes=[
        Index(("entity", "record_id", "entered_at")),
        Index(("pipeline_id", "stage", "left_at")),
    ],
    labels={"en": "Stage stay", "zh": "阶段停留"},
)
@attrs.frozen(kw_only=True)
class StageStay(Aggregate):
    """One stay that is over; the stay that goes on is told by the record itself.

    `outcome` is how the record stood meanwhile, `to_outcome` how it went on; `probability` is
    the chance of the stage at leaving, `left_by` is who moved it. It `lasted` so many milliseconds.
    """

    only_tells: ClassVar = True

    id: StageStayId
    entity: Annotated[str, Text(max_length=63)]
    record_id: UUID
    pipeline_id: PipelineId | None = None
    stage: Name
    outcome: Name | None = None
    entered_at: datetime
    left_at: datetime
    lasted: int
    to_stage: Name
    to_outcome: Name | None = None
    probability: int | None = None
    left_by: Annotated[str, Text(max_length=200)]


def began_at(record: Any) -> datetime | None:
    """Return when a record came to where it stands: by its own telling, or when it was opened."""
    for name in ("stage_since", "opened_at", "created_at"):
        at: datetime | None = getattr(record, name, None)
        if at is not None:
            return at
    return None


def stay_between(
    before: Any,
    after: Any,
    *,
    stay_id: StageStayId,
    entity: str,
    at: datetime,
    by: str,
    probability: int | None = None,
) -> StageStay:
    """Return the stay of a record that stood as `before`, and stands as `after` since `at`."""
    entered_at = began_at(before) or at
    outcome, to_outcome = getattr(before, "outcome", None), getattr(after, "outcome", None)
    return _make_stay(
        custom={},
        id=stay_id,
        entity=entity,
        record_id=after.id,
        pipeline_id=before.pipeline_id,
        stage=before.stage,
        outcome=None if outcome is None else str(outcome),
        entered_at=entered_at,
        left_at=at,
        lasted=(at - entered_at) // timedelta(milliseconds=1),
        to_stage=after.stage,
        to_outcome=None if to_outcome is None else str(to_outcome),
        probability=probability,
        left_by=by,
        owner_id=after.owner_id,
    )


def age_of(record: Any, *, now: datetime) -> timedelta:
    """Return the time since a record was opened."""
    begun = getattr(record, "opened_at", None) or record.created_at
    return NOTHING if begun is None else now - begun


def time_in_stages(
    stays: Iterable[StageStay], record: Any, *, now: datetime
) -> dict[str, timedelta]:
    """Return the time at each stage, the present one up to now; together it is the age."""
    spent: dict[str, timedelta] = {}
    for stay in stays:
        spent[stay.stage] = spent.get(stay.stage, NOTHING) + timedelta(milliseconds=stay.lasted)
    since = began_at(record)
    if since is not None:
        spent[record.stage] = spent.get(record.stage, NOTHING) + (now - since)
    return spent


_make_stay = maker_of(StageStay)
"""Makes a stay of values that are known to be right: its record has them."""
