"""Prices that may come true: drawn evenly, sorted, with the seed that repeats them."""

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.domain.estimates.plans import plan_of
from crmkit.domain.estimates.quasi_random import columns
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate


TURNS: Final = 4


@attrs.frozen(kw_only=True)
class Band:
    """A price range that holds with a confidence: half of what is left lies below, half above."""

    confidence: float
    low: Money
    median: Money
    high: Money


@attrs.frozen(kw_only=True)
class Simulation:
    """Totals in yuan, sorted: of each draw, met by `TURNS` draws of the productivity."""

    seed: int
    totals: tuple[float, ...] = attrs.field(repr=False)

    @property
    def mean(self) -> Money:
        """Return the mean of the totals."""
        return _yuan(math.fsum(self.totals) / len(self.totals))

    def at(self, probability: float) -> Money:
        """Return the total that is not exceeded with a probability, between 0 and 1."""
        rank = check_share(probability, "probability") * len(self.totals) - 0.5
        below = min(max(math.floor(rank), 0), len(self.totals) - 2)
        share = min(max(rank - below, 0.0), 1.0)
        return _yuan(self.totals[below] * (1 - share) + self.totals[below + 1] * share)

    def chance_within(self, price: Money) -> float:
        """Return how likely the work costs no more than a price."""
        return bisect_right(self.totals, float(price.amount)) / len(self.totals)

    def band(self, confidence: float) -> Band:
        """Return the range in the middle that holds with a confidence."""
        rest = (1 - check_share(confidence, "confidence")) / 2
        return Band(
            confidence=confidence, low=self.at(rest), median=self.at(0.5), high=self.at(1 - rest)
        )


def simulate(estimate: "Estimate", n: int, seed: int) -> Simulation:
    """Draw every input `n` times; the same seed gives the same totals, to the last bit."""
    plan = plan_of(estimate)
    drawn = plan.totals(columns(n, len(plan.inputs), seed), turns=TURNS)
    return Simulation(seed=seed, totals=tuple(sorted(drawn)))


def check_share(value: float, path: str) -> float:
    """Return a number between 0 and 1, ends excluded, or raise naming `path`."""
    if isinstance(value, int | float) and 0 < value < 1:
        return float(value)
    raise InvalidValue(f"{value!r} lies not between 0 and 1", path=path, fix="such as 0.8")


def _yuan(amount: float) -> Money:
    return Money.from_minor(round(amount * 100), "CNY")
