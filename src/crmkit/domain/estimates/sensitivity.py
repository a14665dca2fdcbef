"""What the price hangs on: each input alone (tornado), and its share of the variance (Sobol)."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs

from crmkit.domain.estimates.plans import Plan, plan_of
from crmkit.domain.estimates.quasi_random import Column, columns
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9


@attrs.frozen(kw_only=True)
class Swing:
    """How the total moves when one input goes from its P10 to its P90, the others in the middle."""

    name: str
    label: Label
    low: Money
    high: Money

    @property
    def width(self) -> Money:
        """Return how far the total moves."""
        return abs(self.high - self.low)


@attrs.frozen(kw_only=True)
class VarianceShare:
    """The share of the variance that one input explains: alone, and with all that it meets."""

    name: str
    label: Label
    alone: float
    together: float


def tornado(estimate: "Estimate") -> tuple[Swing, ...]:
    """Return the swing of every uncertain input, the widest first."""
    plan = plan_of(estimate)
    count = len(plan.inputs)
    rows = [
        [value if at == turned else _MIDDLE for at in range(count)]
        for turned in range(count)
        for value in (_LOW, _HIGH)
    ]
    totals = plan.totals(list(zip(*rows, strict=True)))
    swings = [
        Swing(
            name=each.name,
            label=each.label,
            low=Money.from_minor(round(totals[2 * at] * 100), "CNY"),
            high=Money.from_minor(round(totals[2 * at + 1] * 100), "CNY"),
        )
        for at, each in enumerate(plan.inputs)
    ]
    return tuple(sorted(swings, key=lambda swing: (-swing.width.minor, swing.name)))


def variance_shares(estimate: "Estimate", n: int, seed: int) -> tuple[VarianceShare, ...]:
    """Return Sobol's indices of every uncertain input, the weightiest first."""
    plan: Plan = plan_of(estimate)
    found = sobol(plan.totals, len(plan.inputs), n=n, seed=seed)
    shares = [
        VarianceShare(name=each.name, label=each.label, alone=alone, together=together)
        for each, (alone, together) in zip(plan.inputs, found, strict=True)
    ]
    return tuple(sorted(shares, key=lambda share: (-share.together, share.name)))


def sobol(
    function: Callable[[Sequence[Column]], list[float]], dimensions: int, *, n: int, seed: int = 0
) -> list[tuple[float, float]]:
    """Return the first-order and the total index of every dimension of a function.

    The function takes columns of numbers between 0 and 1 and returns one value for each row.
    Estimators: Saltelli et al. 2010 (first order) and Jansen 1999 (total), from n (dimensions + 2)
    values.
    """
    drawn = columns(n, 2 * dimensions, seed)
    one, other = drawn[:dimensions], drawn[dimensions:]
    at_one, at_other = function(one), function(other)
    mean = math.fsum(at_one + at_other) / (2 * n)
    variance = math.fsum((value - mean) ** 2 for value in at_one + at_other) / (2 * n)
    return [
        _indices(at_one, at_other, function(_mixed(one, other, turned)), variance)
        for turned in range(dimensions)
    ]


def _mixed(one: list[list[float]], other: list[list[float]], turned: int) -> list[list[float]]:
    return [other[at] if at == turned else column for at, column in enumerate(one)]


def _indices(
    at_one: list[float], at_other: list[float], at_mixed: list[float], variance: float
) -> tuple[float, float]:
    if not variance:
        return 0.0, 0.0
    rows = list(zip(at_one, at_other, at_mixed, strict=True))
    alone = math.fsum(b * (mixed - a) for a, b, mixed in rows) / len(rows) / variance
    together = math.fsum((a - mixed) ** 2 for a, _, mixed in rows) / (2 * len(rows)) / variance
    return alone, together
