"""Price lists: which price answers, what may overlap, and what happens when two publish at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.price_book import BookPrice, PriceBook, slices
from crmkit.domain.sales.price_list import (
    PriceEntry,
    PriceEntryId,
    PriceListAlreadyPublished,
    PriceListId,
    PriceListNotPublished,
    PriceListPublished,
    PricesOverlap,
    PriceTier,
    TierMode,
)
from crmkit.domain.sales.product import Product
from crmkit.errors import CrmkitError, InvalidFilter, InvalidValue
from crmkit.services import parties, sales
from crmkit.work import UnitOfWork
from tests.services.pricing.desk import Desk

YEAR: dict[str, Any] = {
    "currency": "CNY",
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2026, 12, 31),
}
DAY = date(2026, 6, 1)


def tiers(*pairs: tuple[int, str]) -> tuple[PriceTier, ...]:
    """Make tiers of quantities and prices."""
    return tuple(PriceTier(from_quantity=Decimal(q), price=Decimal(p)) for q, p in pairs)


def test_lists_answer_in_the_declared_order(desk: Desk) -> None:
    """The customer's own, then the segment's, then everyone's, the higher priority first."""
    with desk.work() as unit:
        luxi = parties.register_customer(unit, "鲁西", tags=("vip",))
        other = parties.register_customer(unit, "东阿")
        bolt = sales.add_product(unit, "螺栓", category="紧固件")
        vip = where(Customer).tags.has_any(["vip"])
        made = {
            "everyone": sales.write_price_list(unit, "everyone", **YEAR),
            "promotion": sales.write_price_list(unit, "promotion", priority=1, **YEAR),
            "vip": sales.write_price_list(unit, "vip", segment=vip, **YEAR),
            "own": sales.write_price_list(unit, "own", customer_id=luxi.id, **YEAR),
        }
        prices = {"everyone": "4", "promotion": "3", "vip": "2", "own": "1"}
        for name, price in prices.items():
            sales.add_price(unit, made[name].id, Decimal(price), product_id=bolt.id)

    def asked(customer: Customer | None) -> str | None:
        with desk.work() as unit:
            buyer = None if customer is None else customer.id
            book = sales.price_book(unit, [bolt], currency="CNY", day=DAY, customer=buyer)
            found = book.price_of(bolt, Decimal(1))
            return None if found is None else found.price_list.name

    def publish(name: str) -> None:
        with desk.work() as unit:
            sales.publish_price_list(unit, made[name].id)

    assert asked(luxi) is None
    publish("everyone")
    assert asked(luxi) == "everyone"
    publish("promotion")
    assert asked(luxi) == "promotion"
    publish("vip")
    publish("own")
    assert [asked(buyer) for buyer in (luxi, other, None)] == ["own", "promotion", "promotion"]
    with desk.work() as unit:
        sales.withdraw_price_list(unit, made["own"].id)
    assert asked(luxi) == "vip"


def test_the_nearest_entry_of_a_list_answers(near_desk: Desk) -> None:
    """A variant's own price, its product's, its category's, then that of everything."""
    with near_desk.work() as unit:
        motor = sales.add_product(unit, "电机", category="驱动")
        [small] = sales.make_variants(unit, motor.id, {"功率": ["3kW"]})
        listed = sales.write_price_list(unit, "2026", **YEAR)
        targets: list[dict[str, Any]] = [
            {},
            {"category": "驱动"},
            {"product_id": motor.id},
            {"product_id": small.id},
        ]
        found = []
        for price, target in enumerate(targets, 1):
            sales.add_price(unit, listed.id, Decimal(price), **target)
            entries = unit.price_entries.find()
            answered = PriceBook([listed], entries, day=DAY).price_of(small, Decimal(1))
            assert answered
            assert answered.tier
            found.append(answered.tier.price)
    assert found == [1, 2, 3, 4]


