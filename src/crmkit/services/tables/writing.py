"""Write tables as streams: CSV, JSON lines, Excel; safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from crmkit.errors import InvalidSettings, MissingExtra
from crmkit.services.tables.escapes import escape


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of texts to a file, by its suffix: `.csv`, `.jsonl` or `.xlsx`.

    In CSV and Excel a text that a spreadsheet would run as a formula is marked by an apostrophe.
    """
    writers = {".csv": _write_csv, ".jsonl": _write_json, ".xlsx": _write_excel}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise InvalidSettings(
            f"cannot write {path.suffix or 'a file without suffix'}",
            path=str(path),
            fix=f"one of {', '.join(writers)}",
        )
    writer(path, header, rows)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows([escape(cell) for cell in row] for row in rows)


def _write_json(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")


def _write_excel(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtra("writing Excel files", "excel") from None
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet: Any = book.add_worksheet()
        for at, name in enumerate(header):
            sheet.write_string(0, at, name)
        for line, row in enumerate(rows, start=1):
            for at, cell in enumerate(row):
                sheet.write_string(line, at, escape(cell))
