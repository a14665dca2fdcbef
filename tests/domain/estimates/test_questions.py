"""What can be asked of an estimate: comparisons, years, payments, other values, other methods."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.comparing import divisia
from crmkit.domain.money import Money
from crmkit.errors import InvalidInput, InvalidValue, OutOfRange
from tests.domain.estimates.scopes import DRIVERS, scopes

SMALL = estimates.Scope(modules=["customers", "contacts"])
LARGE = estimates.Scope(
    modules=["customers", "pipeline"],
    users=60,
    process="some",
    city="北京",
    maintenance=estimates.Maintenance(years=2),
    third_party=[
        estimates.ThirdParty(name="SMS", price=Money("800", "CNY"), quantity=2, yearly=True)
    ],
)
factors = st.dictionaries(st.sampled_from("abcd"), st.decimals("0.01", 100, places=2), min_size=1)


@given(factors, factors)
def test_divisia_is_exact_and_free_of_order(
    before: dict[str, Decimal], after: dict[str, Decimal]
) -> None:
    """The parts add up to the change; there and back again they cancel out."""
    parts = divisia(before, after)
    start, end = Decimal(1), Decimal(1)
    for value in before.values():
        start *= value
    for value in after.values():
        end *= value
    assert abs(sum(parts.values()) - (end - start)) <= abs(end + start) * Decimal("1e-15")
    back = divisia(after, before)
    assert all(abs(parts[name] + back[name]) < Decimal("1e-12") for name in parts)


@given(scopes, scopes)
def test_comparison_explains_every_fen(one: estimates.Scope, other: estimates.Scope) -> None:
    """Effects add up to the difference, by line and by factor too."""
    first, second = estimates.estimate(one), estimates.estimate(other)
    found = first.compare(second)
    assert found.difference == second.total - first.total
    for parts in (
        [effect.amount for effect in found.effects],
        found.by_line().values(),
        found.by_factor().values(),
    ):
        assert Money.total(parts, "CNY") == found.difference


@given(scopes, st.sampled_from(["users", "stage", "a dearer city", "technology.big_data"]))
def test_comparison_blames_what_has_changed(scope: estimates.Scope, driver: str) -> None:
    """Raising one driver leaves the other factors without effect."""
    found = estimates.estimate(scope).compare(estimates.estimate(DRIVERS[driver](scope)))
    causes = {
        "users": {"seats", "users_of_upkeep"},
        "stage": {"stage", "size"},
        "a dearer city": {"rate"},
        "technology.big_data": {"nonfunctional", "days"},
    }[driver]
    weighty = {name for name, amount in found.by_factor().items() if abs(amount.minor) > 50}
    assert weighty <= causes


def test_comparison_tells_what_is_new_and_gone() -> None:
    """Lines that only one of the two has."""
    found = estimates.estimate(SMALL).compare(estimates.estimate(LARGE))
    whole = {effect.line: effect.factor for effect in found.effects}
    assert whole["module:pipeline"] == whole["bought:SMS"] == "added"
    assert whole["module:contacts"] == "dropped"
    assert found.by_factor()["rate"] > Money(0, "CNY")


def test_years_of_ownership() -> None:
    """The project, then upkeep every year, and renewals from the second year on."""
    made = estimates.estimate(LARGE)
    owned = made.tco(3)
    upkeep = made.subtotal(estimates.LineGroup.UPKEEP)
    assert [row.year for row in owned.years] == [0, 1, 2, 3]
    assert owned.years[0].total == made.total - upkeep
    assert abs(owned.years[1].upkeep * 2 - upkeep) <= Money("0.05", "CNY")
    renewals = [row.renewals.amount for row in owned.years]
    assert renewals == [0, 0, 1600, 1600]
    assert owned.present_value < owned.total
    assert made.tco(3, discount=Decimal(0)).present_value == owned.total


def test_upkeep_is_set_beside_the_published_share() -> None:
    """CSBMK p.16: P10 2.26, P25 5.17, P50 9.02, P75 14.48, P90 25.53 percent of building."""
    heavy = estimates.Maintenance(response="within_24h", updates="more", support="on_site")
    # building what is there already costs little, keeping it up as much as ever
    light = SMALL.with_(modules={"customers": estimates.Module(change="delete")})
    usual = {
        estimates.estimate(SMALL).tco(1).usual,
        estimates.estimate(SMALL.with_(maintenance=heavy)).tco(1).usual,
        estimates.estimate(light.with_(maintenance=heavy, training=0)).tco(1).usual,
    }
    assert usual <= {"P10 to P25", "P25 to P50", "P50 to P75"}
    assert len(usual) > 1


@pytest.mark.parametrize("years", [0, -1, 21, 2.5])
def test_years_are_counted(years: object) -> None:
    """From one to twenty."""
    with pytest.raises((InvalidInput, OutOfRange), match="years"):
        estimates.estimate(SMALL).tco(years)


@given(scopes)
def test_payments_and_milestones_add_up(scope: estimates.Scope) -> None:
    """To the total, and to the price of building; dates never go back."""
    made = estimates.estimate(scope)
    paid = made.payments(start=date(2026, 12, 1))
    assert Money.total(part.amount for part in paid) == made.total
    assert [part.share for part in paid] == [30, 50, 20]
    ends = made.milestones(date(2026, 12, 1))
    upkeep = made.subtotal(estimates.LineGroup.UPKEEP)
    assert Money.total(part.amount for part in ends) == made.total - upkeep
    days = [part.on for part in ends]
    assert days == sorted(days)
    assert paid[0].on == date(2026, 12, 1)
    assert paid[-1].on == days[-1]


def test_payments_of_ones_own() -> None:
    """Named shares that make a hundred percent; anything else is refused."""
    made = estimates.estimate(SMALL)
    paid = made.payments([("预付", 40), ("上线", 30), ("验收", 20), ("质保", 10)])
    assert [part.label.zh for part in paid] == ["预付", "上线", "验收", "质保"]
    assert Money.total(part.amount for part in paid) == made.total
    for wrong in ([("all", 90)], [("a", 110), ("b", -10)]):
        with pytest.raises(InvalidValue, match=r"payments: .+100"):
            made.payments(wrong)


def test_hours_are_those_of_the_standard() -> None:
    """Size x hours per point x factors, and eight hours for every day of people."""
    made = estimates.estimate(SMALL)
    size = Decimal(56 + 35 + 30) / 3 * Decimal("1.21")
    days = 15 * Decimal("0.08") + 3 * Decimal("0.25") + 1 + Decimal("1.5")
    expected = size * Decimal("3.77") * Decimal("0.8") + days * 8
    assert round(made.hours, 6) == round(expected, 6)


def test_what_if() -> None:
    """One input, many values; also within a part."""
    made = estimates.estimate(LARGE)
    rows = made.what_if(users=[10, 60, 2000])
    assert [row.value for row in rows] == [10, 60, 2000]
    assert rows[1].total == made.total
    assert rows[0].total < rows[1].total < rows[2].total
    years = made.what_if("maintenance.years", [1, 2])
    assert years[0].total < years[1].total == made.total
    nested = made.what_if("modules.pipeline.fit", ["new"])
    assert nested[0].estimate.scope.modules["pipeline"].fit == "new"
    assert made.what_if("third_party.0.quantity", [3])[0].total - made.total == Money("800", "CNY")


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, "what_if"),
        ({"users": [1], "roles": [2]}, "what_if"),
        ({"colour": ["red"]}, "colour"),
        ({"users": [-1]}, "scope.users"),
    ],
)
def test_what_if_of_nothing(asked: dict[str, list[object]], path: str) -> None:
    """No input, two inputs, an unknown one, a bad value."""
    with pytest.raises(InvalidInput) as refused:
        estimates.estimate(SMALL).what_if(**asked)
    assert refused.value.path == path


def test_other_methods_are_asked() -> None:
    """The standard first, as GB/T 36964 asks for a second method; all say how they lie apart."""
    checked = estimates.estimate(LARGE).cross_check()
    assert checked.opinions[0].name == "gb-t-36964"
    assert len(checked.opinions) >= 3
    assert checked.disagreement >= 1
    made = estimates.estimate(LARGE)
    services = sum(
        line.quantity * 8 for line in made.lines if line.group is estimates.LineGroup.SERVICES
    )
    assert round(checked.opinions[0].hours + services, 6) == round(made.hours, 6)
