"""Products: variants, bundles that never hold themselves, options whose conflicts are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from crmkit.domain.money import Money
from crmkit.domain.sales.bundles import BundleIsCircular, BundleIsTooDeep, contents
from crmkit.domain.sales.options import (
    OptionChoice,
    OptionGroup,
    OptionRule,
    OptionRuleKind,
    OptionsConflict,
)
from crmkit.domain.sales.product import Component, Product, ProductIsRetired, ProductKind
from crmkit.errors import CrmkitError, InvalidValue, MixedCurrencies, UnknownField
from crmkit.services import sales
from crmkit.work import UnitOfWork
from tests.services.pricing.desk import Desk

DRIVES = OptionGroup(
    name="驱动",
    choices=(OptionChoice(code="servo", surcharge=Money(8000, "CNY")), OptionChoice(code="step")),
    least=1,
)
EXTRAS = OptionGroup(
    name="选配",
    choices=(OptionChoice(code="vision"), OptionChoice(code="manual"), OptionChoice(code="arm")),
    most=3,
)
RULES = (
    OptionRule(kind=OptionRuleKind.REQUIRES, option="vision", others=("servo",), reason="定位精度"),
    OptionRule(kind=OptionRuleKind.EXCLUDES, option="manual", others=("arm", "vision")),
)


def test_a_product_is_kept_whole(desk: Desk) -> None:
    """Options, rules, labels, prices and components come back as they were given."""
    with desk.work() as unit:
        bolt = sales.add_product(unit, "螺栓 M8", code="B-8", unit="个", cost=Money("0.03", "CNY"))
        lathe = sales.add_product(
            unit,
            "数控车床",
            kind=ProductKind.BUNDLE,
            labels={"en": "CNC lathe"},
            list_price=Money(98000, "CNY"),
            options=(DRIVES, EXTRAS),
            option_rules=RULES,
            components=(Component(product_id=bolt.id, quantity=Decimal("40.5")),),
        )
    with desk.work() as unit:
        assert unit.products.get(lathe.id) == lathe
        assert contents(lathe, {bolt.id: bolt}) == {bolt.id: Decimal("40.5")}


def test_variants_are_made_once_for_each_combination(desk: Desk) -> None:
    """A second call makes only those that are missing; each takes what its product has."""
    with desk.work() as unit:
        root = sales.add_product(unit, "电机", category="驱动", unit="台", tax_kind="goods")
        first = sales.make_variants(unit, root.id, {"电压": ["220V", "380V"], "功率": ["3kW"]})
        again = sales.make_variants(
            unit, root.id, {"电压": ["220V", "380V"], "功率": ["3kW", "5kW"]}
        )
        assert [variant.name for variant in first] == ["电机 220V 3kW", "电机 380V 3kW"]
        assert [dict(variant.attributes)["功率"] for variant in again] == ["5kW", "5kW"]
        assert len(sales.variants_of(unit, root.id)) == 4
    assert {(made.category, made.tax_kind) for made in first} == {("驱动", "goods")}


def test_a_bundle_never_holds_itself(desk: Desk) -> None:
    """Neither directly nor through others; the refusal names the way round, nothing is kept."""
    with desk.work() as unit:
        inner, middle, outer = (
            sales.add_product(unit, name, kind=ProductKind.BUNDLE) for name in "甲乙丙"
        )
        sales.set_components(unit, middle.id, [Component(product_id=inner.id)])
        sales.set_components(unit, outer.id, [Component(product_id=middle.id)])
    with pytest.raises(BundleIsCircular, match="甲 > 丙 > 乙 > 甲"), desk.work() as unit:
        sales.set_components(unit, inner.id, [Component(product_id=outer.id)])
    with pytest.raises(BundleIsCircular), desk.work() as unit:
        sales.set_components(unit, inner.id, [Component(product_id=inner.id)])
    with desk.work() as unit:
        assert unit.products.get(inner.id).components == ()


def test_two_works_together_make_no_circle(desk: Desk) -> None:
    """Two threads put each bundle into the other at the same time: one of them is refused."""
    with desk.work() as unit:
        one, other = (sales.add_product(unit, name, kind=ProductKind.BUNDLE) for name in "甲乙")

    def call(pair: tuple[Product, Product]) -> bool:
        into, what = pair
        parts = [Component(product_id=what.id)]
        try:
            desk.run(sales.set_components, into.id, parts)
        except BundleIsCircular:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(call, [(one, other), (other, one)])) == [False, True]


def test_bundles_within_bundles_end_somewhere(near_desk: Desk) -> None:
    """Twenty levels are enough for anybody."""
    with pytest.raises(BundleIsTooDeep), near_desk.work() as unit:
        below = sales.add_product(unit, "底")
        for level in range(21):
            below = sales.add_product(
                unit,
                f"层 {level}",
                kind=ProductKind.BUNDLE,
                components=(Component(product_id=below.id),),
            )


def test_every_conflict_of_options_is_told_with_a_way_out(near_desk: Desk) -> None:
    """All reasons come at once, and the nearest choice that can be built."""
    with near_desk.work() as unit:
        lathe = sales.add_product(unit, "车床", options=(DRIVES, EXTRAS), option_rules=RULES)
    with pytest.raises(OptionsConflict) as caught:
        lathe.configure({"step", "vision", "manual", "laser"})
    reasons = [conflict.reason for conflict in caught.value.conflicts]
    assert reasons == [
        "there is no option laser",
        "vision requires servo (定位精度)",
        "manual excludes vision",
    ]
    assert caught.value.nearest == {"step", "manual"}
    with pytest.raises(OptionsConflict, match="驱动 takes 1, not 2"):
        lathe.configure({"servo", "step"})
    assert [choice.code for choice in lathe.configure({"vision", "servo"})] == ["servo", "vision"]


def test_a_retired_product_is_not_retired_again(near_desk: Desk) -> None:
    """It stays in the store, marked with the time."""
    with near_desk.work() as unit:
        old = sales.add_product(unit, "旧款")
        assert sales.retire_product(unit, old.id).retired_at == unit.now
    with pytest.raises(ProductIsRetired), near_desk.work() as unit:
        sales.retire_product(unit, old.id)


def test_wrong_products_name_the_field(near_desk: Desk) -> None:
    """Each is refused by one error that says where."""
    with near_desk.work() as unit:
        bolt = Component(product_id=sales.add_product(unit, "x").id)
    cases: list[tuple[Callable[[UnitOfWork], object], type[CrmkitError], str]] = [
        (
            lambda unit: sales.add_product(unit, "y", list_price=Money(-1, "CNY")),
            InvalidValue,
            "product.list_price",
        ),
        (
            lambda unit: sales.add_product(
                unit, "y", list_price=Money(1, "CNY"), cost=Money(1, "USD")
            ),
            MixedCurrencies,
            "product.list_price",
        ),
        (
            lambda unit: sales.add_product(unit, "y", components=(bolt,)),
            InvalidValue,
            "product.components",
        ),
        (lambda unit: sales.add_product(unit, "y", colour="red"), UnknownField, "product.colour"),
        (
            lambda unit: sales.add_product(unit, "y", option_rules=RULES),
            InvalidValue,
            "product.option_rules",
        ),
        (
            lambda unit: sales.add_product(unit, "y", options=(DRIVES, DRIVES)),
            InvalidValue,
            "product.options",
        ),
        (lambda unit: sales.make_variants(unit, bolt.product_id, {}), InvalidValue, "axes"),
        (
            lambda unit: sales.make_variants(unit, bolt.product_id, {"a": list("ab") * 501}),
            InvalidValue,
            "axes",
        ),
    ]
    for call, error, path in cases:
        with pytest.raises(error) as caught, near_desk.work() as unit:
            call(unit)
        assert caught.value.path == path
    with pytest.raises(InvalidValue, match="more than none"):
        Component(product_id=bolt.product_id, quantity=Decimal(0))
    with pytest.raises(InvalidValue, match="nobody can choose"):
        OptionGroup(name="x", choices=(), least=1)
