"""CSV files: encoding and delimiter found out and reported, rows streamed, problems told."""

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from crmkit.errors import BrokenFile
from crmkit.services.tables.escapes import unescape
from crmkit.services.tables.rows import Row, RowProblem

_BLOCK: Final = 1 << 20
_SAMPLE_LINES: Final = 20
_DELIMITERS: Final = ",;\t|"
MAX_CELL: Final = 10_000_000


class CsvTable:
    """A CSV file: read by its byte order mark, else as strict UTF-8, else as GB18030."""

    def __init__(
        self,
        path: Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        escaped: bool = False,
    ) -> None:
        """Find out encoding, delimiter and header."""
        self._path = path
        self._escaped = escaped
        self.encoding = encoding or find_encoding(path)
        self.delimiter = delimiter or self._find_delimiter()
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Row | RowProblem]:
        """Walk the rows; a row that does not fit the header is a problem, not an end."""
        csv.field_size_limit(MAX_CELL)
        with self._path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(_without_nul(file), delimiter=self.delimiter)
            next(reader, None)
            line = reader.line_num + 1
            try:
                for cells in reader:
                    if cells:
                        yield self._row(line, cells)
                    line = reader.line_num + 1
            except (csv.Error, UnicodeDecodeError) as broken:
                yield RowProblem(line, "", "", f"cannot be read: {broken}")

    def _row(self, line: int, cells: list[str]) -> Row | RowProblem:
        width = len(self.header)
        if len(cells) != width:
            return RowProblem(
                line, "", self.delimiter.join(cells)[:200], f"{len(cells)} cells, not {width}"
            )
        if self._escaped:
            cells = [unescape(cell) for cell in cells]
        return Row(line, dict(zip(self.header, cells, strict=True)))

    def _find_delimiter(self) -> str:
        """Take the sign that cuts the first lines into the most equal number of cells."""
        with self._path.open(encoding=self.encoding, newline="") as file:
            sample = list(islice(file, _SAMPLE_LINES))
        best, most = ",", (0, 0)
        for delimiter in _DELIMITERS:
            widths = [len(cells) for cells in csv.reader(sample, delimiter=delimiter) if cells]
            if widths and widths[0] > 1:
                score = (widths.count(widths[0]), widths[0])
                best, most = (delimiter, score) if score > most else (best, most)
        return best

    def _read_header(self) -> tuple[str, ...]:
        with self._path.open(encoding=self.encoding, newline="") as file:
            header = tuple(next(csv.reader(file, delimiter=self.delimiter), ()))
        if not header:
            raise BrokenFile("the file has no header", path=self._path.name)
        if len(set(header)) != len(header):
            double = sorted({name for name in header if header.count(name) > 1})
            raise BrokenFile(
                f"two columns are called {', '.join(double)}",
                path=self._path.name,
                fix="rename one of them",
            )
        return header


def find_encoding(path: Path) -> str:
    """Return the encoding of a text file, or raise `BrokenFile`."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise BrokenFile(
        "neither UTF-8 nor GB18030", path=path.name, fix="save it as UTF-8, or name its encoding"
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    """Leave out NUL, which no field keeps; what it stood in is told by the field's own check."""
    return (line.replace("\x00", "\ufffd") for line in lines)
