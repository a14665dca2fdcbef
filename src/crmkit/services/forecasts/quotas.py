"""What people do with quotas and judgements."""

from collections.abc import Iterator

from crmkit.domain.access.acting import Right
from crmkit.domain.access.unit import UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.forecasts.judgement import (
    ForecastJudged,
    Judgement,
    JudgementId,
    Organisation,
    UnitForecast,
)
from crmkit.domain.forecasts.quota import Attainment, Quota, QuotaId
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.ports import Action
from crmkit.services.forecasts.reporting import SEE_FORECAST, forecast
from crmkit.services.sales.rates import exchange
from crmkit.work import UnitOfWork

SET_QUOTA = Action("quota:set", "Set a quota", zh="设定销售定额", right=Right.EDIT)
JUDGE_FORECAST = Action(
    "forecast_judgement:give", "Judge a forecast", zh="判断销售预测", right=Right.CREATE
)


def set_quota(
    work: UnitOfWork,
    amount: Money,
    span: Span,
    *,
    user: UserId | None = None,
    unit: UnitId | None = None,
) -> Quota:
    """Say what a person, or a unit with all below it, is to win; that of the same span changes."""
    work.permit(SET_QUOTA)
    if user is not None:
        work.users.get(user)
    if unit is not None:
        work.units.get(unit)
    made = Quota(
        id=QuotaId(work.new_id()),
        owner_id=user,
        user_id=user,
        unit_id=unit,
        amount=amount,
        first_on=span.first,
        last_on=span.last,
    )
    known = where(Quota)
    same = known.holder.eq(made.holder) & known.first_on.eq(span.first)
    there = work.quotas.first(same & known.last_on.eq(span.last))
    if there is None:
        return work.quotas.add(made)
    return work.quotas.save(there.evolve(amount=amount))


def attainment(work: UnitOfWork, quota_id: QuotaId, *, zone: str = "UTC") -> Attainment:
    """Say how far a quota was reached by won deals that the actor sees, by their shares.

    Converted at the rate kept at closing, else at today's. A unit's people are those of today.
    """
    work.permit(SEE_FORECAST)
    quota = work.quotas.get(quota_id)
    people = _holders(work, quota)
    shares = [
        share
        for deal in won_in(work, quota.span, zone=zone)
        for user, share in credited(work, deal, quota.amount.currency).items()
        if user in people
    ]
    return Attainment(quota=quota, won=Money.total(shares, quota.amount.currency))


def judge_forecast(
    work: UnitOfWork,
    unit: UnitId,
    span: Span,
    category: ForecastCategory,
    amount: Money,
    *,
    reason: str,
) -> Judgement:
    """Say what one expects of a unit, beside the sum of its deals; earlier judgements stay."""
    work.permit(JUDGE_FORECAST)
    work.units.get(unit)
    judged = Judgement(
        id=JudgementId(work.new_id()),
        unit_id=unit,
        first_on=span.first,
        last_on=span.last,
        category=category,
        amount=amount,
        reason=reason,
        by=work.actor.id,
        at=work.now,
    )
    event = ForecastJudged(unit_id=unit, category=category, amount=amount)
    return work.forecast_judgements.add(judged.recording(event))


def unit_forecast(
    work: UnitOfWork, unit: UnitId, span: Span, *, into: str, zone: str = "UTC"
) -> UnitForecast:
    """Forecast a unit with all below it, with the newest judgements beside the sums.

    A judgement in another currency is converted at today's rate; it is kept as it was given.
    """
    work.units.get(unit)
    known = where(Judgement)
    within = known.first_on.eq(span.first) & known.last_on.eq(span.last)
    judged = work.forecast_judgements.find(within, order=[known.at.asc(), known.id.asc()])
    summed = forecast(work, span, into=into, zone=zone)
    return _organisation(work, [_in(work, one, into) for one in judged]).roll_up(unit, summed)


def won_in(work: UnitOfWork, span: Span, *, zone: str) -> Iterator[Deal]:
    """Bring the won deals with a value that closed in a span and that the actor sees."""
    deal = work.where(Deal)
    begin, end = span.instants(zone)
    won = deal.outcome.eq(DealOutcome.WON) & ~deal.value.is_none()
    return work.deals.stream(won & deal.closed_at.ge(begin) & deal.closed_at.lt(end))


def credited(work: UnitOfWork, deal: Deal, into: str) -> dict[UserId, Money]:
    """Return what of a deal belongs to whom in a currency, at the rate kept when it closed."""
    if deal.value is None:
        return {}
    kept = deal.closing_rate
    fits = kept is not None and (kept.currency, kept.into) == (deal.value.currency, into)
    rate = kept if kept is not None and fits else exchange(work, deal.value.currency, into)
    return _converted(deal, rate).split_value()


def _converted(deal: Deal, rate: Conversion) -> Deal:
    return deal if deal.value is None else deal.evolve(value=rate.convert(deal.value))


def _holders(work: UnitOfWork, quota: Quota) -> frozenset[UserId]:
    if quota.user_id is not None:
        return frozenset({quota.user_id})
    if quota.unit_id is None:
        return frozenset()
    return _organisation(work, []).people_below(quota.unit_id)


def _in(work: UnitOfWork, judged: Judgement, into: str) -> Judgement:
    rate = exchange(work, judged.amount.currency, into)
    return judged.evolve(amount=rate.convert(judged.amount))


def _organisation(work: UnitOfWork, judged: list[Judgement]) -> Organisation:
    user = work.where(User)
    members: dict[UnitId, frozenset[UserId]] = {}
    for user_id, unit_id in work.users.columns((user.id, user.unit_id)):
        if unit_id is not None:
            members[unit_id] = members.get(unit_id, frozenset()) | {user_id}
    units = tuple(work.units.find())
    return Organisation(units=units, members=members, judgements=tuple(judged))
