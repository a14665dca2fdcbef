"""What people do when commission is paid: pay a span, which then stands, and read statements."""

from collections.abc import Iterable
from datetime import date

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.commission.payout import Payout, PayoutId
from crmkit.domain.commission.plan import Plan, PlanId
from crmkit.domain.commission.row import Row, RowId
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.span import Span
from crmkit.ports import Action
from crmkit.work import UnitOfWork

PAY_COMMISSION = Action(
    "commission_payout:pay", "Pay commission", zh="发放提成", right=Right.CREATE
)


@attrs.frozen(kw_only=True)
class Statement:
    """The rows of one person in a span, in the order in which they were found, and their sum.

    Once `paid_on` a day, it stands: it has what was paid, also what was found late of spans before.
    """

    user_id: UserId
    span: Span
    rows: tuple[Row, ...]
    total: Money
    paid_on: date | None = None


def pay_commission(
    work: UnitOfWork, plan_id: PlanId, span: Span, *, on: date | None = None
) -> tuple[Payout, ...]:
    """Pay what runs found of a span, and what was found late of spans before; the span then stands.

    Returns what each person is paid, below zero where it is owed back. Raises `SpanIsPaid`.
    """
    work.permit(PAY_COMMISSION)
    plan, day = work.commission_plans.get(plan_id), on or work.now.date()
    closed = work.commission_plans.save(plan.pay(span.first, span.last, day))
    rows: dict[UserId, list[Row]] = {}
    for row in (*_late_before(work, plan_id, span), *_in_time(work, plan_id, span)):
        rows.setdefault(row.user_id, []).append(row)
    made = [_payout(work, closed, span, day, user, found) for user, found in rows.items()]
    return tuple(work.commission_payouts.insert_many(made))


def commission_statement(
    work: UnitOfWork, plan_id: PlanId, user_id: UserId, span: Span
) -> Statement:
    """Return how the commission of one person in a span came to be, row by row."""
    plan = work.commission_plans.get(plan_id)
    paid_on = plan.paid_on(span.first, span.last)
    if paid_on is None:
        rows = [row for row in _in_time(work, plan_id, span) if row.user_id == user_id]
    else:
        rows = _rows_of(work, _payouts(work, plan_id, span, user_id))
    ordered = tuple(sorted(rows, key=lambda row: (row.found_at, row.id)))
    total = Money.total((row.amount for row in ordered), plan.currency)
    return Statement(user_id=user_id, span=span, rows=ordered, total=total, paid_on=paid_on)


def _payout(
    work: UnitOfWork, plan: Plan, span: Span, day: date, user: UserId, rows: Iterable[Row]
) -> Payout:
    found = tuple(rows)
    return Payout(
        id=PayoutId(work.new_id()),
        plan_id=plan.id,
        user_id=user,
        owner_id=user,
        first_on=span.first,
        last_on=span.last,
        paid_on=day,
        amount=Money.total((row.amount for row in found), plan.currency),
        rows=tuple(row.id for row in found),
    )


def _in_time(work: UnitOfWork, plan_id: PlanId, span: Span) -> list[Row]:
    row = where(Row)
    mine = row.plan_id.eq(plan_id) & row.first_on.eq(span.first) & row.last_on.eq(span.last)
    return work.commission_rows.find(mine & row.is_late.eq(value=False))


def _late_before(work: UnitOfWork, plan_id: PlanId, span: Span) -> list[Row]:
    """Return late rows of spans that ended before this one does, and that nobody was paid yet."""
    row = where(Row)
    late = row.plan_id.eq(plan_id) & row.is_late.eq(value=True) & row.last_on.lt(span.last)
    paid = {one for payout in _payouts(work, plan_id) for one in payout.rows}
    return [one for one in work.commission_rows.find(late) if one.id not in paid]


def _payouts(
    work: UnitOfWork, plan_id: PlanId, span: Span | None = None, user: UserId | None = None
) -> list[Payout]:
    payout = where(Payout)
    asked = payout.plan_id.eq(plan_id)
    if span is not None:
        asked &= payout.first_on.eq(span.first) & payout.last_on.eq(span.last)
    if user is not None:
        asked &= payout.user_id.eq(user)
    return work.commission_payouts.find(asked)


def _rows_of(work: UnitOfWork, payouts: Iterable[Payout]) -> list[Row]:
    wanted: list[RowId] = [one for payout in payouts for one in payout.rows]
    return list(work.commission_rows.look_up(wanted).values())
