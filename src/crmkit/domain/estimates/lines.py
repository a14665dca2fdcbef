"""The lines of an estimate: quantity times unit price, each multiplied from cited factors."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final

import attrs

from crmkit.domain.estimates.figures import EXACT, Factor, product
from crmkit.domain.estimates.words import NO_WORDS, Label
from crmkit.domain.money import Money


class LineGroup(StrEnum):
    """What a line pays for."""

    SOFTWARE = "software"
    """Functions that are built; its effort follows the productivity."""
    SERVICES = "services"
    """Days of people: set-up, design, migration, deployment, training."""
    BOUGHT = "bought"
    """What is bought for the client."""
    UPKEEP = "upkeep"
    """Work after acceptance, by the year; its effort follows the productivity of upkeep."""


GROUPS: Final = {
    LineGroup.SOFTWARE: Label("Software", "软件功能"),
    LineGroup.SERVICES: Label("Services", "实施服务"),
    LineGroup.BOUGHT: Label("Bought for you", "代购"),
    LineGroup.UPKEEP: Label("Maintenance", "运维"),
}
POINTS: Final = Label("FP", "功能点")
DAYS: Final = Label("person-days", "人天")
PIECES: Final = Label("pieces", "项")


@attrs.frozen(kw_only=True)
class Draft:
    """A line before it is rounded: quantity and unit price in yuan are the products of factors."""

    key: str
    group: LineGroup
    label: Label
    unit: Label
    quantity_from: tuple[Factor, ...]
    price_from: tuple[Factor, ...]
    included: Label = NO_WORDS
    yearly: bool = False

    @property
    def quantity(self) -> Decimal:
        """Return the quantity, unrounded."""
        return product(factor.value for factor in self.quantity_from)

    @property
    def unit_price(self) -> Decimal:
        """Return the price of one unit in yuan, unrounded."""
        return product(factor.value for factor in self.price_from)

    @property
    def exact(self) -> Decimal:
        """Return the amount in yuan, unrounded."""
        return EXACT.multiply(self.quantity, self.unit_price)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Return all factors, those of the quantity first."""
        return self.quantity_from + self.price_from


@attrs.frozen(kw_only=True)
class EstimateLine:
    """One line with its amount to the fen; all amounts add up to the total."""

    draft: Draft
    quantity: Decimal
    price: Decimal
    exact: Decimal
    amount: Money

    @property
    def unit_price(self) -> Money:
        """Return the price of one unit, rounded to the fen."""
        return Money.rounded(self.price, "CNY")

    @property
    def key(self) -> str:
        """Name the line, the same in every estimate."""
        return self.draft.key

    @property
    def group(self) -> LineGroup:
        """Say what it pays for."""
        return self.draft.group

    @property
    def label(self) -> Label:
        """Name it for people."""
        return self.draft.label

    @property
    def unit(self) -> Label:
        """Return the unit of its quantity."""
        return self.draft.unit

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Return the factors that it is multiplied from."""
        return self.draft.factors

    @property
    def assumed(self) -> bool:
        """Say whether any factor is an assumption of the library."""
        return any(factor.assumed for factor in self.draft.factors)


def settle(drafts: Sequence[Draft]) -> tuple[tuple[EstimateLine, ...], Money]:
    """Round the sum once, and share it out so that the lines add up to it, to the fen.

    Each line is cut down to the fen; what is left over goes, a fen each, to the largest
    remainders, so that no line is further than a fen from its exact amount.
    """
    prices: dict[int, Decimal] = {}
    kept = [(draft, draft.quantity, _price(draft, prices)) for draft in drafts]
    exact = [EXACT.multiply(quantity, price) for _, quantity, price in kept]
    total = Money.rounded(sum(exact, Decimal(0)), "CNY")
    fen = _shared(exact, total.minor)
    lines = tuple(
        EstimateLine(
            draft=draft,
            quantity=quantity,
            price=price,
            exact=amount,
            amount=Money.from_minor(minor, "CNY"),
        )
        for (draft, quantity, price), amount, minor in zip(kept, exact, fen, strict=True)
        if amount
    )
    return lines, total


def _price(draft: Draft, known: dict[int, Decimal]) -> Decimal:
    """Multiply a price once for all lines that share its factors."""
    shared = id(draft.price_from)
    if shared not in known:
        known[shared] = draft.unit_price
    return known[shared]


def _shared(exact: list[Decimal], total: int) -> list[int]:
    cut = [int(EXACT.scaleb(amount, 2)) for amount in exact]
    rest = [EXACT.scaleb(amount, 2) - whole for amount, whole in zip(exact, cut, strict=True)]
    for at in sorted(range(len(cut)), key=lambda at: -rest[at])[: total - sum(cut)]:
        cut[at] += 1
    return cut
