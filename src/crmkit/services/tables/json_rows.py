"""JSON lines: one object of texts per line."""

import json
from collections.abc import Iterator
from pathlib import Path

from crmkit.errors import BrokenFile
from crmkit.services.tables.rows import Row, RowProblem


class JsonTable:
    """A file with one JSON object per line; the keys of the first are the header."""

    def __init__(self, path: Path) -> None:
        """Read the header."""
        self.encoding, self.delimiter = "utf-8", ""
        self._path = path
        with path.open(encoding="utf-8") as file:
            first = _read(file.readline())
        if first is None:
            raise BrokenFile("the first line is not a JSON object of texts", path=path.name)
        self.header = tuple(first)

    def __iter__(self) -> Iterator[Row | RowProblem]:
        """Walk the rows."""
        with self._path.open(encoding="utf-8") as file:
            for line, text in enumerate(file, start=1):
                if not text.strip():
                    continue
                values = _read(text)
                if values is None:
                    yield RowProblem(line, "", text[:200], "is not a JSON object of texts")
                else:
                    yield Row(line, {name: values.get(name, "") for name in self.header})


def _read(text: str) -> dict[str, str] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    written = {key: _written(value) for key, value in found.items()}
    return None if None in written.values() else {k: v for k, v in written.items() if v is not None}


def _written(value: object) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
