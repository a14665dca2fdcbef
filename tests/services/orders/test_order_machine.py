"""Orders at random beside a plain model: drafts, changes, goods, invoices, money, cancelling."""

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crmkit.crm import CRM
from crmkit.domain.money import Money
from crmkit.domain.sales.invoice import InvoiceIsPaid, InvoiceReversed
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.order_events import (
    AmendmentTooSmall,
    OrderIsOver,
    OrderNotConfirmed,
    OverCredited,
    OverDelivered,
    OverInvoiced,
)
from crmkit.domain.sales.order_line import AgreedLine, add_line, resize_line
from crmkit.domain.sales.payment_plan import Part, PlanDoesNotAddUp
from crmkit.domain.sales.receipt import OverAllocated
from crmkit.domain.sales.receivable import TargetKind
from crmkit.errors import RuleBroken
from crmkit.services import parties, sales
from tests.machines import Length, run_machine

QUICK = Length(memory=(30, 25), others=(2, 12))
FULL = Length(memory=(400, 30), others=(30, 30))
PRICE = 11_300
QUANTITIES = st.integers(1, 4)
KEYS = st.sampled_from(("1", "2"))
AT = st.integers(0, 9)
Q = Decimal


def fen(minor: int) -> Money:
    """Return hundredths of a yuan."""
    return Money.from_minor(minor, "CNY")


def line(key: str, quantity: int) -> AgreedLine:
    """Agree on lathes of 100 yuan each and 13 % tax."""
    net, tax = fen(10_000 * quantity), fen(1_300 * quantity)
    return AgreedLine(key=key, name="车床", quantity=Q(quantity), net=net, tax=tax)


