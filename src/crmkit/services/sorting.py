"""Sorting of more rows than fit in memory: sorted runs on disk, merged when they are read."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from heapq import merge
from typing import IO, Final, Self

Row = tuple[str, ...]
RUN: Final = 100_000


class SortedRows:
    """Rows of text, put in in any order and read in order, as often as wanted.

    At most `run` rows are held in memory; the others wait in nameless files, which the system
    forgets when the `with` block ends.
    """

    def __init__(self, run: int = RUN) -> None:
        """Start with no rows."""
        self._run = run
        self._waiting: list[Row] = []
        self._files: list[IO[str]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Forget all rows."""
        self._open.close()

    def add(self, row: Row) -> None:
        """Put a row in."""
        self._waiting.append(row)
        if len(self._waiting) >= self._run:
            self._spill()

    def __iter__(self) -> Iterator[Row]:
        """Bring the rows in order; one reading at a time."""
        self._waiting.sort()
        return merge(*(_read(file) for file in self._files), self._waiting)

    def _spill(self) -> None:
        temporary = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - the stack closes it
        file = self._open.enter_context(temporary)
        file.writelines(json.dumps(row) + "\n" for row in sorted(self._waiting))
        self._files.append(file)
        self._waiting.clear()


def _read(file: IO[str]) -> Iterator[Row]:
    file.seek(0)
    return (tuple(json.loads(line)) for line in file)
