"""Receipts (回款): money that came in, what became of it, and what is left to allocate."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken

ReceiptId = NewType("ReceiptId", UUID)


@attrs.frozen(kw_only=True)
class MoneyReceived(Event):
    """Money came in."""

    receipt_id: ReceiptId
    amount: Money


@attrs.frozen(kw_only=True)
class MoneyRefunded(Event):
    """Money that came in went back."""

    receipt_id: ReceiptId
    amount: Money


@attrs.frozen(kw_only=True)
class ReceiptReversed(Event):
    """Money that seemed to come in did not, as when a cheque bounced."""

    receipt_id: ReceiptId
    reason: str


class OverAllocated(RuleBroken):
    """More would be allocated or refunded than is left of the receipt, or than is owed."""


class ReceiptIsReversed(RuleBroken):
    """The receipt was reversed, so there is no money in it."""


@attrs.frozen(kw_only=True)
class Refund:
    """Money that went back, when and why."""

    amount: Money
    on: date
    reason: Annotated[str, Text(max_length=1000)] = ""


@keeps(
    financial=("amount", "allocated", "refunds", "kept", "unallocated", "payer"),
    about=("customer_id",),
)
@entity(
    "receipt",
    unique=[Unique("number")],
    indexes=[Index(("customer_id", "received_on"))],
    labels={"en": "Receipt", "zh": "回款记录"},
    events=(MoneyReceived, MoneyRefunded, ReceiptReversed),
)
@attrs.frozen(kw_only=True)
class Receipt(Aggregate):
    """Money that came in from a customer.

    `kept` is what was neither refunded nor reversed, `unallocated` what of it settles nothing yet.
    """

    derived_names: ClassVar = ("kept", "unallocated")
    step_names: ClassVar = ("allocated", "refunds", "reversed_on", "reverse_reason")

    id: ReceiptId
    amount: Money
    received_on: date
    customer_id: CustomerId
    number: Annotated[str, Text(max_length=100)] | None = None
    method: Annotated[str, Text(max_length=60)] | None = None
    reference: Annotated[str, Text(max_length=200)] | None = None
    payer: Annotated[str, Text(max_length=300)] | None = None
    allocated: Money | None = None
    refunds: tuple[Refund, ...] = ()
    reversed_on: date | None = None
    reverse_reason: Annotated[str, Text(max_length=1000)] | None = None
    kept: Money | None = None
    unallocated: Money | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse receipts of nothing."""
        super().__attrs_post_init__()
        if isinstance(self.amount, Money) and self.amount.minor <= 0:
            raise InvalidValue("is not above zero", path="receipt.amount", fix="note a refund")

    def derived(self) -> Mapping[str, Any]:
        """Return what is kept, and what of it is not allocated."""
        zero = Money(0, self.amount.currency)
        gone = Money.total((refund.amount for refund in self.refunds), zero.currency)
        kept = zero if self.reversed_on is not None else self.amount - gone
        return {"kept": kept, "unallocated": kept - (self.allocated or zero)}

    def receive(self) -> Self:
        """Come in."""
        return self.recording(MoneyReceived(receipt_id=self.id, amount=self.amount))

    def allocate(self, amount: Money) -> Self:
        """Use a part of what is left."""
        self._must_have(amount)
        return self.evolve(allocated=amount if self.allocated is None else self.allocated + amount)

    def release(self, amount: Money) -> Self:
        """Have a part that was allocated free again."""
        return self.evolve(allocated=-amount if self.allocated is None else self.allocated - amount)

    def refund(self, amount: Money, on: date, reason: str) -> Self:
        """Give back a part of what is not allocated."""
        self._must_have(amount)
        gone = Refund(amount=amount, on=on, reason=reason)
        refunded = MoneyRefunded(receipt_id=self.id, amount=amount)
        return self.evolve(refunds=(*self.refunds, gone)).recording(refunded)

    def reverse(self, on: date, reason: str) -> Self:
        """Turn out to be no money; nothing of it may be allocated or refunded."""
        self.must_be_money()
        if self.allocated or self.refunds:
            raise OverAllocated(
                "is allocated or refunded", path="receipt.allocated", fix="release it first"
            )
        reversed_ = ReceiptReversed(receipt_id=self.id, reason=reason)
        return self.evolve(reversed_on=on, reverse_reason=reason).recording(reversed_)

    def _must_have(self, amount: Money) -> None:
        self.must_be_money()
        check_amount(amount, self.amount.currency)
        if self.unallocated is None or amount > self.unallocated:
            raise OverAllocated(
                f"{amount} asked, {self.unallocated} left",
                path="receipt.unallocated",
                fix="take no more than is left",
            )

    def must_be_money(self) -> None:
        """Raise `ReceiptIsReversed` when it was reversed."""
        if self.reversed_on is not None:
            raise ReceiptIsReversed(
                f"was reversed on {self.reversed_on}",
                path="receipt.reversed_on",
                fix="note another",
            )


def check_currency(amount: Money, currency: str) -> None:
    """Raise unless an amount is in a currency."""
    if amount.currency != currency:
        raise MixedCurrencies(
            f"{amount.currency} is not {currency}", path="amount", fix=f"give it in {currency}"
        )


def check_amount(amount: Money, currency: str) -> None:
    """Raise unless an amount is above zero and in a currency."""
    check_currency(amount, currency)
    if amount.minor <= 0:
        raise InvalidValue("is not above zero", path="amount", fix="give an amount above zero")
