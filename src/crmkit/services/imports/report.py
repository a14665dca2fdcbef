"""What became of each row: created, updated, unchanged, skipped, in conflict; and why."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

import attrs

MAX_KEPT_NOTES = 20_000


class RowOutcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    CONFLICT = "conflict"


class NoteKind(StrEnum):
    """Why a row is spoken of: it failed, was corrected on the way, or lacks a value."""

    ERROR = "error"
    CORRECTED = "corrected"
    BLANK = "blank"


@attrs.frozen
class Note:
    """Something to know about one cell: its line and column in the file, its value, and what."""

    line: int
    column: str
    value: str
    kind: NoteKind
    message: str

    def __str__(self) -> str:
        """Say it in one line."""
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.message}"


class ImportReport:
    """Counts every row; keeps the first notes and hands all of them to a listener."""

    def __init__(self, file: str, entity: str, listen: Callable[[Note], None] | None) -> None:
        """Begin with nothing."""
        self.file = file
        self.entity = entity
        self.encoding = ""
        self.delimiter = ""
        self.is_dry = False
        self.resumed_behind = 0
        self.outcomes: Counter[RowOutcome] = Counter()
        self.kinds: Counter[NoteKind] = Counter()
        self.notes: list[Note] = []
        self._listen = listen

    @property
    def rows(self) -> int:
        """Return how many rows were read."""
        return self.outcomes.total()

    def count(self, outcome: RowOutcome) -> None:
        """Count a row."""
        self.outcomes[outcome] += 1

    def note(self, note: Note) -> None:
        """Take a note."""
        self.kinds[note.kind] += 1
        if len(self.notes) < MAX_KEPT_NOTES:
            self.notes.append(note)
        if self._listen is not None:
            self._listen(note)

    def __str__(self) -> str:
        """Say in one line what became of the file."""
        counts = ", ".join(f"{self.outcomes[kind]:,} {kind}" for kind in RowOutcome)
        told = ", ".join(f"{self.kinds[kind]:,} {kind}" for kind in NoteKind if self.kinds[kind])
        return f"{self.file} -> {self.entity}: {counts}" + (f" ({told})" if told else "")
