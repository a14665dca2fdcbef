"""From the accepted quote to the money: orders, invoices, plans, receipts, credit, contracts."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.sales.approval_requirement import NotYetApproved
from crmkit.domain.sales.buyer_title import BuyerTitle
from crmkit.domain.sales.contract import ContractStatus, NoticeTooLate
from crmkit.domain.sales.contract_terms import ContractTerms, Renewal
from crmkit.domain.sales.credit_limit import CreditLimitExceeded
from crmkit.domain.sales.invoice import InvoiceIsPaid, InvoiceReversed
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.order import Order, OrderStatus
from crmkit.domain.sales.order_events import (
    AmendmentTooSmall,
    OrderedBefore,
    OrderNotConfirmed,
    OverCredited,
    OverDelivered,
    OverInvoiced,
    QuoteNotAccepted,
)
from crmkit.domain.sales.order_line import AgreedLine, add_line, drop_line, resize_line
from crmkit.domain.sales.payment_plan import Instalment, Part, PlanDoesNotAddUp
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.receipt import OverAllocated, ReceiptIsReversed
from crmkit.domain.sales.receivable import ReceivableEntry, TargetKind
from crmkit.errors import InvalidValue, MixedCurrencies, NotFound
from crmkit.ports import Actor
from crmkit.services import parties, sales
from crmkit.services.calendars import keeping
from crmkit.services.sales.orders import DealIsLost
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
TODAY = NOW.date()


@attrs.frozen
class Firm:
    """A machinery firm with one customer."""

    crm: CRM
    clock: Stopped
    tenant: str
    customer: Customer

    def work(self, *roles: str) -> UnitOfWork:
        """Open a unit of work."""
        actor = Actor(id="li", roles=frozenset(roles))
        return self.crm.work(by=actor, tenant=self.tenant)

    def order(self, *, confirmed: bool = True, quantity: int = 3) -> Order:
        """Write an order for lathes of 1 000 yuan each and 13 % tax."""
        with self.work() as work:
            order = sales.write_order(work, self.customer.id, [line(quantity)])
            return sales.confirm_order(work, order.id) if confirmed else order


def cny(amount: str) -> Money:
    """Return yuan."""
    return Money(amount, "CNY")


def line(quantity: int = 3, key: str = "1", tolerance: int = 0) -> AgreedLine:
    """Agree on lathes."""
    return AgreedLine(
        key=key,
        name="数控车床",
        quantity=Decimal(quantity),
        net=cny("1000") * quantity,
        tax=cny("130") * quantity,
        tolerance=Decimal(tolerance),
    )


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    clock = Stopped(NOW)
    with CRM.open(ready_url, clock=clock) as crm:
        crm.schema.apply()
        with crm.work(by="li", tenant=tenant) as work:
            customer = parties.register_customer(work, "鲁西科技有限公司")
        yield Firm(crm, clock, tenant, customer)


def test_an_accepted_version_becomes_one_order(firm: Firm) -> None:
    """Only the accepted version is ordered, with its lines to the cent, and only once."""
    with firm.work() as work:
        quote = sales.open_quote(work, "车床", customer=firm.customer.id)
        lines = (item("数控车床", 3, price=cny("999.99"), tax_percent=Decimal(13)),)
        offer = Offer(lines=lines, valid_until=TODAY + timedelta(1))
        version = sales.write_version(work, quote.id, offer)
        sales.send_version(work, version.id)
    with firm.work() as work, pytest.raises(QuoteNotAccepted, match="is sent"):
        sales.order_quote(work, version.id)
    with firm.work() as work:
        sales.accept_version(work, version.id, by="王伟")
        order = sales.order_quote(work, version.id)
    assert (order.gross, order.customer_id) == (version.totals.gross, firm.customer.id)
    assert order.status is OrderStatus.DRAFT
    with firm.work() as work, pytest.raises(OrderedBefore):
        sales.order_quote(work, version.id)


def test_the_status_follows_from_deliveries_and_invoices(firm: Firm) -> None:
    """Deliveries, returns and invoices move the status; nobody sets it."""
    order = firm.order()
    seen = [order.status]
    steps = (("deliver", 1), ("deliver", 2), ("return_goods", 1), ("deliver", 1))
    for step, quantity in steps:
        with firm.work() as work:
            getattr(sales, step)(work, order.id, {"1": Decimal(quantity)})
            seen.append(work.orders.get(order.id).status)
    with firm.work() as work:
        sales.issue_invoice(work, order.id, "2637-01", {"1": Decimal(3)})
        seen.append(work.orders.get(order.id).status)
        kinds = [one.kind for one in sales.fulfilments_of(work, order.id)]
    assert seen == [
        *("confirmed", "partly_delivered", "delivered"),
        *("partly_delivered", "delivered", "completed"),
    ]
    assert sorted(kinds) == ["delivery", "delivery", "delivery", "return"]


def test_nothing_goes_beyond_the_order(firm: Firm) -> None:
    """More than was agreed is neither delivered nor invoiced; a tolerance is stated beforehand."""
    order = firm.order()
    draft = firm.order(confirmed=False)
    with firm.work() as work:
        with pytest.raises(OrderNotConfirmed):
            sales.deliver(work, draft.id, {"1": Decimal(1)})
        with pytest.raises(OverDelivered, match="4 asked, 3 left"):
            sales.deliver(work, order.id, {"1": Decimal(4)})
        with pytest.raises(OverDelivered):
            sales.return_goods(work, order.id, {"1": Decimal(1)})
        with pytest.raises(OverInvoiced):
            sales.issue_invoice(work, order.id, "1", {"1": Decimal(4)})
        with pytest.raises(InvalidValue, match="above zero"):
            sales.deliver(work, order.id, {"1": Decimal(-1)})
        with pytest.raises(NotFound):
            sales.deliver(work, order.id, {"9": Decimal(1)})
    with firm.work() as work:
        loose = sales.write_order(work, firm.customer.id, [line(100, tolerance=5)])
        sales.confirm_order(work, loose.id)
        sales.deliver(work, loose.id, {"1": Decimal(105)})
        with pytest.raises(OverDelivered):
            sales.deliver(work, loose.id, {"1": Decimal("0.000001")})


def test_amendments_are_kept_and_replay(firm: Firm) -> None:
    """Each amendment leaves the versions before it readable, and what was done must still fit."""
    order = firm.order()
    with firm.work() as work:
        sales.deliver(work, order.id, {"1": Decimal(2)})
        changes = [resize_line("1", 5), add_line(line(1, key="2"))]
        sales.amend_order(work, order.id, changes, reason="客户追加")
        amended = sales.amend_order(work, order.id, [drop_line("2")], reason="不要了")
        with pytest.raises(AmendmentTooSmall):
            sales.amend_order(work, order.id, [resize_line("1", 1)], reason="减少")
        with pytest.raises(AmendmentTooSmall):
            sales.amend_order(work, order.id, [add_line(line(1, "3")), drop_line("1")], reason="")
    with firm.work() as work:
        stored = work.orders.get(order.id)
    assert stored == amended
    assert [len(stored.at_version(number)) for number in range(3)] == [1, 2, 1]
    assert stored.at_version(2) == stored.lines
    assert stored.open_amount == cny("5650")


def test_the_open_rest_is_cancelled(firm: Firm) -> None:
    """What was delivered stays and can be invoiced; of the rest nothing is open."""
    order = firm.order()
    with firm.work() as work:
        sales.deliver(work, order.id, {"1": Decimal(1)})
        left = sales.cancel_order(work, order.id, reason="项目缩减")
        assert (left.status, left.open_amount) == (OrderStatus.DELIVERED, cny("1130"))
        with pytest.raises(OverDelivered):
            sales.deliver(work, order.id, {"1": Decimal(1)})
    untouched = firm.order()
    with firm.work() as work:
        assert sales.cancel_order(work, untouched.id, reason="取消").status == "cancelled"


def test_a_red_letter_takes_an_invoice_back(firm: Firm) -> None:
    """The reversal is a fact beside the invoice, and the lines can be invoiced again."""
    order = firm.order()
    with firm.work() as work:
        bill = sales.issue_invoice(work, order.id, "2637-01", {"1": Decimal(2)}, kind="普票")
        red = sales.reverse_invoice(work, bill.id, "2637-02")
        assert (red.gross, red.reverses_id, red.kind) == (-bill.gross, bill.id, "普票")
        with pytest.raises(InvoiceReversed):
            sales.reverse_invoice(work, bill.id, "2637-03")
        sales.issue_invoice(work, order.id, "2637-04", {"1": Decimal(3)})
        assert len(sales.invoices_of(work, order.id)) == 3
        open_ = sales.ageing(work, of=TargetKind.INVOICE)["CNY"].total
    assert open_ == cny("3390")


def test_one_receipt_counts_on_instalments_and_invoices(firm: Firm) -> None:
    """Money that pays instalments pays the invoices too, also later ones; red letters free it."""
    order, (first, _second, third) = planned(firm)
    with firm.work() as work:
        early = sales.note_receipt(work, firm.customer.id, cny("2000"))
        paid = sales.pay_order(work, early.id, order.id)
        assert [entry.amount for entry in paid] == [cny("-1017"), cny("-983")]
        bill = sales.issue_invoice(work, order.id, "2637-01", {"1": Decimal(1)}, kind="普票")
        assert (bill.paid, bill.open_amount) == (cny("1130"), cny("0"))
        rest = sales.issue_invoice(work, order.id, "2637-02", {"1": Decimal(2)})
        assert (rest.paid, rest.open_amount) == (cny("870"), cny("1390"))
    with firm.work() as work:
        red = sales.credit_invoice(work, bill.id, "2637-03", {"1": Decimal("0.5")})
        assert (red.gross, red.reverses_id) == (cny("-565"), bill.id)
        assert [work.invoices.get(one.id).paid for one in (bill, rest)] == [cny("565"), cny("1435")]
        assert work.receipts.get(early.id).unallocated == cny("0")
        with pytest.raises(OverCredited, match=r"1 taken back, 0\.5 left"):
            sales.credit_invoice(work, bill.id, "2637-04", {"1": Decimal(1)})
    with firm.work() as work:
        late = sales.note_receipt(work, firm.customer.id, cny("500"))
        sales.pay_invoice(work, late.id, rest.id)
        assert [one.open_amount for one in work.instalments.find()].count(cny("0")) == 1
        assert work.instalments.get(third.id).open_amount == cny("339")
        allocations = sales.allocations_of(work, early.id)
        sales.release_allocation(work, allocations[0].id, reason="认错款")
        totals = [sales.ageing(work, of=kind)["CNY"].total for kind in TargetKind]
        assert totals == [cny("1907"), cny("1342")]
        with pytest.raises(InvalidValue, match="another one"):
            mirror = where(ReceivableEntry).mirrors_id.eq(allocations[1].id)
            one = work.receivable_entries.find(mirror)[0]
            sales.release_allocation(work, one.id, reason="")
    assert first.open_amount == cny("1017")


def test_an_invoice_says_whom_it_is_made_out_to(firm: Firm) -> None:
    """The buyer's title stays as it was, red letters repeat it; a mistyped number is refused."""
    order = firm.order()
    with firm.work() as work:
        number = Identifier(scheme="uscc", value="91371500MA3C0TBK60")
        known = parties.update_customer(work, firm.customer.id, identifiers=(number,))
        title = BuyerTitle.of(known, bank="聊城农商行", account="9150 1150 0200")
        bill = sales.issue_invoice(work, order.id, "2637-01", {"1": Decimal(2)}, buyer=title)
        parties.update_customer(work, firm.customer.id, name="鲁西重工有限公司")
    with firm.work() as work:
        red = sales.credit_invoice(work, bill.id, "2637-02", {"1": Decimal(1)})
        assert work.invoices.get(bill.id).buyer == red.buyer == title
    assert (title.name, title.tax_number) == ("鲁西科技有限公司", "91371500MA3C0TBK60")
    with pytest.raises(InvalidValue, match="check sign"):
        BuyerTitle(name="鲁西", tax_number="91371500MA3C0TBK61")


