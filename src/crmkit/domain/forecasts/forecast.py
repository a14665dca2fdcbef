"""A forecast: sums of deals by category, owner and stage, in one currency."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any, Final, Self

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealOutcome
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.pipeline import Pipeline, PipelineId
from crmkit.domain.sales.stage import ForecastCategory, Stage, StageType
from crmkit.domain.span import Span

OPEN_CATEGORIES: Final = (
    ForecastCategory.PIPELINE,
    ForecastCategory.BEST_CASE,
    ForecastCategory.COMMIT,
)
_CERTAIN: Final = Decimal(100)
Stages = dict[tuple[PipelineId | None, str], Stage]


@attrs.frozen(kw_only=True)
class Group:
    """Deals of one owner at one stage, together; `amount` is at today's rate.

    `frozen` is what closed deals are worth at the rates kept when they closed; None where none was
    kept. A group is converted as a whole, so it is rounded once.
    """

    owner_id: UserId | None
    pipeline_id: PipelineId | None
    stage: str
    category: ForecastCategory
    probability: int
    deals: int
    amount: Money
    frozen: Money | None = None
    is_dated: bool = True

    @property
    def weighted(self) -> Money:
        """Return the amount times the chance of the stage."""
        return self.amount.multiply(Decimal(self.probability) / _CERTAIN)


@attrs.frozen(kw_only=True)
class CategorySum:
    """What stands in one category: so many deals, their amount, and the amount times chances."""

    category: ForecastCategory
    deals: int
    amount: Money
    weighted: Money


@attrs.frozen(kw_only=True)
class Forecast:
    """What is to be expected of a span, in the currency `into`, at these rates.

    Open deals count by the day they are expected on, won ones by the day they closed; lost ones do
    not count. `undated` counts open deals that are expected on no day and stand in no sum.
    """

    span: Span
    into: str
    rates: tuple[Conversion, ...]
    groups: tuple[Group, ...]
    undated: int = 0

    def of(self, owners: Collection[UserId]) -> Self:
        """Return what belongs to some owners; `undated` is known of all together only."""
        kept = tuple(group for group in self.groups if group.owner_id in owners)
        return attrs.evolve(self, groups=kept)

    @property
    def sums(self) -> tuple[CategorySum, ...]:
        """Return one sum for each category, in their order."""
        return tuple(self.sum(category) for category in ForecastCategory)

    def sum(self, category: ForecastCategory) -> CategorySum:
        """Return what stands in a category."""
        groups = [group for group in self.groups if group.category is category]
        return CategorySum(
            category=category,
            deals=sum(group.deals for group in groups),
            amount=Money.total((group.amount for group in groups), self.into),
            weighted=Money.total((group.weighted for group in groups), self.into),
        )

    @property
    def closed_at_frozen_rates(self) -> Money | None:
        """Return what won deals are worth at the rates of their closing; None where one is lacking.

        `sum(ForecastCategory.CLOSED)` is the same at today's rates.
        """
        closed = [group for group in self.groups if group.category is ForecastCategory.CLOSED]
        known = [group.frozen for group in closed if group.frozen is not None]
        return Money.total(known, self.into) if len(known) == len(closed) else None


def stages_of(pipelines: Iterable[Pipeline]) -> Stages:
    """Return every stage by pipeline and name."""
    return {(line.id, stage.name): stage for line in pipelines for stage in line.stages}


def category_of(outcome: DealOutcome, stage: Stage | None) -> ForecastCategory:
    """Return how a deal counts: closed when won, omitted when lost, else as its stage says.

    What stands at a stage that is unknown is omitted; what is open is never closed, at most commit.
    """
    if outcome is DealOutcome.WON:
        return ForecastCategory.CLOSED
    if outcome is DealOutcome.LOST or stage is None or stage.type is not StageType.OPEN:
        return ForecastCategory.OMITTED
    if stage.forecast is ForecastCategory.CLOSED:
        return ForecastCategory.COMMIT
    return stage.forecast


def chance_of(outcome: DealOutcome, stage: Stage | None) -> int:
    """Return the chance in percent: 100 when won, 0 when lost or unknown, else the stage's."""
    if outcome is not DealOutcome.OPEN:
        return 100 if outcome is DealOutcome.WON else 0
    return 0 if stage is None else stage.probability


def group_of(row: dict[str, Any], stages: Stages, into: str, rates: dict[str, Conversion]) -> Group:
    """Return what a row of the summary over deals says, converted."""
    stage = stages.get((row["pipeline"], row["stage"]))
    outcome = DealOutcome(row["outcome"])
    value: Money | None = row["value"]
    return Group(
        owner_id=row["owner"],
        pipeline_id=row["pipeline"],
        stage=row["stage"],
        category=category_of(outcome, stage),
        probability=chance_of(outcome, stage),
        deals=row["deals"],
        amount=Money(0, into) if value is None else rates[value.currency].convert(value),
        frozen=_frozen(row, value, into),
        is_dated=outcome is not DealOutcome.OPEN or row["month"] is not None,
    )


def _frozen(row: dict[str, Any], value: Money | None, into: str) -> Money | None:
    if value is None:
        return Money(0, into)
    if value.currency == into:
        return value
    if row["rate"] is None or row["rate_into"] != into:
        return None
    exact = value.amount * row["rate"]
    return Money.rounded(exact, into, "ROUND_HALF_UP")