class OrderLife(RuleBasedStateMachine):
    """One order of one customer, and all that may happen to it."""

    def __init__(self, url: str) -> None:
        """Write the draft of an order for three lathes."""
        super().__init__()
        self.crm, self.tenant = CRM.open(url), f"t{uuid4().hex}"
        with self.crm.work(by="li", tenant=self.tenant) as work:
            self.customer = parties.register_customer(work, "鲁西").id
            self.order = sales.write_order(work, self.customer, [line("1", 3)]).id
        self.agreed, self.out, self.billed, self.gone = {"1": 3}, {"1": 0}, {"1": 0}, {"1": 0}
        self.state = "draft"
        self.bills: dict[Any, dict[str, int]] = {}
        self.direct: dict[Any, tuple[Any, int]] = {}
        self.planned = self.came = self.number = 0
        self.versions = [self.now().lines]

    def teardown(self) -> None:
        """Close the store."""
        self.crm.close()

    def now(self) -> Order:
        """Return the order as it is kept."""
        with self.crm.work(by="li", tenant=self.tenant) as work:
            return work.orders.get(self.order)

    def attempt(self, service: Any, *args: Any, refused: Any = None, **named: Any) -> Any:
        """Do something that is refused with an error, or is not."""
        try:
            with self.crm.work(by="li", tenant=self.tenant) as work:
                done = service(work, *args, **named)
        except RuleBroken as error:
            assert type(error) is refused, (error, refused)
            return None
        assert refused is None, (service, refused)
        return done

    def _closed(self) -> Any:
        return {"draft": OrderNotConfirmed, "cancelled": OrderIsOver}.get(self.state)

    def _over(self) -> Any:
        return OrderIsOver if self.state == "cancelled" else None

    def _limit(self, key: str) -> int:
        return self.agreed[key] - self.gone[key]

    @rule()
    def confirm(self) -> None:
        """Promise it; a second time does nothing."""
        if self.attempt(sales.confirm_order, self.order, refused=self._over()):
            self.state = "confirmed"

    @rule(key=KEYS, quantity=QUANTITIES)
    def amend(self, key: str, quantity: int) -> None:
        """Agree to another quantity, or to one line more."""
        change = resize_line(key, quantity) if key in self.agreed else add_line(line(key, quantity))
        done = max(self.out.get(key, 0), self.billed.get(key, 0)) + self.gone.get(key, 0)
        wrong = AmendmentTooSmall if done > quantity else None
        refused = self._over() or wrong
        if self.attempt(sales.amend_order, self.order, [change], reason="", refused=refused):
            self.agreed[key] = quantity
            for counted in (self.out, self.billed, self.gone):
                counted.setdefault(key, 0)
            self.versions.append(self.now().lines)

    @rule(quantity=QUANTITIES, key=KEYS, is_return=st.booleans())
    def move(self, quantity: int, key: str, is_return: bool) -> None:
        """Deliver, or take back."""
        if key not in self.agreed:
            return
        after = self.out[key] + (-quantity if is_return else quantity)
        is_wrong = not 0 <= after <= max(self._limit(key), self.out[key])
        refused = self._closed() or (OverDelivered if is_wrong else None)
        service = sales.return_goods if is_return else sales.deliver
        if self.attempt(service, self.order, {key: Q(quantity)}, refused=refused):
            self.out[key] = after

    @rule(quantity=QUANTITIES, key=KEYS)
    def bill(self, quantity: int, key: str) -> None:
        """Issue an invoice."""
        if key not in self.agreed:
            return
        wrong = OverInvoiced if self.billed[key] + quantity > self._limit(key) else None
        refused = self._closed() or wrong
        asked = {key: Q(quantity)}
        bill = self.attempt(sales.issue_invoice, self.order, self._next(), asked, refused=refused)
        if bill:
            self.billed[key] += quantity
            self.bills[bill.id] = {key: quantity}

    @precondition(lambda self: self.bills)
    @rule(at=AT, quantity=st.none() | QUANTITIES)
    def credit(self, at: int, quantity: int | None) -> None:
        """Take an invoice back, wholly or in part."""
        bill = [*self.bills][at % len(self.bills)]
        ((key, left),) = self.bills[bill].items()
        taken = left if quantity is None else quantity
        refused: Any = None
        if not left:
            refused = InvoiceReversed
        elif taken > left:
            refused = OverCredited
        elif self._directly(bill) > (left - taken) * PRICE:
            refused = InvoiceIsPaid
        if quantity is None:
            red = self.attempt(sales.reverse_invoice, bill, self._next(), refused=refused)
        else:
            asked = {key: Q(quantity)}
            red = self.attempt(sales.credit_invoice, bill, self._next(), asked, refused=refused)
        if red:
            assert red.gross == fen(-taken * PRICE)
            self.bills[bill][key] -= taken
            self.billed[key] -= taken

    @precondition(lambda self: not self.planned)
    @rule(percent=st.integers(1, 99))
    def plan(self, percent: int) -> None:
        """Plan two instalments."""
        parts = [
            Part(label="x", percent=Q(share), milestone="验收")
            for share in (percent, 100 - percent)
        ]
        self.attempt(sales.plan_order, self.order, parts)
        self.planned = sum(self.agreed.values()) * PRICE

    @precondition(lambda self: self.planned)
    @rule()
    def replan(self) -> None:
        """Plan anew what is not paid, for what the order comes to now."""
        with self.crm.work(by="li", tenant=self.tenant) as work:
            plan = work.payment_plans.find()[0]
            paid = Money.total((one.paid or fen(0) for one in work.instalments.find()), "CNY").minor
        whole = sum(self.agreed.values()) * PRICE
        parts = [Part(label="x", percent=Q(100), milestone="验收")] if paid < whole else []
        refused = PlanDoesNotAddUp if paid > whole else None
        if self.attempt(sales.replan, plan.id, parts, refused=refused):
            self.planned = whole

    @rule(amount=st.integers(1, 40_000))
    def pay(self, amount: int) -> None:
        """Pay what the order owes, with money of a new receipt."""
        owed = max((self.planned or self._billed()) - self._money(), 0)
        receipt = self.attempt(sales.note_receipt, self.customer, fen(amount))
        self.came += amount
        refused = None if owed else OverAllocated
        for entry in self.attempt(sales.pay_order, receipt.id, self.order, refused=refused) or ():
            self.direct[entry.id] = (entry.target_id, -entry.amount.minor)

    @precondition(lambda self: self.bills)
    @rule(at=AT, amount=st.integers(1, 40_000))
    def pay_one(self, at: int, amount: int) -> None:
        """Pay one invoice."""
        bill = [*self.bills][at % len(self.bills)]
        with self.crm.work(by="li", tenant=self.tenant) as work:
            open_ = work.invoices.get(bill).open_amount
        refused = None if open_ else OverAllocated
        receipt = self.attempt(sales.note_receipt, self.customer, fen(amount))
        self.came += amount
        entry = self.attempt(sales.pay_invoice, receipt.id, bill, refused=refused)
        if entry:
            self.direct[entry.id] = (bill, -entry.amount.minor)

    @precondition(lambda self: self.direct)
    @rule(at=AT)
    def release(self, at: int) -> None:
        """Take an allocation back."""
        entry = [*self.direct][at % len(self.direct)]
        self.attempt(sales.release_allocation, entry, reason="")
        del self.direct[entry]

    @rule()
    def cancel(self) -> None:
        """Cancel what is open; an order of which nothing was done ends."""
        if not self.attempt(sales.cancel_order, self.order, reason="", refused=self._over()):
            return
        for key, quantity in self.agreed.items():
            self.gone[key] = max(quantity - max(self.out[key], self.billed[key]), 0)
        if not any((*self.out.values(), *self.billed.values())):
            self.state = "cancelled"

    @invariant()
    def the_status_follows(self) -> None:
        """The status is what the model makes of goods and invoices."""
        assert self.now().status == self._status()

    @invariant()
    def every_version_replays(self) -> None:
        """The lines of each version are what was agreed then."""
        order = self.now()
        assert [order.at_version(at) for at in range(len(self.versions))] == self.versions

    @invariant()
    def both_sides_count_the_same_money(self) -> None:
        """Instalments and invoices each count all money of the order, or are wholly paid."""
        with self.crm.work(by="li", tenant=self.tenant) as work:
            plan, bills = work.instalments.find(), work.invoices.find()
            for side, debts, most in (
                (TargetKind.INSTALMENT, plan, self.planned),
                (TargetKind.INVOICE, bills, self._billed()),
            ):
                open_ = Money.total((one.open_amount or fen(0) for one in debts), "CNY")
                assert open_ == fen(max(most - self._money(), 0))
                aged = sales.ageing(work, of=side).get("CNY")
                assert open_ == (fen(0) if aged is None else aged.total)
            receipts = work.receipts.find()
            left = Money.total((one.unallocated or fen(0) for one in receipts), "CNY")
            assert left == fen(self.came - self._money())
            owed = sales.credit_exposure(work, self.customer, "CNY")
            assert (owed.invoiced, owed.received) == (fen(self._billed()), fen(self.came))

    def _next(self) -> str:
        self.number += 1
        return str(self.number)

    def _money(self) -> int:
        return sum(amount for _target, amount in self.direct.values())

    def _directly(self, bill: Any) -> int:
        return sum(amount for target, amount in self.direct.values() if target == bill)

    def _billed(self) -> int:
        return sum(self.billed.values()) * PRICE

    def _status(self) -> str:
        if self.state != "confirmed":
            return self.state
        if all(self.out[key] >= self._limit(key) for key in self.agreed):
            is_billed = all(self.billed[key] >= self._limit(key) for key in self.agreed)
            return "completed" if is_billed else "delivered"
        return "partly_delivered" if any(self.out.values()) else "confirmed"


def test_orders_do_what_a_plain_model_does(ready_url: str) -> None:
    """Whatever happens to an order in whatever order, on each store."""
    run_machine(partial(OrderLife, ready_url), ready_url, quick=QUICK, full=FULL)
