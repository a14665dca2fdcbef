"""Invoices as facts: number, kind, amounts and day; red letters (红字) take back all or a part."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.buyer_title import BuyerTitle
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.order_progress import Moved, take
from crmkit.errors import RuleBroken

InvoiceId = NewType("InvoiceId", UUID)
SPECIAL = "专票"
ORDINARY = "普票"


@attrs.frozen(kw_only=True)
class InvoiceIssued(Event):
    """An invoice was issued, or one was reversed by it."""

    invoice_id: InvoiceId
    gross: Money


class InvoiceReversed(RuleBroken):
    """The whole invoice was taken back before, or it takes another one back."""


class InvoiceIsPaid(RuleBroken):
    """Money is allocated to the invoice."""


@keeps(
    financial=("lines", "credited", "net", "tax", "gross", "paid", "open_amount", "buyer"),
    about=("customer_id",),
)
@entity(
    "invoice",
    unique=[Unique("number")],
    indexes=[Index("order_id"), Index("reverses_id"), Index(("customer_id", "issued_on"))],
    labels={"en": "Invoice", "zh": "发票"},
    events=(InvoiceIssued,),
)
@attrs.frozen(kw_only=True)
class Invoice(Aggregate):
    """An invoice that was issued for lines of an order; amounts of a reversal are below zero.

    `kind` is 专票, 普票 or any other name, `buyer` whom it is made out to; `reverses_id` is the
    invoice that this one takes back, wholly or in part; `credited` is what was taken back of the
    lines.
    """

    derived_names: ClassVar = ("open_amount",)
    step_names: ClassVar = ("paid", "credited", "reversed_on")

    id: InvoiceId
    number: Annotated[str, Text(max_length=100)]
    order_id: OrderId
    lines: tuple[Moved, ...]
    net: Money
    tax: Money
    gross: Money
    issued_on: date
    due_on: date | None = None
    kind: Annotated[str, Text(max_length=60)] = SPECIAL
    customer_id: CustomerId | None = None
    buyer: BuyerTitle | None = None
    reverses_id: InvoiceId | None = None
    credited: tuple[Moved, ...] = ()
    reversed_on: date | None = None
    paid: Money | None = None
    open_amount: Money | None = None

    def derived(self) -> Mapping[str, Any]:
        """Return what is not paid of it; of reversed invoices and reversals nothing is open."""
        zero = Money(0, self.gross.currency)
        over = self.reversed_on is not None or self.reverses_id is not None
        return {"open_amount": zero if over else self.worth - (self.paid or zero)}

    @classmethod
    def of(cls, lines: tuple[Moved, ...], **fields: Any) -> Self:
        """Issue an invoice for lines; the sums follow from them."""
        currency = lines[0].net.currency
        net = Money.total((line.net for line in lines), currency)
        tax = Money.total((line.tax for line in lines), currency)
        made = cls(lines=lines, net=net, tax=tax, gross=net + tax, **fields)
        return made.recording(InvoiceIssued(invoice_id=made.id, gross=made.gross))

    def reverse(self, reversal_id: InvoiceId, number: str, on: date) -> tuple[Self, Self]:
        """Return the invoice as reversed, and the red-letter invoice for all that is left of it."""
        return self.credit(self.left, reversal_id, number, on)

    def credit(
        self, quantities: Mapping[str, Decimal], credit_id: InvoiceId, number: str, on: date
    ) -> tuple[Self, Self]:
        """Return the invoice less quantities of its lines, and the red-letter invoice for them.

        Parts of a line add up to it exactly. Raises `InvoiceReversed`, `OverCredited`, and
        `InvoiceIsPaid` when more would be paid than is left of it.
        """
        less, taken = self._less(quantities)
        if less.paid and less.paid > less.worth:
            raise InvoiceIsPaid(
                "has money allocated to it", path="invoice.paid", fix="release the money first"
            )
        if not less.left:
            less = less.evolve(reversed_on=on)
        return less, self._red(taken, id=credit_id, number=number, issued_on=on)

    def paid_beyond(self, quantities: Mapping[str, Decimal]) -> Money:
        """Return how much more is paid than it would be worth less these quantities."""
        less, _taken = self._less(quantities)
        zero = Money(0, self.gross.currency)
        return max((self.paid or zero) - less.worth, zero)

    @property
    def left(self) -> dict[str, Decimal]:
        """Return the quantities of its lines that were not taken back, by their keys."""
        gone = {line.key: line.quantity for line in self.credited}
        rests = {line.key: line.quantity - gone.get(line.key, 0) for line in self.lines}
        return {key: rest for key, rest in rests.items() if rest}

    @property
    def worth(self) -> Money:
        """Return its gross amount less what was taken back."""
        gone = (line.net + line.tax for line in self.credited)
        return self.gross - Money.total(gone, self.gross.currency)

    def _less(self, quantities: Mapping[str, Decimal]) -> tuple[Self, tuple[Moved, ...]]:
        if self.reversed_on is not None or self.reverses_id is not None:
            raise InvoiceReversed(
                "is reversed or a reversal", path="invoice.reversed_on", fix="issue another one"
            )
        credited, taken = take(self.lines, self.credited, quantities)
        return self.evolve(credited=credited), taken

    def _red(self, taken: tuple[Moved, ...], **fields: Any) -> Self:
        return type(self).of(
            tuple(_negative(line) for line in taken),
            order_id=self.order_id,
            customer_id=self.customer_id,
            owner_id=self.owner_id,
            buyer=self.buyer,
            kind=self.kind,
            reverses_id=self.id,
            **fields,
        )

    def pay(self, amount: Money) -> Self:
        """Count money that was allocated, or released when below zero."""
        return self.evolve(paid=amount if self.paid is None else self.paid + amount)


def _negative(line: Moved) -> Moved:
    return attrs.evolve(line, quantity=-line.quantity, net=-line.net, tax=-line.tax)
