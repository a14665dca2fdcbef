"""Orders: what a customer bought, in amendable versions; their status follows from the facts."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.currencies import exponent_of
from crmkit.domain.entity import Index, Unique, entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales import order_events as told
from crmkit.domain.sales.approval_requirement import Approved
from crmkit.domain.sales.deal import DealId
from crmkit.domain.sales.order_events import OrderId
from crmkit.domain.sales.order_line import AgreedLine, LineChange, LineProgress, replay
from crmkit.domain.sales.order_progress import (
    Moved,
    begun,
    cancel,
    check_amended,
    deliver,
    invoice,
    open_value,
)
from crmkit.domain.sales.quote import QuoteId, QuoteVersionId
from crmkit.errors import InvalidValue, MixedCurrencies, OutOfRange


class OrderStatus(StrEnum):
    """How an order stands; it follows from what was confirmed, delivered, invoiced, cancelled."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@attrs.frozen(kw_only=True)
class Amendment:
    """What was changed in an agreement, when, by whom and why."""

    number: int
    at: datetime
    by: Annotated[str, Text(max_length=200)]
    reason: Annotated[str, Text(max_length=2000)]
    changes: tuple[LineChange, ...]


@keeps(financial=("original", "lines", "amendments"), about=("customer_id",))
@entity(
    "order",
    unique=[Unique("number"), Unique("version_id")],
    indexes=[Index("customer_id"), Index("deal_id"), Index(("status", "created_at"))],
    labels={"en": "Order", "zh": "订单"},
    events=told.EVENTS,
)
@attrs.frozen(kw_only=True)
class Order(Aggregate):
    """What one customer bought: the lines as they are agreed now, and all that led there.

    `original` and `amendments` replay to every version. `open_amount` is the gross value of what
    is confirmed and not yet invoiced. `contract_id` links to the contract that it is under.
    """

    derived_names: ClassVar = ("status", "open_amount")
    step_names: ClassVar = (
        *("lines", "amendments", "progress", "confirmed_at", "cancelled_at"),
        *("cancel_reason", "credit_approval"),
    )

    id: OrderId
    currency: Annotated[str, Text(max_length=3)]
    original: tuple[AgreedLine, ...]
    number: Annotated[str, Text(max_length=100)] | None = None
    name: Annotated[str, Text(max_length=300, searchable=True)] = ""
    customer_id: CustomerId | None = None
    quote_id: QuoteId | None = None
    version_id: QuoteVersionId | None = None
    deal_id: DealId | None = None
    contract_id: UUID | None = None
    customer_reference: Annotated[str, Text(max_length=200)] | None = None
    lines: tuple[AgreedLine, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    progress: tuple[LineProgress, ...] = ()
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: Annotated[str, Text(max_length=2000)] | None = None
    credit_approval: Approved | None = None
    status: OrderStatus = OrderStatus.DRAFT
    open_amount: Money | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse orders of nothing, lines of two currencies, two lines of one key."""
        exponent_of(self.currency)
        if not self.original:
            raise InvalidValue("has no lines", path="order.lines", fix="name what is ordered")
        _check_lines(self.lines or self.original, self.currency)
        if not self.lines:
            object.__setattr__(self, "lines", self.original)
            object.__setattr__(self, "progress", begun(self.original))
        super().__attrs_post_init__()

    def derived(self) -> Mapping[str, Any]:
        """Return status and open amount as they follow from the facts."""
        live = self.confirmed_at is not None and self.cancelled_at is None
        rest = open_value(self.lines, self.progress) if live else Money(0, self.currency)
        return {"status": self._status(), "open_amount": rest}

    @property
    def gross(self) -> Money:
        """Return what all lines come to, with tax."""
        return Money.total((line.gross for line in self.lines), self.currency)

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of what is agreed now."""
        plain = spec_of(type(self)).parts["lines"].plain(self.lines)
        written = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(written.encode("ascii")).hexdigest()

    def at_version(self, number: int) -> tuple[AgreedLine, ...]:
        """Return the lines as agreed after so many amendments; 0 is as it was written."""
        if not 0 <= number <= len(self.amendments):
            raise OutOfRange(
                f"has {len(self.amendments)} amendments", path="order.amendments", fix="fewer"
            )
        changes = (change for one in self.amendments[:number] for change in one.changes)
        return replay(self.original, changes)

    def check_step(self, before: Any) -> None:
        """Refuse to be the order of a quote but by ordering the version that was accepted."""
        was = None if before is None else before.version_id
        opened = {one.version_id for one in self.events if isinstance(one, told.OrderOpened)}
        if self.version_id not in (None, was) and self.version_id not in opened:
            raise told.QuoteNotAccepted(
                "is ordered by order_quote only", path="order.version_id", fix="use order_quote"
            )

    def check_taken_over(self) -> None:
        """Come over from another system with its lines, as the order of no quote here."""
        self.check_step(None)

    def open(self, accepted: QuoteVersionId | None = None) -> Self:
        """Begin as a draft, of an accepted version or of none."""
        return self.recording(told.OrderOpened(order_id=self.id, version_id=accepted))

    def approve_credit(self, *, by: str, at: datetime, note: str = "") -> Self:
        """Keep that exactly this may go beyond the credit limit."""
        given = Approved(by=by, at=at, content_hash=self.content_hash, note=note)
        return self.evolve(credit_approval=given)

    @property
    def is_credit_approved(self) -> bool:
        """Say whether exactly this may go beyond the credit limit."""
        given = self.credit_approval
        return given is not None and given.content_hash == self.content_hash

    def confirm(self, *, at: datetime) -> Self:
        """Promise it to the customer; from now on it can be delivered and invoiced."""
        self._must_live()
        if self.confirmed_at is not None:
            return self
        confirmed = told.OrderConfirmed(order_id=self.id, gross=self.gross)
        return self.evolve(confirmed_at=at).recording(confirmed)

    def amend(self, changes: Iterable[LineChange], *, at: datetime, by: str, reason: str) -> Self:
        """Change what is agreed; what was delivered and invoiced must still fit."""
        self._must_live()
        made = tuple(changes)
        if not made:
            raise InvalidValue("changes nothing", path="changes", fix="name a change")
        lines = replay(self.lines, made)
        progress = check_amended(self.lines, lines, self.progress)
        number = len(self.amendments) + 1
        kept = Amendment(number=number, at=at, by=by, reason=reason, changes=made)
        changed = self.evolve(lines=lines, progress=progress, amendments=(*self.amendments, kept))
        return changed.recording(told.OrderAmended(order_id=self.id, number=number))

    def move(self, quantities: Mapping[str, Decimal], *, is_return: bool) -> Self:
        """Count what was delivered or came back; `OverDelivered` beyond what was agreed."""
        self._must_be_confirmed()
        progress = deliver(self.lines, self.progress, quantities, is_return=is_return)
        moved = told.GoodsMoved(order_id=self.id, is_return=is_return)
        return self.evolve(progress=progress).recording(moved)

    def bill(self, quantities: Mapping[str, Decimal]) -> tuple[Self, tuple[Moved, ...]]:
        """Count what is invoiced, and return what each line comes to; `OverInvoiced` beyond it."""
        self._must_be_confirmed()
        progress, billed = invoice(self.lines, self.progress, quantities)
        return self.evolve(progress=progress), billed

    def unbill(self, red: Iterable[Moved]) -> Self:
        """Count the lines of an invoice in red letters, which are below zero."""
        taken = {one.key: one for one in red}
        return self.evolve(
            progress=tuple(
                attrs.evolve(
                    part,
                    invoiced=part.invoiced + taken[part.key].quantity,
                    invoiced_net=part.invoiced_net + taken[part.key].net,
                    invoiced_tax=part.invoiced_tax + taken[part.key].tax,
                )
                if part.key in taken
                else part
                for part in self.progress
            )
        )

    def cancel(self, reason: str, *, at: datetime) -> Self:
        """Cancel what is neither delivered nor invoiced; untouched orders end."""
        self._must_live()
        progress, touched = cancel(self.lines, self.progress)
        over = {} if touched else {"cancelled_at": at}
        cancelled = told.OrderCancelled(order_id=self.id, reason=reason)
        return self.evolve(progress=progress, cancel_reason=reason, **over).recording(cancelled)

    def _status(self) -> OrderStatus:
        if self.cancelled_at is not None:
            return OrderStatus.CANCELLED
        if self.confirmed_at is None:
            return OrderStatus.DRAFT
        pairs = list(zip(self.lines, self.progress, strict=True))
        if all(part.delivered >= line.quantity - part.cancelled for line, part in pairs):
            billed = all(part.invoiced >= line.quantity - part.cancelled for line, part in pairs)
            return OrderStatus.COMPLETED if billed else OrderStatus.DELIVERED
        begun_ = any(part.delivered for _, part in pairs)
        return OrderStatus.PARTLY_DELIVERED if begun_ else OrderStatus.CONFIRMED

    def _must_live(self) -> None:
        if self.cancelled_at is not None:
            raise told.OrderIsOver(
                f"was cancelled at {self.cancelled_at:%Y-%m-%d}",
                path="order.status",
                fix="write another order",
            )

    def _must_be_confirmed(self) -> None:
        self._must_live()
        if self.confirmed_at is None:
            raise told.OrderNotConfirmed("is a draft", path="order.status", fix="confirm it first")


def _check_lines(lines: Iterable[AgreedLine], currency: str) -> None:
    keys: set[str] = set()
    for line in lines:
        if line.net.currency != currency:
            raise MixedCurrencies(
                f"line {line.key} is in {line.net.currency}, the order in {currency}",
                path="order.lines",
                fix="use one currency",
            )
        if line.key in keys:
            raise InvalidValue(
                f"two lines have the key {line.key}", path="order.lines", fix="give each its own"
            )
        keys.add(line.key)
