"""Intervals that keep their promise: by Student's t while projects are few, then by ranks.

Conformal intervals: Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World, 2005, chapter
2. Adaptive ones, for errors that drift in time: Gibbs and Candes, Adaptive Conformal Inference
Under Distribution Shift, NeurIPS 2021.
"""

from bisect import insort
from collections.abc import Sequence
from enum import StrEnum
from math import ceil
from statistics import NormalDist
from typing import Final

import attrs

FEWEST: Final = 8
"""Projects from which on their own errors make the intervals."""
STEP: Final = 0.03
"""How far one hit or miss moves the level that is aimed at."""


class Basis(StrEnum):
    """What an interval rests on."""

    STUDENT = "student"
    LEAVE_ONE_OUT = "leave_one_out"
    ADAPTIVE = "adaptive"


@attrs.frozen(kw_only=True)
class Step:
    """One project as it was foretold from those before it, in logarithms."""

    expected: float
    scale: float
    freedom: float
    actual: float

    @property
    def error(self) -> float:
        """Return how far the project came out above what was foretold."""
        return self.actual - self.expected

    @property
    def score(self) -> float:
        """Return the distance in units of the scale."""
        return abs(self.error) / self.scale


@attrs.frozen(kw_only=True)
class Replay:
    """A history foretold project by project: the level aimed at in the end, and what was hit."""

    alpha: float
    covered: tuple[bool, ...]

    @property
    def share(self) -> float:
        """Return the share of projects inside their intervals."""
        return sum(self.covered) / len(self.covered)


def conformal_rank(count: int, alpha: float) -> int | None:
    """Return which of `count` sorted scores covers 1 - alpha; None where all are too few."""
    rank = max(1, ceil(round((count + 1) * (1 - alpha), 9)))
    return rank if rank <= count else None


def reach(scores: Sequence[float], alpha: float, freedom: float, level: float) -> float:
    """Return how many scales an interval reaches to either side, from sorted scores."""
    if len(scores) < FEWEST:
        return student_quantile(0.5 + level / 2, freedom)
    rank = conformal_rank(len(scores), alpha)
    if rank is None:
        return max(scores[-1], student_quantile(0.5 + level / 2, freedom))
    return scores[rank - 1]


def replay(steps: Sequence[Step], level: float, *, adaptive: bool) -> Replay:
    """Foretell each project from those before it, and move the level after each where asked."""
    alpha, covered = 1 - level, []
    scores: list[float] = []
    for step in steps:
        covered.append(step.score <= reach(scores, alpha, step.freedom, level))
        if adaptive and len(scores) >= FEWEST:
            alpha += STEP * (1 - level - (not covered[-1]))
        insort(scores, step.score)
    return Replay(alpha=alpha, covered=tuple(covered))


def student_quantile(probability: float, freedom: float) -> float:
    """Return a quantile of Student's t with ten degrees of freedom or more, to four digits.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.5, p. 949.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
