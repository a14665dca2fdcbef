"""What people do with stages: move records through them, keep every stay, find what rots."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.sales.deal import Deal
from crmkit.domain.sales.moving import check_move
from crmkit.domain.sales.pipeline import Pipeline, PipelineId
from crmkit.domain.sales.stage_stay import StageStay, began_at, time_in_stages
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.errors import InvalidSettings
from crmkit.ports import BATCH, Action
from crmkit.work import Collection, UnitOfWork

A = TypeVar("A", bound=Aggregate)
MOVE_RECORD = Action(
    "pipeline:move", "Move a record to another stage", zh="推进阶段", right=Right.EDIT
)


def move_in_pipeline(work: UnitOfWork, record: A, *, to: str) -> A:
    """Move a record of any entity with `pipeline_id` and `stage`, or say all that is in the way.

    Deals are moved with `move_deal`, which also wins and loses them.
    """
    known: Any = work.of(type(record)).get(record.id)
    work.permit(MOVE_RECORD, on=known)
    spec = _must_pass_a_pipeline(work, record)
    pipeline = work.pipelines.get(known.pipeline_id)
    must_be_allowed(work, pipeline, known, to)
    if to == known.stage:
        return known  # type: ignore[no-any-return]
    marks = {"stage_since": work.now} if "stage_since" in spec.parts else {}
    return keep_stay(work, known, known.evolve(stage=to, **marks))  # type: ignore[no-any-return]


def must_be_allowed(work: UnitOfWork, pipeline: Pipeline, record: Any, to: str) -> None:
    """Return when a record may move to a stage, or raise `MoveRefused` with every reason."""
    spec = work.registry[type(record)]
    check_move(pipeline, record, to, partial(work.definitions.read, spec))


def keep_stay(
    work: UnitOfWork,
    before: Any,
    after: Any,
    pipeline: Pipeline | None = None,
    *,
    records: Collection[Any] | None = None,
) -> Any:
    """Save a record that goes on to another stage or outcome, with the row of the stay before."""
    saved = work.stage_rules.save_kept(records or work.of(type(after)), after)
    if saved.version != before.version:
        work.stage_rules.keep_stay(before, after, pipeline, at=work.now)
    return saved


def stays_of(work: UnitOfWork, record: Aggregate) -> list[StageStay]:
    """Return the stays of a record that are over, in the order of time."""
    stay = where(StageStay)
    seen = work.of(type(record)).get(record.id)
    mine = stay.entity.eq(work.registry[type(record)].name) & stay.record_id.eq(seen.id)
    return work.behind(StageStay).find(mine, order=[stay.entered_at.asc(), stay.id.asc()])


def stays_of_many(work: UnitOfWork, records: Iterable[A]) -> dict[UUID, list[StageStay]]:
    """Return the stays that are over of many records that the actor sees, in the order of time."""
    stay, found = where(StageStay), dict[UUID, list[StageStay]]()
    source = iter(records)
    while batch := list(islice(source, BATCH)):
        seen = work.of(type(batch[0])).look_up([record.id for record in batch])
        name = work.registry[type(batch[0])].name
        mine = stay.entity.eq(name) & stay.record_id.in_(list(seen))
        found |= {record_id: [] for record_id in seen}
        for one in work.behind(StageStay).find(mine, order=[stay.entered_at.asc(), stay.id.asc()]):
            found[one.record_id].append(one)
    return found


def time_at_stages(work: UnitOfWork, record: Aggregate) -> dict[str, timedelta]:
    """Return the time that a record stood at each stage, up to now; together it is its age."""
    _must_pass_a_pipeline(work, record)
    return time_in_stages(stays_of(work, record), record, now=work.now)


def rots_since(
    record: Any, pipeline: Pipeline, *, now: datetime, calendar: WorkingTime = AROUND_THE_CLOCK
) -> datetime | None:
    """Return since when a record rots at its stage, None while it does not.

    It follows from the limit as it is now, so that a change of the limit acts at once.
    """
    span = pipeline.stage(record.stage).rot_span
    since = began_at(record)
    if span is None or since is None:
        return None
    due_at = calendar.add(since, span).at
    return due_at if due_at <= now else None


def rotting_deals(
    work: UnitOfWork, pipeline_id: PipelineId, *, calendar: WorkingTime = AROUND_THE_CLOCK
) -> list[tuple[Deal, datetime]]:
    """Return the open deals that stay too long at their stage, and since when, the oldest first."""
    pipeline = work.pipelines.get(pipeline_id)
    limited = [stage.name for stage in pipeline.stages if stage.rot_after is not None]
    deal = where(Deal)
    at_stake = deal.pipeline_id.eq(pipeline_id) & deal.stage.in_(limited)
    at_stake &= deal.closed_at.is_none()
    found = _rotting(work.deals.stream(at_stake), pipeline, work.now, calendar)
    return sorted(found, key=lambda rotten: (rotten[1], rotten[0].id))


def _must_pass_a_pipeline(work: UnitOfWork, record: Aggregate) -> EntitySpec:
    """Return the entity of a record, or raise `InvalidSettings` where it has no stages."""
    spec = work.registry[type(record)]
    if not {"pipeline_id", "stage"} <= spec.parts.keys():
        raise InvalidSettings(
            "passes no pipeline", path=spec.name, fix="give it fields pipeline_id and stage"
        )
    return spec


def _rotting(
    deals: Iterable[Deal], pipeline: Pipeline, now: datetime, calendar: WorkingTime
) -> Iterator[tuple[Deal, datetime]]:
    for one in deals:
        since = rots_since(one, pipeline, now=now, calendar=calendar)
        if since is not None:
            yield one, since
