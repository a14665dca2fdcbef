"""A progress line for what takes longer than a second."""

import sys
import time
from typing import Self, TextIO


class Progress:
    """Counts rows on one line of the terminal, from the second second on; silent elsewhere."""

    def __init__(self, label: str, out: TextIO = sys.stderr) -> None:
        """Begin to count."""
        self._label = label
        self._out = out
        self._began = time.monotonic()
        self._shown = 0.0

    def __call__(self, rows: int) -> None:
        """Show how many rows are done."""
        now = time.monotonic()
        if not self._out.isatty() or now - self._began < 1 or now - self._shown < 0.1:
            return
        self._shown = now
        pace = rows / (now - self._began)
        self._out.write(f"\r{self._label}: {rows:,} rows, {pace:,.0f} a second ")
        self._out.flush()

    def __enter__(self) -> Self:
        """Begin to count."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Clear the line."""
        if self._shown:
            self._out.write("\r\x1b[2K")
            self._out.flush()
