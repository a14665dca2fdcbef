"""Bad input for orders, money, subscriptions, forecasts: one clear error, and nothing is lost."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from crmkit.crm import CRM
from crmkit.domain.commission.plan import SpanIsPaid, Tier
from crmkit.domain.money import Money
from crmkit.domain.sales.contract_terms import ContractTerms
from crmkit.domain.sales.credit_limit import CreditLimitExceeded
from crmkit.domain.sales.exchange_rate import ExchangeRateUnknown
from crmkit.domain.sales.order_events import (
    AmendmentTooSmall,
    OrderIsOver,
    OrderNotConfirmed,
    OverCredited,
    OverDelivered,
    OverInvoiced,
)
from crmkit.domain.sales.order_line import AgreedLine, drop_line, replace_line, resize_line
from crmkit.domain.sales.payment_plan import MilestoneReached, Part, PlanDoesNotAddUp
from crmkit.domain.sales.receipt import OverAllocated, ReceiptIsReversed
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.billing import Terms
from crmkit.domain.subscriptions.subscription import SubscriptionIsOver, SubscriptionNotRunning
from crmkit.errors import (
    CrmkitError,
    Duplicate,
    InvalidValue,
    MixedCurrencies,
    NotFound,
    OutOfRange,
    UnknownField,
    WrongType,
)
from crmkit.services import parties, sales
from crmkit.services.commission import paying, payouts
from crmkit.services.forecasts import quotas, reporting, snapshots
from crmkit.services.subscriptions import running

NOBODY: Any = UUID(int=1)
DAY = date(2026, 4, 1)
Q2 = Span.quarter(2026, 2)
Call = Callable[[Any, Any], Any]
Case = tuple[type[CrmkitError], str, Call]


def cny(amount: str) -> Money:
    """Return yuan."""
    return Money(amount, "CNY")


def line(quantity: Any = 3, key: str = "1", currency: str = "CNY") -> AgreedLine:
    """Agree on a line."""
    net = Money("100", currency)
    return AgreedLine(key=key, name="车床", quantity=quantity, net=net, tax=Money(0, currency))


def terms(quantity: int = 1, price: Money | None = None) -> Terms:
    """Agree on a subscription."""
    return Terms(plan="云监测", quantity=quantity, price=price or cny("100"))


def qty(number: Any) -> dict[str, Any]:
    """Ask for a quantity of the first line."""
    return {"1": number}


@attrs.frozen
class House:
    """What is there before anything goes wrong."""

    customer: Any
    other: Any
    draft: Any
    order: Any
    over: Any
    bill: Any
    plan: Any
    receipt: Any
    strange: Any
    bounced: Any
    subscription: Any
    ended: Any
    pipeline: Any
    deal: Any
    commission: Any
    foreign: Any


def stock(work: Any, foreign: Any) -> House:
    """Write one of everything."""
    customer = parties.register_customer(work, "鲁西").id
    other = parties.register_customer(work, "光岳").id
    dear = attrs.evolve(line(), net=cny("9000"))
    draft = sales.write_order(work, customer, [dear]).id
    order = sales.confirm_order(work, sales.write_order(work, customer, [line()]).id).id
    over = sales.write_order(work, customer, [line()]).id
    sales.cancel_order(work, over, reason="取消")
    bill = sales.issue_invoice(work, order, "A-1", qty(Decimal(2)), kind="普票").id
    parts = [Part(label="全款", percent=Decimal(100), due_on=DAY)]
    plan = sales.plan_order(work, order, parts)[0].id
    receipt = sales.note_receipt(work, customer, cny("500")).id
    strange = sales.note_receipt(work, other, cny("500")).id
    bounced = sales.note_receipt(work, customer, cny("5")).id
    sales.reverse_receipt(work, bounced, reason="空头")
    sales.set_credit_limit(work, customer, cny("200"))
    subscription = running.start_subscription(work, customer, terms(), on=DAY).id
    ended = running.start_subscription(work, customer, terms(), on=DAY).id
    running.cancel_subscription(work, ended, on=DAY)
    pipeline = sales.define_pipeline(work, "机床").id
    deal = sales.open_deal(work, name="车床", pipeline=pipeline, value=Money("9", "USD")).id
    sales.update_deal(work, deal, expected_on=DAY)
    plan_of = paying.plan_commission(
        work, "2026", role="x", currency="CNY", tiers=(Tier(attained=Decimal(0), rate=Decimal(5)),)
    )
    payouts.pay_commission(work, plan_of.id, Q2)
    return House(
        *(customer, other, draft, order, over, bill, plan, receipt, strange, bounced),
        *(subscription, ended, pipeline, deal, plan_of.id, foreign),
    )


ORDERS: tuple[Case, ...] = (
    (InvalidValue, "lines.quantity", lambda w, h: sales.write_order(w, h.customer, [line(-1)])),
    (InvalidValue, "order.lines", lambda w, h: sales.write_order(w, h.customer, [])),
    (InvalidValue, "order.lines", lambda w, h: sales.write_order(w, h.customer, [line()] * 2)),
    (
        MixedCurrencies,
        "order.lines",
        lambda w, h: sales.write_order(w, h.customer, [line(), line(1, "2", "USD")]),
    ),
    (
        MixedCurrencies,
        "order.lines",
        lambda w, h: sales.write_order(w, h.customer, [line()], currency="USD"),
    ),
    (
        UnknownField,
        "order.colour",
        lambda w, h: sales.write_order(w, h.customer, [line()], colour=1),
    ),
    (NotFound, "", lambda w, h: sales.write_order(w, h.foreign.customer, [line()])),
    (NotFound, "", lambda w, h: sales.confirm_order(w, h.foreign.draft)),
    (NotFound, "", lambda w, h: sales.deliver(w, h.foreign.order, qty(Decimal(1)))),
    (CreditLimitExceeded, "order.customer_id", lambda w, h: sales.confirm_order(w, h.draft)),
    (OrderIsOver, "order.status", lambda w, h: sales.confirm_order(w, h.over)),
    (OrderIsOver, "order.status", lambda w, h: sales.deliver(w, h.over, qty(Decimal(1)))),
    (
        OrderIsOver,
        "order.status",
        lambda w, h: sales.amend_order(w, h.over, [resize_line("1", 2)], reason="x"),
    ),
    (OrderIsOver, "order.status", lambda w, h: sales.cancel_order(w, h.over, reason="x")),
    (OrderNotConfirmed, "order.status", lambda w, h: sales.deliver(w, h.draft, qty(Decimal(1)))),
    (InvalidValue, "quantities", lambda w, h: sales.deliver(w, h.order, qty(Decimal(-1)))),
    (InvalidValue, "quantities", lambda w, h: sales.deliver(w, h.order, {})),
    (WrongType, "quantities", lambda w, h: sales.deliver(w, h.order, qty(1.5))),
    (NotFound, "quantities", lambda w, h: sales.deliver(w, h.order, {"9": Decimal(1)})),
    (OverDelivered, "quantities", lambda w, h: sales.deliver(w, h.order, qty(Decimal(4)))),
    (OverDelivered, "quantities", lambda w, h: sales.return_goods(w, h.order, qty(Decimal(1)))),
    (
        AmendmentTooSmall,
        "changes",
        lambda w, h: sales.amend_order(w, h.order, [resize_line("1", 1)], reason="x"),
    ),
    (
        MixedCurrencies,
        "order.lines",
        lambda w, h: sales.amend_order(w, h.draft, [replace_line(line(1, "1", "USD"))], reason="x"),
    ),
    (
        InvalidValue,
        "changes",
        lambda w, h: sales.amend_order(w, h.draft, [drop_line("1")], reason="x"),
    ),
    (
        NotFound,
        "changes.key",
        lambda w, h: sales.amend_order(w, h.draft, [drop_line("8")], reason=""),
    ),
    (InvalidValue, "changes", lambda w, h: sales.amend_order(w, h.draft, [], reason="x")),
    (
        OverInvoiced,
        "quantities",
        lambda w, h: sales.issue_invoice(w, h.order, "B", qty(Decimal(9))),
    ),
    (
        Duplicate,
        "invoice.number",
        lambda w, h: sales.issue_invoice(w, h.order, "A-1", qty(Decimal(1))),
    ),
    (
        InvalidValue,
        "invoice.net",
        lambda w, h: sales.issue_invoice(w, h.order, "B", qty(Decimal(1)), net=cny("1")),
    ),
    (
        OverCredited,
        "quantities",
        lambda w, h: sales.credit_invoice(w, h.bill, "R", qty(Decimal(3))),
    ),
    (
        InvalidValue,
        "quantities",
        lambda w, h: sales.credit_invoice(w, h.bill, "R", qty(Decimal(0))),
    ),
    (NotFound, "", lambda w, h: sales.reverse_invoice(w, h.foreign.bill, "R")),
)
MONEY: tuple[Case, ...] = (
    (InvalidValue, "receipt.amount", lambda w, h: sales.note_receipt(w, h.customer, cny("-1"))),
    (NotFound, "", lambda w, h: sales.note_receipt(w, h.foreign.customer, cny("1"))),
    (
        MixedCurrencies,
        "amount",
        lambda w, h: sales.pay_order(w, h.receipt, h.order, Money("1", "USD")),
    ),
    (InvalidValue, "amount", lambda w, h: sales.pay_instalment(w, h.receipt, h.plan, cny("-1"))),
    (OverAllocated, "amount", lambda w, h: sales.pay_order(w, h.receipt, h.order, cny("101"))),
    (OverAllocated, "amount", lambda w, h: sales.pay_invoice(w, h.receipt, h.bill, cny("100"))),
    (InvalidValue, "receipt.customer_id", lambda w, h: sales.pay_order(w, h.strange, h.order)),
    (ReceiptIsReversed, "receipt.reversed_on", lambda w, h: sales.pay_order(w, h.bounced, h.order)),
    (NotFound, "", lambda w, h: sales.pay_order(w, h.foreign.receipt, h.order)),
    (NotFound, "", lambda w, h: sales.pay_instalment(w, h.receipt, h.foreign.plan)),
    (
        OverAllocated,
        "receipt.unallocated",
        lambda w, h: sales.refund_receipt(w, h.receipt, cny("501"), reason="x"),
    ),
    (
        MixedCurrencies,
        "amount",
        lambda w, h: sales.refund_receipt(w, h.receipt, Money("1", "USD"), reason="x"),
    ),
    (
        PlanDoesNotAddUp,
        "parts.amount",
        lambda w, h: sales.plan_order(w, h.draft, [Part(label="x", amount=cny("1"), due_on=DAY)]),
    ),
    (
        MixedCurrencies,
        "parts.amount",
        lambda w, h: sales.plan_order(
            w, h.draft, [Part(label="x", amount=Money("1", "USD"), due_on=DAY)]
        ),
    ),
    (InvalidValue, "parts.amount", lambda w, h: Part(label="x", amount=cny("-1"), due_on=DAY)),
    (
        Duplicate,
        "payment_plan.order_id",
        lambda w, h: sales.plan_order(
            w, h.order, [Part(label="x", percent=Decimal(100), due_on=DAY)]
        ),
    ),
    (MilestoneReached, "instalment.due_on", lambda w, h: sales.reach_milestone(w, h.plan, DAY)),
    (
        InvalidValue,
        "credit_limit.amount",
        lambda w, h: sales.set_credit_limit(w, h.customer, cny("-1")),
    ),
    (
        InvalidValue,
        "terms.ends_on",
        lambda w, h: ContractTerms(starts_on=DAY, ends_on=date(2026, 1, 1)),
    ),
    (
        OutOfRange,
        "terms.notice_days",
        lambda w, h: ContractTerms(starts_on=DAY, notice_days=-1),
    ),
)
AGAIN_AND_AGAIN: tuple[Case, ...] = (
    (InvalidValue, "terms.quantity", lambda w, h: terms(-1)),
    (InvalidValue, "terms.price", lambda w, h: terms(1, cny("-1"))),
    (NotFound, "", lambda w, h: running.start_subscription(w, h.foreign.customer, terms())),
    (
        InvalidValue,
        "subscription.trial_until",
        lambda w, h: running.start_subscription(
            w, h.customer, terms(), on=DAY, trial_until=date(2026, 1, 1)
        ),
    ),
    (
        MixedCurrencies,
        "terms.price",
        lambda w, h: running.change_subscription(
            w, h.subscription, terms(1, Money("1", "USD")), on=DAY
        ),
    ),
    (
        InvalidValue,
        "fact.on",
        lambda w, h: running.pause_subscription(w, h.subscription, on=date(2026, 3, 1)),
    ),
    (
        SubscriptionNotRunning,
        "subscription.facts",
        lambda w, h: running.resume_subscription(w, h.subscription, on=DAY),
    ),
    (
        SubscriptionIsOver,
        "subscription.facts",
        lambda w, h: running.change_subscription(w, h.ended, terms(2), on=DAY),
    ),
    (NotFound, "", lambda w, h: running.cancel_subscription(w, h.foreign.subscription)),
    (InvalidValue, "month", lambda w, h: running.mrr_bridge(w, 2026, 13)),
)
AHEAD: tuple[Case, ...] = (
    (ExchangeRateUnknown, "exchange_rate.day", lambda w, h: reporting.forecast(w, Q2, into="CNY")),
    (
        ExchangeRateUnknown,
        "exchange_rate.day",
        lambda w, h: snapshots.take_snapshot(w, "19", into="CNY"),
    ),
    (InvalidValue, "currency", lambda w, h: reporting.forecast(w, Q2, into="XYZ")),
    (InvalidValue, "span.last", lambda w, h: Span(first=DAY, last=date(2026, 1, 1))),
    (InvalidValue, "bands", lambda w, h: reporting.age_deals(w, into="USD", bands=(9, 3))),
    (NotFound, "", lambda w, h: reporting.funnel(w, h.foreign.pipeline, into="USD")),
    (InvalidValue, "quota.user_id", lambda w, h: quotas.set_quota(w, cny("1"), Q2)),
    (NotFound, "", lambda w, h: quotas.set_quota(w, cny("1"), Q2, user=NOBODY)),
    (
        NotFound,
        "",
        lambda w, h: quotas.judge_forecast(
            w, NOBODY, Q2, ForecastCategory.COMMIT, cny("1"), reason="x"
        ),
    ),
    (
        InvalidValue,
        "exchange_rate.rate",
        lambda w, h: sales.set_exchange_rate(w, "USD", "CNY", Decimal(-7)),
    ),
    (InvalidValue, "currency", lambda w, h: sales.set_exchange_rate(w, "US", "CNY", Decimal(7))),
    (
        InvalidValue,
        "commission_refund.amount",
        lambda w, h: paying.record_refund(w, h.deal, Money("-1", "USD"), reason="x"),
    ),
    (
        MixedCurrencies,
        "commission_refund.amount",
        lambda w, h: paying.record_refund(w, h.deal, cny("1"), reason="x"),
    ),
    (NotFound, "", lambda w, h: paying.record_refund(w, h.foreign.deal, cny("1"), reason="x")),
    (SpanIsPaid, "span", lambda w, h: payouts.pay_commission(w, h.commission, Q2)),
)


def everything(crm: CRM, tenant: str) -> dict[str, Any]:
    """Return all that a tenant keeps."""
    with crm.work(by="li", tenant=tenant, read_only=True) as work:
        return {
            spec.name: sorted((one.id, one.version) for one in work.of(spec.cls).find())
            for spec in work.registry
            if hasattr(spec.cls, "events")
        }


def test_each_wrong_call_is_one_clear_error(ready_url: str, tenant: str) -> None:
    """Each names its place and is of its kind; afterwards everything is as it was before."""
    with CRM.open(ready_url) as crm:
        with crm.work(by="li", tenant=f"{tenant}x") as work:
            foreign = stock(work, None)
        with crm.work(by="li", tenant=tenant) as work:
            house = stock(work, foreign)
        before, wrong = everything(crm, tenant), []
        for number, case in enumerate((*ORDERS, *MONEY, *AGAIN_AND_AGAIN, *AHEAD)):
            told = outcome(crm, tenant, house, case)
            if told:
                wrong.append(f"{number}: {told}")
        assert "\n".join(wrong) == ""
        assert everything(crm, tenant) == before


def outcome(crm: CRM, tenant: str, house: House, case: Case) -> str:
    """Return what is wrong about the error of a case."""
    kind, path, call = case
    try:
        with crm.work(by="li", tenant=tenant) as work:
            call(work, house)
    except CrmkitError as error:
        if type(error) is not kind or (path and error.path != path) or not str(error):
            return f"{type(error).__name__} at {error.path!r}, not {kind.__name__} at {path!r}"
        return ""
    except Exception as error:  # noqa: BLE001 - told as a failure of the case
        return f"{type(error).__name__}: {error}"
    return f"nothing is wrong, not {kind.__name__} at {path!r}"
