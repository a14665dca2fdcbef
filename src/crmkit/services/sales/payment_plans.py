"""Payment plans: instalments of orders and contracts, and the milestones that make them due."""

from collections.abc import Iterable, Sequence
from datetime import date

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.contract import ContractId
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.payment_plan import (
    Instalment,
    InstalmentId,
    Part,
    PaymentPlan,
    PaymentPlanId,
    PlanDoesNotAddUp,
    amounts_of,
)
from crmkit.domain.sales.receivable import TargetKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.sales.ledger import note_owed
from crmkit.services.sales.matching import count_on_both_sides
from crmkit.work import UnitOfWork

PLAN_PAYMENTS = Action(
    "payment_plan:plan", "Plan the payments of a customer", zh="制定回款计划", right=Right.CREATE
)
REPLAN_PAYMENTS = Action(
    "payment_plan:replan", "Plan anew what is not paid", zh="调整回款计划", right=Right.EDIT
)
REACH_MILESTONE = Action(
    "instalment:reach", "Note that a milestone was reached", zh="登记里程碑达成", right=Right.EDIT
)


def plan_order(work: UnitOfWork, order_id: OrderId, parts: Iterable[Part]) -> list[Instalment]:
    """Plan how an order is paid, in instalments that are exactly its gross value.

    Money that its invoices received already counts on the instalments, the first one first.
    """
    order = work.orders.get(order_id)
    work.permit(PLAN_PAYMENTS)
    plan = PaymentPlan(
        id=PaymentPlanId(work.new_id()),
        total=order.gross,
        customer_id=order.customer_id,
        order_id=order.id,
        owner_id=order.owner_id,
    )
    return _planned(work, plan, parts)


def plan_contract(
    work: UnitOfWork, contract_id: ContractId, parts: Iterable[Part]
) -> list[Instalment]:
    """Plan how a contract is paid, in instalments that are exactly its value."""
    contract = work.contracts.get(contract_id)
    work.permit(PLAN_PAYMENTS)
    if contract.terms.value is None:
        raise InvalidValue("has no value", path="contract.terms.value", fix="amend it first")
    plan = PaymentPlan(
        id=PaymentPlanId(work.new_id()),
        total=contract.terms.value,
        customer_id=contract.customer_id,
        contract_id=contract.id,
        owner_id=contract.owner_id,
    )
    return _planned(work, plan, parts)


def replan(work: UnitOfWork, plan_id: PaymentPlanId, parts: Iterable[Part]) -> list[Instalment]:
    """Plan anew what is not paid yet, as after an amendment; returns all instalments in order.

    What was paid stays where it is, and instalments owe no more than that; the new ones are exactly
    the rest of what the order or contract comes to now.
    """
    plan = work.payment_plans.get(plan_id)
    work.permit(REPLAN_PAYMENTS, on=plan)
    now = work.payment_plans.save(plan.evolve(total=_worth(work, plan)))
    known = instalments_of(work, plan_id)
    kept = work.instalments.save_many(one.cut() for one in known)
    for was, cut in zip(known, kept, strict=True):
        if was.open_amount:
            today = work.now.date()
            note_owed(
                work, TargetKind.INSTALMENT, cut, -was.open_amount, due_on=was.due_on, on=today
            )
    paid = Money.total((one.amount for one in kept), now.total.currency)
    if paid > now.total:
        raise PlanDoesNotAddUp(
            f"{paid} of {now.total} is paid", path="payment_plan.total", fix="release money first"
        )
    asked = list(parts)
    if asked or paid != now.total:
        _write_instalments(work, now, asked, now.total - paid, after=len(known))
    count_on_both_sides(work, now.order_id)
    return instalments_of(work, plan_id)


def reach_milestone(work: UnitOfWork, instalment_id: InstalmentId, due_on: date) -> Instalment:
    """Let an instalment fall due on a day, as its milestone was reached."""
    instalment = work.instalments.get(instalment_id)
    work.permit(REACH_MILESTONE, on=instalment)
    reached = work.instalments.save(instalment.reach(due_on))
    left, today = instalment.open_amount, work.now.date()
    if left:
        note_owed(work, TargetKind.INSTALMENT, instalment, -left, due_on=None, on=today)
        note_owed(work, TargetKind.INSTALMENT, reached, left, due_on=due_on, on=today)
    return reached


def instalments_of(work: UnitOfWork, plan_id: PaymentPlanId) -> list[Instalment]:
    """Return the instalments of a plan in order."""
    fields = where(Instalment)
    return work.instalments.find(fields.plan_id.eq(plan_id), order=[fields.position.asc()])


def _planned(work: UnitOfWork, plan: PaymentPlan, parts: Iterable[Part]) -> list[Instalment]:
    kept = work.payment_plans.add(plan)
    _write_instalments(work, kept, list(parts), plan.total, after=0)
    count_on_both_sides(work, kept.order_id)
    return instalments_of(work, kept.id)


def _write_instalments(
    work: UnitOfWork, plan: PaymentPlan, parts: Sequence[Part], total: Money, *, after: int
) -> None:
    """Write the instalments of a plan that come after others, and what is owed of them."""
    amounts = amounts_of(total, parts)
    for one in work.instalments.insert_many(
        _instalment(work, plan, at, part, amount)
        for at, (part, amount) in enumerate(zip(parts, amounts, strict=True), after + 1)
    ):
        note_owed(
            work, TargetKind.INSTALMENT, one, one.amount, due_on=one.due_on, on=work.now.date()
        )


def _worth(work: UnitOfWork, plan: PaymentPlan) -> Money:
    """Return what the order or the contract of a plan comes to now."""
    if plan.order_id is not None:
        return work.orders.get(plan.order_id).gross
    if plan.contract_id is None:
        return plan.total
    return work.contracts.get(ContractId(plan.contract_id)).terms.value or plan.total


def _instalment(
    work: UnitOfWork, plan: PaymentPlan, position: int, part: Part, amount: Money
) -> Instalment:
    owner: UserId | None = plan.owner_id
    customer: CustomerId | None = plan.customer_id
    return Instalment(
        id=InstalmentId(work.new_id()),
        plan_id=plan.id,
        position=position,
        label=part.label,
        amount=amount,
        customer_id=customer,
        owner_id=owner,
        due_on=part.due_on,
        milestone=part.milestone,
    )
