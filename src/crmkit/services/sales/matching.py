"""Matching: money that is allocated to one side of an order is counted on the other side too."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.invoice import Invoice
from crmkit.domain.sales.matching import Match, holding, matches
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.payment_plan import Instalment, PaymentPlan
from crmkit.domain.sales.receivable import ReceivableEntry, ReceivableEntryId, TargetKind
from crmkit.services.sales.ledger import note_owed
from crmkit.work import UnitOfWork

Debt = Instalment | Invoice


def count_on_both_sides(work: UnitOfWork, order_id: OrderId | None) -> None:
    """Count money of an order on its instalments and on its invoices alike.

    The order is held: of two works that pay, bill or plan it at once, one meets a `Conflict`.
    """
    if order_id is None:
        return
    work.hold(work.behind(Order).get(order_id))
    plan, bills = instalments_of_order(work, order_id), bills_of_order(work, order_id)
    entries = _on(work, [debt.id for debt in (*plan, *bills)])
    for side, debts in ((TargetKind.INSTALMENT, plan), (TargetKind.INVOICE, bills)):
        owed = [(debt.id, debt.open_amount or Money(0, _currency(debt))) for debt in debts]
        _count(work, side, debts, list(matches(entries, side, owed)))


def order_of(work: UnitOfWork, debt: Debt) -> OrderId | None:
    """Return the order that an instalment or an invoice is about; None under a contract."""
    if isinstance(debt, Invoice):
        return debt.order_id
    return work.behind(PaymentPlan).get(debt.plan_id).order_id


def instalments_of_order(work: UnitOfWork, order_id: OrderId) -> list[Instalment]:
    """Return the instalments of an order as they are planned."""
    plan = work.behind(PaymentPlan).first(where(PaymentPlan).order_id.eq(order_id))
    if plan is None:
        return []
    part = where(Instalment)
    return work.behind(Instalment).find(part.plan_id.eq(plan.id), order=[part.position.asc()])


def bills_of_order(work: UnitOfWork, order_id: OrderId) -> list[Invoice]:
    """Return the invoices of an order, the oldest first, without those in red letters."""
    bill = where(Invoice)
    mine = bill.order_id.eq(order_id) & bill.reverses_id.is_none()
    return work.behind(Invoice).find(mine, order=[bill.issued_on.asc(), bill.id.asc()])


def mirrors_of(work: UnitOfWork, allocation_id: ReceivableEntryId) -> list[ReceivableEntry]:
    """Return where the money of an allocation is counted besides."""
    mine = where(ReceivableEntry).mirrors_id.eq(allocation_id)
    return holding(work.behind(ReceivableEntry).find(mine))


def free_mirrored(work: UnitOfWork, invoice: Invoice, amount: Money, on: date) -> None:
    """Take back money that an invoice only counts besides, the newest first, until it is enough."""
    left = amount
    for entry in reversed(_on(work, [invoice.id])):
        if left.minor <= 0:
            return
        if entry.mirrors_id is not None:
            take_back(work, entry, on=on, reason=f"counted on {invoice.number}")
            left += entry.amount


def take_back(
    work: UnitOfWork, entry: ReceivableEntry, *, on: date, reason: str
) -> ReceivableEntry:
    """Undo an entry of money by one against it, and have its instalment or invoice owed again."""
    debt: Debt
    if entry.target is TargetKind.INVOICE:
        bills = work.behind(Invoice)
        debt = bills.save(bills.get(entry.target_id).pay(entry.amount))
    else:
        parts = work.behind(Instalment)
        debt = parts.save(parts.get(entry.target_id).pay(entry.amount))
    return note_owed(
        work,
        entry.target,
        debt,
        -entry.amount,
        due_on=debt.due_on,
        on=on,
        receipt_id=entry.receipt_id,
        reverses_id=entry.id,
        mirrors_id=entry.mirrors_id,
        reason=reason,
    )


def _on(work: UnitOfWork, debts: Sequence[UUID]) -> list[ReceivableEntry]:
    """Return the entries of money on instalments and invoices that hold, the oldest first."""
    entry = where(ReceivableEntry)
    paid = entry.target_id.in_(debts) & ~entry.receipt_id.is_none()
    found = work.behind(ReceivableEntry).find(paid, order=[entry.on.asc(), entry.id.asc()])
    return holding(found)


def _count(
    work: UnitOfWork, side: TargetKind, debts: Iterable[Debt], found: Sequence[Match]
) -> None:
    known: dict[UUID, Debt] = {debt.id: debt for debt in debts}
    for one in found:
        debt = known[one.target_id] = _paid(work, known[one.target_id], one.amount)
        note_owed(
            work,
            side,
            debt,
            -one.amount,
            due_on=debt.due_on,
            on=max(one.allocation.on, _owed_since(debt)),
            receipt_id=one.allocation.receipt_id,
            mirrors_id=one.allocation.id,
        )


def _paid(work: UnitOfWork, debt: Debt, amount: Money) -> Debt:
    if isinstance(debt, Invoice):
        return work.behind(Invoice).save(debt.pay(amount))
    return work.behind(Instalment).save(debt.pay(amount))


def _owed_since(debt: Debt) -> date:
    if isinstance(debt, Invoice):
        return debt.issued_on
    return date.min if debt.created_at is None else debt.created_at.date()


def _currency(debt: Debt) -> str:
    return debt.gross.currency if isinstance(debt, Invoice) else debt.amount.currency
