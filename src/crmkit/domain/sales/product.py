"""Products: what is sold, as it is, in variants, in bundles and with options."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.sales.options import (
    OptionChoice,
    OptionGroup,
    OptionRule,
    check_choice,
    check_options,
)
from crmkit.errors import InvalidValue, MixedCurrencies, RuleBroken

ProductId = NewType("ProductId", UUID)


class ProductKind(StrEnum):
    """What kind of thing is sold."""

    GOOD = "good"
    SERVICE = "service"
    SUBSCRIPTION = "subscription"
    BUNDLE = "bundle"


@attrs.frozen(kw_only=True)
class ProductRetired(Event):
    """A product is no longer sold."""

    product_id: ProductId


class ProductIsRetired(RuleBroken):
    """The product is no longer sold."""


@attrs.frozen(kw_only=True)
class Component:
    """One product within a bundle, and how many of it."""

    product_id: ProductId
    quantity: Decimal = Decimal(1)

    def __attrs_post_init__(self) -> None:
        """Refuse a component of which there is none."""
        if isinstance(self.quantity, Decimal | int) and self.quantity <= 0:
            raise InvalidValue(
                "a bundle holds more than none of it", path="quantity", fix="leave it out"
            )


@keeps(financial=("list_price", "cost"))
@entity(
    "product",
    unique=[Unique("name"), Unique("code")],
    indexes=[Index("category"), Index("variant_of_id")],
    labels={"en": "Product", "zh": "产品"},
    events=(ProductRetired,),
)
@attrs.frozen(kw_only=True)
class Product(Aggregate):
    """A thing or service with a list price; `labels` name it in other languages.

    A variant is a product of its own whose prices, where it has none, are those of `variant_of_id`.
    A bundle without a price costs what its components cost. `tax_kind` says which tax rate is due.
    """

    id: ProductId
    name: Annotated[str, Text(max_length=300, searchable=True)]
    series: Annotated[str, Text(max_length=200)] | None = None
    list_price: Money | None = None
    code: Annotated[str, Text(max_length=100)] | None = None
    kind: ProductKind = ProductKind.GOOD
    category: Annotated[str, Text(max_length=200)] | None = None
    unit: Annotated[str, Text(max_length=40)] | None = None
    cost: Money | None = None
    tax_kind: Annotated[str, Text(max_length=60)] | None = None
    description: str | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    variant_of_id: ProductId | None = None
    attributes: Mapping[str, str] = attrs.field(factory=dict)
    components: tuple[Component, ...] = ()
    options: tuple[OptionGroup, ...] = ()
    option_rules: tuple[OptionRule, ...] = ()
    retired_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse prices below nothing or in two currencies, and options that cannot be meant."""
        super().__attrs_post_init__()
        self._check_amounts()
        if bool(self.components) > (self.kind is ProductKind.BUNDLE):
            raise InvalidValue(
                f"a {self.kind} has no components",
                path="product.components",
                fix="make it a bundle",
            )
        if self.options or self.option_rules:
            check_options(self.options, self.option_rules)

    def configure(self, chosen: Iterable[str]) -> tuple[OptionChoice, ...]:
        """Return the chosen options in order, or raise `OptionsConflict` with every reason."""
        return check_choice(self.options, self.option_rules, chosen)

    def retire(self, *, at: datetime) -> Self:
        """Sell it no longer; what was quoted stays as it is."""
        self.must_be_sold()
        return self.evolve(retired_at=at).recording(ProductRetired(product_id=self.id))

    def must_be_sold(self) -> None:
        """Raise `ProductIsRetired` when it is no longer sold."""
        if self.retired_at is not None:
            raise ProductIsRetired(
                f"{self.name} is no longer sold since {self.retired_at:%Y-%m-%d}",
                path="product.retired_at",
                fix="offer another product",
            )

    def _check_amounts(self) -> None:
        surcharges = (choice.surcharge for group in self.options for choice in group.choices)
        given = [money for money in (self.list_price, self.cost, *surcharges) if money is not None]
        for money in given:
            if money.minor < 0:
                raise InvalidValue("is below zero", path="product.list_price", fix="0 or more")
            if money.currency != given[0].currency:
                raise MixedCurrencies(
                    f"{given[0].currency} and {money.currency} in one product",
                    path="product.list_price",
                    fix="give prices in other currencies by a price list",
                )