def test_lists_that_did_not_answer_say_why(near_desk: Desk) -> None:
    """Below the first tier, and without a price of the product."""
    with near_desk.work() as unit:
        bolt = sales.add_product(unit, "螺栓")
        high = sales.write_price_list(unit, "bulk", priority=2, **YEAR)
        none = sales.write_price_list(unit, "other goods", priority=1, **YEAR)
        usual = sales.write_price_list(unit, "usual", **YEAR)
        sales.add_price(unit, high.id, tiers((1000, "0.8")), product_id=bolt.id)
        sales.add_price(unit, usual.id, Decimal("0.0375"), product_id=bolt.id)
        for each in (high, none, usual):
            sales.publish_price_list(unit, each.id)
        book = sales.price_book(unit, [bolt], currency="CNY", day=DAY)
    passed = [(over.price_list.name, over.reason) for over in book.passed_over(bolt, Decimal(5))]
    assert passed == [("bulk", "begins at 1000"), ("other goods", "has no price of 螺栓")]
    answered = book.price_of(bolt, Decimal(5))
    assert isinstance(answered, BookPrice)
    assert answered.price_list.name == "usual"
    assert book.passed_over(bolt, Decimal(2000)) == []


def test_overlaps_are_refused_at_publishing(desk: Desk) -> None:
    """Two prices of one thing on one day, within a list or between two, never come into use."""
    with desk.work() as unit:
        bolt = sales.add_product(unit, "螺栓")
        first = sales.write_price_list(unit, "2026", **YEAR)
        sales.add_price(unit, first.id, Decimal(3), product_id=bolt.id, valid_to=date(2026, 3, 31))
        twice = sales.add_price(unit, first.id, Decimal(4), product_id=bolt.id, valid_from=DAY)
        late = sales.add_price(
            unit, first.id, Decimal(5), product_id=bolt.id, valid_from=date(2026, 3, 31)
        )
    with pytest.raises(PricesOverlap), desk.work() as unit:
        sales.publish_price_list(unit, first.id)
    with desk.work() as unit:
        for entry in (twice, late):
            sales.remove_price(unit, entry.id)
        sales.add_price(unit, first.id, Decimal(4), product_id=bolt.id, valid_from=date(2026, 4, 1))
        published = sales.publish_price_list(unit, first.id)
        assert PriceListPublished(price_list_id=first.id) in unit.events
        second = sales.write_price_list(
            unit, "autumn", currency="CNY", valid_from=date(2026, 12, 31)
        )
    with pytest.raises(PricesOverlap, match="autumn holds for the same sales"), desk.work() as unit:
        sales.publish_price_list(unit, second.id)
    with desk.work() as unit:
        assert unit.price_lists.get(first.id) == published
        sales.publish_price_list(
            unit,
            sales.write_price_list(unit, "2027", currency="CNY", valid_from=date(2027, 1, 1)).id,
        )


def test_of_rivals_published_at_once_one_wins(desk: Desk) -> None:
    """Four threads write and publish lists for the same sales: only one comes into use."""

    def publish(unit: UnitOfWork, name: str) -> None:
        made = sales.write_price_list(unit, name, **YEAR)
        sales.publish_price_list(unit, made.id)

    def call(name: str) -> bool:
        try:
            desk.run(publish, name)
        except PricesOverlap:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(call, "甲乙丙丁")) == [False, False, False, True]
    with desk.work() as unit:
        assert [found.is_in_use for found in unit.price_lists.find()] == [True]


def test_a_published_list_stays_as_it_is(desk: Desk) -> None:
    """Neither are prices added nor taken out, nor is it published again."""
    with desk.work() as unit:
        made = sales.write_price_list(unit, "2026", **YEAR)
        entry = sales.add_price(unit, made.id, percent_off=Decimal("7.5"))
        sales.publish_price_list(unit, made.id)
    calls: list[Callable[[UnitOfWork], object]] = [
        lambda unit: sales.add_price(unit, made.id, Decimal(1)),
        lambda unit: sales.remove_price(unit, entry.id),
        lambda unit: sales.publish_price_list(unit, made.id),
    ]
    for call in calls:
        with pytest.raises(PriceListAlreadyPublished) as caught, desk.work() as unit:
            call(unit)
        assert caught.value.path == "price_list.published_at"
    with desk.work() as unit:
        assert unit.price_entries.get(entry.id) == entry
        sales.withdraw_price_list(unit, made.id)
    with pytest.raises(PriceListNotPublished), desk.work() as unit:
        sales.withdraw_price_list(unit, made.id)