def planned(firm: Firm) -> tuple[Order, list[Instalment]]:
    """Plan an order: 30 % in February, 60 % on 1 April, the rest on acceptance."""
    order = firm.order()
    parts = [
        Part(label="预付", percent=Decimal(30), due_on=date(2026, 2, 10)),
        Part(label="发货", percent=Decimal(60), due_on=date(2026, 4, 1)),
        Part(label="验收", percent=Decimal(10), milestone="验收合格"),
    ]
    with firm.work() as work:
        return order, list(sales.plan_order(work, order.id, parts))


def test_receipts_settle_instalments_and_what_is_too_much_goes_back(firm: Firm) -> None:
    """One receipt settles several instalments; the rest is refunded; all of it stays readable."""
    _, (first, second, _third) = planned(firm)
    with firm.work() as work:
        receipt = sales.note_receipt(work, firm.customer.id, cny("3100"), method="电汇")
        sales.pay_instalment(work, receipt.id, first.id)
        with pytest.raises(OverAllocated):
            sales.pay_instalment(work, receipt.id, second.id, cny("2034.01"))
        with pytest.raises(MixedCurrencies):
            sales.pay_instalment(work, receipt.id, second.id, Money("1", "EUR"))
        sales.pay_instalment(work, receipt.id, second.id)
        left = work.receipts.get(receipt.id).unallocated
        assert left == cny("49")
        back = sales.refund_receipt(work, receipt.id, cny("49"), reason="多付")
        assert (back.kept, back.unallocated) == (cny("3051"), cny("0"))
        assert all(work.instalments.get(one.id).is_paid for one in (first, second))
        assert len(sales.allocations_of(work, receipt.id)) == 2


