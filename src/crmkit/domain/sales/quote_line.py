"""Quote lines: what was asked for, and how its price came about, step by step."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import attrs

from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.millionths import short
from crmkit.domain.sales.product import ProductId
from crmkit.errors import InvalidValue

NAME = Text(max_length=500)
Name = Annotated[str, NAME]


class LineKind(StrEnum):
    """What a line is: something to buy, a heading, words, or the sum of its section."""

    ITEM = "item"
    SECTION = "section"
    NOTE = "note"
    SUBTOTAL = "subtotal"


class PriceSource(StrEnum):
    """Where a unit price comes from."""

    LIST = "list"
    BOOK = "book"
    MANUAL = "manual"


class StepKind(StrEnum):
    """One step of a price waterfall, in this order."""

    LIST = "list"
    BOOK = "book"
    TIER = "tier"
    OPTIONS = "options"
    MANUAL = "manual"
    DISCOUNT = "discount"
    DOCUMENT_DISCOUNT = "document_discount"
    FLOOR = "floor"
    TAX = "tax"
    ROUNDING = "rounding"


@attrs.frozen(kw_only=True)
class PriceStep:
    """What the line costs after a step, by which unit price, and which rule made it so.

    `record_id` is the record of the rule, such as the price entry. A floor changes no amount.
    """

    kind: StepKind
    amount: Money
    unit_price: Decimal | None = None
    source: Annotated[str, Text(max_length=1000)] = ""
    record_id: UUID | None = None


@attrs.frozen(kw_only=True)
class DraftLine:
    """What is asked for; `item`, `section`, `note` and `subtotal` make them.

    A `unit_price` of its own is a manual price, `price_reason` why it is, `currency` what it is
    meant in when that is told. The tax is `tax_percent`, or that of `tax_kind`, or the product's.
    An optional line counts when it is chosen. `key` names the line in all versions of a quote.
    """

    kind: LineKind = LineKind.ITEM
    key: Annotated[str, Text(max_length=200)] = ""
    product_id: ProductId | None = None
    name: Name | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    description: str | None = None
    quantity: Decimal = Decimal(1)
    unit: Annotated[str, Text(max_length=40)] | None = None
    unit_price: Decimal | None = None
    currency: Annotated[str, Text(max_length=3)] | None = None
    price_reason: Annotated[str, Text(max_length=500)] = ""
    discount: Discount | None = None
    options: tuple[str, ...] = ()
    tax_kind: Annotated[str, Text(max_length=60)] | None = None
    tax_percent: Decimal | None = None
    is_optional: bool = False
    is_chosen: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse quantities of nothing, prices below zero, tax beyond a hundred, no name at all."""
        for name in ("quantity", "unit_price", "tax_percent"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked(value, name))
        if self.kind is not LineKind.SUBTOTAL and self.product_id is None and not self.name:
            raise InvalidValue("has neither a product nor a name", path="name", fix="name it")

    @property
    def counts(self) -> bool:
        """Say whether the line is part of the totals."""
        return self.kind is LineKind.ITEM and (self.is_chosen or not self.is_optional)


@attrs.frozen(kw_only=True)
class QuoteLine:
    """A line with its price: in the currency of the quote, unit prices to six places.

    `amount` is before all discounts, `discount` what was taken off, `net` and `gross` without and
    with tax. Lines that are no items have no figures, but for the sum of a subtotal.
    """

    key: Annotated[str, Text(max_length=200)]
    draft: DraftLine
    name: Name = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    code: Annotated[str, Text(max_length=100)] | None = None
    unit: Annotated[str, Text(max_length=40)] | None = None
    price_source: PriceSource | None = None
    list_price: Decimal | None = None
    unit_price: Decimal | None = None
    unit_cost: Decimal | None = None
    floor: Decimal | None = None
    tax_percent: Decimal | None = None
    amount: Money | None = None
    discount: Money | None = None
    net: Money | None = None
    tax: Money | None = None
    gross: Money | None = None
    steps: tuple[PriceStep, ...] = ()

    @property
    def kind(self) -> LineKind:
        """Say what the line is."""
        return self.draft.kind

    @property
    def counts(self) -> bool:
        """Say whether the line is part of the totals."""
        return self.draft.counts

    def label(self, language: str) -> str:
        """Name the line in a language, by its name when there is no other."""
        return self.labels.get(language) or self.name

    @property
    def is_manual(self) -> bool:
        """Say whether the price was set by hand."""
        return self.price_source is PriceSource.MANUAL

    def explain(self) -> str:
        """Tell the waterfall in words, a step a line."""
        return "\n".join(_told(step) for step in self.steps)


def item(
    product: ProductId | str,
    quantity: Decimal | int = 1,
    *,
    price: Decimal | Money | int | None = None,
    discount: Discount | Decimal | Money | int | None = None,
    **fields: Any,
) -> DraftLine:
    """Ask for a quantity of a product, or of something that is only named.

    A `price` is a manual unit price, with a `price_reason`; what is no product needs one.
    """
    what = "name" if isinstance(product, str) else "product_id"
    asked: dict[str, Any] = {what: product}
    if isinstance(price, Money):
        fields = {"currency": price.currency, **fields}
        price = price.amount
    return DraftLine(
        quantity=Number().check(quantity, "quantity"),
        unit_price=None if price is None else Number().check(price, "unit_price"),
        discount=Discount.of(discount),
        **{**asked, **fields},
    )


def section(name: str, **labels: str) -> DraftLine:
    """Begin a section; `labels` name it in other languages, such as `en="Machines"`."""
    return DraftLine(kind=LineKind.SECTION, name=name, labels=labels)


def note(text: str, **labels: str) -> DraftLine:
    """Say something between the lines, in other languages by `labels`."""
    return DraftLine(kind=LineKind.NOTE, name=text, labels=labels)


def subtotal(name: str | None = None, **labels: str) -> DraftLine:
    """Add up the section so far, under a name or none."""
    return DraftLine(kind=LineKind.SUBTOTAL, name=name, labels=labels)


def with_keys(drafts: Iterable[DraftLine]) -> list[DraftLine]:
    """Return lines of which each has a key of its own; new ones are numbered on."""
    lines = list(drafts)
    taken = {line.key for line in lines if line.key}
    if len(taken) != sum(bool(line.key) for line in lines):
        raise InvalidValue("two lines have one key", path="lines.key", fix="leave the key out")
    highest = max((int(key) for key in taken if key.isdecimal()), default=0)
    keyed: list[DraftLine] = []
    for line in lines:
        highest += not line.key
        keyed.append(line if line.key else attrs.evolve(line, key=str(highest)))
    return keyed


def _checked(value: Any, name: str) -> Decimal:
    number = Number().check(value, name)
    if name == "quantity" and number <= 0:
        raise InvalidValue("is not above zero", path=name, fix="leave the line out")
    if number < 0:
        raise InvalidValue("is below zero", path=name, fix="0 or more")
    if name == "tax_percent" and number > 100:
        raise InvalidValue("is above 100", path=name, fix="13 for 13 %")
    return number


def _told(step: PriceStep) -> str:
    unit = "" if step.unit_price is None else f" at {short(step.unit_price)}"
    source = f" ({step.source})" if step.source else ""
    return f"{step.kind}{unit}: {step.amount}{source}"