def test_wrong_lists_and_prices_name_the_field(near_desk: Desk) -> None:
    """Each is refused by one error that says where."""
    with near_desk.work() as unit:
        luxi = parties.register_customer(unit, "鲁西")
        made = sales.write_price_list(unit, "2026", **YEAR)
        bolt = sales.add_product(unit, "螺栓")
    lists: list[tuple[dict[str, Any], type[CrmkitError], str]] = [
        ({"currency": "RMB"}, InvalidValue, "currency"),
        ({"valid_to": date(2025, 1, 1)}, InvalidValue, "price_list.valid_to"),
        (
            {"customer_id": luxi.id, "segment": where(Customer).name.eq("x")},
            InvalidValue,
            "price_list.segment",
        ),
        ({"segment": where(Product).name.eq("x")}, InvalidFilter, "name"),
    ]
    for fields, error, path in lists:
        with pytest.raises(error) as caught, near_desk.work() as unit:
            sales.write_price_list(unit, "x", **{**YEAR, **fields})
        assert caught.value.path == path
    prices: list[tuple[dict[str, Any], str]] = [
        ({}, "price_entry.tiers"),
        ({"tiers": Decimal(1), "percent_off": Decimal(1)}, "price_entry.tiers"),
        ({"tiers": tiers((5, "1"), (5, "2"))}, "price_entry.tiers"),
        ({"tiers": tiers((5, "1")), "mode": TierMode.GRADUATED}, "price_entry.tiers"),
        ({"tiers": Decimal(1), "product_id": bolt.id, "category": "x"}, "price_entry.category"),
        ({"percent_off": Decimal(101)}, "price_entry.percent_off"),
    ]
    for fields, path in prices:
        with pytest.raises(InvalidValue) as caught, near_desk.work() as unit:
            sales.add_price(unit, made.id, **fields)
        assert caught.value.path == path
    for price, quantity in ((-1, 0), (1, -1)):
        with pytest.raises(InvalidValue, match="below zero"):
            PriceTier(price=Decimal(price), from_quantity=Decimal(quantity))


@given(
    ends=st.lists(st.integers(1, 1000), min_size=1, max_size=6, unique=True),
    quantity=st.decimals("0.001", 2000, places=3),
)
def test_graduated_slices_make_up_the_quantity(ends: list[int], quantity: Decimal) -> None:
    """Each slice has the price of its tier, and together they are what was ordered."""
    steps = tiers((0, "10"), *((end, str(9 - at)) for at, end in enumerate(sorted(ends))))
    graduated = _entry(steps, TierMode.GRADUATED)
    parts = slices(graduated, quantity)
    assert sum(part for part, _price in parts) == quantity
    assert [price for _part, price in parts] == [tier.price for tier in steps[: len(parts)]]
    [(whole, price)] = slices(_entry(steps, TierMode.VOLUME), quantity)
    assert (whole, price) == (quantity, max(steps[: _reached(steps, quantity)], key=_from).price)


def _entry(steps: tuple[PriceTier, ...], mode: TierMode) -> PriceEntry:
    nobody = UUID(int=0)
    return PriceEntry(
        id=PriceEntryId(nobody), price_list_id=PriceListId(nobody), tiers=steps, mode=mode
    )


def _reached(steps: tuple[PriceTier, ...], quantity: Decimal) -> int:
    return sum(tier.from_quantity <= quantity for tier in steps)


def _from(tier: PriceTier) -> Decimal:
    return tier.from_quantity
