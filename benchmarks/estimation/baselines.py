"""Other ways to foretell effort from finished projects: the ones that papers compare with.

All see the same columns. None is tuned: what a method leaves open is set once, here.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from typing import Final

import numpy as np

from crmkit.domain.estimates.calibration import FinishedProject

History = Sequence[FinishedProject]
Baseline = Callable[[History, FinishedProject], float]
NEIGHBOURS: Final = 3
SMALLEST_LEAF: Final = 3
_SMALLEST: Final = 1e-3


def mean_effort(history: History, project: FinishedProject) -> float:
    """Return the mean effort."""
    return fmean(one.effort for one in history)


def median_effort(history: History, project: FinishedProject) -> float:
    """Return the median effort."""
    return median(one.effort for one in history)


def median_rate(history: History, project: FinishedProject) -> float:
    """Return size times the median of effort per size."""
    return project.size * median(one.effort / one.size for one in history)


def log_log(history: History, project: FinishedProject) -> float:
    """Return what a straight line through logarithms of size and effort says."""
    sizes = np.log([one.size for one in history])
    efforts = np.log([one.effort for one in history])
    slope, level = np.polyfit(sizes, efforts, 1)
    return math.exp(level + slope * math.log(project.size))


def atlm(history: History, project: FinishedProject) -> float:
    """Return what ATLM says: each number as it is, rooted or logged, whichever is least skewed.

    Whigham, Owen, MacDonell, A Baseline Model for Software Effort Estimation, ACM Transactions on
    Software Engineering and Methodology 24 (2015), article 20.
    """
    efforts = np.array([one.effort for one in history])
    change, back = _least_skewed(efforts)
    changes = {name: _least_skewed(values)[0] for name, values in _numbers(history).items()}
    kinds = _kinds(history)

    def row(one: FinishedProject) -> list[float]:
        numbers = {"size": one.size, **one.features}
        return [
            1.0,
            *(float(transform(numbers[name])) for name, transform in changes.items()),
            *(float(one.features.get(name) == kind) for name, kind in kinds),
        ]

    rows = np.array([row(one) for one in history])
    line, *_ = np.linalg.lstsq(rows, change(efforts), rcond=None)
    return float(back(np.array(row(project)) @ line))


def atlm_held(history: History, project: FinishedProject) -> float:
    """Return what ATLM says, held between the least and the most effort of the history.

    As published it runs away where few projects carry many columns.
    """
    efforts = [one.effort for one in history]
    return min(max(atlm(history, project), min(efforts)), max(efforts))


def analogy(history: History, project: FinishedProject) -> float:
    """Return the mean of the three nearest projects, each scaled to the size of this one.

    Distances are Euclidean over numbers brought to 0..1 and kinds that differ (ABE0 of Shepperd
    and Schofield, IEEE Transactions on Software Engineering 23 (1997), with Walkerden's sizing).
    """
    rows, target = _scaled(history, project)
    nearest = np.argsort(((rows - target) ** 2).sum(axis=1), kind="stable")[:NEIGHBOURS]
    return fmean(history[at].effort / history[at].size * project.size for at in nearest)


def tree(history: History, project: FinishedProject) -> float:
    """Return the mean in the leaf of a regression tree on logarithms of effort (CART)."""
    rows, target = _scaled(history, project)
    efforts = np.log([one.effort for one in history])
    inside = np.arange(len(history))
    while (split := _best_split(rows[inside], efforts[inside])) is not None:
        column, cut = split
        left = rows[inside, column] <= cut
        inside = inside[left] if target[column] <= cut else inside[~left]
    return math.exp(efforts[inside].mean())


BASELINES: Final[Mapping[str, Baseline]] = {
    "mean": mean_effort,
    "median": median_effort,
    "size x median PDR": median_rate,
    "log-log": log_log,
    "ATLM": atlm,
    "ATLM, held": atlm_held,
    "ABE": analogy,
    "CART": tree,
}


def _numbers(history: History) -> dict[str, np.ndarray]:
    names = [name for name, value in history[0].features.items() if isinstance(value, float)]
    columns = {name: np.array([float(one.features[name]) for one in history]) for name in names}
    return {"size": np.array([one.size for one in history]), **columns}


def _kinds(history: History) -> list[tuple[str, str]]:
    found = {
        (name, value)
        for one in history
        for name, value in one.features.items()
        if isinstance(value, str)
    }
    return sorted(found)


def _scaled(history: History, project: FinishedProject) -> tuple[np.ndarray, np.ndarray]:
    everyone = [*history, project]
    columns = []
    for name, values in _numbers(history).items():
        low, span = values.min(), np.ptp(values) or 1.0
        all_values = [one.size if name == "size" else one.features[name] for one in everyone]
        columns.append((np.array(all_values, float) - low) / span)
    for name, kind in _kinds(history):
        columns.append(
            np.array([float(one.features.get(name) == kind) for one in everyone]) / math.sqrt(2)
        )
    rows = np.column_stack(columns)
    return rows[:-1], rows[-1]


def _least_skewed(values: np.ndarray) -> tuple[Callable, Callable]:
    choices = [(lambda x: x, lambda y: y)]
    if values.min() >= 0:
        choices.append((np.sqrt, lambda y: max(y, 0.0) ** 2))
    if values.min() > 0:
        choices.append((_log, lambda y: math.exp(min(y, 700.0))))
    return min(choices, key=lambda choice: abs(_skewness(choice[0](values))))


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, _SMALLEST))


def _skewness(values: np.ndarray) -> float:
    spread = values.std()
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread else 0.0


def _best_split(rows: np.ndarray, efforts: np.ndarray) -> tuple[int, float] | None:
    count, best, found = len(efforts), ((efforts - efforts.mean()) ** 2).sum() - 1e-9, None
    for column in range(rows.shape[1]):
        order = np.argsort(rows[:, column], kind="stable")
        values, sorted_efforts = rows[order, column], efforts[order]
        sums, squares = np.cumsum(sorted_efforts), np.cumsum(sorted_efforts**2)
        for at in range(SMALLEST_LEAF, count - SMALLEST_LEAF + 1):
            if values[at - 1] == values[at]:
                continue
            left = squares[at - 1] - sums[at - 1] ** 2 / at
            rest = sums[-1] - sums[at - 1]
            right = squares[-1] - squares[at - 1] - rest**2 / (count - at)
            if left + right < best:
                best, found = left + right, (column, (values[at - 1] + values[at]) / 2)
    return found
