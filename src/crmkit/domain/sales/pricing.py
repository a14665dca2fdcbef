"""Pricing: from what is asked for to lines with prices, each with the steps that led there."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.basic_prices import BasicPrices, entry_price
from crmkit.domain.sales.millionths import (
    decimal_of,
    millionths,
    millionths_of,
    minor_of,
    minor_of_product,
    short,
    unit_price_of,
    with_tax,
    without_tax,
)
from crmkit.domain.sales.price_book import BookPrice, PriceBook, slices
from crmkit.domain.sales.price_list import TierMode
from crmkit.domain.sales.product import Product, ProductId
from crmkit.domain.sales.quote_line import DraftLine, PriceSource, PriceStep, StepKind
from crmkit.domain.sales.tax_rate import TaxTable
from crmkit.errors import MixedCurrencies, NotFound, RuleBroken

NO_BOOK: Final = PriceBook((), (), day=date.min)


class PriceUnknown(RuleBroken):
    """Nothing says what this costs in this currency."""


@attrs.frozen(kw_only=True)
class Priced:
    """What a line costs before discounts, with the tax when the terms say so.

    List price, cost and floor are without tax, in millionths like the percentage.
    """

    minor: int
    unit_price: Decimal
    percent: int
    source: PriceSource
    list_price: int | None = None
    unit_cost: int | None = None
    floor: int | None = None
    product: Product | None = None
    steps: tuple[PriceStep, ...] = ()


@attrs.frozen(kw_only=True)
class Pricing:
    """Everything that prices follow from on one day, read once.

    `products` has those asked for, what they are variants of, and what bundles hold. List prices,
    costs and surcharges are without tax. What has no tax kind has that of the document, or no tax.
    """

    day: date
    currency: str
    tax_included: bool = False
    products: Mapping[ProductId, Product] = attrs.field(factory=dict)
    book: PriceBook = NO_BOOK
    taxes: TaxTable = attrs.field(factory=lambda: TaxTable(()))
    tax_kind: str | None = None
    _percents: dict[str | None, int] = attrs.field(factory=dict, init=False, eq=False)
    _basic: BasicPrices = attrs.field(
        default=attrs.Factory(
            lambda self: BasicPrices(self.currency, self.products, self.book), takes_self=True
        ),
        init=False,
        eq=False,
    )

    def price(self, draft: DraftLine) -> Priced:
        """Return what a line costs, or raise naming the line."""
        product = self._product(draft)
        percent = self._percent(draft, product)
        quantity = millionths(draft.quantity)
        steps: list[PriceStep] = []
        listed = None if product is None else self._basic.listed(product)
        floor = None
        if listed is not None:
            shown = self._shown(listed, percent)
            steps.append(self._step(StepKind.LIST, self._minor(quantity, shown), shown))
        if product is not None:
            answer = self.book.price_of(product, draft.quantity)
            if answer is not None:
                steps += self._book_steps(answer, draft, quantity, percent, listed)
                floor = self._floor(answer, percent)
            self._add_options(product, draft, percent, steps)
        if draft.unit_price is not None:
            steps.append(self._manual(draft, quantity))
        if not steps:
            raise self._unknown(draft, product)
        last = steps[-1]
        return Priced(
            minor=last.amount.minor,
            unit_price=last.unit_price or Decimal(0),
            percent=percent,
            source=_source(steps),
            list_price=listed,
            unit_cost=None if product is None else self._basic.cost(product),
            floor=floor,
            product=product,
            steps=tuple(steps),
        )

    def booked(self, draft: DraftLine) -> Decimal | None:
        """Return what a product costs without a price set by hand, None when nothing says so."""
        if draft.product_id is None:
            return None
        try:
            return self.price(attrs.evolve(draft, unit_price=None)).unit_price
        except PriceUnknown:
            return None

    def _product(self, draft: DraftLine) -> Product | None:
        if draft.product_id is None:
            return None
        product = self.products.get(draft.product_id)
        if product is None:
            raise NotFound(
                f"there is no product {draft.product_id}", path=f"lines.{draft.key}.product_id"
            )
        product.must_be_sold()
        return product

    def _percent(self, draft: DraftLine, product: Product | None) -> int:
        if draft.tax_percent is not None:
            return millionths(draft.tax_percent)
        kind = draft.tax_kind or (product.tax_kind if product else None) or self.tax_kind
        known = self._percents.get(kind)
        if known is None:
            rule = None if kind is None else self.taxes.rule_for(kind, self.day)
            known = self._percents[kind] = 0 if rule is None else millionths(rule.percent)
        return known

    def _shown(self, price: int, percent: int) -> int:
        """Return a price without tax as the document shows it."""
        return with_tax(price, percent) if self.tax_included else price

    def _as_shown(self, answer: BookPrice, price: int, percent: int) -> int:
        """Return a price of a list, with or without tax, as the document shows it."""
        if answer.price_list.tax_included == self.tax_included:
            return price
        return with_tax(price, percent) if self.tax_included else without_tax(price, percent)

    def _floor(self, answer: BookPrice, percent: int) -> int | None:
        """Return the floor of an entry without tax."""
        if answer.entry.floor is None:
            return None
        floor = millionths(answer.entry.floor)
        return without_tax(floor, percent) if answer.price_list.tax_included else floor

    def _book_steps(
        self, answer: BookPrice, draft: DraftLine, quantity: int, percent: int, listed: int | None
    ) -> list[PriceStep]:
        entry = answer.entry
        source, record_id = answer.price_list.name, entry.id
        if not entry.tiers:
            if listed is None:
                return []
            price = self._shown(entry_price(answer, listed, draft.quantity) or 0, percent)
            told = f"{source}: {_percent_text(answer)} % off the list price"
            return [self._step(StepKind.BOOK, self._minor(quantity, price), price, told, record_id)]
        first = self._as_shown(answer, millionths(entry.tiers[0].price), percent)
        minor = self._minor(quantity, first)
        steps = [self._step(StepKind.BOOK, minor, first, source, record_id)]
        if answer.tier is not entry.tiers[0]:
            steps.append(self._tier_step(answer, draft, quantity, percent))
        return steps

    def _tier_step(
        self, answer: BookPrice, draft: DraftLine, quantity: int, percent: int
    ) -> PriceStep:
        tier, entry = answer.tier, answer.entry
        if tier is not None and entry.mode is TierMode.VOLUME:
            price = self._as_shown(answer, millionths(tier.price), percent)
            told = f"{answer.price_list.name}: from {short(tier.from_quantity)}"
            return self._step(StepKind.TIER, self._minor(quantity, price), price, told, entry.id)
        cut = [
            (millionths(part), self._as_shown(answer, millionths(price), percent))
            for part, price in slices(entry, draft.quantity)
        ]
        minor = minor_of_product(sum(part * price for part, price in cut), self.currency)
        unit = cut[0][1] if len(cut) == 1 else unit_price_of(minor, quantity, self.currency)
        return self._step(StepKind.TIER, minor, unit, _tier_text(answer, cut), entry.id)

    def _add_options(
        self, product: Product, draft: DraftLine, percent: int, steps: list[PriceStep]
    ) -> None:
        if not draft.options and not product.options:
            return
        chosen = product.configure(draft.options)
        extra = sum(self._surcharge(choice.surcharge, draft) for choice in chosen)
        if not extra or not steps:
            return
        before, quantity = steps[-1], millionths(draft.quantity)
        price, shown = millionths(before.unit_price or Decimal(0)), self._shown(extra, percent)
        minor = self._minor(quantity, price + shown)
        if before.amount.minor != self._minor(quantity, price):
            minor = before.amount.minor + self._minor(quantity, shown)
        names = ", ".join(choice.name or choice.code for choice in chosen if choice.surcharge)
        steps.append(self._step(StepKind.OPTIONS, minor, price + shown, names))

    def _surcharge(self, money: Money | None, draft: DraftLine) -> int:
        if money is None:
            return 0
        if money.currency != self.currency:
            raise _mixed(money.currency, self.currency, f"lines.{draft.key}.options")
        return millionths_of(money)

    def _manual(self, draft: DraftLine, quantity: int) -> PriceStep:
        if draft.currency is not None and draft.currency != self.currency:
            raise _mixed(draft.currency, self.currency, f"lines.{draft.key}.unit_price")
        price = millionths(draft.unit_price or Decimal(0))
        minor = self._minor(quantity, price)
        return self._step(StepKind.MANUAL, minor, price, draft.price_reason)

    def _step(
        self, kind: StepKind, minor: int, price: int, source: str = "", rule: UUID | None = None
    ) -> PriceStep:
        return PriceStep(
            kind=kind,
            amount=Money.from_minor(minor, self.currency),
            unit_price=decimal_of(price),
            source=source,
            record_id=rule,
        )

    def _minor(self, quantity: int, price: int) -> int:
        return minor_of(quantity, price, self.currency)

    def _unknown(self, draft: DraftLine, product: Product | None) -> PriceUnknown:
        name = draft.name if product is None else product.name
        return PriceUnknown(
            f"nothing says what {name} costs in {self.currency}",
            path=f"lines.{draft.key}.unit_price",
            fix="give a price, or publish a price list in this currency",
        )


def _source(steps: Sequence[PriceStep]) -> PriceSource:
    if steps[-1].kind is StepKind.MANUAL:
        return PriceSource.MANUAL
    for step in steps:
        if step.kind is StepKind.BOOK:
            return PriceSource.BOOK
    return PriceSource.LIST


def _percent_text(answer: BookPrice) -> str:
    return short(answer.entry.percent_off or Decimal(0))


def _tier_text(answer: BookPrice, cut: Sequence[tuple[int, int]]) -> str:
    told = (f"{short(decimal_of(part))} at {short(decimal_of(price))}" for part, price in cut)
    return f"{answer.price_list.name}: {', '.join(told)}"


def _mixed(given: str, wanted: str, path: str) -> MixedCurrencies:
    return MixedCurrencies(f"{given} in a quote in {wanted}", path=path, fix=f"give it in {wanted}")
