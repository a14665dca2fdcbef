"""Commission on each store: run, run again, corrected, clawed back, explained."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.commission.plan import Plan, QuotaMissing, SpanIsPaid, Tier
from crmkit.domain.commission.row import CommissionIsKept, RowKind
from crmkit.domain.money import Money
from crmkit.domain.span import Span
from crmkit.services import sales
from crmkit.services.commission import paying, payouts
from crmkit.services.forecasts import quotas
from tests.services.stopped_clock import Stopped

Q2 = Span.quarter(2026, 2)


def yuan(amount: str) -> Money:
    """Return an amount of yuan."""
    return Money(amount, "CNY")


class Firm:
    """A firm with two sellers, a quota each, and one plan."""

    def __init__(self, crm: CRM, tenant: str) -> None:
        """Set it up."""
        self.crm, self.tenant = crm, tenant
        with self.work() as work:
            self.li, self.wang = (
                work.users.add(User(id=UserId(work.new_id()), name=name, roles=("salesperson",))).id
                for name in ("李强", "王芳")
            )
            self.pipeline = sales.define_pipeline(work, "机床").id
            tiers = (Tier(attained=Decimal(0), rate=Decimal(5)),)
            above = Tier(attained=Decimal(100), rate=Decimal(8))
            self.plan: Plan = paying.plan_commission(
                work, "2026", role="salesperson", currency="CNY", tiers=(*tiers, above)
            )

    def work(self) -> Any:
        """Open a work."""
        return self.crm.work(by="finance", tenant=self.tenant)

    def run(self, service: Any, *args: Any, **fields: Any) -> Any:
        """Run a service in a work of its own."""
        with self.work() as work:
            return service(work, *args, **fields)

    def won(self, value: Money, owner: UserId) -> Any:
        """Win a deal."""
        with self.work() as work:
            deal = sales.open_deal(
                work, name="车床", pipeline=self.pipeline, value=value, owner=owner
            )
            return sales.win_deal(work, deal.id)

    def pay(self) -> list[tuple[str, str, str]]:
        """Run the plan and return what was written."""
        rows = self.run(paying.run_commission, self.plan.id, Q2)
        names = {self.li: "李强", self.wang: "王芳"}
        return sorted(
            (names[row.user_id], row.kind.value, f"{row.amount.amount:f}") for row in rows
        )


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    with CRM.open(
        ready_url, plugin_names=(), clock=Stopped(datetime(2026, 5, 4, 9, tzinfo=UTC))
    ) as crm:
        made = Firm(crm, tenant)
        for user in (made.li, made.wang):
            made.run(quotas.set_quota, yuan("1000"), Q2, user=user)
        yield made


def test_a_run_can_be_repeated_and_corrected(firm: Firm) -> None:
    """The same deals give nothing new; a correction gives the difference; rows stay as they are."""
    first = firm.won(yuan("700"), firm.li)
    shared = firm.won(yuan("1000"), firm.li)
    firm.run(sales.split_deal, shared.id, {firm.li: 60, firm.wang: 40})
    assert firm.pay() == [
        ("李强", "earned", "35.00"),
        ("李强", "earned", "39.00"),
        ("王芳", "earned", "20.00"),
    ]
    assert firm.pay() == []
    firm.run(paying.record_refund, first.id, yuan("100"), reason="质量扣款")
    assert firm.pay() == [("李强", "adjusted", "-3.00"), ("李强", "adjusted", "-5.00")]
    told = firm.run(payouts.commission_statement, firm.plan.id, firm.li, Q2)
    assert told.total == yuan("66")
    assert told.total == yuan("30") + yuan("36")
    assert sum(part.amount.minor for part in told.rows[-1].parts) == told.rows[-1].owed.minor
    with firm.work() as work, pytest.raises(CommissionIsKept):
        work.commission_rows.save(told.rows[0].evolve(amount=yuan("1")))


def test_what_is_lost_after_all_is_clawed_back(firm: Firm) -> None:
    """A deal that is opened again and lost takes back all that was paid for it."""
    deal = firm.won(yuan("400"), firm.wang)
    assert firm.pay() == [("王芳", "earned", "20.00")]
    firm.run(sales.reopen_deal, deal.id)
    firm.run(sales.lose_deal, deal.id)
    (row,) = firm.run(paying.run_commission, firm.plan.id, Q2)
    assert (row.kind, row.amount, row.owed) == (RowKind.CLAWED_BACK, yuan("-20"), yuan("0"))
    assert firm.run(payouts.commission_statement, firm.plan.id, firm.wang, Q2).total == yuan("0")


def test_what_was_paid_stands(firm: Firm) -> None:
    """A span is paid once; what is found later goes into the next one, and no statement moves."""
    deal = firm.won(yuan("400"), firm.wang)
    firm.won(yuan("300"), firm.li)
    firm.pay()
    paid = firm.run(payouts.pay_commission, firm.plan.id, Q2, on=date(2026, 5, 4))
    assert sorted(one.amount for one in paid) == [yuan("15"), yuan("20")]
    with pytest.raises(SpanIsPaid, match="2026-05-04"):
        firm.run(payouts.pay_commission, firm.plan.id, Q2)
    firm.run(paying.record_refund, deal.id, yuan("100"), reason="质量扣款")
    assert firm.pay() == [("王芳", "adjusted", "-5.00")]
    told = firm.run(payouts.commission_statement, firm.plan.id, firm.wang, Q2)
    assert (told.total, told.paid_on) == (yuan("20"), date(2026, 5, 4))
    third = Span.quarter(2026, 3)
    (later,) = firm.run(payouts.pay_commission, firm.plan.id, third)
    assert (later.user_id, later.amount) == (firm.wang, yuan("-5"))
    now = firm.run(payouts.commission_statement, firm.plan.id, firm.wang, third)
    assert ([row.is_late for row in now.rows], now.total) == ([True], yuan("-5"))
    assert firm.run(payouts.pay_commission, firm.plan.id, Span.quarter(2026, 4)) == ()
    with firm.work() as work:
        with pytest.raises(CommissionIsKept):
            work.commission_payouts.save(later.evolve(amount=yuan("0")))
        with pytest.raises(SpanIsPaid):
            work.commission_plans.save(work.commission_plans.get(firm.plan.id).evolve(paid=()))


def test_two_runs_at_once_write_each_row_once(firm: Firm) -> None:
    """Of two runs at the same time one repeats, and finds nothing more to write."""
    for _deal in range(3):
        firm.won(yuan("100"), firm.li)
    start = threading.Barrier(2)

    def run(_number: int) -> int:
        start.wait()
        rows = firm.crm.run(
            paying.run_commission, firm.plan.id, Q2, by="li", tenant=firm.tenant, attempts=50
        )
        return len(rows)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 3]


def test_without_a_quota_tiers_are_refused(firm: Firm) -> None:
    """Who has no quota in the span has no attainment, and the run says so."""
    firm.won(yuan("400"), firm.wang)
    with pytest.raises(QuotaMissing):
        firm.run(paying.run_commission, firm.plan.id, Span.month(2026, 5))
