"""CSV files: encoding and delimiter found out and reported, rows streamed."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from crmkit.errors import BrokenFile
from crmkit.services.tables.rows import Row, RowProblem

_BLOCK = 1 << 20


class CsvTable:
    """A CSV file: BOM, else strict UTF-8, else GB18030."""

    def __init__(self, path: Path, *, encoding: str | None = None, delimiter: str | None = None):
        self.path = path
        self.encoding = encoding or _encoding(path)
        with path.open(encoding=self.encoding, newline="") as file:
            sample = file.readline(1 << 16)
        self.delimiter = delimiter or max(",;\t|", key=sample.count)
        self.header = tuple(next(csv.reader([sample], delimiter=self.delimiter), ()))

    def __iter__(self) -> Iterator[Row | RowProblem]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            next(reader, None)
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) == len(self.header):
                    yield Row(line, dict(zip(self.header, cells, strict=True)))
                elif cells:
                    yield RowProblem(line, "", "", f"{len(cells)} cells, not {len(self.header)}")
                line = reader.line_num + 1


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BrokenFile("neither UTF-8 nor GB18030", path=path.name)
