"""What people do with snapshots of the forecast."""

from datetime import date
from itertools import islice

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.summary import Summary, by
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import where
from crmkit.domain.forecasts.forecast import stages_of
from crmkit.domain.forecasts.movement import OPEN_ONES, Movement, View, movement_between
from crmkit.domain.forecasts.snapshot import (
    Snapshot,
    SnapshotId,
    SnapshotLine,
    SnapshotLineId,
)
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.ports import BATCH, Action
from crmkit.services.sales.rates import exchange
from crmkit.work import UnitOfWork

TAKE_SNAPSHOT = Action(
    "forecast_snapshot:take",
    "Take a snapshot of the forecast",
    zh="生成预测快照",
    right=Right.CREATE,
)
COMPARE_SNAPSHOTS = Action(
    "forecast_snapshot:compare", "Compare two snapshots", zh="对比预测快照", right=Right.READ
)


def take_snapshot(
    work: UnitOfWork,
    name: str,
    *,
    into: str,
    closed_since: date | None = None,
    zone: str = "UTC",
) -> Snapshot:
    """Keep how the deals stand that the actor sees, with today's rates; it never changes.

    Deals that closed before `closed_since` are left out: the first day of last year, unless given.
    """
    work.permit(TAKE_SNAPSHOT)
    since = closed_since or date(work.now.year - 1, 1, 1)
    kept = _kept(work, since, zone)
    rates = tuple(exchange(work, currency, into) for currency in _currencies(work, kept))
    snapshot = work.forecast_snapshots.add(
        Snapshot(
            id=SnapshotId(work.new_id()),
            name=name,
            taken_at=work.now,
            closed_since=since,
            into=into,
            zone=zone,
            rates=rates,
        )
    )
    stages = stages_of(work.pipelines.find())
    found = work.deals.stream(kept)
    while deals := list(islice(found, BATCH)):
        work.forecast_lines.insert_many(
            SnapshotLine.of(deal, snapshot, stages, SnapshotLineId(work.new_id())) for deal in deals
        )
    return snapshot


def movement(
    work: UnitOfWork,
    before: SnapshotId,
    after: SnapshotId,
    span: Span,
    *,
    categories: frozenset[ForecastCategory] = OPEN_ONES,
) -> Movement:
    """Explain how the sum of a span moved between two snapshots, over the lines the actor sees."""
    return movement_between(_view(work, before), _view(work, after), span, categories)


def _view(work: UnitOfWork, snapshot_id: SnapshotId) -> View:
    snapshot = work.forecast_snapshots.get(snapshot_id)
    work.permit(COMPARE_SNAPSHOTS, on=snapshot)
    lines = work.forecast_lines.stream(where(SnapshotLine).snapshot_id.eq(snapshot_id))
    return View(snapshot=snapshot, lines=tuple(lines))


def _kept(work: UnitOfWork, since: date, zone: str) -> Filter:
    deal = work.where(Deal)
    begin, _end = Span(first=since, last=since).instants(zone)
    return deal.outcome.eq(DealOutcome.OPEN) | deal.closed_at.ge(begin)


def _currencies(work: UnitOfWork, kept: Filter) -> list[str]:
    currency = work.where(Deal)["value.currency"]
    asked = Summary(spec=work.deals.spec, where=kept, by={"currency": by(currency)})
    found = [row["currency"] for row in work.deals.summarise(asked)]
    return [one for one in found if one is not None]
