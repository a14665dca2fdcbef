"""Ranges, tornado and Sobol's indices: repeatable, honest, as known in closed form."""

import math
from statistics import NormalDist

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.sensitivity import sobol
from crmkit.domain.estimates.simulation import Simulation
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue
from tests.domain.estimates.scopes import scopes

SCOPE = estimates.Scope(
    modules=["customers", "contacts", "pipeline", "marketing"],
    users=estimates.ThreePoint(20, 30, 60),
    migration=estimates.Migration(records=estimates.ThreePoint(0, 0, 40_000), sources=1),
    maintenance=estimates.Maintenance(),
)
EXACT = SCOPE.with_(users=30, migration=estimates.Migration(), maintenance=None)


def steady(deviation: float) -> estimates.Profile:
    """Give a profile whose productivity is lognormal."""
    productivity = estimates.Productivity(
        hours=estimates.LIAOCHENG.hours_per_point("all").value,
        spread=estimates.Lognormal(deviation),
        source="our own projects",
    )
    return attrs.evolve(estimates.LIAOCHENG, productivity=productivity)


@given(scopes, st.integers(-9, 9))
def test_same_seed_same_bytes(scope: estimates.Scope, seed: int) -> None:
    """Two estimates of one scope draw the same totals, to the last bit."""
    one, other = (estimates.estimate(scope).simulate(50, seed) for _ in range(2))
    assert [value.hex() for value in one.totals] == [value.hex() for value in other.totals]


def test_other_seed_other_draws() -> None:
    """And a thousand of them agree on the P90 within a few percent."""
    made = estimates.estimate(SCOPE)
    one, other = made.simulate(1000, seed=1), made.simulate(1000, seed=2)
    assert one.totals != other.totals
    assert float(one.at(0.9).amount) == pytest.approx(float(other.at(0.9).amount), rel=0.05)


@pytest.mark.parametrize("scope", [EXACT, SCOPE])
def test_a_thousand_draws_know_the_p90_to_one_percent(scope: estimates.Scope) -> None:
    """Root mean square error over twenty seeds, beside fifty thousand draws."""
    made = estimates.estimate(scope)
    exact = float(made.simulate(50_000, seed=99).at(0.9).amount)
    errors = [float(made.simulate(1000, seed).at(0.9).amount) / exact - 1 for seed in range(20)]
    assert math.sqrt(sum(error**2 for error in errors) / len(errors)) < 0.01


def test_productivity_spreads_as_its_quantiles_say() -> None:
    """Of lines that all follow one lognormal productivity, the total is as spread as that.

    With a deviation of 0.8 the noise of single lines, 0.285 each, hardly counts.
    """
    made = estimates.estimate(EXACT, steady(0.8))
    software = made.subtotal(estimates.LineGroup.SOFTWARE)
    rest = float((made.total - software).amount)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        closed = float(software.amount) * math.exp(0.8 * NormalDist().inv_cdf(share)) + rest
        assert float(made.simulate(4000).at(share).amount) == pytest.approx(closed, rel=0.06)


def test_range_grows_with_confidence() -> None:
    """Around one median; the estimate itself lies within it."""
    made = estimates.estimate(SCOPE)
    bands = [made.range(confidence) for confidence in (0.5, 0.8, 0.9)]
    assert [band.low for band in bands] == sorted((band.low for band in bands), reverse=True)
    assert [band.high for band in bands] == sorted(band.high for band in bands)
    assert bands[0].low < made.total < bands[0].high
    assert len({band.median for band in bands}) == 1


def test_chance_of_a_price() -> None:
    """The share of draws that do not exceed it."""
    drawn = estimates.estimate(SCOPE).simulate()
    assert drawn.chance_within(drawn.at(0.9)) == pytest.approx(0.9, abs=0.01)
    assert drawn.chance_within(Money(0, "CNY")) == 0
    assert drawn.totals[0] < float(drawn.mean.amount) < drawn.totals[-1]


def test_quantiles_go_straight_between_draws() -> None:
    """And stay within the least and the greatest."""
    drawn = Simulation(seed=0, totals=(100.0, 200.0))
    assert [drawn.at(p).amount for p in (0.01, 0.25, 0.5, 0.75, 0.99)] == [100, 100, 150, 200, 200]


@pytest.mark.parametrize("value", [0, 1, -0.5, 80, "0.8"])
def test_confidence_lies_between_zero_and_one(value: object) -> None:
    """Eighty percent are 0.8."""
    with pytest.raises(InvalidValue, match=r"confidence: .+such as 0\.8"):
        estimates.estimate(SCOPE).range(value)


