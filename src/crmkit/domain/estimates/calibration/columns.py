"""Columns: the features of a history as numbers that a straight line can be drawn through."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log, log1p
from statistics import fmean, pstdev
from typing import Final, Self

import attrs

from crmkit.domain.estimates.calibration.history import Feature, FinishedProject

SKEWED: Final = 1.0
"""Counts whose skewness is above this are compared by their logarithms."""
FARTHEST: Final = 2.0
"""How far beyond the history a number is followed, in units of two deviations."""


@attrs.frozen
class NumberColumn:
    """A number, centred and divided by two deviations, of its logarithm where it is skewed."""

    name: str
    centre: float
    unit: float
    logarithm: bool

    def value(self, features: Mapping[str, Feature]) -> float:
        """Return the number's place; zero where it is not known."""
        given = features.get(self.name)
        if not isinstance(given, float):
            return 0.0
        number = log1p(max(given, 0.0)) if self.logarithm else given
        return max(-FARTHEST, min(FARTHEST, (number - self.centre) / self.unit))


@attrs.frozen
class KindColumn:
    """One of several kinds: 1 for those that are of it, else 0."""

    name: str
    kind: str

    def value(self, features: Mapping[str, Feature]) -> float:
        """Return whether the feature is of this kind."""
        return float(features.get(self.name) == self.kind)


@attrs.frozen
class Columns:
    """How a project becomes a row: 1, its size around the middle one, its features.

    Without a history, every size is a middle one.
    """

    names: frozenset[str]
    middle: float | None
    features: tuple[NumberColumn | KindColumn, ...]

    @classmethod
    def of(cls, history: Sequence[FinishedProject]) -> Self:
        """Make columns of what differs between the projects of a history."""
        names = sorted({name for project in history for name in project.features})
        columns: list[NumberColumn | KindColumn] = []
        for name in names:
            values = [project.features[name] for project in history if name in project.features]
            columns += _number_column(name, [value for value in values if isinstance(value, float)])
            columns += _kind_columns(name, [value for value in values if isinstance(value, str)])
        middle = fmean(log(project.size) for project in history) if history else None
        return cls(frozenset(names), middle, tuple(columns))

    def row(self, size: float, features: Mapping[str, Feature]) -> tuple[float, ...]:
        """Return the row of a project."""
        above = 0.0 if self.middle is None else log(size) - self.middle
        return (1.0, above, *(column.value(features) for column in self.features))


def _number_column(name: str, values: Sequence[float]) -> list[NumberColumn]:
    if len(set(values)) < 2:
        return []
    logarithm = min(values) >= 0 and _skewness(values) > SKEWED
    numbers = [log1p(value) for value in values] if logarithm else values
    unit = 2 * pstdev(numbers)
    return [NumberColumn(name, fmean(numbers), unit, logarithm)] if unit else []


def _kind_columns(name: str, values: Sequence[str]) -> list[KindColumn]:
    counted = Counter(values)
    if len(counted) < 2:
        return []
    return [KindColumn(name, kind) for kind in sorted(counted) if counted[kind] > 1]


def _skewness(values: Sequence[float]) -> float:
    centre, unit = fmean(values), pstdev(values)
    return fmean(((value - centre) / unit) ** 3 for value in values) if unit else 0.0
