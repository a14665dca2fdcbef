"""A belief about a straight line, sharpened by one observation after the other.

The conjugate normal-inverse-gamma model of Bayesian linear regression: closed form, so nothing is
searched for and the order of the observations does not matter. Bernardo and Smith, Bayesian
Theory, 1994, appendix A.2; the step for one observation is the rank-one update of Sherman and
Morrison.
"""

from collections.abc import Sequence
from math import sqrt
from operator import mul
from typing import Self, TypeAlias

import attrs

Vector: TypeAlias = Sequence[float]


@attrs.frozen
class Belief:
    """Coefficients with their covariance in units of the noise's variance, and that variance.

    The variance is inverse-gamma with `shape` and `rate`; what is foretold at `x` is Student-t
    with `2 * shape` degrees of freedom around `expect(x)`, in steps of `scale(x)`.
    """

    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    shape: float
    rate: float

    @classmethod
    def around_zero(cls, deviations: Vector, noise: float, weight: float) -> Self:
        """Begin with coefficients around zero, and noise known as if from `weight` data."""
        width = range(len(deviations))
        covariance = tuple(
            tuple((deviations[row] / noise) ** 2 if row == column else 0.0 for column in width)
            for row in width
        )
        return cls((0.0,) * len(deviations), covariance, weight / 2, weight / 2 * noise**2)

    def expect(self, x: Vector) -> float:
        """Return what is foretold at `x`."""
        return _dot(self.mean, x)

    def leverage(self, x: Vector) -> float:
        """Return how uncertain the line is at `x`, in units of the noise's variance."""
        return _dot(self._spread(x), x)

    def scale(self, x: Vector) -> float:
        """Return the scale of what is foretold at `x`, line and noise together."""
        return sqrt(self.rate / self.shape * (1 + self.leverage(x)))

    def learn(self, x: Vector, y: float) -> Self:
        """Return the belief after `y` was seen at `x`."""
        gain = self._spread(x)
        total = 1 + _dot(gain, x)
        error = y - self.expect(x)
        steps = [value / total for value in gain]
        return attrs.evolve(
            self,
            mean=tuple(value + step * error for value, step in zip(self.mean, steps, strict=True)),
            covariance=tuple(
                tuple(value - step * other for value, other in zip(row, gain, strict=True))
                for row, step in zip(self.covariance, steps, strict=True)
            ),
            shape=self.shape + 0.5,
            rate=self.rate + error * error / (2 * total),
        )

    def _spread(self, x: Vector) -> list[float]:
        return [_dot(row, x) for row in self.covariance]


def _dot(one: Vector, other: Vector) -> float:
    return float(sum(map(mul, one, other)))
