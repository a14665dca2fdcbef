"""The published oracles, read from the shared file: whatever is changed there is held here too.

Those of COCOMO, use cases, NESMA, three points and conformal ranks are with their methods.
"""

import json
import math
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest

from crmkit import estimates
from crmkit.domain.estimates.comparing import divisia
from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.sensitivity import sobol
from crmkit.domain.estimates.sizes import (
    IFPUG_AVERAGE,
    IFPUG_HIGH,
    IFPUG_LOW,
    FunctionCount,
    FunctionKind,
    complexity_of,
)
from crmkit.domain.estimates.tiers import TIERS
from crmkit.domain.estimates.vat import split_vat, vat_refund
from crmkit.domain.money import Money
from crmkit.domain.money_words import capital_cny

STANDARD = estimates.CSBMK_202510


@pytest.fixture(scope="module")
def oracles(shared: Path) -> dict[str, Any]:
    """Give the oracles by their id, numbers exact."""
    text = (shared / "data/estimation/params/oracles.json").read_text("utf-8")
    return {each["id"]: each for each in json.loads(text, parse_float=Decimal)}


def near(found: Decimal, oracle: Any, tolerance: str) -> bool:
    """Compare to a tolerance."""
    return abs(found - Decimal(oracle)) <= Decimal(tolerance)


def test_prices_of_a_function_point(oracles: dict[str, Any]) -> None:
    """Beijing as published, Jinan by its rate."""
    beijing, jinan = oracles["csbmk-fp-price-beijing"], oracles["csbmk-fp-price-jinan"]
    assert near(STANDARD.price_per_point("北京"), beijing["published"], str(beijing["tol"]))
    assert near(STANDARD.price_per_point("济南"), jinan["out"], str(jinan["tol"]))


def test_annex_b(oracles: dict[str, Any]) -> None:
    """Size, software factor, person-months, cost and the factor of upkeep."""
    size = oracles["csbmk-B2-size"]
    growth = STANDARD.choice("stage", "budget").value
    assert growth == size["in"]["CF"]
    assert size["in"]["ILF"] * size["in"]["w"] * growth == size["out"]["S"]
    software = oracles["csbmk-B2-swf"]
    assert 1 + Decimal("0.025") * software["in"]["nf_sum"] == software["out"]
    months = oracles["csbmk-B2-pm"]
    given = months["in"]
    hours = given["S"] * given["pdr"] * given["swf"]
    assert round(hours / STANDARD.hours_per_month, 2) == months["out"]
    cost = oracles["csbmk-B2-cost"]
    assert cost["in"]["pm"] * cost["in"]["rate"] == cost["out"]
    assert round(cost["out"] / 10_000, 2) == cost["published_wan"]
    low, some, many = oracles["csbmk-ops-factor"]["in"]
    assert many == STANDARD.choice("linked", "many").value
    assert round(low * some * many, 2) == oracles["csbmk-ops-factor"]["out"]


def test_appendix_d(oracles: dict[str, Any]) -> None:
    """Hours of building and of upkeep, and the total of the worked example."""
    build, upkeep = oracles["appendixD-dev-hours"], oracles["appendixD-ops-hours"]
    size = build["in"]["US"] * STANDARD.choice("stage", "bid").value
    assert size == build["out"]["S"]
    hours = size * STANDARD.hours_per_point("all").at("P50")
    assert round(hours, 2) == build["out"]["h"]
    kept = size * upkeep["in"]["pdr"] * upkeep["in"]["factor"]
    assert near(kept, upkeep["out"], str(upkeep["tol"]))
    total = oracles["appendixD-total"]
    rates = hours * total["in"]["dev_rate"] + upkeep["out"] * total["in"]["ops_rate"]
    found = rates / STANDARD.hours_per_month + total["in"]["other"]
    assert near(found, total["published"], str(total["tol"]))


