"""Snapshots: how deals stood at one instant, with the rates of that day; they never change."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NewType, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.forecasts.forecast import Stages, category_of, chance_of
from crmkit.domain.forecasts.standing import must_stand
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.errors import RuleBroken

SnapshotId = NewType("SnapshotId", UUID)
SnapshotLineId = NewType("SnapshotLineId", UUID)


class SnapshotIsFrozen(RuleBroken):
    """A snapshot stays as it was taken."""


@keeps()
@entity(
    "forecast_snapshot",
    unique=[Unique("name")],
    indexes=[Index("taken_at")],
    labels={"en": "Forecast snapshot", "zh": "预测快照"},
)
@attrs.frozen(kw_only=True)
class Snapshot(Aggregate):
    """When deals were looked at, and the rates into one currency on that day.

    It holds the open deals, and those that closed on `closed_since` or later, as far as whoever
    took it sees them. `zone` is where its days are counted.
    """

    id: SnapshotId
    name: Annotated[str, Text(max_length=200)]
    taken_at: datetime
    closed_since: date
    into: Annotated[str, Text(max_length=3)]
    zone: Annotated[str, Text(max_length=60)] = "UTC"
    rates: tuple[Conversion, ...] = ()

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, SnapshotIsFrozen)

    @property
    def by_currency(self) -> Mapping[str, Conversion]:
        """Return the rates by the currency they convert."""
        return {rate.currency: rate for rate in self.rates}

    def convert(self, value: Money) -> Money:
        """Return what a value was worth on the day of the snapshot."""
        return (
            value
            if value.currency == self.into
            else self.by_currency[value.currency].convert(value)
        )


@keeps(financial=("value",), about=("deal_id",))
@entity(
    "forecast_line",
    unique=[Unique(("snapshot_id", "deal_id"))],
    labels={"en": "Forecast line", "zh": "预测明细"},
)
@attrs.frozen(kw_only=True)
class SnapshotLine(Aggregate):
    """How one deal stood in a snapshot; it is its owner's, as the deal was."""

    id: SnapshotLineId
    snapshot_id: SnapshotId
    deal_id: DealId
    stage: Annotated[str, Text(max_length=100)]
    category: ForecastCategory
    outcome: DealOutcome
    probability: int
    value: Money | None = None
    expected_on: date | None = None
    closed_on: date | None = None
    known_since: datetime | None = None

    @classmethod
    def of(cls, deal: Deal, snapshot: Snapshot, stages: Stages, line_id: SnapshotLineId) -> Self:
        """Take down how a deal stands."""
        stage = stages.get((deal.pipeline_id, deal.stage)) if deal.pipeline_id else None
        closed = deal.closed_at
        return cls(
            id=line_id,
            snapshot_id=snapshot.id,
            deal_id=deal.id,
            owner_id=deal.owner_id,
            stage=deal.stage,
            category=category_of(deal.outcome, stage),
            outcome=deal.outcome,
            probability=chance_of(deal.outcome, stage),
            value=deal.value,
            expected_on=deal.expected_on,
            closed_on=closed and closed.astimezone(ZoneInfo(snapshot.zone)).date(),
            known_since=deal.created_at,
        )

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, SnapshotIsFrozen)

    @property
    def counts_on(self) -> date | None:
        """Return the day by which it counts: of closing once it is won, else the expected one."""
        return self.closed_on if self.outcome is DealOutcome.WON else self.expected_on

    def is_in(self, span: Span, categories: frozenset[ForecastCategory]) -> bool:
        """Say whether it counts in a span and in some categories; what is lost never does."""
        stands = self.outcome is not DealOutcome.LOST and self.category in categories
        return stands and self.counts_on in span
