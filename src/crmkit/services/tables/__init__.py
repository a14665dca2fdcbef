"""Table files, read and written as streams: CSV, Excel and JSON lines."""

from crmkit.services.tables.csv_rows import CsvTable
from crmkit.services.tables.rows import Row, RowProblem, Table

__all__ = ["CsvTable", "Row", "RowProblem", "Table"]
