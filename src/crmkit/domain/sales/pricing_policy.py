"""Pricing policies: who may take how much off, how low a price may go, how tax is rounded."""

from collections.abc import Collection
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue

PricingPolicyId = NewType("PricingPolicyId", UUID)
NOTHING: Final = Decimal(0)


class ManualPrices(StrEnum):
    """What becomes of prices set by hand when a quote is priced anew."""

    KEEP = "keep"
    RESET = "reset"
    ASK = "ask"


class FloorBasis(StrEnum):
    """What a floor is a percentage of: the cost, the list price, or the margin left."""

    COST = "cost"
    LIST = "list"
    MARGIN = "margin"


@attrs.frozen(kw_only=True)
class PriceFloor:
    """The lowest unit price without tax: so many per cent of cost or list, or with such a margin.

    A floor for a category holds for that alone; without one it holds for all products.
    """

    basis: FloorBasis
    percent: Decimal
    category: Annotated[str, Text(max_length=200)] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what leaves no price at all."""
        highest = 99 if self.basis is FloorBasis.MARGIN else 1000
        if not 0 <= self.percent <= highest:
            raise InvalidValue(f"lies between 0 and {highest}", path="percent", fix="15 for 15 %")


@attrs.frozen(kw_only=True)
class DiscountAuthority:
    """How many per cent people of a role may take off on their own."""

    role: Annotated[str, Text(max_length=100)]
    percent: Decimal

    def __attrs_post_init__(self) -> None:
        """Refuse a percentage below zero or above a hundred."""
        if not 0 <= self.percent <= 100:
            raise InvalidValue("lies between 0 and 100", path="percent", fix="10 for 10 %")


@keeps()
@entity(
    "pricing_policy",
    unique=[Unique("name")],
    labels={"en": "Pricing policy", "zh": "定价政策"},
)
@attrs.frozen(kw_only=True)
class PricingPolicy(Aggregate):
    """Under which rules prices are given; `approver` decides where no role has the authority.

    Without authorities anybody may take off anything.
    """

    id: PricingPolicyId
    name: Annotated[str, Text(max_length=200)]
    authorities: tuple[DiscountAuthority, ...] = ()
    floors: tuple[PriceFloor, ...] = ()
    approver: Annotated[str, Text(max_length=100)] = "boss"
    manual_prices: ManualPrices = ManualPrices.KEEP

    def authority_of(self, roles: Collection[str]) -> Decimal:
        """Return how many per cent people of these roles may take off."""
        if not self.authorities:
            return Decimal(100)
        mine = [grant.percent for grant in self.authorities if grant.role in roles]
        return max(mine, default=NOTHING)

    def role_for(self, percent: Decimal) -> str:
        """Return the role of the least authority that reaches a percentage."""
        able = [grant for grant in self.authorities if grant.percent >= percent]
        return min(able, key=lambda grant: grant.percent).role if able else self.approver
