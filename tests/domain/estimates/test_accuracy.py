"""Accuracy on public projects: a quick slice of `python -m benchmarks.estimation_accuracy`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.estimation.data_sets import LAYOUTS, DataSet, Layout, columns_of, load
from benchmarks.estimation.measures import accuracy, guessing
from benchmarks.estimation.studies import (
    calibrated,
    cover_in_time,
    cover_left_out,
    in_time,
    learning_curve,
    leave_one_out,
)
from crmkit.domain.estimates.calibration import Calibrator

Figure = Callable[[str], None]
FAST = ("albrecht", "desharnais", "kitchenham", "miyazaki")
DRAWS = 100 if os.environ.get("CRMKIT_FULL") == "1" else 20


@pytest.fixture
def folder(shared: Path) -> Path:
    """Give the folder of the data sets."""
    return shared / "data/estimation/effort"


@pytest.fixture
def data(folder: Path, request: pytest.FixtureRequest) -> DataSet:
    """Give one data set by its name."""
    (found,) = load(folder, request.param)
    return found


def on(*names: str) -> pytest.MarkDecorator:
    """Run a test on some of the sets."""
    return pytest.mark.parametrize("data", names, indirect=True, ids=names)


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_every_column_is_used_or_left_out_for_a_reason(folder: Path, layout: Layout) -> None:
    """No column slips in: each is size, effort, known beforehand, or left out with a reason."""
    used = [layout.size, layout.effort, *layout.numbers, *layout.kinds]
    assert sorted([*used, *layout.left_out]) == sorted(columns_of(folder, layout))
    assert all(layout.left_out.values())


def test_guessing_is_what_was_measured_elsewhere(folder: Path, shared: Path) -> None:
    """The denominators of the standardised accuracy agree with the file of worked examples."""
    oracles = json.loads((shared / "data/estimation/params/oracles.json").read_text())
    known = next(oracle["out"] for oracle in oracles if oracle["id"] == "sa-p0")
    names = {"desharnais": "desharnais77", "miyazaki": "miyazaki94"}
    for data in load(folder):
        efforts = [project.effort for project in data.projects]
        if (name := names.get(data.name, data.name)) in known:
            assert guessing(efforts) == pytest.approx(known[name], abs=0.11)


@on("albrecht", "desharnais", "kitchenham", "maxwell", "miyazaki", "nasa93")
def test_without_own_projects_the_forecast_is_the_standard(data: DataSet) -> None:
    """At n = 0 every project is foretold by the standard, to the last bit."""
    nothing = Calibrator(data.standard).fit([])
    for project in data.projects:
        foretold = nothing.forecast(project.size, project.features)
        assert foretold.effort == data.standard.effort(project.size)


@pytest.mark.parametrize(
    ("data", "least"),
    [("albrecht", 60), ("desharnais", 55), ("miyazaki", 50)],
    indirect=["data"],
)
def test_foretelling_each_project_from_all_others(
    data: DataSet, least: float, figure: Figure
) -> None:
    """Standardised accuracy well above guessing, and 80 % intervals that hold 78 to 86 %."""
    found = leave_one_out(data, calibrated(data.standard))
    (cover,) = cover_left_out(data, 0.8)
    figure(f"estimates, {data.name} left one out: SA {found.sa:.1f}, cover {cover.share:.0f} %")
    assert found.sa >= least
    assert 78 <= cover.share <= 86


@on("desharnais", "maxwell")
def test_adaptive_intervals_in_the_order_of_time(data: DataSet, figure: Figure) -> None:
    """80 % intervals from the projects before hold 78 to 86 % of those that came."""
    found = in_time(data, calibrated(data.standard))
    (cover,) = cover_in_time(data, 0.8)
    figure(f"estimates, {data.name} in time: SA {found.sa:.1f}, cover {cover.share:.0f} %")
    assert 78 <= cover.share <= 86
    assert found.sa > 50


@on(*FAST if DRAWS == 20 else [layout.name for layout in LAYOUTS])
def test_own_projects_never_cost_more_than_three_points(data: DataSet, figure: Figure) -> None:
    """Whatever number of own projects, the MdMRE is at most 3 points above the standard's."""
    curve = learning_curve(data, draws=DRAWS)
    standard = [data.standard.effort(project.size) for project in data.projects]
    alone = accuracy(standard, [project.effort for project in data.projects]).mdmre
    known = [value for value in curve if value is not None]
    figure(f"estimates, {data.name} by own projects: {', '.join(f'{one:.0f}' for one in known)} %")
    assert known[0] == alone
    assert max(known) <= alone + 3
