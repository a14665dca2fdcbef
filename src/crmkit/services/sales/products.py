"""What people do with products: add, change, retire, make variants, put bundles together."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product as combinations_of
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.sales.bundles import DEEPEST, check_bundle
from crmkit.domain.sales.product import Component, Product, ProductId, ProductKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.work import UnitOfWork

ADD_PRODUCT = Action("product:add", "Add a product", zh="新增产品", right=Right.CREATE)
CHANGE_PRODUCT = Action("product:change", "Change a product", zh="修改产品", right=Right.EDIT)
RETIRE_PRODUCT = Action("product:retire", "Retire a product", zh="停售产品", right=Right.EDIT)
MOST_VARIANTS = 1000


def add_product(work: UnitOfWork, name: str, **fields: Any) -> Product:
    """Add a product, with any of its fields; a bundle must not hold itself."""
    work.permit(ADD_PRODUCT)
    made = draft(Product, ProductId(work.new_id()), name=name, **fields)
    _check_contents(work, made)
    return work.products.add(made)


def change_product(work: UnitOfWork, product_id: ProductId, **fields: Any) -> Product:
    """Change fields of a product; what was quoted before stays as it is."""
    found = work.products.get(product_id)
    work.permit(CHANGE_PRODUCT, on=found)
    other = changed(found, **fields)
    _check_contents(work, other)
    return work.products.save(other)


def set_components(
    work: UnitOfWork, bundle_id: ProductId, components: Iterable[Component]
) -> Product:
    """Say what a bundle holds, or raise `BundleIsCircular` with the way round."""
    return change_product(work, bundle_id, kind=ProductKind.BUNDLE, components=tuple(components))


def retire_product(work: UnitOfWork, product_id: ProductId) -> Product:
    """Sell a product no longer; it stays on quotes and leaves what can be quoted."""
    found = work.products.get(product_id)
    work.permit(RETIRE_PRODUCT, on=found)
    return work.products.save(found.retire(at=work.now))


def make_variants(
    work: UnitOfWork, product_id: ProductId, axes: Mapping[str, Sequence[str]]
) -> list[Product]:
    """Make a variant for each combination, such as {"电压": ["220V", "380V"]}; those there stay.

    Returns the new ones. A variant takes category, unit and tax of its product, and its prices as
    long as it has none of its own.
    """
    root = work.products.get(product_id)
    work.permit(ADD_PRODUCT)
    _check_axes(axes)
    there = work.products.find(where(Product).variant_of_id.eq(root.id))
    taken = [dict(variant.attributes) for variant in there]
    wanted = (dict(zip(axes, one, strict=True)) for one in combinations_of(*axes.values()))
    return work.products.insert_many(
        _variant(root, ProductId(work.new_id()), attributes)
        for attributes in wanted
        if attributes not in taken
    )


def variants_of(work: UnitOfWork, product_id: ProductId) -> list[Product]:
    """Return the variants of a product by name."""
    fields = where(Product)
    return work.products.find(fields.variant_of_id.eq(product_id), order=[fields.name.asc()])


def products_within(work: UnitOfWork, products: Iterable[Product]) -> dict[ProductId, Product]:
    """Return products with all that their bundles hold, all the way down."""
    known = {product.id: product for product in products}
    missing = _components_of(known.values(), known)
    for _level in range(DEEPEST):
        if not missing:
            break
        found = {ProductId(key): part for key, part in work.products.look_up(missing).items()}
        known.update(found)
        missing = _components_of(found.values(), known)
    return known


def _check_contents(work: UnitOfWork, bundle: Product) -> None:
    if bundle.components:
        check_bundle(bundle, products_within(work, [bundle]))


def _components_of(
    products: Iterable[Product], known: Mapping[ProductId, Product]
) -> list[ProductId]:
    parts = (part.product_id for product in products for part in product.components)
    return list(dict.fromkeys(part for part in parts if part not in known))


def _check_axes(axes: Mapping[str, Sequence[str]]) -> None:
    count = 1
    for values in axes.values():
        count *= len(values)
    if not axes or not 1 <= count <= MOST_VARIANTS:
        raise InvalidValue(
            f"{count if axes else 0} variants, 1 to {MOST_VARIANTS} are made",
            path="axes",
            fix="name axes with their values",
        )


def _variant(root: Product, variant_id: ProductId, attributes: Mapping[str, str]) -> Product:
    return Product(
        id=variant_id,
        name=f"{root.name} {' '.join(attributes.values())}",
        kind=root.kind,
        series=root.series,
        category=root.category,
        unit=root.unit,
        tax_kind=root.tax_kind,
        components=root.components,
        options=root.options,
        option_rules=root.option_rules,
        variant_of_id=root.id,
        attributes=attributes,
    )
