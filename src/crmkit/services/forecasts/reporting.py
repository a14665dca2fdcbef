"""Forecast, funnel and ageing: each is one summary over deals, which the store answers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.filters.summary import Summary, by, by_time, count, total
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.forecasts.forecast import Forecast, group_of, stages_of
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.pipeline import PipelineId
from crmkit.domain.sales.stage import StageType
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.sales.rates import exchange
from crmkit.work import UnitOfWork

SEE_FORECAST = Action("report:forecast", "See the forecast", zh="查看销售预测")
BANDS: Final = (7, 30, 90, 180)


@attrs.frozen(kw_only=True)
class FunnelStep:
    """One stage: the open deals that stand at it, and all that stand there, beyond it or are won.

    `reached` counts no lost deals, for they tell only where they were lost from in their stays.
    """

    stage: str
    standing: int
    amount: Money
    reached: int


@attrs.frozen(kw_only=True)
class Age:
    """Open deals that stand at a stage since `from_day` days or more, and less than `to_day`.

    Both are None for those of which nobody knows since when; `to_day` is None in the last band.
    """

    stage: str
    from_day: int | None
    to_day: int | None
    deals: int
    amount: Money


def forecast(
    work: UnitOfWork, span: Span, *, into: str, zone: str = "UTC", where: Filter = EVERYTHING
) -> Forecast:
    """Forecast a span from the deals that the actor sees, in one currency at today's rates.

    `zone` says on which day a deal closed. Raises `ExchangeRateUnknown`.
    """
    work.permit(SEE_FORECAST)
    deal = work.where(Deal)
    begin, end = span.instants(zone)
    is_open = deal.outcome.eq(DealOutcome.OPEN)
    expected = deal.expected_on.ge(span.first) & deal.expected_on.le(span.last)
    closed = deal.outcome.eq(DealOutcome.WON) & deal.closed_at.ge(begin) & deal.closed_at.lt(end)
    counted = (is_open & (expected | deal.expected_on.is_none())) | closed
    rows = work.deals.summarise(_by_owner(work, where & counted))
    rates = _rates(work, rows, into)
    stages = stages_of(work.pipelines.find())
    groups = [group_of(row, stages, into, rates) for row in rows]
    return Forecast(
        span=span,
        into=into,
        rates=tuple(rates.values()),
        groups=tuple(group for group in groups if group.is_dated),
        undated=sum(group.deals for group in groups if not group.is_dated),
    )


def funnel(work: UnitOfWork, pipeline: PipelineId, *, into: str) -> tuple[FunnelStep, ...]:
    """Count the deals of a pipeline at each of its open stages, in one currency at today's rates.

    Raises `ExchangeRateUnknown`.
    """
    work.permit(SEE_FORECAST)
    deal = work.where(Deal)
    found = work.pipelines.get(pipeline)
    kept = deal.pipeline_id.eq(pipeline) & deal.outcome.in_((DealOutcome.OPEN, DealOutcome.WON))
    keys = {"stage": by(deal.stage), "outcome": by(deal.outcome)}
    rows = work.deals.summarise(_valued(work, kept, keys))
    rates = _rates(work, rows, into)
    won = sum(row["deals"] for row in rows if row["outcome"] == DealOutcome.WON)
    steps: list[FunnelStep] = []
    for stage in reversed([one for one in found.stages if one.type is StageType.OPEN]):
        here = [
            row for row in rows if row["stage"] == stage.name and row["outcome"] == DealOutcome.OPEN
        ]
        standing = sum(row["deals"] for row in here)
        beyond = steps[-1].reached if steps else won
        step = FunnelStep(
            stage=stage.name,
            standing=standing,
            amount=_amount(here, into, rates),
            reached=standing + beyond,
        )
        steps.append(step)
    return tuple(reversed(steps))


def age_deals(
    work: UnitOfWork,
    *,
    into: str,
    bands: Sequence[int] = BANDS,
    zone: str = "UTC",
    where: Filter = EVERYTHING,
) -> tuple[Age, ...]:
    """Count open deals by stage and by the days they stand there, in bands that begin with zero.

    `bands` are the first days of the later bands; today is that of the time zone.
    """
    work.permit(SEE_FORECAST)
    if sorted({*bands}) != [*bands] or any(day < 1 for day in bands):
        raise InvalidValue("days that rise, above zero", path="bands", fix="such as (7, 30, 90)")
    deal = work.where(Deal)
    keys = {"stage": by(deal.stage), "day": by_time(deal.stage_since, "day", zone=zone)}
    is_open = where & deal.outcome.eq(DealOutcome.OPEN)
    rows = work.deals.summarise(_valued(work, is_open, keys))
    rates = _rates(work, rows, into)
    today = work.now.astimezone(ZoneInfo(zone)).date()
    banded: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        days = None if row["day"] is None else (today - row["day"]) // timedelta(days=1)
        band = -1 if days is None else sum(days >= first for first in bands)
        banded.setdefault((row["stage"], band), []).append(row)
    return tuple(
        Age(
            stage=stage,
            from_day=None if band < 0 else (0, *bands)[band],
            to_day=None if band < 0 or band == len(bands) else bands[band],
            deals=sum(row["deals"] for row in found),
            amount=_amount(found, into, rates),
        )
        for (stage, band), found in sorted(banded.items())
    )


def _by_owner(work: UnitOfWork, where: Filter) -> Summary:
    deal = work.where(Deal)
    keys = {
        "owner": by(deal.owner_id),
        "pipeline": by(deal.pipeline_id),
        "stage": by(deal.stage),
        "outcome": by(deal.outcome),
        "month": by_time(deal.expected_on, "month"),
        "rate": by(deal["closing_rate.rate"]),
        "rate_into": by(deal["closing_rate.into"]),
    }
    return _valued(work, where, keys)


def _valued(work: UnitOfWork, where: Filter, keys: dict[str, Any]) -> Summary:
    deal = work.where(Deal)
    return Summary(
        spec=work.deals.spec,
        where=where,
        by={**keys, "currency": by(deal["value.currency"])},
        measures={"deals": count(), "value": total(deal.value)},
    )


def _rates(work: UnitOfWork, rows: list[dict[str, Any]], into: str) -> dict[str, Conversion]:
    currencies = sorted({row["currency"] for row in rows if row["currency"] is not None})
    return {currency: exchange(work, currency, into) for currency in currencies}


def _amount(rows: list[dict[str, Any]], into: str, rates: dict[str, Conversion]) -> Money:
    values = [row["value"] for row in rows if row["value"] is not None]
    return Money.total((rates[value.currency].convert(value) for value in values), into)
