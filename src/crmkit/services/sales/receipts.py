"""Receipts: note money that came in, allocate it, release, refund and reverse it."""

from datetime import date
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.invoice import Invoice, InvoiceId
from crmkit.domain.sales.matching import holding
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.payment_plan import InstalmentId
from crmkit.domain.sales.receipt import (
    OverAllocated,
    Receipt,
    ReceiptId,
    check_amount,
    check_currency,
)
from crmkit.domain.sales.receivable import ReceivableEntry, ReceivableEntryId, TargetKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.parties import find_customer
from crmkit.services.sales.ledger import note_owed
from crmkit.services.sales.matching import (
    Debt,
    bills_of_order,
    count_on_both_sides,
    instalments_of_order,
    mirrors_of,
    order_of,
    take_back,
)
from crmkit.work import UnitOfWork

NOTE_RECEIPT = Action("receipt:note", "Note a receipt", zh="登记回款", right=Right.CREATE)
ALLOCATE_RECEIPT = Action(
    "receipt:allocate", "Allocate a receipt to what is owed", zh="核销回款", right=Right.EDIT
)
RELEASE_RECEIPT = Action(
    "receipt:release", "Take an allocation back", zh="撤销核销", right=Right.EDIT
)
REFUND_RECEIPT = Action("receipt:refund", "Refund a receipt", zh="登记退款", right=Right.EDIT)
REVERSE_RECEIPT = Action("receipt:reverse", "Reverse a receipt", zh="冲销回款", right=Right.EDIT)


def note_receipt(work: UnitOfWork, customer: CustomerId, amount: Money, **fields: Any) -> Receipt:
    """Note that money came in from a customer; `fields` are such as `received_on` and `method`."""
    work.permit(NOTE_RECEIPT)
    payer = find_customer(work, customer)
    number = fields.pop("number", None) or work.next_number("receipt")
    told = {"received_on": work.now.date(), "owner_id": payer.owner_id, **fields}
    made = draft(
        Receipt,
        ReceiptId(work.new_id()),
        customer_id=payer.id,
        amount=amount,
        number=number,
        **told,
    )
    return work.receipts.add(made.receive())


def pay_instalment(
    work: UnitOfWork,
    receipt_id: ReceiptId,
    instalment_id: InstalmentId,
    amount: Money | None = None,
    *,
    on: date | None = None,
) -> ReceivableEntry:
    """Allocate money of a receipt to an instalment: as much as is left of both, or an amount.

    The same money counts on the invoices of the order, the oldest first, and on later ones.
    Raises `OverAllocated` beyond what is left of the receipt, or of the instalment.
    """
    receipt = work.receipts.get(receipt_id)
    work.permit(ALLOCATE_RECEIPT, on=receipt)
    instalment = work.instalments.get(instalment_id)
    share = _share(receipt, instalment, amount)
    kept = work.receipts.save(receipt.allocate(share))
    paid = work.instalments.save(instalment.pay(share))
    return _paid(work, kept, TargetKind.INSTALMENT, paid, share, on)


def pay_invoice(
    work: UnitOfWork,
    receipt_id: ReceiptId,
    invoice_id: InvoiceId,
    amount: Money | None = None,
    *,
    on: date | None = None,
) -> ReceivableEntry:
    """Allocate money of a receipt to an invoice: as much as is left of both, or an amount.

    The same money counts on the instalments of the order, the first one first.
    Raises `OverAllocated` beyond what is left of the receipt, or of the invoice.
    """
    receipt = work.receipts.get(receipt_id)
    work.permit(ALLOCATE_RECEIPT, on=receipt)
    invoice = work.invoices.get(invoice_id)
    share = _share(receipt, invoice, amount)
    kept = work.receipts.save(receipt.allocate(share))
    paid = work.invoices.save(invoice.pay(share))
    return _paid(work, kept, TargetKind.INVOICE, paid, share, on)


def pay_order(
    work: UnitOfWork,
    receipt_id: ReceiptId,
    order_id: OrderId,
    amount: Money | None = None,
    *,
    on: date | None = None,
) -> list[ReceivableEntry]:
    """Allocate money of a receipt to an order: to its instalments in order, else to its invoices.

    As much as is left of both, or an amount; raises `OverAllocated` beyond what is left of either.
    """
    receipt = work.receipts.get(receipt_id)
    work.permit(ALLOCATE_RECEIPT, on=receipt)
    order = work.orders.get(order_id)
    debts = _debts(work, order_id)
    owed = Money.total((one.open_amount for one in debts if one.open_amount), order.currency)
    left = _within(receipt, order.customer_id, owed, amount)
    paid: list[ReceivableEntry] = []
    for debt in debts:
        share = min(left, debt.open_amount or left)
        if share.minor > 0 and debt.open_amount:
            paid.append(_pay(work, receipt_id, debt, share, on))
            left -= share
    return paid


