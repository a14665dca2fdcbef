"""List prices and costs: of products, of variants without one, of bundles by what they hold."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.bundles import component
from crmkit.domain.sales.millionths import MILLION, WHOLE, half_up, millionths, millionths_of
from crmkit.domain.sales.price_book import BookPrice, PriceBook, slices
from crmkit.domain.sales.product import Product, ProductId


@attrs.frozen
class BasicPrices:
    """What products cost by themselves in one currency, without tax, in millionths a unit."""

    currency: str
    products: Mapping[ProductId, Product]
    book: PriceBook

    def listed(self, product: Product) -> int | None:
        """Return the list price of a product, of what it is a variant of, or of what it holds."""
        if product.list_price is not None:
            return self._plain(product.list_price)
        if product.components:
            return self._of_components(product, self._component_price)
        above = None if product.variant_of_id is None else self.products.get(product.variant_of_id)
        return None if above is None else self.listed(above)

    def cost(self, product: Product) -> int | None:
        """Return what a product, or all that a bundle holds, costs the seller."""
        if product.cost is not None:
            return self._plain(product.cost)
        return self._of_components(product, self.cost) if product.components else None

    def _of_components(self, bundle: Product, ask: Callable[[Product], int | None]) -> int | None:
        whole = 0
        for part in bundle.components:
            price = ask(component(part.product_id, self.products))
            if price is None:
                return None
            whole += half_up(price * millionths(part.quantity), MILLION)
        return whole

    def _component_price(self, product: Product) -> int | None:
        """Return what one costs by the book, where its prices are without tax, else as listed."""
        listed = self.listed(product)
        answer = self.book.price_of(product, Decimal(1))
        if answer is None or answer.price_list.tax_included:
            return listed
        return entry_price(answer, listed, Decimal(1))

    def _plain(self, money: Money) -> int | None:
        return millionths_of(money) if money.currency == self.currency else None


def entry_price(answer: BookPrice, listed: int | None, quantity: Decimal) -> int | None:
    """Return the unit price of the first slice; of a percentage, None without a list price."""
    if answer.entry.percent_off is None:
        return millionths(slices(answer.entry, quantity)[0][1])
    off = millionths(answer.entry.percent_off)
    return None if listed is None else half_up(listed * (WHOLE - off), WHOLE)
