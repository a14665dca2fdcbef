"""Table files, read and written as streams: CSV, Excel and JSON lines."""

from pathlib import Path

from crmkit.errors import BrokenFile
from crmkit.services.tables.csv_rows import CsvTable
from crmkit.services.tables.excel_rows import ExcelTable
from crmkit.services.tables.json_rows import JsonTable
from crmkit.services.tables.rows import Row, RowProblem, Table
from crmkit.services.tables.writing import write_rows

EXCEL = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
JSON_LINES = (".jsonl", ".ndjson")


def read_rows(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    formula_escapes: bool = False,
) -> Table:
    """Open a table file for reading, by its suffix.

    `formula_escapes` takes away the marks that an export of crmkit has set.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BrokenFile("there is no such file", path=str(path))
    if suffix in EXCEL:
        return ExcelTable(path, sheet=sheet, escaped=formula_escapes)
    if suffix in JSON_LINES:
        return JsonTable(path)
    return CsvTable(path, encoding=encoding, delimiter=delimiter, escaped=formula_escapes)


__all__ = ["Row", "RowProblem", "Table", "read_rows", "write_rows"]