def test_what_is_not_paid_is_planned_anew(firm: Firm) -> None:
    """After an amendment the rest of the plan is planned anew; what was paid stays as it is."""
    order, (first, second, _third) = planned(firm)
    with firm.work() as work:
        receipt = sales.note_receipt(work, firm.customer.id, cny("1500"))
        sales.pay_order(work, receipt.id, order.id)
        sales.amend_order(work, order.id, [resize_line("1", 2)], reason="减少")
        with pytest.raises(PlanDoesNotAddUp):
            sales.replan(work, first.plan_id, [])
    with firm.work() as work:
        parts = [Part(label="尾款", percent=Decimal(100), milestone="验收合格")]
        told = sales.replan(work, first.plan_id, parts)
        assert [one.amount for one in told] == [cny("1017"), cny("483"), cny("0"), cny("760")]
        assert [bool(one.open_amount) for one in told] == [False, False, False, True]
        assert work.payment_plans.get(first.plan_id).total == cny("2260")
        assert sales.ageing(work)["CNY"].total == cny("760")
        assert len(sales.allocations_of(work, receipt.id)) == 2
    assert second.amount == cny("2034")


def test_a_bounced_cheque_settles_nothing(firm: Firm) -> None:
    """Reversing a receipt releases what it settled by entries against them, never by deletion."""
    _, (first, *_) = planned(firm)
    with firm.work() as work:
        receipt = sales.note_receipt(work, firm.customer.id, cny("1017"))
        sales.pay_instalment(work, receipt.id, first.id)
    with firm.work() as work:
        gone = sales.reverse_receipt(work, receipt.id, reason="空头支票")
        assert (gone.kept, gone.unallocated) == (cny("0"), cny("0"))
        assert work.instalments.get(first.id).open_amount == first.amount
        assert work.receivable_entries.count() == 5
        with pytest.raises(ReceiptIsReversed):
            sales.pay_instalment(work, receipt.id, first.id)


