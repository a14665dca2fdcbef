"""Calibration: the standard, sharpened by the vendor's own finished projects."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from math import exp, log
from typing import Final

import attrs

from crmkit.domain.estimates.calibration.blend import Blend, Weights
from crmkit.domain.estimates.calibration.columns import Columns
from crmkit.domain.estimates.calibration.history import (
    FinishedProject,
    Given,
    as_features,
    in_order,
    is_dated,
)
from crmkit.domain.estimates.calibration.intervals import (
    FEWEST,
    Basis,
    Step,
    reach,
    replay,
)
from crmkit.domain.estimates.calibration.norm import Norm
from crmkit.domain.estimates.calibration.prior import Prior
from crmkit.domain.estimates.calibration.quantities import Quantity, above_zero, between
from crmkit.domain.estimates.calibration.report import CalibrationReport, bias_of, error_of
from crmkit.domain.estimates.profiles import Productivity, Profile
from crmkit.domain.estimates.spreads import QuantileSpread
from crmkit.errors import UnknownField

USUAL: Final = 0.8
_NARROWEST: Final = 1e-6


@attrs.frozen(kw_only=True)
class Forecast:
    """What a project will take: as likely more as less than `effort`, `level` of all in between."""

    effort: float
    low: float
    high: float
    level: float
    basis: Basis
    weights: Weights


def _as_norm(standard: Norm | Profile) -> Norm:
    return standard if isinstance(standard, Norm) else Norm.of(standard)


@attrs.frozen
class Calibrator:
    """Begins with a standard, which is a profile or a norm of one's own, and learns projects."""

    standard: Norm = attrs.field(converter=_as_norm)
    prior: Prior = attrs.field(factory=Prior)

    def fit(self, projects: Iterable[FinishedProject]) -> "Calibration":
        """Learn from finished projects; from none, the standard stays exactly as it is."""
        history = in_order(projects)
        columns = Columns.of(history)
        blend = Blend.before(self.prior, len(columns.features))
        steps: list[Step] = []
        for project in history:
            row = columns.row(project.size, project.features)
            actual = log(project.effort / self.standard.effort(project.size))
            steps.append(_step(blend, row, actual))
            blend = blend.learn(row, actual)
        return Calibration(
            standard=self.standard,
            prior=self.prior,
            projects=history,
            columns=columns,
            blend=blend,
            steps=tuple(steps),
        )


@attrs.frozen(kw_only=True)
class Calibration:
    """What was learned from a history; one more project gives a new one."""

    standard: Norm
    prior: Prior
    projects: tuple[FinishedProject, ...]
    columns: Columns = attrs.field(repr=False)
    blend: Blend = attrs.field(repr=False)
    steps: tuple[Step, ...] = attrs.field(repr=False)

    def forecast(
        self,
        size: Quantity,
        features: Mapping[str, Given] | None = None,
        *,
        level: float = USUAL,
    ) -> Forecast:
        """Foretell the effort of a project of a size, with what is known of it beforehand."""
        size, level = above_zero(size, "size"), between(level, "level", 0, 1)
        row = self.columns.row(size, self._known(features or {}))
        expected, scale = self.blend.foretell(row)
        middle = self.standard.effort(size) * exp(expected)
        factor = exp(self._reach(level) * scale)
        return Forecast(
            effort=middle,
            low=middle / factor,
            high=middle * factor,
            level=level,
            basis=self.basis,
            weights=self.blend.weights,
        )

    def productivity(
        self, size: Quantity, features: Mapping[str, Given] | None = None
    ) -> Productivity:
        """Return the hours per function point for a project, to be put into a profile."""
        quarter, tenth = (self.forecast(size, features, level=level) for level in (0.5, 0.8))
        near = max(quarter.high / quarter.effort, 1 + _NARROWEST)
        far = max(tenth.high / tenth.effort, near + _NARROWEST)
        spread = QuantileSpread((0.1, 0.25, 0.5, 0.75, 0.9), (1 / far, 1 / near, 1, near, far))
        hours = Decimal(str(round(tenth.effort / float(size), 6)))
        source = f"{self.standard.name} and {len(self.projects)} projects of our own"
        return Productivity(hours=hours, spread=spread, source=source)

    def learn(self, project: FinishedProject) -> "Calibration":
        """Return the calibration with one more project."""
        return Calibrator(self.standard, self.prior).fit((*self.projects, project))

    def report(self, level: float = USUAL) -> CalibrationReport:
        """Tell how far the history can be trusted."""
        replayed = replay(self.steps, between(level, "level", 0, 1), adaptive=self._grows)
        size = exp(self.columns.middle or 0.0)
        rate = self.forecast(size).effort / size
        return CalibrationReport(
            projects=len(self.steps),
            level=level,
            bias=bias_of(self.steps),
            error=error_of(self.steps),
            coverage=replayed.share if self.steps else None,
            rate=rate,
            percentile=self.standard.percentile(rate),
            weights=self.blend.weights,
        )

    @property
    def basis(self) -> Basis:
        """Return what the intervals rest on now."""
        if len(self.projects) < FEWEST:
            return Basis.STUDENT
        return Basis.ADAPTIVE if self._grows else Basis.LEAVE_ONE_OUT

    @property
    def _grows(self) -> bool:
        return is_dated(self.projects)

    def _reach(self, level: float) -> float:
        freedom = 2 * self.blend.size.shape
        if self.basis is Basis.LEAVE_ONE_OUT:
            return reach(self._left_out, 1 - level, freedom, level)
        alpha = replay(self.steps, level, adaptive=True).alpha
        return reach(sorted(step.score for step in self.steps), alpha, freedom, level)

    @cached_property
    def _left_out(self) -> list[float]:
        rows = (self.columns.row(project.size, project.features) for project in self.projects)
        pairs = zip(rows, self.steps, strict=True)
        return sorted(abs(self.blend.without(row, step.actual)) for row, step in pairs)

    def _known(self, features: Mapping[str, Given]) -> Mapping[str, float | str]:
        given = as_features(features)
        for name in given if self.projects else ():
            if name not in self.columns.names:
                raise UnknownField(
                    "no project of the history has it",
                    path=f"features.{name}",
                    fix=f"one of {', '.join(sorted(self.columns.names)) or 'none'}",
                )
        return given


def _step(blend: Blend, row: tuple[float, ...], actual: float) -> Step:
    expected, scale = blend.foretell(row)
    return Step(expected=expected, scale=scale, freedom=2 * blend.size.shape, actual=actual)