@pytest.mark.parametrize(("n", "seed", "path"), [(1, 0, "n"), (10**8, 0, "n"), (100, 0.5, "seed")])
def test_draws_are_counted(n: int, seed: int, path: str) -> None:
    """Too few, too many, a seed that is no whole number."""
    with pytest.raises(InvalidValue, match=f"^{path}:"):
        estimates.estimate(SCOPE).simulate(n, seed)


def test_tornado_tells_each_input_apart() -> None:
    """Productivity, every range, every line of labour; the widest first."""
    swings = estimates.estimate(SCOPE).tornado()
    names = [swing.name for swing in swings]
    assert names[0] == "productivity"
    assert {"users", "migration.records", "module:pipeline", "upkeep"} <= set(names)
    assert [swing.width for swing in swings] == sorted((s.width for s in swings), reverse=True)


def test_ranges_answer_as_known_values_do() -> None:
    """At the ends of a range the plan gives what the estimate of that end is."""
    spread = {"users": (20, 60), "training": (1, 9)}
    for name, (low, high) in spread.items():
        middle = {"users": 30, "training": 3}[name]
        ranged = EXACT.with_(**{name: estimates.ThreePoint(low, middle, high)})
        swing = next(s for s in estimates.estimate(ranged).tornado() if s.name == name)
        least, most = (estimates.estimate(EXACT.with_(**{name: end})).total for end in (low, high))
        assert least < swing.low < swing.high < most


def test_ranges_answer_on_each_side_of_the_likeliest() -> None:
    """Above 1,000 users upkeep costs more, below it does not cost less by that slope."""
    users = estimates.ThreePoint(500, 1000, 2000)
    ranged = EXACT.with_(users=users, maintenance=estimates.Maintenance(years=5))
    swing = next(s for s in estimates.estimate(ranged).tornado() if s.name == "users")
    known = estimates.estimate(ranged.with_(users=round(users.at(0.1))))
    assert abs(swing.low - known.total) < Money("100", "CNY")


def test_sobol_of_ishigami() -> None:
    """First-order 0.3139, 0.4424, 0 and total 0.5576, 0.4424, 0.2437: the analytic values."""

    def ishigami(columns: list[list[float]]) -> list[float]:
        rows = zip(*([math.pi * (2 * u - 1) for u in column] for column in columns), strict=True)
        return [math.sin(x) + 7 * math.sin(y) ** 2 + 0.1 * z**4 * math.sin(x) for x, y, z in rows]

    found = sobol(ishigami, 3, n=8192)
    assert [alone for alone, _ in found] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert [whole for _, whole in found] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)


def test_sobol_of_a_product_of_lognormals() -> None:
    """S_i = (exp(s_i^2) - 1) / (exp(sum of s^2) - 1), in closed form."""
    deviations = (0.5, 0.3, 0.2)
    normal = NormalDist()

    def product(columns: list[list[float]]) -> list[float]:
        scores = [
            [s * normal.inv_cdf(u) for u in column]
            for s, column in zip(deviations, columns, strict=True)
        ]
        return [math.exp(sum(row)) for row in zip(*scores, strict=True)]

    variance = math.exp(sum(s * s for s in deviations)) - 1
    closed = [(math.exp(s * s) - 1) / variance for s in deviations]
    found = sobol(product, 3, n=8192)
    assert [alone for alone, _ in found] == pytest.approx(closed, abs=0.02)


def test_variance_is_shared_out() -> None:
    """Productivity explains most of it; the whole shares are at least the lone ones."""
    shares = estimates.estimate(SCOPE).variance_shares(512)
    assert shares[0].name == "productivity"
    assert shares[0].together > 0.8
    assert all(share.together >= share.alone - 0.05 for share in shares)


def test_nothing_uncertain_has_no_variance() -> None:
    """A constant has indices of zero."""
    assert sobol(lambda columns: [5.0] * len(columns[0]), 2, n=16) == [(0.0, 0.0), (0.0, 0.0)]


def test_spreads_are_checked() -> None:
    """Deviations from zero on; factors and probabilities that rise."""
    with pytest.raises(InvalidValue, match="deviation"):
        estimates.Lognormal(-1)
    for probabilities, factors in (((0.1,), (1.0,)), ((0.9, 0.1), (1.0, 2.0)), ((0, 1), (1, 2))):
        with pytest.raises(InvalidValue, match=r"spread\.factors"):
            estimates.QuantileSpread(probabilities, factors)
    with pytest.raises(InvalidValue, match=r"productivity\.hours"):
        estimates.Productivity(hours=0, spread=estimates.Lognormal(1), source="ours")
