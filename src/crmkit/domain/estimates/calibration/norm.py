"""The norm: the effort that a published standard foretells from size alone."""

from bisect import bisect_left
from collections.abc import Sequence
from math import log
from statistics import NormalDist
from typing import Self

import attrs

from crmkit.domain.estimates.calibration.quantities import above_zero, between
from crmkit.domain.estimates.figures import PROBABILITIES
from crmkit.domain.estimates.profiles import Profile
from crmkit.errors import InvalidValue


def _rate(value: object) -> float:
    return above_zero(value, "rate")


def _exponent(value: object) -> float:
    return between(value, "exponent", 0, 3)


def _quantiles(values: Sequence[object]) -> tuple[float, ...]:
    numbers = tuple(above_zero(value, "quantiles") for value in values)
    if numbers and (len(numbers) != 5 or list(numbers) != sorted(set(numbers))):
        raise InvalidValue(
            f"{list(values)} are not five rising numbers",
            path="quantiles",
            fix="give P10, P25, P50, P75 and P90 of effort per size, or none",
        )
    return numbers


@attrs.frozen(kw_only=True)
class Norm:
    """What the industry needs: effort = rate x size ^ exponent, with P10 to P90 of the rate."""

    name: str
    rate: float = attrs.field(converter=_rate)
    exponent: float = attrs.field(default=1.0, converter=_exponent)
    quantiles: tuple[float, ...] = attrs.field(default=(), converter=_quantiles)

    @classmethod
    def of(cls, profile: Profile, industry: str = "all") -> Self:
        """Take the hours per function point of a profile, and the quantiles of its standard."""
        return cls(
            name=profile.name,
            rate=profile.hours_per_point(industry).value,
            quantiles=profile.standard.hours_per_point(industry).values,
        )

    def effort(self, size: float) -> float:
        """Return what the standard foretells."""
        return float(self.rate * size**self.exponent)

    def percentile(self, rate: float) -> float | None:
        """Return which share of the industry needs less than `rate`; None without quantiles.

        Between the published quantiles the logarithm is straight over the normal score, and goes
        on so beyond them.
        """
        if not self.quantiles:
            return None
        logs = [log(quantile) for quantile in self.quantiles]
        scores = [NormalDist().inv_cdf(probability) for probability in PROBABILITIES]
        piece = min(max(bisect_left(logs, log(rate)), 1), len(logs) - 1)
        slope = (scores[piece] - scores[piece - 1]) / (logs[piece] - logs[piece - 1])
        return NormalDist().cdf(scores[piece - 1] + slope * (log(rate) - logs[piece - 1]))