def release_allocation(
    work: UnitOfWork, entry_id: ReceivableEntryId, *, reason: str, on: date | None = None
) -> ReceivableEntry:
    """Take an allocation back by an entry against it; both stay."""
    entry = work.receivable_entries.get(entry_id)
    if entry.receipt_id is None or entry.amount.minor >= 0:
        raise InvalidValue("is no allocation", path="receivable_entry.id", fix="name an allocation")
    if entry.mirrors_id is not None:
        raise InvalidValue(
            "counts the money of another one",
            path="receivable_entry.mirrors_id",
            fix=f"release {entry.mirrors_id}",
        )
    receipt = work.receipts.get(ReceiptId(entry.receipt_id))
    work.permit(RELEASE_RECEIPT, on=receipt)
    order_id, day = order_of(work, _target(work, entry)), on or work.now.date()
    for mirror in mirrors_of(work, entry.id):
        take_back(work, mirror, on=day, reason=reason)
    work.receipts.save(receipt.release(-entry.amount))
    taken = take_back(work, entry, on=day, reason=reason)
    count_on_both_sides(work, order_id)
    return taken


def refund_receipt(
    work: UnitOfWork,
    receipt_id: ReceiptId,
    amount: Money,
    *,
    reason: str,
    on: date | None = None,
) -> Receipt:
    """Note that money that was not allocated went back, such as what was paid too much."""
    receipt = work.receipts.get(receipt_id)
    work.permit(REFUND_RECEIPT, on=receipt)
    return work.receipts.save(receipt.refund(amount, on or work.now.date(), reason))


def reverse_receipt(
    work: UnitOfWork, receipt_id: ReceiptId, *, reason: str, on: date | None = None
) -> Receipt:
    """Note that the money never came, as when a cheque bounced; it settles nothing any more."""
    receipt = work.receipts.get(receipt_id)
    work.permit(REVERSE_RECEIPT, on=receipt)
    day = on or work.now.date()
    for entry in allocations_of(work, receipt_id):
        release_allocation(work, entry.id, reason=reason, on=day)
    return work.receipts.save(work.receipts.get(receipt_id).reverse(day, reason))


def allocations_of(work: UnitOfWork, receipt_id: ReceiptId) -> list[ReceivableEntry]:
    """Return the allocations of a receipt that hold, the oldest first."""
    fields = where(ReceivableEntry)
    entries = work.receivable_entries.find(
        fields.receipt_id.eq(receipt_id), order=[fields.on.asc(), fields.id.asc()]
    )
    return [one for one in holding(entries) if one.mirrors_id is None]


def _share(receipt: Receipt, target: Debt, amount: Money | None) -> Money:
    zero = Money(0, receipt.amount.currency)
    return _within(receipt, target.customer_id, target.open_amount or zero, amount)


def _within(
    receipt: Receipt, customer: CustomerId | None, owed: Money, amount: Money | None
) -> Money:
    receipt.must_be_money()
    if customer != receipt.customer_id:
        raise InvalidValue(
            "belongs to another customer", path="receipt.customer_id", fix="take their receipt"
        )
    left = receipt.unallocated or Money(0, receipt.amount.currency)
    check_currency(left if amount is None else amount, owed.currency)
    share = min(owed, left) if amount is None else amount
    if amount is None and not share:
        raise OverAllocated(f"{left} left, {owed} owed", path="amount", fix="nothing is to be paid")
    check_amount(share, owed.currency)
    if share > owed:
        raise OverAllocated(f"{share} asked, {owed} owed", path="amount", fix="leave the rest")
    return share


def _debts(work: UnitOfWork, order_id: OrderId) -> list[Debt]:
    """Return what an order owes: the instalments of its plan, or its invoices without one."""
    plan: list[Debt] = [*instalments_of_order(work, order_id)]
    return plan or [*bills_of_order(work, order_id)]


def _pay(
    work: UnitOfWork, receipt_id: ReceiptId, debt: Debt, share: Money, on: date | None
) -> ReceivableEntry:
    if isinstance(debt, Invoice):
        return pay_invoice(work, receipt_id, debt.id, share, on=on)
    return pay_instalment(work, receipt_id, debt.id, share, on=on)


def _paid(
    work: UnitOfWork,
    receipt: Receipt,
    kind: TargetKind,
    target: Debt,
    share: Money,
    on: date | None,
) -> ReceivableEntry:
    day = on or work.now.date()
    entry = note_owed(
        work, kind, target, -share, due_on=target.due_on, on=day, receipt_id=receipt.id
    )
    count_on_both_sides(work, order_of(work, target))
    return entry


def _target(work: UnitOfWork, entry: ReceivableEntry) -> Debt:
    if entry.target is TargetKind.INVOICE:
        return work.invoices.get(InvoiceId(entry.target_id))
    return work.instalments.get(InstalmentId(entry.target_id))
