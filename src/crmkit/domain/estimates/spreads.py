"""How far reality lies around an estimate: a factor for every probability."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Final, Protocol

import attrs

from crmkit.domain.estimates.figures import PROBABILITIES, Quantiles
from crmkit.errors import InvalidValue

_NORMAL: Final = NormalDist()


class Spread(Protocol):
    """A distribution of actual over estimated."""

    def at(self, probability: float) -> float:
        """Return the factor that is not exceeded with a probability, 0 < probability < 1."""
        ...


@attrs.frozen
class Lognormal:
    """Factors whose logarithm is normal around zero with a deviation: the median is 1."""

    deviation: float

    def __attrs_post_init__(self) -> None:
        """Refuse a deviation below zero or that is no number."""
        if not 0 <= self.deviation < math.inf:
            raise InvalidValue(
                f"{self.deviation} is no deviation", path="deviation", fix="zero or above"
            )

    def at(self, probability: float) -> float:
        """Return the quantile."""
        return math.exp(self.deviation * _NORMAL.inv_cdf(probability))


@attrs.frozen
class QuantileSpread:
    """Factors given at some probabilities, both rising.

    Between them the logarithm is straight over the normal score; beyond the ends it goes on as in
    the last piece, so that the tails are lognormal.
    """

    probabilities: tuple[float, ...]
    factors: tuple[float, ...]
    _scores: tuple[float, ...] = attrs.field(init=False, repr=False)
    _logs: tuple[float, ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what does not rise, and prepare the pieces."""
        if len(self.probabilities) != len(self.factors) or len(self.factors) < 2:
            raise InvalidValue(
                "needs two factors or more, one for each probability",
                path="spread.factors",
                fix="such as (0.1, 0.9) and (0.5, 2.0)",
            )
        rising = _rises((0.0, *self.probabilities, 1.0)) and _rises((0.0, *self.factors))
        if not rising:
            raise InvalidValue(
                "probabilities between 0 and 1 and factors above 0 must rise",
                path="spread.factors",
                fix="sort them and leave out repetitions",
            )
        scores = tuple(map(_NORMAL.inv_cdf, self.probabilities))
        object.__setattr__(self, "_scores", scores)
        object.__setattr__(self, "_logs", tuple(map(math.log, self.factors)))

    def at(self, probability: float) -> float:
        """Return the quantile."""
        score = _NORMAL.inv_cdf(probability)
        scores, logs = self._scores, self._logs
        piece = 0
        while piece < len(scores) - 2 and score > scores[piece + 1]:
            piece += 1
        slope = (logs[piece + 1] - logs[piece]) / (scores[piece + 1] - scores[piece])
        return math.exp(logs[piece] + slope * (score - scores[piece]))


def standard_spread(quantiles: Quantiles) -> QuantileSpread:
    """Return the published quantiles as factors around their median."""
    median = float(quantiles.at("P50"))
    return QuantileSpread(PROBABILITIES, tuple(float(value) / median for value in quantiles.values))


def _rises(values: Sequence[float]) -> bool:
    return all(one < other for one, other in pairwise(values))
