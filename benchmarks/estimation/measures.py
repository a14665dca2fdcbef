"""Measures of accuracy: standardised accuracy, relative errors, coverage."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple


class Accuracy(NamedTuple):
    """Standardised accuracy and median magnitude of relative error, in per cent."""

    sa: float
    mdmre: float


def accuracy(foretold: Sequence[float], actual: Sequence[float]) -> Accuracy:
    """Compare what was foretold with what came, against guessing another project's effort.

    Shepperd and MacDonell, Evaluating prediction systems in software project estimation,
    Information and Software Technology 54 (2012), p. 820-827; the exact mean of all guesses.
    """
    errors = [abs(one - other) for one, other in zip(foretold, actual, strict=True)]
    relative = [error / came for error, came in zip(errors, actual, strict=True)]
    return Accuracy(100 * (1 - fmean(errors) / guessing(actual)), 100 * median(relative))


def guessing(actual: Sequence[float]) -> float:
    """Return the mean error of foretelling each effort by that of another project."""
    pairs = len(actual) * (len(actual) - 1)
    return sum(abs(one - other) for one in actual for other in actual) / pairs
