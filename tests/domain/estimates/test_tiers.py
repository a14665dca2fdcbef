"""Tiers: prices of scopes in the article's own words lie in the article's own ranges."""

from collections.abc import Callable

import pytest

from crmkit import estimates
from crmkit.domain.estimates.tiers import TIERS, Tier
from tests.domain.estimates.tier_grid import GRID

BASIC, STANDARD, FULL = TIERS


def test_ranges_are_those_of_the_article() -> None:
    """10-50, 50-150 and 150-500 thousand yuan."""
    ends = [(tier.low.minor // 100, tier.high.minor // 100) for tier in TIERS]
    assert ends == [(10_000, 50_000), (50_000, 150_000), (150_000, 500_000)]
    assert sum(map(len, GRID.values())) >= 1500


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name)
def test_every_scope_lies_in_the_range_of_its_tier(
    tier: Tier, figure: Callable[[str], None]
) -> None:
    """With the profile of a small vendor in Liaocheng; the industry's median beside it."""
    grid = GRID[tier.name]
    prices = sorted(estimates.estimate(scope, "liaocheng-smb").total for scope in grid)
    assert tier.low <= prices[0]
    assert prices[-1] <= tier.high
    median = [estimates.estimate(scope, "csbmk-p50").total for scope in grid]
    share = sum(tier.holds(price) for price in median) / len(grid)
    figure(
        f"tier grid, {tier.name}: {len(grid)} scopes; liaocheng-smb 100 % inside, "
        f"{prices[0].amount:,.0f} to {prices[-1].amount:,.0f} CNY; csbmk-p50 {share:.1%} inside"
    )


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name)
def test_every_scope_is_judged_to_be_of_its_tier(tier: Tier) -> None:
    """By what is asked for, with reasons; users and price agree."""
    for scope in GRID[tier.name][::7]:
        judged = estimates.estimate(scope).tier
        assert judged.tier is tier
        assert judged.reasons
        assert judged.agreed


@pytest.mark.parametrize(
    ("users", "tiers"),
    [(5, [BASIC]), (20, [BASIC, STANDARD]), (50, [STANDARD, FULL]), (51, [FULL])],
)
def test_users_may_stand_in_two_tiers(users: int, tiers: list[Tier]) -> None:
    """At 20 and at 50, as the article has it."""
    scope = estimates.Scope(modules=["customers"], users=users)
    assert list(estimates.estimate(scope).tier.by_users) == tiers


def test_two_links_are_complex() -> None:
    """One simple link is of the standard tier, a second one of the full."""
    links = [estimates.Integration(system=name) for name in ("ERP", "OA")]
    scope = estimates.Scope(modules=["customers"], integrations=links[:1])
    assert estimates.estimate(scope).tier.tier is STANDARD
    assert estimates.estimate(scope.with_(integrations=links)).tier.tier is FULL


def test_disagreement_comes_with_advice() -> None:
    """Many users of little, few users of everything, a price outside."""
    many = estimates.Scope(modules=["customers"], users=80)
    few = GRID["full"][0].with_(users=8)
    dear = estimates.Scope(modules={"customers": "new", "contacts": "new"}, stage="budget")
    advice = [
        estimates.estimate(many).tier.advice,
        estimates.estimate(few).tier.advice,
        estimates.estimate(dear, "csbmk-p50").tier.advice,
    ]
    assert [said and said.en.partition(":")[0] for said in advice] == [
        "scope says basic, users say full",
        "scope says full, users say basic",
        "scope says basic, but the price lies outside its range",
    ]
    assert all(said and said.zh for said in advice)