def test_ageing_tells_any_day_and_adds_up(firm: Firm) -> None:
    """Buckets go by the due day as of any day, and add up to what is open then."""
    _, (first, _second, third) = planned(firm)
    firm.clock.at = datetime(2026, 3, 20, 2, tzinfo=UTC)
    with firm.work() as work:
        receipt = sales.note_receipt(work, firm.customer.id, cny("500"))
        sales.pay_instalment(work, receipt.id, first.id)
        sales.reach_milestone(work, third.id, date(2026, 3, 19))
        before = sales.ageing(work, TODAY)["CNY"]
        now = sales.ageing(work)["CNY"]
        later = sales.ageing(work, date(2026, 7, 1), customer=firm.customer.id)["CNY"]
    assert (before.days_1_to_30, before.total) == (cny("1017"), cny("3390"))
    assert (now.days_31_to_60, now.days_1_to_30, now.total) == (
        cny("517"),
        cny("339"),
        cny("2890"),
    )
    assert (later.over_90, later.total) == (cny("2890"), cny("2890"))


def test_an_invoice_that_is_paid_is_not_reversed(firm: Firm) -> None:
    """Money on an invoice must be released before red letters."""
    order = firm.order()
    with firm.work() as work:
        bill = sales.issue_invoice(work, order.id, "2637-01", {"1": Decimal(1)})
        receipt = sales.note_receipt(work, firm.customer.id, cny("1130"))
        entry = sales.pay_invoice(work, receipt.id, bill.id)
        with pytest.raises(InvoiceIsPaid):
            sales.reverse_invoice(work, bill.id, "2637-02")
        sales.release_allocation(work, entry.id, reason="开错票")
        sales.reverse_invoice(work, bill.id, "2637-02")


