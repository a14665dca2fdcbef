"""Bundles: products made of products, never of themselves."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from crmkit.domain.sales.product import Component, Product, ProductId
from crmkit.errors import NotFound, RuleBroken

DEEPEST: Final = 20
"""Bundles within bundles, at most."""


class BundleIsCircular(RuleBroken):
    """A bundle holds itself, directly or through others."""


class BundleIsTooDeep(RuleBroken):
    """Bundles within bundles within bundles, beyond what anybody can mean."""


def check_bundle(bundle: Product, products: Mapping[ProductId, Product]) -> None:
    """Raise `BundleIsCircular` with the way round when the bundle would hold itself.

    `products` has the components, and those of the components, all the way down.
    """
    for _leaf in _walk(bundle, products, (bundle,), Decimal(1)):
        pass


def contents(bundle: Product, products: Mapping[ProductId, Product]) -> dict[ProductId, Decimal]:
    """Return what a bundle holds when all bundles within it are opened, with total quantities."""
    found: dict[ProductId, Decimal] = {}
    for product, quantity in _walk(bundle, products, (bundle,), Decimal(1)):
        found[product.id] = found.get(product.id, Decimal(0)) + quantity
    return found


def component(product_id: ProductId, products: Mapping[ProductId, Product]) -> Product:
    """Return a component, or raise `NotFound`."""
    found = products.get(product_id)
    if found is None:
        raise NotFound(f"there is no product {product_id}", path="product.components")
    return found


def _walk(
    bundle: Product,
    products: Mapping[ProductId, Product],
    way: Sequence[Product],
    times: Decimal,
) -> Iterator[tuple[Product, Decimal]]:
    if len(way) > DEEPEST:
        raise BundleIsTooDeep(f"more than {DEEPEST} bundles within each other", path=_PATH)
    for part in bundle.components:
        product = component(part.product_id, products)
        _refuse_circle(product, way)
        quantity = _times(times, part)
        if product.components:
            yield from _walk(product, products, (*way, product), quantity)
        else:
            yield product, quantity


def _refuse_circle(product: Product, way: Sequence[Product]) -> None:
    if product.id in [above.id for above in way]:
        round_trip = " > ".join(above.name for above in (*way, product))
        raise BundleIsCircular(
            f"a bundle would hold itself: {round_trip}",
            path=_PATH,
            fix="take one of these out of the others",
        )


def _times(times: Decimal, part: Component) -> Decimal:
    return times * part.quantity


_PATH: Final = "product.components"
