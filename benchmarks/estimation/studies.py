"""The studies: leaving one out, in the order of time, and while a history grows."""

import random
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

import attrs

from benchmarks.estimation.data_sets import DataSet
from benchmarks.estimation.measures import Accuracy, accuracy
from crmkit.domain.estimates.calibration import Calibrator, FinishedProject, Norm, Prior
from crmkit.domain.estimates.calibration.calibrator import Forecast

History = Sequence[FinishedProject]
Model = Callable[[History, FinishedProject], float]
FIRST_IN_TIME: Final = 15
COUNTS: Final = (0, 1, 3, 8, 20)
USUAL: Final = Prior()


class Cover(NamedTuple):
    """The share of projects inside their intervals in per cent; the middle of high over low."""

    share: float
    width: float


def calibrated(standard: Norm, prior: Prior = USUAL) -> Model:
    """Make a model of crmkit's calibration."""
    calibrator = Calibrator(standard, prior)
    return lambda history, project: (
        calibrator.fit(history).forecast(project.size, project.features).effort
    )


def leave_one_out(data: DataSet, model: Model) -> Accuracy:
    """Foretell every project from all others."""
    pairs = [(model(rest, one), one.effort) for rest, one in _left_out(data)]
    return accuracy(*zip(*pairs, strict=True))


def cover_left_out(data: DataSet, *levels: float) -> list[Cover]:
    """Look whether every project lies in its interval from all others, in no order of time."""
    undated = data._replace(projects=tuple(attrs.evolve(one, ended=None) for one in data.projects))
    return _cover(undated, _left_out(undated), levels)


def in_time(data: DataSet, model: Model) -> Accuracy:
    """Foretell every project from those before it, after the first fifteen."""
    pairs = [(model(before, one), one.effort) for before, one in _in_time(data)]
    return accuracy(*zip(*pairs, strict=True))


def cover_in_time(data: DataSet, *levels: float) -> list[Cover]:
    """Look whether every project lies in its interval from those before it."""
    return _cover(data, _in_time(data), levels)


def learning_curve(
    data: DataSet, prior: Prior = USUAL, *, draws: int, counts: Sequence[int] = COUNTS
) -> list[float | None]:
    """Return the MdMRE on the other projects when so many are one's own, the mean of many draws.

    None where fewer than five would be left to foretell.
    """
    chance = random.Random(data.name)
    everyone = range(len(data.projects))
    curve: list[float | None] = []
    for count in counts:
        if count > len(everyone) - 5:
            curve.append(None)
            continue
        drawn = [set(chance.sample(everyone, count)) for _ in range(draws if count else 1)]
        curve.append(fmean(_mdmre(data, own, prior) for own in drawn))
    return curve


def _left_out(data: DataSet) -> Iterator[tuple[History, FinishedProject]]:
    for at, project in enumerate(data.projects):
        yield data.projects[:at] + data.projects[at + 1 :], project


def _in_time(data: DataSet) -> Iterator[tuple[History, FinishedProject]]:
    for at in range(FIRST_IN_TIME, len(data.projects)):
        yield data.projects[:at], data.projects[at]


def _cover(
    data: DataSet, pairs: Iterator[tuple[History, FinishedProject]], levels: Sequence[float]
) -> list[Cover]:
    calibrator = Calibrator(data.standard)
    fitted = [(calibrator.fit(known), one) for known, one in pairs]
    return [
        _share(
            [
                (calibration.forecast(one.size, one.features, level=level), one.effort)
                for calibration, one in fitted
            ]
        )
        for level in levels
    ]


def _share(foretold: Sequence[tuple[Forecast, float]]) -> Cover:
    inside = [forecast.low <= effort <= forecast.high for forecast, effort in foretold]
    width = median(forecast.high / forecast.low for forecast, _ in foretold)
    return Cover(100 * fmean(inside), width)


def _mdmre(data: DataSet, own: set[int], prior: Prior) -> float:
    known = [one for at, one in enumerate(data.projects) if at in own]
    calibration = Calibrator(data.standard, prior).fit(known)
    others = [one for at, one in enumerate(data.projects) if at not in own]
    names = calibration.columns.names
    foretold = [
        calibration.forecast(
            one.size, {name: one.features[name] for name in names & one.features.keys()}
        ).effort
        for one in others
    ]
    return accuracy(foretold, [one.effort for one in others]).mdmre
