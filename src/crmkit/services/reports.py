"""Reports: what a sales history says, from summaries that the store answers."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.access.user import User
from crmkit.domain.filters.summary import By, Summary, by, by_time, count, total
from crmkit.domain.money import Money
from crmkit.domain.parties.activity import Activity, ActivityKind
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.product import Product
from crmkit.ports import Action
from crmkit.work import UnitOfWork

SEE_PIPELINE = Action("report:pipeline", "See the pipeline report", zh="查看销售管道报表")


@attrs.frozen(kw_only=True)
class Figure:
    """A count of deals and what they are worth together; None when none has a value."""

    label: str
    deals: int
    value: Money | None


@attrs.frozen(kw_only=True)
class PipelineReport:
    """How sales stand: open deals by stage, won deals by quarter and manager, rates and times.

    `win_rate` is won / (won + lost), None before anything was closed. `days_to_win` are mean,
    median and maximum of the calendar days from opening to winning. `price_against_list` is the
    mean of (value / list price - 1) over won deals that have both, in percent.
    """

    stages: tuple[Figure, ...]
    won: Figure
    lost: Figure
    win_rate: Decimal | None
    mean_won: Money | None
    quarters: tuple[Figure, ...]
    managers: tuple[Figure, ...]
    days_to_win: tuple[Decimal, Decimal, int] | None
    price_against_list: Decimal | None
    open_tasks: int
    overdue_tasks: int


def report_pipeline(work: UnitOfWork, *, zone: str = "UTC") -> PipelineReport:
    """Report on all deals that the actor may see; quarters and days are those of the time zone."""
    work.permit(SEE_PIPELINE)
    won = _outcome(work, DealOutcome.WON)
    lost = _outcome(work, DealOutcome.LOST)
    closed = won.deals + lost.deals
    return PipelineReport(
        stages=_stages(work),
        won=won,
        lost=lost,
        win_rate=Decimal(won.deals) / closed if closed else None,
        mean_won=won.value and Money.rounded(won.value.amount / won.deals, won.value.currency),
        quarters=_quarters(work, zone),
        managers=_managers(work),
        days_to_win=_days_to_win(work, zone),
        price_against_list=_price_against_list(work),
        open_tasks=_tasks(work, due_before=None),
        overdue_tasks=_tasks(work, due_before=work.now),
    )


def _outcome(work: UnitOfWork, outcome: DealOutcome) -> Figure:
    deal = work.where(Deal)
    summary = Summary(
        spec=work.deals.spec,
        where=deal.outcome.eq(outcome),
        measures={"deals": count(), "value": total(deal.value)},
    )
    row = work.deals.summarise(summary)[0]
    return Figure(label=str(outcome), deals=row["deals"], value=row["value"])


def _stages(work: UnitOfWork) -> tuple[Figure, ...]:
    deal = work.where(Deal)
    summary = Summary(
        spec=work.deals.spec,
        where=deal.outcome.eq(DealOutcome.OPEN),
        by={"stage": by(deal.stage)},
        measures={"deals": count(), "value": total(deal.value)},
        order=(By("deals", descending=True),),
    )
    return tuple(
        Figure(label=row["stage"], deals=row["deals"], value=row["value"])
        for row in work.deals.summarise(summary)
    )


def _quarters(work: UnitOfWork, zone: str) -> tuple[Figure, ...]:
    deal = work.where(Deal)
    summary = Summary(
        spec=work.deals.spec,
        where=deal.outcome.eq(DealOutcome.WON) & ~deal.closed_at.is_none(),
        by={"quarter": by_time(deal.closed_at, "quarter", zone=zone)},
        measures={"deals": count(), "value": total(deal.value)},
    )
    return tuple(
        Figure(label=_quarter(row["quarter"]), deals=row["deals"], value=row["value"])
        for row in work.deals.summarise(summary)
    )


def _managers(work: UnitOfWork) -> tuple[Figure, ...]:
    deal, user = work.where(Deal), work.where(User)
    summary = Summary(
        spec=work.deals.spec,
        where=deal.outcome.eq(DealOutcome.WON),
        by={"owner": by(deal.owner_id)},
        measures={"deals": count(), "value": total(deal.value)},
    )
    names: dict[UUID, str] = {}
    managers: dict[UUID, UUID | None] = {}
    for user_id, name, manager_id in work.users.columns((user.id, user.name, user.manager_id)):
        names[user_id], managers[user_id] = name, manager_id
    grouped: defaultdict[str, list[tuple[int, Money | None]]] = defaultdict(list)
    for row in work.deals.summarise(summary):
        manager = managers.get(row["owner"]) or row["owner"]
        grouped[names.get(manager, "")].append((row["deals"], row["value"]))
    figures = [
        Figure(label=name, deals=sum(deals for deals, _ in rows), value=_sum(rows))
        for name, rows in grouped.items()
    ]
    return tuple(sorted(figures, key=lambda figure: (-_minor(figure.value), figure.label)))


def _days_to_win(work: UnitOfWork, zone: str) -> tuple[Decimal, Decimal, int] | None:
    deal = work.where(Deal)
    won = deal.outcome.eq(DealOutcome.WON) & ~deal.opened_at.is_none() & ~deal.closed_at.is_none()
    place = ZoneInfo(zone)
    days = [
        (_day(closed, place) - _day(opened, place)).days
        for opened, closed in work.deals.columns((deal.opened_at, deal.closed_at), won)
    ]
    if not days:
        return None
    return Decimal(sum(days)) / len(days), Decimal(str(median(days))), max(days)


def _price_against_list(work: UnitOfWork) -> Decimal | None:
    deal, product = work.where(Deal), work.where(Product)
    prices = dict(
        work.products.columns(
            (product.id, product["list_price.minor"]), ~product.list_price.is_none()
        )
    )
    won = deal.outcome.eq(DealOutcome.WON) & ~deal.value.is_none()
    pairs: Iterator[tuple[UUID | None, int]] = work.deals.columns(
        (deal.product_id, deal["value.minor"]), won
    )
    ratios = [
        Decimal(value) / prices[product_id] - 1
        for product_id, value in pairs
        if product_id is not None and prices.get(product_id)
    ]
    return sum(ratios, Decimal(0)) / len(ratios) * 100 if ratios else None


def _tasks(work: UnitOfWork, *, due_before: datetime | None) -> int:
    activity = work.where(Activity)
    fits = activity.kind.eq(ActivityKind.TASK) & activity.done_at.is_none()
    if due_before is not None:
        fits &= activity.due_at.lt(due_before)
    return work.activities.count(fits)


def _sum(rows: list[tuple[int, Money | None]]) -> Money | None:
    values = [value for _, value in rows if value is not None]
    return Money.total(values, values[0].currency) if values else None


def _minor(value: Money | None) -> int:
    return value.minor if value is not None else 0


def _quarter(first_day: date) -> str:
    return f"{first_day.year} Q{(first_day.month + 2) // 3}"


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()
