"""Prices: the waterfall of a line leads from the list price to what is paid, without a gap."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.currencies import EXPONENTS
from crmkit.domain.money import Money
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.options import OptionChoice, OptionGroup, OptionsConflict
from crmkit.domain.sales.price_book import PriceBook
from crmkit.domain.sales.price_floors import percent_off
from crmkit.domain.sales.price_list import (
    PriceEntry,
    PriceEntryId,
    PriceList,
    PriceListId,
    PriceTier,
    TierMode,
)
from crmkit.domain.sales.pricing import NO_BOOK, PriceUnknown, Pricing
from crmkit.domain.sales.product import Component, Product, ProductId, ProductKind
from crmkit.domain.sales.quote_line import (
    DraftLine,
    PriceSource,
    QuoteLine,
    StepKind,
    item,
    section,
    subtotal,
)
from crmkit.domain.sales.quoting import price_lines
from crmkit.domain.sales.settling import TaxRounding, Terms
from crmkit.domain.sales.tax_rate import TaxTable
from crmkit.errors import MixedCurrencies, NotFound

DAY = date(2026, 6, 1)
GOODS = ("goods", "basics", "services", "small_scale", "export")


def product(number: int, price: str | None = "100", **fields: Any) -> Product:
    """Make a product with a list price in CNY."""
    listed = None if price is None else Money(price, "CNY")
    made = {"list_price": listed, "tax_kind": "goods", **fields}
    return Product(id=ProductId(UUID(int=number)), name=f"产品 {number}", **made)


def listed(*entries: PriceEntry, currency: str = "CNY", **fields: Any) -> PriceBook:
    """Make a book of one list."""
    one = PriceList(
        id=PriceListId(UUID(int=1)), name="2026", currency=currency, valid_from=DAY, **fields
    )
    return PriceBook([one], entries, day=DAY)


def entry(*tiers: tuple[str, str], **fields: Any) -> PriceEntry:
    """Make an entry for everything, or for what `fields` say."""
    steps = tuple(PriceTier(from_quantity=Decimal(q), price=Decimal(p)) for q, p in tiers)
    return PriceEntry(
        id=PriceEntryId(UUID(int=9)), price_list_id=PriceListId(UUID(int=1)), tiers=steps, **fields
    )


def priced(
    *drafts: DraftLine,
    products: Sequence[Product] = (),
    book: PriceBook = NO_BOOK,
    **terms: Any,
) -> tuple[QuoteLine, ...]:
    """Price lines in CNY."""
    pricing = Pricing(
        day=DAY,
        currency="CNY",
        tax_included=terms.get("tax_included", False),
        products={one.id: one for one in products},
        taxes=TaxTable(CHINESE_VAT),
        book=book,
    )
    return price_lines(drafts, pricing, Terms(currency="CNY", **terms)).lines


def steps_of(line: QuoteLine) -> list[tuple[str, Decimal | None, Decimal]]:
    """Return kind, unit price and amount of each step."""
    return [(step.kind.value, step.unit_price, step.amount.amount) for step in line.steps]


def test_each_step_of_a_price_is_told() -> None:
    """List, book, tier, discounts, tax: with unit prices, sources and the record of the rule."""
    bolt = product(1, "0.50")
    book = listed(entry(("0", "0.48"), ("1000", "0.45")))
    discount = Discount(percent=Decimal(10), reason="样品")
    [line] = priced(item(bolt.id, 2000, discount=discount), products=[bolt], book=book)
    assert steps_of(line) == [
        ("list", Decimal("0.5"), 1000),
        ("book", Decimal("0.48"), 960),
        ("tier", Decimal("0.45"), 900),
        ("discount", None, 810),
        ("tax", None, Decimal("915.30")),
    ]
    assert [step.source for step in line.steps[1:4]] == ["2026", "2026: from 1000", "10 %: 样品"]
    assert line.steps[2].record_id == UUID(int=9)
    assert line.price_source is PriceSource.BOOK
    assert percent_off(line) == 10
    assert "tier at 0.45: 900.00 CNY (2026: from 1000)" in line.explain()


def test_graduated_tiers_price_each_slice() -> None:
    """The unit price shown is the mean, the amount is that of the slices."""
    bolt = product(1, None)
    book = listed(entry(("0", "3"), ("100", "2"), ("200", "1"), mode=TierMode.GRADUATED))
    [line] = priced(item(bolt.id, 250), products=[bolt], book=book)
    assert line.amount == Money(550, "CNY")
    assert line.unit_price == Decimal("2.2")
    assert line.steps[1].source == "2026: 100 at 3, 100 at 2, 50 at 1"


def test_a_percentage_off_the_list_price() -> None:
    """Needs a list price; without one the entry says nothing."""
    lathe, free = product(1, "98000"), product(2, None)
    book = listed(entry(percent_off=Decimal("7.5")))
    [line] = priced(item(lathe.id), products=[lathe], book=book)
    assert steps_of(line)[1] == ("book", Decimal(90650), 90650)
    assert line.steps[1].source == "2026: 7.5 % off the list price"
    with pytest.raises(PriceUnknown):
        priced(item(free.id), products=[free], book=book)


def test_a_list_with_tax_serves_a_quote_without_and_the_other_way_round() -> None:
    """11.30 with 13 % is 10.00 without, and comes back."""
    bolt = product(1, None)
    entries = entry(("0", "11.30"), floor=Decimal("9.04"))
    [net] = priced(item(bolt.id, 7), products=[bolt], book=listed(entries, tax_included=True))
    assert (net.unit_price, net.net, net.gross, net.floor) == (
        10,
        Money(70, "CNY"),
        Money("79.10", "CNY"),
        8,
    )
    [gross] = priced(
        item(bolt.id, 7), products=[bolt], book=listed(entry(("0", "10"))), tax_included=True
    )
    assert (gross.unit_price, gross.net, gross.gross) == (
        Decimal("11.3"),
        Money(70, "CNY"),
        Money("79.10", "CNY"),
    )
    assert gross.steps[-1].source == "13 % included"


def test_options_add_their_surcharge() -> None:
    """To the unit price, by name; a choice that cannot be built, or in dollars, is refused."""
    servo = OptionChoice(code="servo", name="伺服", surcharge=Money(8000, "CNY"))
    group = OptionGroup(name="驱动", choices=(servo,), least=1)
    lathe = product(1, None, options=(group,))
    book = listed(entry(("0", "98000")))
    [line] = priced(item(lathe.id, 2, options=("servo",)), products=[lathe], book=book)
    assert steps_of(line)[1] == ("options", Decimal(106000), 212000)
    assert line.steps[1].source == "伺服"
    with pytest.raises(OptionsConflict):
        priced(item(lathe.id), products=[lathe], book=book)
    with pytest.raises(PriceUnknown):
        priced(item(lathe.id, options=("servo",)), products=[lathe])
    dollars = attrs.evolve(servo, surcharge=Money(1, "USD"))
    foreign = product(1, None, options=(attrs.evolve(group, choices=(dollars,)),))
    with pytest.raises(MixedCurrencies) as caught:
        priced(item(foreign.id, options=("servo",)), products=[foreign], book=book)
    assert caught.value.path == "lines.1.options"


def test_options_keep_the_slices_of_a_graduated_price() -> None:
    """The surcharge comes on top of what the slices cost, not of their rounded mean."""
    group = OptionGroup(name="x", choices=(OptionChoice(code="a", surcharge=Money(1, "CNY")),))
    bolt = product(1, None, options=(group,))
    book = listed(entry(("0", "1"), ("1", "0.3"), mode=TierMode.GRADUATED))
    [line] = priced(item(bolt.id, 700_000, options=("a",)), products=[bolt], book=book)
    assert line.amount == Money("910000.70", "CNY")


def test_variants_and_bundles_cost_what_stands_behind_them() -> None:
    """A variant its product's list price, a bundle the sum of its parts, by the book."""
    motor = product(1, "100", cost=Money(60, "CNY"))
    variant = product(2, None, variant_of_id=motor.id)
    parts = (
        Component(product_id=motor.id, quantity=Decimal(2)),
        Component(product_id=variant.id, quantity=Decimal("0.5")),
    )
    bundle = product(3, None, kind=ProductKind.BUNDLE, components=parts)
    book = listed(entry(("0", "90"), product_id=motor.id))
    known = [motor, variant, bundle]
    first, second = priced(item(variant.id), item(bundle.id, 3), products=known)
    assert (first.list_price, second.list_price, second.amount) == (100, 250, Money(750, "CNY"))
    [booked] = priced(item(bundle.id), products=known, book=book)
    assert (booked.amount, booked.unit_cost) == (Money(225, "CNY"), None)
    [whole] = priced(
        item(bundle.id), products=[motor, bundle, attrs.evolve(variant, cost=motor.cost)]
    )
    assert whole.unit_cost == 150
    with pytest.raises(NotFound):
        priced(item(bundle.id), products=[bundle])


