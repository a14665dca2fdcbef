"""Allocating at random, never more than came in or is owed; and what the ready roles may do."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.sales.order_line import AgreedLine, resize_line
from crmkit.domain.sales.payment_plan import Part
from crmkit.domain.sales.receipt import OverAllocated, Receipt
from crmkit.errors import NotFound, NotPermitted
from crmkit.services import parties, sales
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies

DAY = date(2026, 4, 1)
AMOUNTS = st.integers(1, 300).map(lambda minor: Money.from_minor(minor, "CNY"))


def agreed(minor: int) -> AgreedLine:
    """Agree on one thing without tax."""
    net, tax = Money.from_minor(minor, "CNY"), Money(0, "CNY")
    return AgreedLine(key="1", name="车床", quantity=Decimal(1), net=net, tax=tax)


@given(
    st.lists(AMOUNTS, min_size=1, max_size=3),
    st.lists(AMOUNTS, min_size=1, max_size=3),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), AMOUNTS, st.sampled_from("pppru")),
        max_size=15,
    ),
)
def test_allocations_exceed_neither_receipt_nor_instalment(
    owed: list[Money], came: list[Money], steps: list[tuple[int, int, Money, str]]
) -> None:
    """Paying, releasing and refunding in any order keep both sums, and the ledger agrees."""
    with CRM.open("memory:") as crm, crm.work(by="li", tenant="t") as work:
        customer = parties.register_customer(work, "鲁西")
        line = agreed(sum(amount.minor for amount in owed))
        order = sales.write_order(work, customer.id, [line])
        parts = [Part(label="x", amount=amount, due_on=DAY) for amount in owed]
        plan = sales.plan_order(work, order.id, parts)
        receipts = [sales.note_receipt(work, customer.id, amount) for amount in came]
        for one, other, amount, step in steps:
            receipt = receipts[one % len(receipts)]
            try:
                if step == "p":
                    target = plan[other % len(plan)]
                    sales.pay_instalment(work, receipt.id, target.id, amount)
                elif step == "r":
                    sales.refund_receipt(work, receipt.id, amount, reason="")
                else:
                    for entry in sales.allocations_of(work, receipt.id)[:1]:
                        sales.release_allocation(work, entry.id, reason="")
            except OverAllocated:
                continue
        check(work, receipts, [work.instalments.get(one.id).open_amount for one in plan])


def check(work: UnitOfWork, receipts: list[Receipt], left: list[Money | None]) -> None:
    """Compare the sums on the records with those of the allocations that hold."""
    assert all(amount is not None and amount.minor >= 0 for amount in left)
    used = Money(0, "CNY")
    for receipt in receipts:
        entries = sales.allocations_of(work, receipt.id)
        mine = -Money.total((entry.amount for entry in entries), "CNY")
        now = work.receipts.get(receipt.id)
        assert now.kept is not None
        assert now.unallocated == now.kept - mine
        assert now.unallocated >= Money(0, "CNY")
        used += mine
    open_ = Money.total((amount for amount in left if amount is not None), "CNY")
    assert sales.ageing(work)["CNY"].total == open_
    planned = Money.total((one.amount for one in work.instalments.find()), "CNY")
    assert open_ == planned - used


@pytest.mark.parametrize("near_url", ["memory", "sqlite"], indirect=True)
def test_ready_roles_sell_bill_and_see_what_is_theirs(near_url: str) -> None:
    """A salesperson writes orders but no invoices; finance bills and books, and writes no order."""
    with CRM.open(near_url) as free:
        free.schema.apply()
        with free.work(by="it", tenant="t") as work:
            li, wu = (
                User(id=UserId(work.new_id()), name=name, roles=(role,))
                for name, role in (("李娜", "salesperson"), ("吴会计", "finance"))
            )
            work.users.insert_many([li, wu])
            customer = parties.register_customer(work, "鲁西", owner_id=li.id)
            apply_policy(work, STANDARD)
        crm = CRM(free.storage, plugins=free.plugins, access=Policies())
        seller, clerk = (str(one.id) for one in (li, wu))
        with crm.work(by=seller, tenant="t") as work:
            order = sales.write_order(work, customer.id, [agreed(100)], owner_id=li.id)
            sales.confirm_order(work, order.id)
        with crm.work(by=seller, tenant="t") as work, pytest.raises(NotPermitted):
            sales.issue_invoice(work, order.id, "1", {"1": Decimal(1)})
        with crm.work(by=clerk, tenant="t") as work:
            sales.issue_invoice(work, order.id, "1", {"1": Decimal(1)})
        with crm.work(by=clerk, tenant="t") as work, pytest.raises((NotPermitted, NotFound)):
            sales.write_order(work, customer.id, [agreed(100)])
        with crm.work(by=clerk, tenant="t") as work, pytest.raises(NotPermitted):
            sales.amend_order(work, order.id, [resize_line("1", 2)], reason="")
        with crm.work(by=clerk, tenant="t") as work, pytest.raises(NotPermitted):
            sales.cancel_order(work, order.id, reason="")
