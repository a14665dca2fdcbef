"""The report of a calibration: how far the history can be trusted."""

from collections.abc import Iterator, Sequence
from math import exp
from statistics import median

import attrs

from crmkit.domain.estimates.calibration.blend import Weights
from crmkit.domain.estimates.calibration.intervals import Step
from crmkit.domain.estimates.words import Label


@attrs.frozen(kw_only=True)
class CalibrationReport:
    """What was foretold for each project from those before it, beside what it took.

    `bias` is the middle of actual over foretold, less 1: above 0, projects took more. `error` is
    the middle of |actual - foretold| over actual; `coverage` the share of projects inside their
    intervals of `level`. All three are None without a project. `rate` is the vendor's effort per
    size for a project of middle size, `percentile` the share of the industry that needs less,
    None where the standard has no quantiles.
    """

    projects: int
    level: float
    bias: float | None
    error: float | None
    coverage: float | None
    rate: float
    percentile: float | None
    weights: Weights

    def text(self, language: str = "en") -> str:
        """Tell it in a few lines of English or Chinese."""
        return "\n".join(line.said(language) for line in self._lines())

    def _lines(self) -> Iterator[Label]:
        rate, level = f"{self.rate:.2f}", f"{self.level:.0%}"
        yield Label(f"finished projects: {self.projects}", f"已完成项目：{self.projects} 个")
        yield Label(f"effort per size: {rate}", f"单位规模工作量：{rate}")
        if self.percentile is not None:
            share = f"{self.percentile:.0%}"
            yield Label(
                f"share of the industry that needs less: {share}", f"行业中低于此值：{share}"
            )
        if self.bias is not None:
            bias = f"{self.bias:+.0%}"
            yield Label(f"actual over foretold: {bias}", f"实际比预测（中位数）：{bias}")
        if self.error is not None:
            yield Label(f"error: {self.error:.0%}", f"误差（中位数）：{self.error:.0%}")
        if self.coverage is not None:
            inside = f"{self.coverage:.0%}"
            yield Label(f"inside intervals of {level}: {inside}", f"落入 {level} 区间：{inside}")
        yield self._weighed()

    def _weighed(self) -> Label:
        standard, size, features = (f"{share:.0%}" for share in attrs.astuple(self.weights))
        return Label(
            f"weights: standard {standard}, size {size}, features {features}",
            f"权重：行业基准 {standard}，规模 {size}，特征 {features}",
        )


def bias_of(steps: Sequence[Step]) -> float | None:
    """Return the middle of actual over foretold, less 1."""
    return exp(median(step.error for step in steps)) - 1 if steps else None


def error_of(steps: Sequence[Step]) -> float | None:
    """Return the middle of |actual - foretold| over actual."""
    return median(abs(1 - exp(-step.error)) for step in steps) if steps else None
