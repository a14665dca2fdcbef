"""What is told of orders, and what they refuse."""

from typing import NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event
from crmkit.domain.money import Money
from crmkit.errors import RuleBroken

OrderId = NewType("OrderId", UUID)


@attrs.frozen(kw_only=True)
class OrderOpened(Event):
    """An order was written, of an accepted version of a quote or of none."""

    order_id: OrderId
    version_id: UUID | None = None


@attrs.frozen(kw_only=True)
class OrderConfirmed(Event):
    """An order was confirmed to the customer."""

    order_id: OrderId
    gross: Money


@attrs.frozen(kw_only=True)
class OrderAmended(Event):
    """What was agreed was changed."""

    order_id: OrderId
    number: int


@attrs.frozen(kw_only=True)
class OrderCancelled(Event):
    """The open rest of an order was cancelled."""

    order_id: OrderId
    reason: str


@attrs.frozen(kw_only=True)
class GoodsMoved(Event):
    """Something of an order was delivered, or came back."""

    order_id: OrderId
    is_return: bool


EVENTS = (OrderOpened, OrderConfirmed, OrderAmended, OrderCancelled, GoodsMoved)


class QuoteNotAccepted(RuleBroken):
    """Only the accepted version of a quote becomes an order."""


class OrderedBefore(RuleBroken):
    """The quote version has become an order before."""


class OrderNotConfirmed(RuleBroken):
    """The order is a draft, so nothing can be delivered or invoiced."""


class OrderIsOver(RuleBroken):
    """The order was cancelled."""


class OverDelivered(RuleBroken):
    """More would be delivered than was agreed, or more come back than was delivered."""


class OverInvoiced(RuleBroken):
    """More would be invoiced than was agreed."""


class OverCredited(RuleBroken):
    """More would be taken back than was invoiced."""


class AmendmentTooSmall(RuleBroken):
    """What was delivered or invoiced already would exceed what is agreed after the change."""
