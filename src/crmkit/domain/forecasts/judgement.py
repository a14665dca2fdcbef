"""Judgements: what a manager expects of a unit, beside the sum of its deals and never instead."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NewType
from uuid import UUID

import attrs

from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.aggregate import Aggregate, Event, UserId
from crmkit.domain.entity import Index, entity
from crmkit.domain.forecasts.forecast import Forecast
from crmkit.domain.forecasts.standing import must_stand
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue, RuleBroken

JudgementId = NewType("JudgementId", UUID)


class JudgementIsKept(RuleBroken):
    """A judgement stays as it was given; another one takes its place."""


@attrs.frozen(kw_only=True)
class ForecastJudged(Event):
    """Somebody said what they expect of a unit."""

    unit_id: UnitId
    category: ForecastCategory
    amount: Money


@keeps(financial=("amount",))
@entity(
    "forecast_judgement",
    indexes=[Index(("unit_id", "first_on", "at"))],
    labels={"en": "Forecast judgement", "zh": "预测判断"},
    events=(ForecastJudged,),
)
@attrs.frozen(kw_only=True)
class Judgement(Aggregate):
    """What somebody expects of a unit in a span and category: how much, why, who, when."""

    id: JudgementId
    unit_id: UnitId
    first_on: date
    last_on: date
    category: ForecastCategory
    amount: Money
    reason: Annotated[str, Text(max_length=1000)]
    by: Annotated[str, Text(max_length=200)]
    at: datetime

    def __attrs_post_init__(self) -> None:
        """Refuse a judgement without a reason."""
        super().__attrs_post_init__()
        if not self.reason.strip():
            raise InvalidValue("needs a reason", path="forecast_judgement.reason", fix="say why")

    @property
    def span(self) -> Span:
        """Return the days that it is about."""
        return Span(first=self.first_on, last=self.last_on)

    def check_step(self, before: Any) -> None:
        """Refuse every change of what it says."""
        must_stand(self, before, JudgementIsKept)


@attrs.frozen(kw_only=True)
class Call:
    """One category of a unit: the sum of its deals, and what is expected of it.

    `expected` is the newest judgement, else what is expected of the units right below and the sum
    of the unit's own people together.
    """

    category: ForecastCategory
    summed: Money
    expected: Money
    judgement: Judgement | None = None


@attrs.frozen(kw_only=True)
class UnitForecast:
    """The forecast of a unit and of all below it, category by category."""

    unit_id: UnitId
    forecast: Forecast
    calls: tuple[Call, ...]

    def call(self, category: ForecastCategory) -> Call:
        """Return one category."""
        return next(call for call in self.calls if call.category is category)


@attrs.frozen(kw_only=True)
class Organisation:
    """Units, who belongs to which, and what was judged of them, the oldest first."""

    units: tuple[Unit, ...]
    members: Mapping[UnitId, frozenset[UserId]]
    judgements: tuple[Judgement, ...]

    def people_below(self, unit_id: UnitId) -> frozenset[UserId]:
        """Return the people of a unit and of all units below it; a circle ends."""
        return self._people(unit_id, frozenset())

    def roll_up(self, unit_id: UnitId, forecast: Forecast) -> UnitForecast:
        """Return the forecast of a unit, with the judgements of the units below taken up."""
        below = forecast.of(self.people_below(unit_id))
        calls = tuple(
            Call(
                category=category,
                summed=below.sum(category).amount,
                expected=self._expected(unit_id, forecast, category, frozenset()),
                judgement=self._newest(unit_id, category),
            )
            for category in ForecastCategory
        )
        return UnitForecast(unit_id=unit_id, forecast=below, calls=calls)

    def _people(self, unit_id: UnitId, above: frozenset[UnitId]) -> frozenset[UserId]:
        own = self.members.get(unit_id, frozenset())
        path = above | {unit_id}
        return own.union(*(self._people(unit, path) for unit in self._below(unit_id, path)))

    def _expected(
        self,
        unit_id: UnitId,
        forecast: Forecast,
        category: ForecastCategory,
        above: frozenset[UnitId],
    ) -> Money:
        judged = self._newest(unit_id, category)
        if judged is not None:
            return judged.amount
        path = above | {unit_id}
        own = forecast.of(self.members.get(unit_id, frozenset())).sum(category).amount
        below = self._below(unit_id, path)
        expected = [self._expected(unit, forecast, category, path) for unit in below]
        return Money.total([own, *expected])

    def _below(self, unit_id: UnitId, path: frozenset[UnitId]) -> list[UnitId]:
        children = (unit.id for unit in self.units if unit.parent_id == unit_id)
        return [child for child in children if child not in path]

    def _newest(self, unit_id: UnitId, category: ForecastCategory) -> Judgement | None:
        found = None
        for one in self.judgements:
            if (one.unit_id, one.category) == (unit_id, category):
                found = one
        return found
