"""The engine: lines that add up, prices that never fall, figures as published."""

from decimal import Decimal, localcontext

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.figures import Factor
from crmkit.domain.estimates.lines import POINTS, Draft, LineGroup, settle
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, WrongType
from tests.domain.estimates.scopes import DRIVERS, scopes

BASIC = Scope(modules=["customers", "contacts"])


def priced(quantity: list[str], price: list[str], key: str = "line") -> Draft:
    """Draft a line from numbers alone."""
    quantity_from, price_from = (
        tuple(
            Factor(name="factor", label=Label("factor", "系数"), value=Decimal(value))
            for value in values
        )
        for values in (quantity, price)
    )
    return Draft(
        key=key,
        group=LineGroup.SOFTWARE,
        label=Label(key, key),
        unit=POINTS,
        quantity_from=quantity_from,
        price_from=price_from,
    )


PER_HOUR = str(Decimal(1) / 174)


def test_published_example_of_a_budget() -> None:
    """CSBMK annex B.2: 105 points x 1.39; 5.26 person-months x 32,597 yuan are 171,460.22."""
    size = priced(["105", "1.39"], ["1"]).quantity
    assert size == Decimal("145.95")
    months = size * Decimal("6.97") * Decimal("0.9") / 174
    assert round(months, 2) == Decimal("5.26")
    _, total = settle([priced(["5.26"], ["32597"])])
    assert total == Money("171460.22", "CNY")


def test_published_example_of_building_and_upkeep() -> None:
    """Appendix D: 332.75 points, 2,236.08 hours; upkeep 329.8 hours; 489,223 yuan in all."""
    build = priced(["275", "1.21"], ["6.72", PER_HOUR, "32343"], "build")
    assert build.quantity == Decimal("332.75")
    assert round(build.quantity * Decimal("6.72"), 2) == Decimal("2236.08")
    upkeep = priced(["332.75"], ["0.84", "1.18", PER_HOUR, "25630"], "upkeep")
    assert abs(upkeep.quantity * Decimal("0.84") * Decimal("1.18") - Decimal("329.82")) < Decimal(
        "0.5"
    )
    _, total = settle([build, upkeep, priced(["1"], ["25000"], "other")])
    assert abs(total - Money("489223", "CNY")) <= Money("5", "CNY")


def test_demands_make_work_dearer_by_a_fortieth_each() -> None:
    """CSBMK A.5: 1 + 0.025 for each demand that a plain system does not have."""
    demanding = estimates.Technology(
        cloud="several", big_data=True, high_availability=True, multi_site=True
    )
    made = estimates.estimate(BASIC.with_(technology=demanding))
    [factor] = [f for f in made.lines[0].factors if f.name == "nonfunctional"]
    assert (factor.value, factor.source, factor.page) == (Decimal("1.100"), "CSBMK-202510", "26")


@given(scopes)
def test_lines_add_up_to_the_total(scope: Scope) -> None:
    """To the fen; none further than a fen from its quantity times its price."""
    made = estimates.estimate(scope)
    assert Money.total((line.amount for line in made.lines), "CNY") == made.total
    assert made.net + made.vat == made.total
    groups = [made.subtotal(group) for group in LineGroup]
    assert Money.total(groups, "CNY") == made.total
    for line in made.lines:
        assert abs(line.amount.amount - line.exact) < Decimal("0.01")


@pytest.mark.parametrize("driver", DRIVERS)
@given(scope=scopes)
def test_more_never_costs_less(driver: str, scope: Scope) -> None:
    """Whatever the scope, raising any driver of it does not make the price fall."""
    less = estimates.estimate(scope)
    more = estimates.estimate(DRIVERS[driver](scope))
    assert more.total >= less.total


@pytest.mark.parametrize(
    ("users", "factor"),
    [(1000, "0.93"), (1001, "1.00"), (10_000, "1.00"), (10_001, "1.12")],
)
def test_users_count_in_upkeep_by_their_steps(users: int, factor: str) -> None:
    """CSBMK A.17: up to 1,000, up to 10,000, more."""
    made = estimates.estimate(BASIC.with_(users=users, maintenance=estimates.Maintenance()))
    line = made.line("upkeep")
    assert line
    [found] = [each.value for each in line.factors if each.name == "users_of_upkeep"]
    assert found == Decimal(factor)


