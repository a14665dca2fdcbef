"""The report of a calibration: how far the history can be trusted."""

from collections.abc import Sequence
from math import exp
from statistics import median

import attrs

from crmkit.domain.estimates.calibration.blend import Weights
from crmkit.domain.estimates.calibration.intervals import Step


@attrs.frozen(kw_only=True)
class CalibrationReport:
    """What was foretold for each project from those before it, beside what it took.

    `bias` is the middle of actual over foretold, less 1: above 0, projects took more. `error` is
    the middle of |actual - foretold| over actual; `coverage` the share of projects inside their
    intervals. All three are None without a project. `rate` is the vendor's effort per size for a
    project of middle size, `percentile` the share of the industry that needs less.
    """

    projects: int
    bias: float | None
    error: float | None
    coverage: float | None
    rate: float
    percentile: float | None
    weights: Weights


def bias_of(steps: Sequence[Step]) -> float | None:
    """Return the middle of actual over foretold, less 1."""
    return exp(median(step.error for step in steps)) - 1 if steps else None


def error_of(steps: Sequence[Step]) -> float | None:
    """Return the middle of |actual - foretold| over actual."""
    return median(abs(1 - exp(-step.error)) for step in steps) if steps else None
