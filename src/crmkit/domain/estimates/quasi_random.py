"""Points that fill a cube evenly and yet depend on a seed: the same seed gives the same points."""

import math
from collections.abc import Sequence
from random import Random
from typing import Final

from crmkit.errors import InvalidValue

MOST_POINTS: Final = 1_000_000
Column = Sequence[float]


def columns(points: int, dimensions: int, seed: int) -> list[list[float]]:
    """Return one column of numbers between 0 and 1 for each dimension.

    The first column is stratified in equal steps; the others add up the roots of primes (Kronecker
    sequences), shifted by the seed.
    """
    if type(points) is not int or not 10 <= points <= MOST_POINTS:
        raise InvalidValue(
            f"{points} points tell nothing", path="n", fix=f"10 to {MOST_POINTS:,} points"
        )
    if type(seed) is not int:
        raise InvalidValue(f"{seed!r} is no seed", path="seed", fix="give a whole number")
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    shift = chance.random()
    first = [(at + shift) / points for at in range(points)]
    return [first, *(_column(points, step, chance.random()) for step in _steps(dimensions - 1))]


def _column(points: int, step: float, shift: float) -> list[float]:
    return [(shift + at * step) % 1.0 or 0.5 for at in range(points)]


def _steps(count: int) -> list[float]:
    """Return the fractional parts of the roots of the first primes."""
    steps: list[float] = []
    candidate = 2
    while len(steps) < count:
        if all(candidate % divisor for divisor in range(2, math.isqrt(candidate) + 1)):
            steps.append(math.sqrt(candidate) % 1.0)
        candidate += 1
    return steps
