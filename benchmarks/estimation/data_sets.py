"""Eight public sets of finished projects, with the columns that were known beforehand.

Every other column is named with the reason why it is left out. The year or day of a project only
puts it in order; no model reads it.
"""

import csv
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from crmkit.domain.estimates.calibration import FinishedProject, Norm
from crmkit.domain.estimates.calibration.history import in_order

PER_POINT: Final = Norm(
    name="CSBMK-202510 P50", rate=6.72, quantiles=(2.20, 3.77, 6.72, 12.28, 17.35)
)
"""Hours per function point, p. 9."""
PER_THOUSAND_LINES: Final = Norm(name="COCOMO II.2000 nominal", rate=2.94, exponent=1.0997)
"""Person-months of thousands of source lines."""
DRIVERS: Final = (
    *("rely", "data", "cplx", "time", "stor", "virt", "turn"),
    *("acap", "aexp", "pcap", "vexp", "lexp", "modp", "tool", "sced"),
)
RATINGS: Final = {"vl": 1, "l": 2, "n": 3, "h": 4, "vh": 5, "xh": 6}
UNKNOWN: Final = "?"

Row = Mapping[str, str]


class Layout(NamedTuple):
    """Which columns of a file mean what; `left_out` says why the others are not used."""

    name: str
    file: str
    standard: Norm
    size: str
    effort: str
    numbers: tuple[str, ...]
    kinds: tuple[str, ...]
    left_out: Mapping[str, str]
    effort_unit: float = 1
    day: Callable[[Row], date] | None = None
    kept: Callable[[Row], bool] = lambda row: True


class DataSet(NamedTuple):
    """The projects of one set, in order of time where `dated`, and its standard."""

    name: str
    projects: tuple[FinishedProject, ...]
    standard: Norm
    dated: bool


LAYOUTS: Final = (
    Layout(
        name="albrecht",
        file="albrecht.arff",
        standard=PER_POINT,
        size="AdjFP",
        effort="Effort",
        effort_unit=1000,
        numbers=("Input", "Output", "Inquiry", "File", "FPAdj"),
        kinds=(),
        left_out={"RawFPcounts": "AdjFP / FPAdj"},
    ),
    Layout(
        name="china",
        file="china.arff",
        standard=PER_POINT,
        size="AFP",
        effort="Effort",
        numbers=(
            *("Input", "Output", "Enquiry", "File", "Interface"),
            *("Added", "Changed", "Deleted"),
        ),
        kinds=("Resource", "Dev.Type"),
        left_out={
            "ID": "names the project",
            "PDR_AFP": "contains the effort",
            "PDR_UFP": "contains the effort",
            "NPDR_AFP": "contains the effort",
            "NPDU_UFP": "contains the effort",
            "Duration": "known at the end",
            "N_effort": "is the effort",
        },
    ),
    Layout(
        name="cocomo81",
        file="COCOMO-81.csv",
        standard=PER_THOUSAND_LINES,
        size="loc",
        effort="actual",
        numbers=DRIVERS,
        kinds=("dev_mode",),
        left_out={"num": "names the project"},
    ),
    Layout(
        name="desharnais",
        file="desharnais.arff",
        standard=PER_POINT,
        size="PointsNonAjust",
        effort="Effort",
        numbers=("TeamExp", "ManagerExp", "Transactions", "Entities", "Envergure"),
        kinds=("Language",),
        left_out={
            "Project": "names the project",
            "YearEnd": "for the order only",
            "Length": "known at the end",
            "PointsAdjust": "Transactions + Entities",
        },
        day=lambda row: date(1900 + int(row["YearEnd"]), 1, 1),
        kept=lambda row: UNKNOWN not in {row["TeamExp"], row["ManagerExp"]},
    ),
    Layout(
        name="kitchenham",
        file="kitchenham.arff",
        standard=PER_POINT,
        size="Adjusted.function.points",
        effort="Actual.effort",
        numbers=(),
        kinds=("Client.code", "Project.type"),
        left_out={
            "Project": "names the project",
            "Actual.start.date": "for the order only",
            "Actual.duration": "known at the end",
            "Estimated.completion.date": "an expert's estimate",
            "First.estimate": "an expert's estimate",
            "First.estimate.method": "how the expert estimated",
        },
        day=lambda row: date.fromisoformat(row["Actual.start.date"]),
    ),
    Layout(
        name="maxwell",
        file="maxwell.arff",
        standard=PER_POINT,
        size="Size",
        effort="Effort",
        numbers=("Nlan", *(f"T{at:02}" for at in range(1, 16))),
        kinds=("App", "Har", "Dba", "Ifc", "Source", "Telonuse"),
        left_out={
            "Syear": "for the order only",
            "Duration": "known at the end",
            "Time": "Syear - 1984",
        },
        day=lambda row: date(1900 + int(row["Syear"]), 1, 1),
    ),
    Layout(
        name="miyazaki",
        file="miyazaki94.arff",
        standard=PER_THOUSAND_LINES,
        size="KLOC",
        effort="MM",
        numbers=("SCRN", "FORM", "FILE", "ESCRN", "EFORM", "EFILE"),
        kinds=(),
        left_out={"ID": "names the project"},
    ),
    Layout(
        name="nasa93",
        file="nasa93.arff",
        standard=PER_THOUSAND_LINES,
        size="equivphyskloc",
        effort="act_effort",
        numbers=DRIVERS,
        kinds=("cat2", "forg", "center", "mode"),
        left_out={
            "recordnumber": "names the project",
            "projectname": "names the programme",
            "year": "for the order only",
        },
        day=lambda row: date(int(row["year"]), 1, 1),
    ),
)
CHOSEN_ON: Final = ("albrecht", "china", "cocomo81", "desharnais")
"""The sets that the blend was chosen on: the first four of the alphabet."""
CONFIRMED_ON: Final = ("kitchenham", "maxwell", "miyazaki", "nasa93")
"""The sets that it was then tried on, once."""


def load(folder: Path, *names: str) -> list[DataSet]:
    """Read the sets of these names, or all, from the folder of files."""
    return [_read(folder, layout) for layout in LAYOUTS if not names or layout.name in names]


def columns_of(folder: Path, layout: Layout) -> set[str]:
    """Return the columns of a set's file."""
    return set(_rows(folder / layout.file)[0])


def _read(folder: Path, layout: Layout) -> DataSet:
    rows = [row for row in _rows(folder / layout.file) if layout.kept(row)]
    projects = in_order(_project(layout, row) for row in rows)
    return DataSet(layout.name, projects, layout.standard, layout.day is not None)


def _project(layout: Layout, row: Row) -> FinishedProject:
    numbers = {name: float(RATINGS.get(row[name], row[name])) for name in layout.numbers}
    kinds = {name: row[name] for name in layout.kinds if row[name] != UNKNOWN}
    return FinishedProject(
        size=float(row[layout.size]),
        effort=float(row[layout.effort]) * layout.effort_unit,
        features={**numbers, **kinds},
        ended=layout.day(row) if layout.day else None,
    )


def _rows(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    lines = [line for raw in text.splitlines() if (line := raw.partition("%")[0].strip())]
    names = [line.split()[1] for line in lines if line.lower().startswith("@attribute")]
    start = next(at for at, line in enumerate(lines) if line.lower() == "@data")
    cells = ([cell.strip() for cell in line.split(",")] for line in lines[start + 1 :])
    return [dict(zip(names, row, strict=True)) for row in cells]
