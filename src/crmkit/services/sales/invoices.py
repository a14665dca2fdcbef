"""Invoices: issue them for lines of an order, reverse them in red letters (红字)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from crmkit.domain.access.acting import Right
from crmkit.domain.entity import spec_of
from crmkit.domain.sales.invoice import Invoice, InvoiceId
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.receivable import TargetKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.sales.ledger import note_owed
from crmkit.services.sales.matching import count_on_both_sides, free_mirrored
from crmkit.services.sales.orders import of_order
from crmkit.work import UnitOfWork

ISSUE_INVOICE = Action("invoice:issue", "Issue an invoice", zh="开具发票", right=Right.CREATE)
REVERSE_INVOICE = Action(
    "invoice:reverse", "Reverse an invoice in red letters", zh="红字冲销发票", right=Right.EDIT
)
_TOLD: Final = frozenset({"kind", "buyer", "issued_on", "due_on", "owner_id", "tags", "custom"})


def issue_invoice(
    work: UnitOfWork,
    order_id: OrderId,
    number: str,
    quantities: Mapping[str, Decimal],
    **fields: Any,
) -> Invoice:
    """Keep that an invoice was issued for lines of an order; `OverInvoiced` beyond what is agreed.

    Money that the instalments of the order received already counts on the invoice as well.
    `fields` may be `kind`, `buyer`, `issued_on`, `due_on`, `owner_id`, `tags` and `custom`.
    """
    order = work.orders.get(order_id)
    work.permit(ISSUE_INVOICE)
    _check_told(fields)
    billed_order, billed = order.bill(quantities)
    told = {"issued_on": work.now.date(), "owner_id": order.owner_id, **fields}
    made = Invoice.of(
        billed,
        id=InvoiceId(work.new_id()),
        number=number,
        order_id=order.id,
        customer_id=order.customer_id,
        **told,
    )
    work.orders.save(billed_order)
    kept = work.invoices.add(made)
    note_owed(work, TargetKind.INVOICE, kept, kept.gross, due_on=kept.due_on, on=kept.issued_on)
    count_on_both_sides(work, order.id)
    return work.invoices.get(kept.id)


def reverse_invoice(
    work: UnitOfWork, invoice_id: InvoiceId, number: str, *, on: date | None = None
) -> Invoice:
    """Take back all that is left of an invoice by one in red letters; it can be invoiced again."""
    invoice = work.invoices.get(invoice_id)
    work.permit(REVERSE_INVOICE, on=invoice)
    return _credited(work, invoice, number, invoice.left, on)


def credit_invoice(
    work: UnitOfWork,
    invoice_id: InvoiceId,
    number: str,
    quantities: Mapping[str, Decimal],
    *,
    on: date | None = None,
) -> Invoice:
    """Take back quantities of the lines of an invoice by one in red letters (部分红冲).

    They can be invoiced again. Money that the invoice only counts besides goes back to the order;
    raises `InvoiceIsPaid` where more was allocated to it than is left, and `OverCredited`.
    """
    invoice = work.invoices.get(invoice_id)
    work.permit(REVERSE_INVOICE, on=invoice)
    return _credited(work, invoice, number, quantities, on)


def invoices_of(work: UnitOfWork, order_id: OrderId) -> list[Invoice]:
    """Return the invoices of an order and their reversals, the oldest first."""
    return of_order(work.invoices, order_id, "issued_on")


def _credited(
    work: UnitOfWork,
    invoice: Invoice,
    number: str,
    quantities: Mapping[str, Decimal],
    on: date | None,
) -> Invoice:
    day, order = on or work.now.date(), work.orders.get(invoice.order_id)
    free_mirrored(work, invoice, invoice.paid_beyond(quantities), day)
    known = work.invoices.get(invoice.id)
    less, red = known.credit(quantities, InvoiceId(work.new_id()), number, day)
    work.orders.save(order.unbill(red.lines))
    work.invoices.save(less)
    note_owed(work, TargetKind.INVOICE, less, red.gross, due_on=less.due_on, on=day)
    kept = work.invoices.add(red)
    count_on_both_sides(work, order.id)
    return kept


def _check_told(fields: Mapping[str, Any]) -> None:
    for name in fields:
        spec_of(Invoice).part(name)
        if name not in _TOLD:
            raise InvalidValue("follows from the order", path=f"invoice.{name}", fix="leave it out")