def test_tax_rounded_on_the_document_leaves_a_step_on_the_line() -> None:
    """What a line pays more or less than its own tax is told as rounding."""
    drafts = [item("x", price=Decimal("0.33"), tax_kind="goods")] * 3
    lines = priced(*drafts, rounding=TaxRounding.DOCUMENT)
    last = [line.steps[-1] for line in lines]
    assert [step.kind for step in last].count(StepKind.ROUNDING) == 1
    assert [step.amount for step in last] == [line.gross for line in lines]


def test_a_subtotal_adds_up_its_section() -> None:
    """Since the section began, without optional lines."""
    one = item("x", price=Decimal(1), tax_percent=Decimal(10))
    lines = priced(
        *(one, section("二"), one, attrs.evolve(one, is_optional=True), one, subtotal()),
        discount=Discount(percent=Decimal(50)),
    )
    assert (lines[-1].amount, lines[-1].net, lines[-1].gross) == (
        Money(2, "CNY"),
        Money(1, "CNY"),
        Money("1.10", "CNY"),
    )
    assert lines[3].gross == Money("1.10", "CNY")


@given(
    wanted=st.lists(
        st.tuples(
            st.decimals("0.001", 9999, places=3),
            st.decimals(0, 9999, places=6),
            st.sampled_from(GOODS),
            st.none() | st.decimals(0, 100, places=2),
        ),
        min_size=1,
        max_size=8,
    ),
    currency=st.sampled_from(sorted(EXPONENTS)),
    off=st.none() | st.decimals(0, 100, places=2),
    rounding=st.sampled_from(TaxRounding),
    included=st.booleans(),
)
def test_the_waterfall_leads_to_what_is_paid(
    wanted: list[tuple[Decimal, Decimal, str, Decimal | None]],
    currency: str,
    off: Decimal | None,
    rounding: TaxRounding,
    included: bool,
) -> None:
    """In any currency: the last step is the gross, and the grosses add up to the total."""
    drafts = [
        item("x", quantity, price=price, tax_kind=kind, discount=discount)
        for quantity, price, kind, discount in wanted
    ]
    terms = Terms(
        currency=currency,
        tax_included=included,
        rounding=rounding,
        discount=Discount.of(off),
    )
    pricing = Pricing(
        day=DAY, currency=currency, tax_included=included, taxes=TaxTable(CHINESE_VAT)
    )
    found = price_lines(drafts, pricing, terms)
    for line in found.lines:
        assert line.steps[-1].amount == line.gross
        assert line.net is not None
        assert line.tax is not None
        assert line.net + line.tax == line.gross
    grosses = [line.gross for line in found.lines if line.gross is not None]
    assert Money.total(grosses) == found.totals.gross
    with localcontext(prec=3):
        assert price_lines(drafts, pricing, terms) == found
