"""Credit: limits per customer and currency, what customers owe, and orders beyond it."""

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.summary import Summary, total
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.approval_requirement import NotYetApproved
from crmkit.domain.sales.credit_limit import CreditLimit, CreditLimitId, Exposure
from crmkit.domain.sales.invoice import Invoice
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.receipt import Receipt
from crmkit.errors import NotPermitted
from crmkit.ports import Action
from crmkit.services.parties import find_customer
from crmkit.work import UnitOfWork

SET_CREDIT_LIMIT = Action(
    "credit_limit:set", "Set a credit limit", zh="设置信用额度", right=Right.EDIT
)
READ_EXPOSURE = Action(
    "credit_limit:exposure", "See what a customer owes", zh="查看客户信用占用", right=Right.READ
)
APPROVE_CREDIT = Action(
    "order:approve_credit", "Allow an order beyond the credit limit", zh="批准超额订单"
)


def set_credit_limit(
    work: UnitOfWork, customer_id: CustomerId, amount: Money, *, approver: str | None = None
) -> CreditLimit:
    """Say how much a customer may owe in a currency; people of the role `approver` allow more."""
    customer = find_customer(work, customer_id)
    fields = where(CreditLimit)
    mine = fields.customer_id.eq(customer.id) & fields.currency.eq(amount.currency)
    known = work.credit_limits.first(mine)
    work.permit(SET_CREDIT_LIMIT, on=known)
    work.hold(customer)
    if known is not None:
        return work.credit_limits.save(known.evolve(amount=amount, approver=approver))
    new = CreditLimit(
        id=CreditLimitId(work.new_id()),
        customer_id=customer.id,
        currency=amount.currency,
        amount=amount,
        approver=approver,
    )
    return work.credit_limits.add(new)


def credit_exposure(work: UnitOfWork, customer_id: CustomerId, currency: str) -> Exposure:
    """Return what a customer owes and will owe: open orders, invoices, less what was received.

    Money that is allocated to instalments or invoices counts as received, as does the rest.
    """
    customer = find_customer(work, customer_id)
    work.permit(READ_EXPOSURE, on=_limit_of(work, customer.id, currency))
    return _exposure(work, customer.id, currency)


def approve_credit(work: UnitOfWork, order_id: OrderId, *, note: str = "") -> Order:
    """Allow exactly what an order says to go beyond the credit limit of its customer."""
    order = work.orders.get(order_id)
    work.permit(APPROVE_CREDIT, on=order)
    limit = _limit_of(work, order.customer_id, order.currency)
    if limit is None or limit.approver is None or limit.approver not in work.roles:
        raise NotPermitted(
            "is to be approved by somebody else",
            path="order.credit_approval",
            fix="let one who has the role approve it",
        )
    return work.orders.save(order.approve_credit(by=work.actor.id, at=work.now, note=note))


def must_have_credit(work: UnitOfWork, order: Order, before: Money) -> None:
    """Raise `CreditLimitExceeded` or `NotYetApproved` where an order owes too much.

    `before` is what of the order counts already. The customer is held: of two works that confirm
    orders of one customer at the same time, one is refused with a `Conflict`.
    """
    if order.customer_id is None:
        return
    work.hold(find_customer(work, order.customer_id))
    limit = _limit_of(work, order.customer_id, order.currency)
    if limit is None or order.open_amount is None or order.open_amount <= before:
        return
    exposure = _exposure(work, order.customer_id, order.currency).total
    needed = limit.requirement(exposure + order.open_amount - before)
    if needed is not None and not order.is_credit_approved:
        raise NotYetApproved(
            needed.reason, path="order.credit_approval", fix=f"ask {needed.role} to approve_credit"
        )


def _limit_of(
    work: UnitOfWork, customer_id: CustomerId | None, currency: str
) -> CreditLimit | None:
    """Return the limit that holds, whether the actor sees it or not."""
    if customer_id is None:
        return None
    fields = where(CreditLimit)
    mine = fields.customer_id.eq(customer_id) & fields.currency.eq(currency)
    return work.behind(CreditLimit).first(mine)


def _exposure(work: UnitOfWork, customer_id: CustomerId, currency: str) -> Exposure:
    """Add up all that counts against a customer, whoever may see it."""
    order, bill, receipt = where(Order), where(Invoice), where(Receipt)
    mine = order.customer_id.eq(customer_id) & order.currency.eq(currency)
    billed = bill.customer_id.eq(customer_id) & bill.gross.currency.eq(currency)
    paid = receipt.customer_id.eq(customer_id) & receipt.amount.currency.eq(currency)
    sums = [
        work.behind(cls).summarise(Summary(spec=work.registry[cls], where=asked, measures=figure))
        for cls, asked, figure in (
            (Order, mine, {"sum": total(order.open_amount)}),
            (Invoice, billed, {"sum": total(bill.gross)}),
            (Receipt, paid, {"sum": total(receipt.kept)}),
        )
    ]
    found = [rows[0]["sum"] if rows else None for rows in sums]
    orders, invoiced, received = (one or Money(0, currency) for one in found)
    return Exposure(orders=orders, invoiced=invoiced, received=received)
