"""`python -m benchmarks.estimation_accuracy`: how near calibrated estimates come.

Four tables: leaving one out beside other models, intervals, in the order of time, and while a
vendor's history grows. The columns that each set is read with, and why others are left out, stand
in `benchmarks/estimation/data_sets.py`. Nothing is tuned for a set.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.estimation.baselines import BASELINES
from benchmarks.estimation.data_sets import CHOSEN_ON, DataSet, load
from benchmarks.estimation.measures import Accuracy
from benchmarks.estimation.studies import (
    COUNTS,
    Model,
    calibrated,
    cover_in_time,
    cover_left_out,
    in_time,
    learning_curve,
    leave_one_out,
)
from crmkit.domain.estimates.calibration import Prior

DATA: Final = Path(__file__).parents[2] / "shared/data/estimation/effort"
OURS: Final = "crmkit"
LEVELS: Final = (0.8, 0.9)
NO_CREDIT: Final = Prior(credit=1e-12)
"""The same blend in which the standard has no weight of its own."""

Study = Callable[[DataSet, Model], Accuracy]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimation_accuracy")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the sets")
    parser.add_argument("--sets", nargs="*", default=[], help="only these sets")
    parser.add_argument("--draws", type=int, default=100, help="histories drawn for each n")
    asked = parser.parse_args(arguments)
    sets = load(asked.data, *asked.sets)
    dated = [data for data in sets if data.dated]
    print_models("Leaving one out: SA % (MdMRE %)", sets, leave_one_out)
    print_cover("Intervals, leaving one out: cover % (high over low)", sets, cover_left_out)
    if dated:
        print_models("In the order of time: SA % (MdMRE %)", dated, in_time)
        print_cover("Adaptive intervals in time: cover % (high over low)", dated, cover_in_time)
    print_curves(sets, asked.draws)


def print_models(title: str, sets: Sequence[DataSet], study: Study) -> None:
    """Print a row for each model, a column for each set, and the mean SA."""
    _head(title, [data.name for data in sets], "mean SA")
    for name in (*BASELINES, OURS):
        found = [study(data, BASELINES.get(name) or calibrated(data.standard)) for data in sets]
        cells = [f"{one.sa:.0f} ({one.mdmre:.0f})" for one in found]
        _row(name, cells, f"{fmean(one.sa for one in found):.1f}")


def print_cover(title: str, sets: Sequence[DataSet], study: Callable) -> None:
    """Print a row for each level that intervals promise."""
    _head(title, [data.name for data in sets])
    found = [study(data, *LEVELS) for data in sets]
    for level, covers in zip(LEVELS, zip(*found, strict=True), strict=True):
        _row(f"{level:.0%} promised", [f"{one.share:.0f} ({one.width:.1f})" for one in covers])


def print_curves(sets: Sequence[DataSet], draws: int) -> None:
    """Print the MdMRE by the number of own projects, and the most that it is above n = 0."""
    for title, prior in (("with", Prior()), ("without", NO_CREDIT)):
        head = f"MdMRE % by own projects, {title} credit for the standard, {draws} draws"
        _head(head, [f"n = {count}" for count in COUNTS], "worst")
        for data in sets:
            curve = learning_curve(data, prior, draws=draws)
            known = [value for value in curve if value is not None]
            cells = ["-" if value is None else f"{value:.1f}" for value in curve]
            part = "chosen on" if data.name in CHOSEN_ON else "confirmed"
            _row(f"{data.name}, {part}", cells, f"{max(known) - known[0]:+.1f}")


def _head(title: str, columns: Sequence[str], last: str = "") -> None:
    print(f"\n{title}")
    _row("", columns, last)


def _row(name: str, cells: Sequence[str], last: str = "") -> None:
    print(f"{name:<22}" + "".join(f"{cell:>13}" for cell in cells) + f"{last:>10}", flush=True)


if __name__ == "__main__":
    main()
