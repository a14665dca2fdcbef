"""What people do with orders: write them, confirm, amend, deliver, take back, cancel."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.fulfilment import Fulfilment, FulfilmentId, FulfilmentKind
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.order_events import OrderedBefore, OrderId, QuoteNotAccepted
from crmkit.domain.sales.order_line import AgreedLine, LineChange
from crmkit.domain.sales.order_progress import Moved
from crmkit.domain.sales.quote import Quote, QuoteVersionId
from crmkit.domain.sales.quote_version import VersionStatus
from crmkit.errors import RuleBroken
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.parties import find_customer
from crmkit.services.sales.credit import must_have_credit
from crmkit.work import Collection, UnitOfWork

WRITE_ORDER = Action("order:write", "Write an order", zh="新建订单", right=Right.CREATE)
CONFIRM_ORDER = Action("order:confirm", "Confirm an order", zh="确认订单", right=Right.EDIT)
AMEND_ORDER = Action("order:amend", "Change what an order agrees", zh="变更订单", right=Right.EDIT)
CANCEL_ORDER = Action(
    "order:cancel", "Cancel the rest of an order", zh="取消订单", right=Right.EDIT
)
DELIVER_ORDER = Action("order:deliver", "Note a delivery", zh="登记交付", right=Right.EDIT)
RETURN_GOODS = Action("order:return", "Note that goods came back", zh="登记退货", right=Right.EDIT)
A = TypeVar("A", bound=Aggregate)


class DealIsLost(RuleBroken):
    """The deal was lost, so nothing is ordered from it."""


def order_quote(work: UnitOfWork, version_id: QuoteVersionId, **fields: Any) -> Order:
    """Write the order for the accepted version of a quote: its customer and the lines that count.

    Raises `QuoteNotAccepted` for any other version, also one that expired, `OrderedBefore` when it
    has become an order, and `DealIsLost`.
    """
    version = work.quote_versions.get(version_id)
    quote = work.quotes.get(version.quote_id)
    work.permit(WRITE_ORDER)
    if version.status is not VersionStatus.ACCEPTED:
        raise QuoteNotAccepted(
            f"version {version.number} is {version.status}",
            path="quote_version.status",
            fix="let the customer accept it first",
        )
    _must_be_new(work, quote)
    lines = [AgreedLine.of(line) for line in version.lines if line.counts]
    head = {"name": quote.name, "deal_id": quote.deal_id, "owner_id": quote.owner_id, **fields}
    return _written(work, lines, quote.customer_id, of=version_id, quote_id=quote.id, **head)


def write_order(
    work: UnitOfWork, customer: CustomerId, lines: Iterable[AgreedLine], **fields: Any
) -> Order:
    """Write an order from lines, without a quote; `fields` are any others of `Order`.

    Raises `QuoteNotAccepted` when they name a version: `order_quote` is the way.
    """
    work.permit(WRITE_ORDER)
    return _written(work, list(lines), customer, **fields)


def confirm_order(work: UnitOfWork, order_id: OrderId) -> Order:
    """Promise an order to the customer, within the credit limit or with an approval.

    Raises `CreditLimitExceeded`, `NotYetApproved`, `DealIsLost`.
    """
    order = work.orders.get(order_id)
    work.permit(CONFIRM_ORDER, on=order)
    _check_deal(work, order.deal_id)
    confirmed = order.confirm(at=work.now)
    must_have_credit(work, confirmed, order.open_amount or Money(0, order.currency))
    return work.orders.save(confirmed)


def amend_order(
    work: UnitOfWork, order_id: OrderId, changes: Iterable[LineChange], *, reason: str
) -> Order:
    """Change what is agreed; every version before stays readable by `order.at_version`."""
    order = work.orders.get(order_id)
    work.permit(AMEND_ORDER, on=order)
    amended = order.amend(changes, at=work.now, by=work.actor.id, reason=reason)
    must_have_credit(work, amended, order.open_amount or Money(0, order.currency))
    return work.orders.save(amended)


def cancel_order(work: UnitOfWork, order_id: OrderId, *, reason: str) -> Order:
    """Cancel what of an order is neither delivered nor invoiced."""
    order = work.orders.get(order_id)
    work.permit(CANCEL_ORDER, on=order)
    return work.orders.save(order.cancel(reason, at=work.now))


def deliver(
    work: UnitOfWork, order_id: OrderId, quantities: Mapping[str, Decimal], **fields: Any
) -> Fulfilment:
    """Note what goes out, by line; `OverDelivered` beyond what was agreed and its tolerance."""
    order = work.orders.get(order_id)
    work.permit(DELIVER_ORDER, on=order)
    return _moved(work, order, FulfilmentKind.DELIVERY, quantities, **fields)


def return_goods(
    work: UnitOfWork, order_id: OrderId, quantities: Mapping[str, Decimal], **fields: Any
) -> Fulfilment:
    """Note what comes back, by line; it may be delivered again."""
    order = work.orders.get(order_id)
    work.permit(RETURN_GOODS, on=order)
    return _moved(work, order, FulfilmentKind.RETURN, quantities, **fields)


def fulfilments_of(work: UnitOfWork, order_id: OrderId) -> list[Fulfilment]:
    """Return what was delivered of an order and what came back, the oldest first."""
    return of_order(work.fulfilments, order_id, "on")


def of_order(records: Collection[A], order_id: OrderId, day: str) -> list[A]:
    """Return the records of a kind that belong to an order, the oldest first by a day of theirs."""
    fields = where(records.spec.cls)
    mine = fields.order_id.eq(order_id)
    return records.find(mine, order=[fields[day].asc(), fields.id.asc()])


def _written(
    work: UnitOfWork,
    lines: list[AgreedLine],
    customer: CustomerId | None,
    *,
    of: QuoteVersionId | None = None,
    **fields: Any,
) -> Order:
    buyer = None if customer is None else find_customer(work, customer)
    if buyer is not None:
        work.hold(buyer)
    _check_deal(work, fields.get("deal_id"))
    number = fields.pop("number", None) or work.next_number("order")
    told = {"currency": lines[0].net.currency if lines else "CNY", **fields}
    if of is not None:
        told["version_id"] = of
    made = draft(
        Order,
        OrderId(work.new_id()),
        original=tuple(lines),
        number=number,
        customer_id=None if buyer is None else buyer.id,
        **told,
    )
    return work.orders.add(made.open(of))


def _must_be_new(work: UnitOfWork, quote: Quote) -> None:
    fields = where(Order)
    if work.orders.exists(fields.version_id.eq(quote.accepted_version_id)):
        raise OrderedBefore(
            "the quote has become an order", path="order.version_id", fix="amend that order"
        )


def _check_deal(work: UnitOfWork, deal_id: Any) -> None:
    if deal_id is None:
        return
    deal: Deal = work.deals.get(deal_id)
    if deal.outcome is DealOutcome.LOST:
        raise DealIsLost(f"{deal.name} was lost", path="order.deal_id", fix="reopen the deal first")


def _moved(
    work: UnitOfWork,
    order: Order,
    kind: FulfilmentKind,
    quantities: Mapping[str, Decimal],
    *,
    on: date | None = None,
    **fields: Any,
) -> Fulfilment:
    is_return = kind is FulfilmentKind.RETURN
    moved = work.orders.save(order.move(quantities, is_return=is_return))
    parts = [(line, quantities[line.key]) for line in moved.lines if line.key in quantities]
    made = draft(
        Fulfilment,
        FulfilmentId(work.new_id()),
        order_id=order.id,
        kind=kind,
        on=on or work.now.date(),
        owner_id=order.owner_id,
        quantities=tuple(_worth(line, Decimal(quantity)) for line, quantity in parts),
        **fields,
    )
    return work.fulfilments.add(made)


def _worth(line: AgreedLine, quantity: Decimal) -> Moved:
    net, tax = line.value_of(quantity)
    return Moved(key=line.key, quantity=quantity, net=net, tax=tax)
