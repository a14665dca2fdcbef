"""The price book: the lists that hold for one customer on one day, and which of them answers.

Asked is first the customer's own list, then those of segments, then those for everyone; among
lists for the same audience the one of higher priority. Within a list a product comes before the
product that it is a variant of, that before its category, and that before everything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.sales.millionths import short
from crmkit.domain.sales.price_list import PriceEntry, PriceList, PriceListId, PriceTier, TierMode
from crmkit.domain.sales.product import Product

Target = tuple[UUID | None, str | None]


@attrs.frozen
class BookPrice:
    """The entry that answered, the list that it stands in, and the reached tier."""

    price_list: PriceList
    entry: PriceEntry
    tier: PriceTier | None


@attrs.frozen
class PassedOver:
    """A list that did not answer, and why."""

    price_list: PriceList
    reason: str


class PriceBook:
    """The lists for one customer, one currency and one day, in the order in which they answer."""

    def __init__(
        self, lists: Iterable[PriceList], entries: Iterable[PriceEntry], *, day: date
    ) -> None:
        """Take the lists that hold for the customer, and those of their entries in question."""
        self._lists = ordered(lists)
        self._entries: dict[PriceListId, dict[Target, PriceEntry]] = {}
        for entry in entries:
            if entry.holds_on(day):
                self._entries.setdefault(entry.price_list_id, {})[entry.target] = entry

    def price_of(self, product: Product, quantity: Decimal) -> BookPrice | None:
        """Return the price that holds for a quantity of a product, None when no list has one."""
        for price_list in self._lists:
            for entry in self._answers(price_list, product):
                tier = reached(entry, quantity)
                if tier is not None or not entry.tiers:
                    return BookPrice(price_list, entry, tier)
        return None

    def passed_over(self, product: Product, quantity: Decimal) -> list[PassedOver]:
        """Return the lists asked before the one that answered, each with the reason why not it."""
        found = self.price_of(product, quantity)
        passed: list[PassedOver] = []
        for price_list in self._lists:
            if found is not None and price_list is found.price_list:
                break
            known = next(self._answers(price_list, product), None)
            reason = (
                f"has no price of {product.name}"
                if known is None
                else f"begins at {short(known.tiers[0].from_quantity)}"
            )
            passed.append(PassedOver(price_list, reason))
        return passed

    def _answers(self, price_list: PriceList, product: Product) -> Iterator[PriceEntry]:
        entries: Mapping[Target, PriceEntry] = self._entries.get(price_list.id, {})
        for target in targets(product):
            entry = entries.get(target)
            if entry is not None:
                yield entry


def ordered(lists: Iterable[PriceList]) -> Sequence[PriceList]:
    """Return lists in the order in which they are asked."""
    return sorted(lists, key=_rank)


def targets(product: Product) -> list[Target]:
    """Return what an entry for a product may be about, the nearest first."""
    found: list[Target] = [(product.id, None)]
    if product.variant_of_id is not None:
        found.append((product.variant_of_id, None))
    if product.category is not None:
        found.append((None, product.category))
    found.append((None, None))
    return found


def reached(entry: PriceEntry, quantity: Decimal) -> PriceTier | None:
    """Return the highest tier that a quantity reaches."""
    found = None
    for tier in entry.tiers:
        if tier.from_quantity > quantity:
            break
        found = tier
    return found


def slices(entry: PriceEntry, quantity: Decimal) -> list[tuple[Decimal, Decimal]]:
    """Return quantities with their unit prices: one slice by volume, one a tier when graduated."""
    tier = reached(entry, quantity)
    if tier is None:
        return []
    if entry.mode is TierMode.VOLUME:
        return [(quantity, tier.price)]
    ends = [tier.from_quantity for tier in entry.tiers[1:]]
    cut = [
        (min(end, quantity) - tier.from_quantity, tier.price)
        for tier, end in zip(entry.tiers, [*ends, quantity], strict=True)
    ]
    return [(part, price) for part, price in cut if part > 0]


def _rank(price_list: PriceList) -> tuple[Any, ...]:
    return (price_list.audience, -price_list.priority, price_list.name)
