"""Laws of orders, plans and ageing, without any store."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.money import Money
from crmkit.domain.sales.invoice import Invoice, InvoiceId
from crmkit.domain.sales.order import Order
from crmkit.domain.sales.order_events import AmendmentTooSmall, OrderId, OverDelivered, OverInvoiced
from crmkit.domain.sales.order_line import (
    AgreedLine,
    LineChange,
    add_line,
    drop_line,
    replace_line,
    resize_line,
)
from crmkit.domain.sales.payment_plan import Part, amounts_of
from crmkit.domain.sales.receivable import age
from crmkit.errors import CrmkitError

AT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = AT.date()
QUANTITIES = st.integers(1, 10_000_000).map(lambda count: Decimal(count) / 1000)
KEYS = st.sampled_from("123")


@st.composite
def lines(draw: st.DrawFn, key: str = "1") -> AgreedLine:
    """Draw a line in yuan."""
    minor = st.integers(0, 10**10)
    return AgreedLine(
        key=key,
        name="车床",
        quantity=draw(QUANTITIES),
        net=Money.from_minor(draw(minor), "CNY"),
        tax=Money.from_minor(draw(minor), "CNY"),
    )


def changes() -> st.SearchStrategy[LineChange]:
    """Draw a change of any kind, which may fit or not."""
    return KEYS.flatmap(
        lambda key: st.one_of(
            lines(key).map(add_line),
            lines(key).map(replace_line),
            QUANTITIES.map(lambda quantity: resize_line(key, quantity)),
            st.just(drop_line(key)),
        )
    )


def ordered(*agreed: AgreedLine) -> Order:
    """Confirm an order."""
    made = Order(id=OrderId(uuid4()), currency="CNY", original=agreed)
    return made.confirm(at=AT)


@given(lines(), st.lists(st.lists(changes(), min_size=1, max_size=3), max_size=8))
def test_amendments_replay_to_any_version(line: AgreedLine, wished: list[list[LineChange]]) -> None:
    """Whatever was agreed at a version is what its replay gives, whatever was refused between."""
    order = ordered(line)
    seen = [order.lines]
    for wish in wished:
        try:
            order = order.amend(wish, at=AT, by="li", reason="")
        except CrmkitError:
            continue
        seen.append(order.lines)
    assert [order.at_version(number) for number in range(len(seen))] == seen


@given(lines(), st.lists(st.integers(1, 100), min_size=1, max_size=9))
def test_invoices_in_parts_add_up_to_the_line(line: AgreedLine, weights: list[int]) -> None:
    """However a line is cut, its invoices are its net and its tax to the last unit."""
    unit = Decimal("0.000001")
    step = (line.quantity / sum(weights)).quantize(unit, "ROUND_DOWN")
    cuts = [step * weight for weight in weights]
    cuts[-1] += line.quantity - sum(cuts)
    order, billed = ordered(line), []
    for cut in cuts:
        order, parts = order.bill({"1": cut})
        billed += parts
    assert Money.total((part.net for part in billed), "CNY") == line.net
    assert Money.total((part.tax for part in billed), "CNY") == line.tax
    assert order.open_amount == Money(0, "CNY")
    with pytest.raises(OverInvoiced):
        order.bill({"1": unit})


@given(lines(), st.lists(st.integers(1, 100), min_size=1, max_size=9))
def test_red_letters_in_parts_add_up_to_the_invoice(line: AgreedLine, weights: list[int]) -> None:
    """However an invoice is taken back, its red letters are all of it to the last unit."""
    order, billed = ordered(line).bill({"1": line.quantity})
    bill = Invoice.of(billed, id=InvoiceId(uuid4()), number="1", order_id=order.id, issued_on=DAY)
    step = (line.quantity / sum(weights)).quantize(Decimal("0.000001"), "ROUND_DOWN")
    cuts = [step * weight for weight in weights]
    cuts[-1] += line.quantity - sum(cuts)
    reds = []
    for cut in cuts:
        assert bill.reversed_on is None
        bill, red = bill.credit({"1": cut}, InvoiceId(uuid4()), "2", DAY)
        order = order.unbill(red.lines)
        reds.append(red.gross)
        assert bill.worth == bill.gross + Money.total(reds)
    assert (bill.reversed_on, bill.left) == (DAY, {})
    assert Money.total(reds) == -bill.gross
    assert order == ordered(line).evolve(id=order.id)


@given(
    lines(),
    st.lists(
        st.tuples(st.sampled_from(("out", "back", "bill", "resize", "cancel")), QUANTITIES),
        max_size=15,
    ),
)
def test_an_order_does_what_a_plain_model_does(
    line: AgreedLine, steps: list[tuple[str, Decimal]]
) -> None:
    """Deliveries, returns, invoices, amendments and cancelling agree with counting by hand."""
    order, agreed, out, billed, gone = ordered(line), line.quantity, Decimal(0), Decimal(0), False
    for step, quantity in steps:
        done, limit = max(out, billed), agreed
        try:
            if step == "cancel":
                order = order.cancel("", at=AT)
                agreed, gone = done, True
            elif step == "resize":
                if gone:
                    continue
                order = order.amend([resize_line("1", quantity)], at=AT, by="li", reason="")
                assert quantity >= done
                agreed = quantity
            elif step == "bill":
                order, _ = order.bill({"1": quantity})
                billed += quantity
                assert billed <= limit
            else:
                order = order.move({"1": quantity}, is_return=step == "back")
                out += -quantity if step == "back" else quantity
                assert 0 <= out <= limit
        except (OverDelivered, OverInvoiced):
            wanted = {"out": out + quantity, "bill": billed + quantity}
            assert quantity > out if step == "back" else wanted[step] > limit
        except AmendmentTooSmall:
            assert quantity < done
        if order.cancelled_at is not None:
            return
        part = order.progress[0]
        assert (part.delivered, part.invoiced) == (out, billed)
        is_out = out >= agreed
        expected = ("completed" if billed >= agreed else "delivered") if is_out else None
        assert order.status == (expected or ("partly_delivered" if out else "confirmed"))


@given(
    st.sampled_from(sorted(EXPONENTS)),
    st.integers(1, 10**12),
    st.lists(st.integers(1, 99), min_size=1, max_size=12),
    st.integers(0, 10**6),
)
def test_instalments_are_exactly_the_total_in_any_currency(
    currency: str, minor: int, cuts: list[int], fixed: int
) -> None:
    """Percentages that are 100 together share out what no amount is named for, to the last unit."""
    bounds = [0, *sorted(set(cuts)), 100]
    percents = [Decimal(high - low) for low, high in pairwise(bounds)]
    total = Money.from_minor(minor + fixed, currency)
    parts = [Part(label="x", percent=percent, due_on=DAY) for percent in percents]
    if fixed:
        parts.append(Part(label="y", amount=Money.from_minor(fixed, currency), milestone="验收"))
    amounts = amounts_of(total, parts)
    assert Money.total(amounts) == total
    assert all(amount.minor >= 0 for amount in amounts)


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-200, 200).map(lambda days: DAY + timedelta(days)),
            st.integers(-(10**9), 10**9),
            st.sampled_from(("CNY", "JPY", "KWD")),
        )
    )
)
def test_buckets_add_up_to_what_is_open(rows: list[tuple[date | None, int, str]]) -> None:
    """Every sum is in exactly one bucket, of its own currency."""
    sums = [(due, Money.from_minor(minor, currency)) for due, minor, currency in rows]
    for currency, found in age(sums, DAY).items():
        mine = [amount for _, amount in sums if amount.currency == currency]
        assert found.total == Money.total(mine)


@pytest.mark.parametrize(
    ("late", "bucket"),
    [
        *((0, "not_due"), (-5, "not_due"), (1, "days_1_to_30"), (30, "days_1_to_30")),
        *((31, "days_31_to_60"), (60, "days_31_to_60"), (61, "days_61_to_90")),
        *((90, "days_61_to_90"), (91, "over_90")),
    ],
)
def test_buckets_change_on_the_right_day(late: int, bucket: str) -> None:
    """What is due today is not late; 30, 60 and 90 days belong to the bucket that ends there."""
    one = Money(1, "CNY")
    found = age([(DAY - timedelta(late), one)], DAY)["CNY"]
    assert getattr(found, bucket) == one
