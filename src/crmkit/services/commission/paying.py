"""What people do with commission: plan it, run it for a span, and read how it came to be."""

from collections.abc import Iterable
from datetime import date

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.commission.plan import Credit, Earned, Plan, PlanId, Tier, earn
from crmkit.domain.commission.row import Refund, RefundId, Row, RowId, findings
from crmkit.domain.filters.where import where
from crmkit.domain.forecasts.quota import Quota
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.span import Span
from crmkit.errors import MixedCurrencies
from crmkit.ports import Action
from crmkit.services.forecasts.quotas import credited, won_in
from crmkit.work import UnitOfWork

PLAN_COMMISSION = Action(
    "commission_plan:define", "Define a commission plan", zh="制定提成方案", right=Right.CREATE
)
RECORD_REFUND = Action(
    "commission_refund:record", "Record a refund", zh="登记退款", right=Right.CREATE
)
RUN_COMMISSION = Action(
    "commission_row:run", "Work out commission", zh="核算提成", right=Right.CREATE
)


def plan_commission(
    work: UnitOfWork,
    name: str,
    *,
    role: str,
    currency: str,
    tiers: Iterable[Tier],
    cap: Money | None = None,
) -> Plan:
    """Say how people of a role are paid."""
    work.permit(PLAN_COMMISSION)
    plan = Plan(
        id=PlanId(work.new_id()),
        name=name,
        role=role,
        currency=currency,
        tiers=tuple(tiers),
        cap=cap,
    )
    return work.commission_plans.add(plan)


def record_refund(
    work: UnitOfWork, deal_id: DealId, amount: Money, *, reason: str, on: date | None = None
) -> Refund:
    """Keep what a customer was given back of a deal; the next run takes it from what it counts.

    Raises `MixedCurrencies` in another currency than that of the deal.
    """
    work.permit(RECORD_REFUND)
    deal = work.deals.get(deal_id)
    if deal.value is not None and deal.value.currency != amount.currency:
        raise MixedCurrencies(
            f"{amount.currency} of a deal in {deal.value.currency}",
            path="commission_refund.amount",
            fix=f"give it in {deal.value.currency}",
        )
    refund = Refund(
        id=RefundId(work.new_id()),
        deal_id=deal.id,
        owner_id=deal.owner_id,
        amount=amount,
        on=on or work.now.date(),
        reason=reason,
    )
    return work.commission_refunds.add(refund)


def run_commission(
    work: UnitOfWork, plan_id: PlanId, span: Span, *, zone: str = "UTC"
) -> tuple[Row, ...]:
    """Work out a plan for a span from won deals, their shares and refunds; return the new rows.

    Repeated, it writes nothing; after a correction, the difference. Written rows never change. A
    deal that is not won any more, or was given back, is clawed back. What is found after the span
    was paid is late. The plan is held, so that two runs at once write nothing twice. Raises
    `QuotaMissing`.
    """
    work.permit(RUN_COMMISSION)
    plan = work.commission_plans.get(plan_id)
    work.hold(plan)
    is_late = plan.paid_on(span.first, span.last) is not None
    people = _people(work, plan)
    credits_ = _credits(work, plan, span, people, zone)
    earned: dict[UserId, tuple[Earned, ...]] = {
        user: earn(plan, found, _quota(work, user, span, plan)) for user, found in credits_.items()
    }
    row = where(Row)
    same = row.plan_id.eq(plan_id) & row.first_on.eq(span.first) & row.last_on.eq(span.last)
    written = work.commission_rows.find(same)
    new = [
        Row(
            id=RowId(work.new_id()),
            owner_id=one.user_id,
            plan_id=plan_id,
            first_on=span.first,
            last_on=span.last,
            found_at=work.now,
            is_late=is_late,
            **attrs.asdict(one, recurse=False),
        )
        for one in findings(earned, written, plan.currency)
    ]
    return tuple(work.commission_rows.insert_many(new))


def _people(work: UnitOfWork, plan: Plan) -> frozenset[UserId]:
    user = work.where(User)
    people = work.users.find(user.roles.has_any((plan.role,)))
    return frozenset(one.id for one in people)


def _credits(
    work: UnitOfWork, plan: Plan, span: Span, people: frozenset[UserId], zone: str
) -> dict[UserId, list[Credit]]:
    found: dict[UserId, list[Credit]] = {}
    won = sorted(won_in(work, span, zone=zone), key=lambda deal: (deal.closed_at, deal.id))
    refunds = _refunds(work, won)
    for deal in won:
        left = _after_refunds(deal, refunds.get(deal.id, []))
        for user, share in credited(work, left, plan.currency).items():
            if user in people and share:
                credit = Credit(deal_id=deal.id, amount=share)
                found.setdefault(user, []).append(credit)
    return found


def _refunds(work: UnitOfWork, won: list[Deal]) -> dict[DealId, list[Money]]:
    refund = where(Refund)
    given: dict[DealId, list[Money]] = {}
    for one in work.commission_refunds.stream(refund.deal_id.in_([deal.id for deal in won])):
        given.setdefault(one.deal_id, []).append(one.amount)
    return given


def _after_refunds(deal: Deal, refunds: list[Money]) -> Deal:
    if deal.value is None or not refunds:
        return deal
    left = deal.value - Money.total(refunds)
    return deal.evolve(value=max(left, Money(0, left.currency)))


def _quota(work: UnitOfWork, user: UserId, span: Span, plan: Plan) -> Money | None:
    quota = where(Quota)
    held = quota.user_id.eq(user) & quota.first_on.eq(span.first) & quota.last_on.eq(span.last)
    found = work.quotas.first(held)
    return found.amount if found is not None and found.amount.currency == plan.currency else None
