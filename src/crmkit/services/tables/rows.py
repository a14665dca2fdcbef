"""Rows of a table file: what was read, and what could not be."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import attrs


@attrs.frozen
class Row:
    """One row: the line where it begins and its texts by column."""

    line: int
    values: Mapping[str, str]


@attrs.frozen
class RowProblem:
    """One row that cannot be read: where, what it holds there, and why."""

    line: int
    column: str
    value: str
    message: str


class Table(Protocol):
    """A table file that is being read, row by row."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def __iter__(self) -> Iterator[Row | RowProblem]:
        """Walk the rows."""
        ...
