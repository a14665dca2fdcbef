"""The three price ranges of a custom CRM: what speaks for which, and what to do in between."""

from collections.abc import Iterator
from typing import Final

import attrs

from crmkit.domain.estimates.levels import Process
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.three_points import likeliest
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money


@attrs.frozen(kw_only=True)
class Tier:
    """One price range, and the number of users that it is meant for."""

    name: str
    label: Label
    low: Money
    high: Money
    least_users: int
    most_users: int | None

    def holds(self, price: Money) -> bool:
        """Say whether a price lies in the range, ends included."""
        return self.low <= price <= self.high


BASIC: Final = Tier(
    name="basic",
    label=Label("basic", "基础版"),
    low=Money("10000", "CNY"),
    high=Money("50000", "CNY"),
    least_users=10,
    most_users=20,
)
STANDARD: Final = Tier(
    name="standard",
    label=Label("standard", "标准版"),
    low=Money("50000", "CNY"),
    high=Money("150000", "CNY"),
    least_users=20,
    most_users=50,
)
FULL: Final = Tier(
    name="full",
    label=Label("full", "完整版"),
    low=Money("150000", "CNY"),
    high=Money("500000", "CNY"),
    least_users=50,
    most_users=None,
)
TIERS: Final = (BASIC, STANDARD, FULL)
_FULL_MODULES: Final = ("service", "analytics", "marketing_automation")
_STANDARD_MODULES: Final = ("pipeline", "quotes", "marketing", "workflow", "mobile")


@attrs.frozen(kw_only=True)
class TierJudgement:
    """The tier by scope, by users and by price, with reasons; `advice` where they differ.

    20 and 50 users stand in two tiers, so `by_users` may be two. A price outside all ranges has
    no tier.
    """

    tier: Tier
    by_users: tuple[Tier, ...]
    by_price: tuple[Tier, ...]
    reasons: tuple[Label, ...]
    advice: Label | None

    @property
    def agreed(self) -> bool:
        """Say whether scope, users and price point to the same tier."""
        return self.advice is None


def judge(scope: Scope, price: Money) -> TierJudgement:
    """Judge by what is asked for; say where users and price point elsewhere."""
    tier, reasons = _by_scope(scope)
    users = likeliest(scope.users)
    by_users = tuple(
        each
        for each in TIERS
        if (users >= each.least_users or each is BASIC)
        and (each.most_users is None or users <= each.most_users)
    )
    by_price = tuple(each for each in TIERS if each.holds(price))
    return TierJudgement(
        tier=tier,
        by_users=by_users,
        by_price=by_price,
        reasons=tuple(reasons),
        advice=_advice(tier, by_users, by_price),
    )


def _by_scope(scope: Scope) -> tuple[Tier, list[Label]]:
    for tier, signs in ((FULL, _full_signs), (STANDARD, _standard_signs)):
        reasons = list(signs(scope))
        if reasons:
            return tier, reasons
    return BASIC, [Label("records and queries only", "只有档案与查询")]


def _full_signs(scope: Scope) -> Iterator[Label]:
    for name in _FULL_MODULES:
        if name in scope.modules:
            yield Label(f"module {name}", f"含模块 {name}")
    if scope.process is Process.DEEP:
        yield Label("deep customisation of processes", "流程深度定制")
    entities = sum(int(likeliest(link.entities)) for link in scope.integrations)
    if len(scope.integrations) > 1 or entities > 2:
        yield Label("complex integration", "复杂集成")


def _standard_signs(scope: Scope) -> Iterator[Label]:
    for name in _STANDARD_MODULES:
        if name in scope.modules:
            yield Label(f"module {name}", f"含模块 {name}")
    if scope.process is Process.SOME:
        yield Label("some customisation of processes", "部分流程定制")
    if scope.integrations:
        yield Label("a simple integration", "简单集成")


def _advice(tier: Tier, by_users: tuple[Tier, ...], by_price: tuple[Tier, ...]) -> Label | None:
    if tier not in by_users:
        other = by_users[0]
        if TIERS.index(other) > TIERS.index(tier):
            return Label(
                f"scope says {tier.label.en}, users say {other.label.en}: price the scope, and "
                "offer seats and training for all users",
                f"功能属于{tier.label.zh}，用户数属于{other.label.zh}：按功能报价，用户与培训按人数另列",
            )
        return Label(
            f"scope says {tier.label.en}, users say {other.label.en}: price the scope, or deliver "
            "it in steps that a small team can take up",
            f"功能属于{tier.label.zh}，用户数属于{other.label.zh}：按功能报价，或分期交付",
        )
    if tier not in by_price:
        return Label(
            f"scope says {tier.label.en}, but the price lies outside its range: check fit, city "
            "and what is bought",
            f"功能属于{tier.label.zh}，但价格不在其区间：请复核复用程度、城市与代购项",
        )
    return None