def test_weights_and_complexity(oracles: dict[str, Any]) -> None:
    """IFPUG's weights, the full Chinese count, fifteen points of the matrix."""
    for kind, weights in oracles["ifpug-weights"]["out"].items():
        found = [getattr(each, kind.lower()) for each in (IFPUG_LOW, IFPUG_AVERAGE, IFPUG_HIGH)]
        assert found == weights
    for kind, weight in oracles["cn-full-fp"]["out"].items():
        assert FunctionCount(**{kind.lower(): 1}).points() == weight
    for kind, files, fields, letter in oracles["ifpug-complexity"]["cases"]:
        assert complexity_of(FunctionKind(kind.lower()), files, fields)[0].upper() == letter


def test_tiers_of_the_article(oracles: dict[str, Any]) -> None:
    """Users and prices of the three ranges."""
    for tier in TIERS:
        least, most, low, high = oracles["seed-tiers"]["out"][tier.name]
        assert (tier.least_users, tier.most_users) == (least, most)
        assert (tier.low, tier.high) == (Money(low, "CNY"), Money(high, "CNY"))


def test_taxes_and_capitals(oracles: dict[str, Any]) -> None:
    """Splits, the refund, and amounts in capitals."""
    for gross, rate, net, vat in oracles["vat-split"]["cases"]:
        assert split_vat(Money(gross, "CNY"), rate) == (Money(net, "CNY"), Money(vat, "CNY"))
    refund = oracles["vat-refund-13-3"]
    given = [Money(refund["in"][name], "CNY") for name in ("sales", "vat_payable")]
    assert vat_refund(*given) == Money(refund["out"], "CNY")
    for amount, words in oracles["rmb-upper"]["cases"]:
        assert f"人民币{capital_cny(Money(amount, 'CNY'))}" == words


def test_ishigami(oracles: dict[str, Any]) -> None:
    """The analytic indices of the file."""
    a, b = float(oracles["ishigami"]["in"]["a"]), float(oracles["ishigami"]["in"]["b"])

    def ishigami(columns: list[list[float]]) -> list[float]:
        rows = zip(*([math.pi * (2 * u - 1) for u in each] for each in columns), strict=True)
        return [math.sin(x) * (1 + b * z**4) + a * math.sin(y) ** 2 for x, y, z in rows]

    found = sobol(ishigami, 3, n=4096)
    closed = oracles["ishigami"]["out"]
    assert [alone for alone, _ in found] == pytest.approx([*map(float, closed["S1"])], abs=0.02)
    assert [whole for _, whole in found] == pytest.approx([*map(float, closed["ST"])], abs=0.02)


def test_product_of_lognormals(oracles: dict[str, Any]) -> None:
    """P_q = exp(sum mu + z_q sqrt(sum s^2)): two lognormal spreads make one."""
    assert "sqrt(sum s^2)" in oracles["lognormal-product"]["formula"]
    one, other = estimates.Lognormal(0.3), estimates.Lognormal(0.4)
    both = estimates.Lognormal(math.hypot(0.3, 0.4))
    score = NormalDist().inv_cdf(0.9)
    assert both.at(0.9) == pytest.approx(math.exp(0.5 * score))
    assert both.at(0.5) == one.at(0.5) * other.at(0.5) == 1


def test_divisia_of_one_factor(oracles: dict[str, Any]) -> None:
    """d_i = (y1 - y0) / ln(y1 / y0) x ln(f1 / f0), and the parts make up the whole."""
    assert "sum d_i = y1-y0" in oracles["lmdi"]["formula"]
    parts = divisia({"a": Decimal(2), "b": Decimal(3)}, {"a": Decimal(5), "b": Decimal(4)})
    weight = EXACT.divide(Decimal(14), EXACT.ln(Decimal(20) / 6))
    assert near(parts["a"], EXACT.multiply(weight, EXACT.ln(Decimal("2.5"))), "1e-20")
    assert near(sum(parts.values(), Decimal(0)), Decimal(14), "1e-20")
