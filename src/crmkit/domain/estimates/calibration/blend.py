"""The blend: the standard, a model of size alone and one with features, weighed by their errors."""

from collections.abc import Sequence
from functools import cached_property
from math import exp, log
from typing import Final, Self, TypeAlias

import attrs

from crmkit.domain.estimates.calibration.belief import Belief
from crmkit.domain.estimates.calibration.prior import Prior

WINDOW: Final = 30
"""How many of the latest errors decide between the models."""
LEAST_POWER: Final = 4.0
"""How sharply errors decide while they are few; later, half as many powers as there are errors."""
_SMALLEST: Final = 1e-9

Errors: TypeAlias = tuple[float, float, float]
Row: TypeAlias = tuple[float, ...]


@attrs.frozen(kw_only=True)
class Weights:
    """How much each model counts; together 1."""

    standard: float
    size: float
    features: float


@attrs.frozen(kw_only=True)
class Blend:
    """Three models that learn from the same projects; all foretell ln(effort / standard)."""

    size: Belief
    features: Belief
    credit: float
    learned: int = 0
    errors: tuple[Errors, ...] = ()

    @classmethod
    def before(cls, prior: Prior, features: int) -> Self:
        """Begin with the prior, for rows with so many features."""
        level = (prior.level, prior.exponent)
        noise = (prior.noise, prior.noise_weight)
        return cls(
            size=Belief.around_zero(level, *noise),
            features=Belief.around_zero((*level, *[prior.feature] * features), *noise),
            credit=prior.credit,
        )

    @cached_property
    def weights(self) -> Weights:
        """Return each model's share by credibility, times its errors to a negative power.

        Without a project the standard has it all; with n, it counts as `credit` projects beside
        them. The errors are those made on each project before it was learned from.
        """
        own = self.learned / 2
        power = max(LEAST_POWER, len(self.errors) / 2)
        shares = [
            log(share) - power * log(error) if share else -float("inf")
            for share, error in zip((self.credit, own, own), _means(self.errors), strict=True)
        ]
        most = max(shares)
        raw = [exp(share - most) for share in shares]
        standard, size, features = (value / sum(raw) for value in raw)
        return Weights(standard=standard, size=size, features=features)

    def foretell(self, row: Row) -> tuple[float, float]:
        """Return the logarithm of what is foretold over what the standard foretells, and its scale.

        The scale of the standard is that of the model of size.
        """
        weights = self.weights
        expected = weights.size * self.size.expect(row[:2])
        scale = (weights.standard + weights.size) * self.size.scale(row[:2])
        if weights.features:
            expected += weights.features * self.features.expect(row)
            scale += weights.features * self.features.scale(row)
        return expected, scale

    def learn(self, row: Row, y: float) -> Self:
        """Return the blend after one project more."""
        errors = (
            abs(y),
            abs(y - self.size.expect(row[:2])),
            abs(y - self.features.expect(row)),
        )
        return attrs.evolve(
            self,
            size=self.size.learn(row[:2], y),
            features=self.features.learn(row, y),
            learned=self.learned + 1,
            errors=(*self.errors, errors)[-WINDOW:],
        )

    def without(self, row: Row, y: float) -> float:
        """Return the error on a learned project as if it had not been learned, over its scale."""
        weights = self.weights
        error, scale = weights.standard * y, 0.0
        for share, spread, belief, x in (
            (weights.size, weights.standard + weights.size, self.size, row[:2]),
            (weights.features, weights.features, self.features, row),
        ):
            kept = 1 - belief.leverage(x)
            error += share * (y - belief.expect(x)) / kept
            scale += spread * (belief.rate / belief.shape / kept) ** 0.5
        return error / scale


def _means(errors: Sequence[Errors]) -> list[float]:
    if not errors:
        return [1.0, 1.0, 1.0]
    return [max(sum(of_one) / len(errors), _SMALLEST) for of_one in zip(*errors, strict=True)]
