"""Table files, read and written as streams: CSV, Excel and JSON lines."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from crmkit.services.tables.csv_rows import CsvTable
from crmkit.services.tables.rows import Row, RowProblem, Table


def read_rows(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    formula_escapes: bool = False,
) -> Table:
    """Open a table file for reading."""
    return CsvTable(path, encoding=encoding, delimiter=delimiter)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


__all__ = ["Row", "RowProblem", "Table", "read_rows", "write_rows"]