def test_the_credit_limit_holds_with_an_approval_beside_it(firm: Firm) -> None:
    """Beyond the limit an order is refused, or waits for one who may allow exactly it."""
    with firm.work() as work:
        sales.set_credit_limit(work, firm.customer.id, cny("5000"))
    firm.order()
    order = firm.order(confirmed=False, quantity=2)
    with firm.work() as work, pytest.raises(CreditLimitExceeded):
        sales.confirm_order(work, order.id)
    with firm.work() as work:
        sales.set_credit_limit(work, firm.customer.id, cny("5000"), approver="boss")
    with firm.work() as work, pytest.raises(NotYetApproved, match="boss"):
        sales.confirm_order(work, order.id)
    with firm.work("boss") as work:
        sales.approve_credit(work, order.id, note="老客户")
        assert sales.confirm_order(work, order.id).status is OrderStatus.CONFIRMED
        assert sales.credit_exposure(work, firm.customer.id, "CNY").total == cny("5650")
    with firm.work() as work, pytest.raises(NotYetApproved):
        sales.amend_order(work, order.id, [resize_line("1", 3)], reason="追加")
    with firm.work() as work:
        receipt = sales.note_receipt(work, firm.customer.id, cny("2000"))
        sales.amend_order(work, order.id, [resize_line("1", 3)], reason="追加")
        assert sales.credit_exposure(work, firm.customer.id, "CNY").received == receipt.amount


