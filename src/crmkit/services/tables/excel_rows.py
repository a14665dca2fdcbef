"""Excel and OpenDocument files, through python-calamine (extra `excel`)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from crmkit.errors import BrokenFile, MissingExtra
from crmkit.services.tables.escapes import unescape
from crmkit.services.tables.rows import Row, RowProblem


class ExcelTable:
    """One sheet of a workbook; its first row is the header."""

    def __init__(self, path: Path, *, sheet: str | None = None, escaped: bool = False) -> None:
        """Open the workbook and find the sheet, the first one when none is named."""
        self.encoding, self.delimiter = "excel", ""
        self._escaped = escaped
        book = _open(path)
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise BrokenFile(
                f"there is no sheet {sheet!r}", path=path.name, fix=f"one of {', '.join(names)}"
            )
        self._rows = book.get_sheet_by_name(sheet or names[0])
        first: list[Any] = next(self._rows.iter_rows(), [])
        self.header = tuple(_text(cell) for cell in first)
        if not any(self.header):
            raise BrokenFile("the sheet has no header", path=path.name)

    def __iter__(self) -> Iterator[Row | RowProblem]:
        """Walk the rows; numbers, dates and truth values become text without loss."""
        for line, cells in enumerate(self._rows.iter_rows(), start=1):
            if line == 1 or not any(cell != "" for cell in cells):
                continue
            texts = [_text(cell) for cell in cells]
            if self._escaped:
                texts = [unescape(text) for text in texts]
            yield Row(line, dict(zip(self.header, texts, strict=False)))


def _open(path: Path) -> Any:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtra("reading Excel files", "excel") from None
    try:
        return CalamineWorkbook.from_path(str(path))
    except CalamineError as broken:
        raise BrokenFile(str(broken), path=path.name) from None


def _text(cell: Any) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return str(cell)