def test_every_driver_has_an_effect() -> None:
    """No driver is without weight: each makes some scope dearer."""
    scope = Scope(
        modules=["customers", "pipeline"],
        users=1000,
        integrations=[estimates.Integration(system="ERP", fit="standard")],
        migration=estimates.Migration(records=1, sources=1),
        third_party=[estimates.ThirdParty(name="server", price=Money("100", "CNY"))],
        maintenance=estimates.Maintenance(),
        stage="delivered",
    ).with_(modules={"customers": estimates.Module(change="modify"), "pipeline": "standard"})
    before = estimates.estimate(scope).total
    after = {name: estimates.estimate(more(scope)).total for name, more in DRIVERS.items()}
    assert [name for name, total in after.items() if total <= before] == []


@given(scopes, st.sampled_from(["P10", "P25", "P50", "P75"]))
def test_slower_vendors_cost_more(scope: Scope, percentile: str) -> None:
    """Productivity, team and platform of the profile count the same way."""
    ladder = {"P10": "P25", "P25": "P50", "P50": "P75", "P75": "P90"}
    profile = attrs.evolve(estimates.LIAOCHENG, percentile=percentile)
    total = estimates.estimate(scope, profile).total
    for change in ({"percentile": ladder[percentile]}, {"team": "none"}, {"platform": "c"}):
        assert estimates.estimate(scope, attrs.evolve(profile, **change)).total >= total


@given(scopes, st.integers(2, 9))
def test_prices_scale_with_the_place(scope: Scope, times: int) -> None:
    """Where labour costs k times as much, labour costs k times as much, to a fen a line."""
    scope = scope.with_(third_party=[])
    dear = attrs.evolve(estimates.LIAOCHENG, locality=estimates.LIAOCHENG.locality * times)
    once, often = estimates.estimate(scope), estimates.estimate(scope, dear)
    assert abs(often.total - once.total * times) <= Money("0.10", "CNY")


@given(scopes, st.integers(1, 60))
@example(BASIC, 2)
def test_context_of_the_thread_is_irrelevant(scope: Scope, precision: int) -> None:
    """The same scope gives the same estimate, whatever the decimal context says."""
    expected = estimates.estimate(scope)
    with localcontext(prec=precision):
        assert estimates.estimate(scope) == expected


def test_vat_is_split_out_and_not_added() -> None:
    """Benchmark rates contain the tax: another tax profile moves net and tax, not the total."""
    services = estimates.estimate(BASIC)
    product = estimates.estimate(BASIC.with_(tax="software_product"))
    assert services.total == product.total
    assert services.net > product.net


def test_own_rate_adds_margin_and_tax() -> None:
    """A vendor's own day cost is before profit and tax."""
    own = attrs.evolve(estimates.LIAOCHENG, day_cost=Money("800", "CNY"), margin=Decimal("0.20"))
    made = estimates.estimate(BASIC.with_(price_mode="own_rate"), own)
    training = made.line("training")
    assert training
    assert training.unit_price == Money.rounded(
        Decimal(800) * Decimal("1.2") * Decimal("1.06"), "CNY"
    )
    with pytest.raises(InvalidValue, match=r"profile\.day_cost: .+ no day cost"):
        estimates.estimate(BASIC.with_(price_mode="own_rate"))


def test_every_figure_has_a_source() -> None:
    """A published page, the scope, or an assumption that is said."""
    made = estimates.estimate(BASIC.with_(maintenance=estimates.Maintenance()))
    for line in made.lines:
        for factor in line.factors:
            assert factor.page or factor.source != "CSBMK-202510 P25"
            assert factor.cited()
    assert {line.key for line in made.lines if not line.assumed} == set()


def test_unknown_names_are_refused() -> None:
    """City, industry, profile, and what is no scope."""
    cases = [
        (BASIC.with_(city="聊城"), None, "scope.city"),
        (BASIC.with_(industry="farming"), None, "scope.industry"),
        (BASIC, "cheap", "profile"),
    ]
    for scope, profile, path in cases:
        with pytest.raises(InvalidValue) as refused:
            estimates.estimate(scope, profile)
        assert refused.value.path == path
    with pytest.raises(WrongType, match="scope: expected a Scope"):
        estimates.estimate({"users": 3})