def test_orders_at_once_do_not_share_one_credit(firm: Firm) -> None:
    """Six workers confirm orders of one customer at the same time; as many succeed as fit."""
    with firm.work() as work:
        sales.set_credit_limit(work, firm.customer.id, cny("4000"))
    orders = [firm.order(confirmed=False, quantity=1) for _ in range(6)]
    start = threading.Barrier(6)

    def confirm(order: Order) -> str:
        start.wait()
        try:
            firm.crm.run(sales.confirm_order, order.id, by="li", tenant=firm.tenant, attempts=99)
        except CreditLimitExceeded:
            return "refused"
        return "confirmed"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(confirm, orders)) == ["confirmed"] * 3 + ["refused"] * 3
    with firm.work() as work:
        assert sales.credit_exposure(work, firm.customer.id, "CNY").total == cny("3390")


def test_notice_is_due_in_working_days(firm: Firm) -> None:
    """The last day for notice is counted back on the calendar, and follows amendments."""
    with firm.work() as work:
        office = keeping.define_calendar(work, "office", "Asia/Shanghai", "mon-fri 09:00-18:00")
        terms = ContractTerms(
            starts_on=date(2026, 1, 1),
            ends_on=date(2026, 3, 31),
            renewal=Renewal.AUTO,
            renewal_months=3,
            notice_days=10,
            value=cny("90000"),
        )
        deal = sales.write_contract(work, "维保合同", firm.customer.id, terms, calendar=office.id)
        deal = sales.sign_contract(work, deal.id)
        assert deal.notice_by == date(2026, 3, 17)
        assert sales.notice_due(work, datetime(2026, 3, 17, tzinfo=UTC)) == []
        assert sales.notice_due(work, datetime(2026, 3, 18, tzinfo=UTC)) == [deal]
        renewed = sales.renew_contract(work, deal.id)
        assert renewed.terms.ends_on == date(2026, 6, 30)
        assert renewed.at_version(0) == terms
        open_ended = sales.amend_contract(work, deal.id, reason="长期", is_open_ended=True)
        assert open_ended.notice_by is None
        assert open_ended.status_on(date(2030, 1, 1)) is ContractStatus.ACTIVE
        ended = sales.terminate_contract(work, deal.id, date(2026, 5, 1), reason="停产")
    assert [ended.status_on(date(2026, month, 1)) for month in (4, 5)] == ["active", "terminated"]


def test_notice_that_comes_late_is_refused(firm: Firm) -> None:
    """After the last day for notice, a contract ends only by agreement."""
    with firm.work() as work:
        office = keeping.define_calendar(work, "office", "Asia/Shanghai", "mon-fri 09:00-18:00")
        terms = ContractTerms(starts_on=TODAY, ends_on=date(2026, 3, 31), notice_days=10)
        deal = sales.write_contract(work, "合同", firm.customer.id, terms, calendar=office.id)
        sales.sign_contract(work, deal.id)
    firm.clock.at = datetime(2026, 3, 18, tzinfo=UTC)
    with firm.work() as work, pytest.raises(NoticeTooLate, match="2026-03-17"):
        sales.terminate_contract(work, deal.id, date(2026, 3, 31), reason="停产")


def test_bad_input_is_refused_once_and_clearly(firm: Firm) -> None:
    """Lost deals, foreign orders, plans that do not add up and two currencies are refused."""
    order = firm.order()
    with firm.work() as work:
        pipeline = sales.define_pipeline(work, "销售")
        deal = sales.open_deal(work, name="车床", pipeline=pipeline.id)
        sales.lose_deal(work, deal.id)
        with pytest.raises(DealIsLost):
            sales.write_order(work, firm.customer.id, [line()], deal_id=deal.id)
        with pytest.raises(MixedCurrencies):
            sales.write_order(work, firm.customer.id, [line()], currency="EUR")
        short = [Part(label="全款", amount=cny("3000"), due_on=TODAY)]
        with pytest.raises(PlanDoesNotAddUp, match=r"390\.00"):
            sales.plan_order(work, order.id, short)
        with pytest.raises(InvalidValue, match="no lines"):
            sales.write_order(work, firm.customer.id, [])
    with firm.crm.work(by="li", tenant="elsewhere") as work, pytest.raises(NotFound):
        sales.confirm_order(work, order.id)
